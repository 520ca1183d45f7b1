"""How long work keeps the loop to itself: in seconds of the loop's own processor time, so that a
busy machine does not count, nor what other threads do meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

_USUAL: Final = 0.0012
"""Seconds that `_work` takes on the machine on which the bounds were measured."""
_TRACED: Final = 5
"""How much slower everything is while coverage looks on."""


def at_most(seconds: float = 0.005) -> float:
    """The engine's bound for one turn, as long as it is on a machine like this one."""
    slower = max(1.0, min(_work() for _ in range(5)) / _USUAL)
    return seconds * slower * (1 if sys.gettrace() is None else _TRACED)


async def longest_turn(work: Callable[[], Awaitable[object]], *, times: int = 3) -> float:
    """The longest turn of the loop while *work* is done; the best of so many *times*."""
    return min([await _longest(work) for _ in range(times)])


async def _longest(work: Callable[[], Awaitable[object]]) -> float:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now

    gc.collect()
    gc.disable()
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            await asyncio.sleep(0)
            await work()
            await asyncio.sleep(0)
            watching.cancel()
    finally:
        gc.enable()
    return longest


def _work() -> float:
    start = time.thread_time()
    known = {f"d{number}": number for number in range(4000)}
    sorted(known, key=lambda name: -known[name])
    return time.thread_time() - start
