"""Waits for what real sockets and threads do in their own time, and for what must not happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(what: Callable[[], bool], *, within: float = 10) -> None:
    """Return when *what* is so; fail when it is not in time."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.001)


async def turns(count: int = 50) -> None:
    """Let the loop go round *count* times: all that is ready is done, and no time has passed.

    What was sent over loopback before is there, so that a test can look at what did not happen.
    """
    for _ in range(count):
        await asyncio.sleep(0)


async def settled(what: Callable[[], T], *, still: float = 0.15, within: float = 10) -> T:
    """The value of *what* once it has not changed for *still* seconds."""
    loop = asyncio.get_running_loop()
    value, since = what(), loop.time()
    async with asyncio.timeout(within):
        while loop.time() < since + still:
            await asyncio.sleep(0.005)
            if (now := what()) != value:
                value, since = now, loop.time()
    return value
