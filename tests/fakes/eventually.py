"""Waits for what real sockets and threads do in their own time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def eventually(what: Callable[[], bool], *, within: float = 10) -> None:
    """Return when *what* is so; fail when it is not in time."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.001)
