"""What the console costs: first paint, a tick, a key, a full paint, memory; nothing is asserted.

``python -m bench.console`` runs the real app without a terminal, on a relay in memory: once
with a busy overview and once with a queue of a million messages, at 120x36 and 200x60.
``--million`` measures all budgets beside a real engine with a million messages instead.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import time
from collections.abc import Callable

import bench.console_million
from bench.painting import paint
from tests.fakes.clock import HandClock
from tests.fakes.console import QUIET, settle
from tests.fakes.demo_engine import DemoEngine, prime
from tests.fakes.endless_queue import EndlessQueue
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.screens.queue import QueueScreen

SIZES = ((120, 36), (200, 60))


def timed(times: int, act: Callable[[], object]) -> str:
    """Median and worst of *times* runs, in milliseconds."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begun) * 1000)
    return f"median {statistics.median(spent):6.2f} ms  worst {max(spent):6.2f} ms"


async def measure(name: str, link: MemoryLink, clock: HandClock, size: tuple[int, int]) -> None:
    """One run."""
    begun = time.perf_counter()
    console = Console(link, clock=clock, pace=QUIET)
    if isinstance(link, DemoEngine):
        prime(link, console.store)
        begun = time.perf_counter()
    async with console.run_test(size=size) as pilot:
        console.action_tab(name)
        screen = console.front
        while screen is None or not screen.ready or not console.store.status:
            await asyncio.sleep(0)
            screen = console.front
        await pilot.pause()
        print(f"{name} {size[0]}x{size[1]}")
        print(f"  first paint            {(time.perf_counter() - begun) * 1000:6.0f} ms")
        await settle()

        def tick() -> None:
            if isinstance(link, DemoEngine):
                link.step()
                console.store.fold_status(link.status)
            else:
                clock.advance(1)
            assert screen is not None
            screen.paint_all()
            paint(console, full=False)

        print(f"  tick                   {timed(60, tick)}")
        print(f"  full paint             {timed(30, lambda: paint(console, full=True))}")
        print(f"  bytes of a full paint  {paint(console, full=True)}")
        if isinstance(screen, QueueScreen):
            table = screen.table

            def move() -> None:
                table.action_move(1)
                paint(console, full=False)

            print(f"  cursor down            {timed(60, move)}")
            begun = time.perf_counter()
            await pilot.press("G")
            while table.cursor_row != len(table.rows) - 1:  # noqa: ASYNC110 - it is what is timed
                await asyncio.sleep(0)
            print(f"  to the last row        {(time.perf_counter() - begun) * 1000:6.0f} ms")
            print(f"  rows held              {len(console.store.queue.items)}")


async def in_memory() -> None:
    """All runs on a relay in memory."""
    for size in SIZES:
        clock = HandClock()
        await measure("overview", DemoEngine(clock), clock, size)
        clock = HandClock()
        await measure("queue", EndlessQueue(1_000_000, clock.now()), clock, size)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.console",
        description=" ".join((__doc__ or "").split("\n\n")[0].split()),
    )
    parser.add_argument("--million", action="store_true", help="beside a real engine")
    parser.add_argument("--count", type=int, default=1_000_000, help="messages of it")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each look at the engine")
    parser.add_argument("--often", type=int, default=10, help="scales how often all else is done")
    asked = parser.parse_args()
    if asked.million:
        bench.console_million.run(asked.count, asked.seconds, asked.often)
    else:
        asyncio.run(in_memory())


if __name__ == "__main__":
    main()
