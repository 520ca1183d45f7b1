"""How fast are lists, selections and jobs at a million queued?  ``python -m bench.lists``.

Fills a spool by SQL, opens it, and measures the first page and two hundred more of every order,
without a filter, with one that matches often and one that matches seldom; then a selection of
everything, and a hold, an undo and a delete of a part of it lot by lot, with the lag of the loop.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import uvloop

from bench.spool import CLOCK, fill
from empath.config.model import Spool
from empath.query import EVERYTHING, parse_query
from empath.spool.face import SORTS
from empath.spool.jobs import Job
from empath.spool.store import Store
from empath.spool.undo import Source

T = TypeVar("T")

PAGES = 200


async def timed(work: Awaitable[T]) -> tuple[T, float]:
    """What *work* gives, and the milliseconds it took."""
    began = CLOCK.monotonic()
    found = await work
    return found, (CLOCK.monotonic() - began) * 1e3


async def lists(store: Store, text: str) -> None:
    """Every order of what *text* matches."""
    query = parse_query(text) if text else EVERYTHING
    for sort in [way for order in SORTS for way in (order, f"-{order}")]:
        page, first = await timed(store.page(query, sort=sort))
        rows, spent = len(page.rows), []
        for _ in range(PAGES):
            if not page.next_cursor:
                break
            page, took = await timed(store.page(query, sort=sort, cursor=page.next_cursor))
            spent.append(took)
            rows += len(page.rows)
        spent.sort()
        later = (
            f"then p50 {spent[len(spent) // 2]:6.1f}, p99 {spent[len(spent) * 99 // 100]:6.1f} ms"
            if spent
            else "no more"
        )
        print(f"{text:16} {sort:13} first {first:7.1f} ms, {later}; {rows:,} rows", flush=True)


async def changes(store: Store) -> None:
    """A selection of everything, and jobs over a part of it."""
    frozen, took = await timed(store.freeze(EVERYTHING))
    print(f"select everything: {frozen.messages:,} messages in {took / 1e3:.2f} s")
    part = await store.freeze(parse_query("dest:~d1"))
    lags: list[float] = []

    async def watch() -> None:
        while True:
            began = CLOCK.monotonic()
            await asyncio.sleep(0.001)
            lags.append(CLOCK.monotonic() - began - 0.001)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        for action in ("hold", "delete"):
            began = CLOCK.monotonic()
            job = Job(
                action=action, target="", actor="bench", total=1, started_at=0.0, undoable=True
            )
            number = await store.begin_job(job)
            for lot in part.lots(500, job=number):
                if action == "hold":
                    await store.hold(lot, actor="bench", reason="", at=CLOCK.now())
                else:
                    await store.delete(lot, actor="bench", reason="", at=CLOCK.now())
            print(f"{action} {part.messages:,}: {CLOCK.monotonic() - began:.2f} s")
            began, after, source = CLOCK.monotonic(), 0, Source(number, action)
            while lot_ := await store.take_back(
                source, actor="bench", at=CLOCK.now(), reason="", after=after
            ):
                after = lot_.place
            print(f"undo of it: {CLOCK.monotonic() - began:.2f} s")
        watching.cancel()
    lags.sort()
    print(
        f"loop lag: p99 {lags[len(lags) * 99 // 100] * 1e3:.1f} ms, worst {lags[-1] * 1e3:.1f} ms"
    )


async def look(folder: Path) -> None:
    """All of it."""
    store = await Store.open(Spool(path=folder), clock=CLOCK)
    try:
        for text in ("", "state:deferred", "from:~sender77@", "dest:d5.test"):
            await lists(store, text)
        await changes(store)
    finally:
        await store.close()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder, "s"), count)
        uvloop.run(look(Path(folder, "s")))


if __name__ == "__main__":
    main()
