"""How long work keeps the loop to itself: in seconds of the loop's own processor time, so that what
other threads do meanwhile does not count, and as on the machine on which the bounds were measured,
so that a slower or busier one does not either.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

AT_MOST: Final = 0.005
"""Seconds that the engine's loop may be held."""
_USUAL: Final = 0.001
"""Seconds that `_work` took there."""
_TRACED: Final = 5
"""How much slower the product is while coverage looks on."""


async def longest_turn(work: Callable[[], Awaitable[object]], *, times: int = 5) -> float:
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
        slower = _slower()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            await asyncio.sleep(0)
            await work()
            await asyncio.sleep(0)
            watching.cancel()
        slower = max(slower, _slower())
    finally:
        gc.enable()
    return longest / slower / (1 if sys.gettrace() is None else _TRACED)


def _slower() -> float:
    """How much slower this machine is now."""
    start = time.thread_time()
    known = {f"d{number}": number for number in range(4000)}
    sorted(known, key=lambda name: -known[name])
    return max(1.0, (time.thread_time() - start) / _USUAL)
