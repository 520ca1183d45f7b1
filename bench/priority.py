"""Urgent mail behind a backlog: ``python -m bench.priority [--bulk 100000]``.

A spool holds 100,000 bulk messages for a slow server.  While they go out, 50 critical messages
come in for another server and 50 for the slow one.  Printed are the latency to the first
attempt (from acceptance to its begin) by class and destination, p50 and p99, and how fast bulk
went before and meanwhile.  ``--simulate`` prints the scheduler alone, on a simulated clock.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import smtplib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import apsw

from empath.clock import SystemClock
from empath.control.remote import RemoteLink
from empath.envelope import Priority
from empath.events import AttemptEnded
from empath.policy.room import CLASSES
from empath.spool import database, migrations
from tests.fakes.engine import Empath
from tests.fakes.eventually import eventually
from tests.fakes.programs import LOOPBACK, SmtpSink
from tests.fakes.simulation import simulate

CLOCK = SystemClock()
BODY = b"Subject: news\r\n\r\n" + b"What is new this week, told to everybody.\r\n" * 20


def fill(folder: Path, count: int) -> None:
    """Put *count* bulk messages for slow.test into a new spool."""
    (folder / "body").mkdir(parents=True)
    connection = database.open_writer(folder / "queue.db")
    migrations.migrate(connection, migrations.steps())
    connection.execute("PRAGMA synchronous = OFF")
    details = '["7BIT",false,"",true,"192.0.2.1","client.example.test","ESMTP","","",0]'
    values = {
        "n": count,
        "now": int(CLOCK.now() * 1000) - count,
        "details": details,
        "bulk": Priority.BULK.value,
        "size": len(BODY),
        "sha256": hashlib.sha256(BODY).digest(),
        "body": BODY,
    }
    with connection:
        connection.execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS"
            " (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :n)"
            " SELECT i, (:now + i) << 21 AS key FROM n",
            values,
        )
        connection.execute(
            "INSERT INTO message (key, reverse_path, priority, size, sha256, subject, stored,"
            " prefix, details) SELECT key, 'news@example.test', :bulk, :size, :sha256, 'news', 1,"
            " x'', :details FROM n",
            values,
        )
        connection.execute("INSERT INTO body (key, content) SELECT key, :body FROM n", values)
        connection.execute(
            "INSERT INTO recipient (key, number, address, destination, state, due_at, notify,"
            " original, priority) SELECT key, 0, 'user' || i || '@slow.test', 'slow.test', 0,"
            " :now / 1000.0, 6, '', :bulk FROM n",
            values,
        )
    # What was written unsynced must not wait for the engine's first checkpoint: that would sync
    # it, and hold the one mail that comes at that moment for 80 to 140 ms.
    connection.execute("PRAGMA synchronous = FULL")
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


class Watch:
    """Follows the attempts of an engine."""

    def __init__(self) -> None:
        self.latencies: dict[str, list[float]] = {}
        self.ended: list[tuple[float, str]] = []
        self.urgent: set[str] = set()

    async def follow(self, socket: Path) -> None:
        """Read events until cancelled."""
        link = RemoteLink(socket)
        try:
            async for notice in link.events():
                event = notice.event
                if isinstance(event, AttemptEnded):
                    self.note(event)
        finally:
            await link.close()

    def note(self, event: AttemptEnded) -> None:
        """Count one attempt."""
        urgent = event.results[0].address.startswith("urgent")
        name = f"{'critical' if urgent else 'bulk'} to {event.destination}"
        self.ended.append((time.monotonic(), name))
        self.latencies.setdefault(name, []).append(event.latency - event.seconds)

    def count(self, name: str, since: float, until: float) -> int:
        """How many attempts of one kind ended in that time."""
        return sum(which == name and since <= at < until for at, which in self.ended)


def send_urgent(port: int, count: int) -> None:
    """Send critical mail, in turn to the other server and to the slow one."""
    with smtplib.SMTP(LOOPBACK, port) as client:
        client.ehlo("client.example.test")
        for number in range(count):
            for domain in ("other.test", "slow.test"):
                client.mail("boss@example.test", ["MT-PRIORITY=9"])
                client.rcpt(f"urgent{number}@{domain}")
                client.data(b"Subject: now\r\n\r\nPlease.\r\n")
            time.sleep(0.02)  # noqa: TID251 - a client in a thread of its own


def measure(folder: Path, *, bulk: int, urgent: int, delay: int) -> None:
    """One run, and its table."""
    print(f"{bulk:,} bulk messages queued for a server that takes {delay} s for each …")
    fill(folder / "spool", bulk)
    with SmtpSink("-w", str(delay)) as slow, SmtpSink() as other:
        routes = "".join(
            f'[[route]]\ndomain = "{name}.test"\nhost = "{LOOPBACK}:{sink.port}"\ntls = "none"\n'
            for name, sink in (("slow", slow), ("other", other))
        )
        engine = Empath(folder, mode="relay", settings=routes)
        began = time.monotonic()
        engine.start(within=60)
        try:
            print(f"started in {time.monotonic() - began:.2f} s")
            asyncio.run(_run(engine, urgent))
        finally:
            engine.stop()


async def _run(engine: Empath, urgent: int) -> None:
    watch = Watch()
    async with asyncio.TaskGroup() as group:
        following = group.create_task(watch.follow(engine.socket))
        await asyncio.sleep(8)
        middle = time.monotonic()
        await asyncio.to_thread(send_urgent, engine.port, urgent)
        wanted = ("critical to other.test", "critical to slow.test")
        await eventually(
            lambda: all(len(watch.latencies.get(name, ())) >= urgent for name in wanted),
            within=120,
        )
        end = time.monotonic()
        await asyncio.sleep(5)
        following.cancel()
    print("\n| first attempt of | p50 ms | p99 ms | attempts |")
    print("|---|--:|--:|--:|")
    for name in wanted:
        times = sorted(watch.latencies[name])
        p50, p99 = times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {len(times)} |")
    before = watch.count("bulk to slow.test", middle - 5, middle) / 5
    meanwhile = watch.count("bulk to slow.test", middle, end) / (end - middle)
    after = watch.count("bulk to slow.test", end, end + 5) / 5
    print(
        f"\nbulk a second: {before:.1f} before, {meanwhile:.1f} while critical mail waited"
        f" ({end - middle:.1f} s), {after:.1f} after"
    )


def simulated() -> None:
    """The scheduler alone, at 10,000 to a million messages."""
    print("| messages | µs a message | shares while all wait | longest pause of bulk |")
    print("|--:|--:|---|--:|")
    for count in (10_000, 100_000, 1_000_000):
        began = time.process_time()
        result = simulate(messages=count, destinations=40)
        spent = (time.process_time() - began) / count * 1e6
        assert result.done == Counter(dict.fromkeys(CLASSES, count // len(CLASSES)))
        total = result.competing.total()
        shares = " : ".join(f"{result.competing[each] / total * 31:.1f}" for each in CLASSES)
        print(f"| {count:,} | {spent:.1f} | {shares} | {result.longest_pause_of_bulk:.0f} s |")
        sys.stdout.flush()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.priority", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--bulk", type=int, default=100_000)
    parser.add_argument("--urgent", type=int, default=50, help="for each of the two (default 50)")
    parser.add_argument("--delay", type=int, default=1, help="seconds the slow server takes")
    parser.add_argument("--simulate", action="store_true", help="the scheduler alone")
    asked = parser.parse_args()
    if asked.simulate:
        simulated()
        return 0
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), bulk=asked.bulk, urgent=asked.urgent, delay=asked.delay)
    return 0


if __name__ == "__main__":
    sys.exit(main())
