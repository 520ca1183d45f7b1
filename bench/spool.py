"""How fast is the spool by itself?  ``python -m bench.spool [--million]``; under a minute.

The first part runs N callers, each accepting a message and recording its delivery in turn,
and prints messages a second, operations in a transaction, and CPU a message on the loop and
in the writer's thread.  ``--million`` fills a spool with a million queued recipients (by SQL,
outside what is measured), opens it in a process of its own, and measures the opening,
resident memory, the first pages, and `due`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvloop

from empath.address import Domain, EmailAddress
from empath.clock import SystemClock
from empath.config.model import Spool
from empath.envelope import Envelope, Lot, Origin, Recipient
from empath.events import AttemptEnded, RecipientResult
from empath.query import EVERYTHING, parse_query
from empath.reply import Delivered, Reply
from empath.spool import database, migrations
from empath.spool.face import Ruling
from empath.spool.store import Store

CLOCK = SystemClock()
OK = Delivered(Reply.of("250 2.0.0 Ok: queued as 12345"))
PREFIX = b"Received: from client.example.test ([192.0.2.1]) by relay.example.test\r\n" * 2
ORIGIN = Origin("192.0.2.1", "client.example.test", "ESMTP", "127.0.0.1:1025")


def envelope(number: int) -> Envelope:
    """Mail of one of 50 senders to one of 50 destinations."""
    destination = f"dest{number % 50}.example.test"
    return Envelope(
        EmailAddress(f"sender{number % 50}@example.test"),
        (Recipient(EmailAddress(f"user{number}@{destination}")),),
    )


def ended(lot: Lot) -> AttemptEnded:
    """The event of a delivery that went well."""
    address = lot.recipients[0].recipient.address
    result = RecipientResult(0, address, "delivered", str(OK.reply))
    return AttemptEnded(
        CLOCK.now(), lot.id, lot.destination, "mx1.example.test [192.0.2.9]:25", "DONE", 0.01,
        lot.size, 0.01, (result,),
    )  # fmt: skip


async def cycles(folder: Path, *, callers: int, octets: int, seconds: float) -> None:
    """Accept and record as fast as *callers* can, and say how fast that was."""
    shutil.rmtree(folder, ignore_errors=True)
    store = await Store.open(Spool(path=folder), clock=CLOCK)
    body = os.urandom(octets // 2).hex().encode()
    done = 0
    latencies: list[float] = []
    stop = CLOCK.monotonic() + seconds

    async def caller(number: int) -> None:
        nonlocal done
        while CLOCK.monotonic() < stop:
            began = CLOCK.monotonic()
            draft = store.draft()
            draft.write(body)
            await draft.commit(envelope(number + done), ORIGIN, prefix=PREFIX, subject="A subject")
            latencies.append(CLOCK.monotonic() - began)
            for lot in await store.due(CLOCK.now(), limit=1, per_destination=20):
                if store.begin(lot):
                    async for _ in (await store.content(lot.id)).chunks():
                        pass
                    await store.record(lot, [Ruling(0, OK)], ended(lot))
                    done += 1

    thread = next(each for each in threading.enumerate() if each.name == "empath-spool")
    writer = time.pthread_getcpuclockid(thread.ident or 0)
    before = (time.thread_time(), time.clock_gettime(writer), CLOCK.monotonic())
    async with asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(caller(number * 1000))
    loop_cpu = time.thread_time() - before[0]
    writer_cpu = time.clock_gettime(writer) - before[1]
    wall = CLOCK.monotonic() - before[2]
    stats = await store.stats()
    latencies.sort()
    print(
        f"{callers:3} callers, {octets:6} octets: {done / wall:7,.0f} messages/s,"
        f" {stats.operations / stats.commits:5.1f} operations/commit,"
        f" {stats.commits / wall:6,.0f} commits/s; CPU/message:"
        f" loop {loop_cpu / done * 1e6:4.0f} µs,"
        f" writer {writer_cpu / done * 1e6:4.0f} µs; accept p50"
        f" {latencies[len(latencies) // 2] * 1e3:.2f} ms, p99"
        f" {latencies[len(latencies) * 99 // 100] * 1e3:.2f} ms"
    )
    await store.close()
    shutil.rmtree(folder, ignore_errors=True)


def fill(folder: Path, count: int) -> None:
    """Put *count* deferred and queued messages with bodies of 1 KB into a new spool."""
    (folder / "body").mkdir(parents=True)
    connection = database.open_writer(folder / "queue.db")
    migrations.migrate(connection, migrations.steps())
    now = int(CLOCK.now() * 1000) - count
    connection.execute("PRAGMA synchronous = OFF")
    details = '["7BIT",false,"",true,"192.0.2.1","client.example.test","ESMTP","","",0]'
    values = {"n": count, "now": now, "details": details}
    with connection:
        connection.execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS"
            " (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :n)"
            " SELECT i, (:now + i) << 21 AS key FROM n", values,
        )  # fmt: skip
        connection.execute(
            "INSERT INTO message SELECT key, 'sender' || (i % 1000) || '@example.test', 0, 1000,"
            " zeroblob(32), 'Report number ' || i, 1, NULL, x'', :details FROM n", values,
        )  # fmt: skip
        connection.execute("INSERT INTO body SELECT key, zeroblob(1000) FROM n")
        connection.execute(
            "INSERT INTO recipient SELECT key, 0, 'user' || i || '@d' || (i % 997) || '.test',"
            " 'd' || (i % 997) || '.test', (i % 10) != 0, :now / 1000.0 + (i % 100000) / 10.0,"
            " 6, '', (i % 10) != 0, 0, '451 4.3.0 Try again later', '', 0, '' FROM n", values,
        )  # fmt: skip
    connection.close()


async def million(folder: Path) -> None:
    """Open a filled spool and look round."""

    def memory() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    idle = memory()
    began = CLOCK.monotonic()
    store = await Store.open(Spool(path=folder), clock=CLOCK)
    print(
        f"open: {CLOCK.monotonic() - began:.2f} s; peak RSS {memory():.0f} MB (before: {idle:.0f})"
    )
    for text in (
        "", "state:queued", "state:deferred", "state:held", "dest:d5.test", "from:~sender77@",
        "subject:~999999", "zebra", "!dest:d5.test", "state:delivered",
    ):  # fmt: skip
        for sort in ("age", "-age"):
            began = CLOCK.monotonic()
            page = await store.page(parse_query(text) if text else EVERYTHING, sort=sort)
            spent = (CLOCK.monotonic() - began) * 1e3
            exact = "" if page.matched_exact else "+"
            rows = f"{len(page.rows)} rows of {page.matched}{exact}"
            print(f"page {sort:4} {text:16}: {spent:7.1f} ms, {rows}")
    for name, look in (("destinations", store.destinations), ("stats", store.stats)):
        began = CLOCK.monotonic()
        await look()
        print(f"{name}: {(CLOCK.monotonic() - began) * 1e3:.1f} ms")
    full: list[Domain] = []
    began = CLOCK.monotonic()
    taken: list[Lot] = []
    while len(taken) < 2000:
        lots = await store.due(CLOCK.now(), limit=100, per_destination=5, full=full)
        if not lots:
            break
        taken += lots
    spent = CLOCK.monotonic() - began
    print(f"due: {len(taken)} lots, {spent / max(1, len(taken)) * 1e6:.0f} µs a lot")
    began = CLOCK.monotonic()
    changed = await store.hold(
        parse_query("dest:d5.test"), actor="bench", reason="", at=CLOCK.now()
    )
    print(f"hold: {changed.recipients} recipients in {CLOCK.monotonic() - began:.2f} s")
    print(f"peak RSS {memory():.0f} MB")
    await store.close()


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.look:
        uvloop.run(million(chosen.look))
        return
    with tempfile.TemporaryDirectory() as folder:
        for callers, octets in ((1, 4096), (20, 4096), (100, 4096), (20, 65536), (20, 262144)):
            uvloop.run(
                cycles(Path(folder, "s"), callers=callers, octets=octets, seconds=chosen.seconds)
            )
        if chosen.million:
            spool = Path(folder, "million")
            began = CLOCK.monotonic()
            fill(spool, chosen.count)
            print(f"filled in {CLOCK.monotonic() - began:.0f} s")
            subprocess.run([sys.executable, "-m", "bench.spool", "--look", str(spool)], check=True)


if __name__ == "__main__":
    main()
