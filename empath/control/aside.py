"""Long work in a thread beside the event loop, such that the loop hardly notices.

A thread that computes keeps Python's interpreter lock for five milliseconds at a time, so that
each time the loop wakes up, it would wait as long: reading a config of thousands of lines for a
tenth of a second would hold mail up for as long as that.  While such work runs, the lock is handed
over sooner.  Call `aside` on the event loop; it raises what the work raises.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

TURN: Final = 0.0002
"""Seconds after which a thread hands the lock over when the loop wants it."""


class _Courtesy:
    """How many such works run in this process, and what holds when none does."""

    def __init__(self) -> None:
        self._running = 0
        self._usual = 0.0

    def begin(self) -> None:
        if not self._running:
            self._usual = sys.getswitchinterval()
            sys.setswitchinterval(min(TURN, self._usual))
        self._running += 1

    def end(self) -> None:
        self._running -= 1
        if not self._running:
            sys.setswitchinterval(self._usual)


_courtesy: Final = _Courtesy()


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking *work* in a thread, as `asyncio.to_thread`."""
    _courtesy.begin()
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    finally:
        _courtesy.end()
