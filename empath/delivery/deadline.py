"""The one deadline of a connection: when what it waits for must have come.

One timer serves all waits: it looks at the deadline when it rings, so that a command costs no
timer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import final


@final
class Deadline:
    """Calls *missed* when what is awaited has not come in time."""

    __slots__ = ("_loop", "_missed", "_timer", "_until", "said", "seconds", "since")

    def __init__(self, loop: asyncio.AbstractEventLoop, missed: Callable[[], None]) -> None:
        self._loop = loop
        self._missed = missed
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self.said = ""
        """What is wrong once it has passed, such as ``no reply``, before "within 5s"."""
        self.seconds = 0.0
        """How long it was allowed to take."""
        self.since = 0.0
        """When it was last set."""

    def __repr__(self) -> str:
        return f"<Deadline {self.said if self._until else 'none'}>"

    def set(self, seconds: float, said: str) -> None:
        """What is awaited must come within *seconds*; *said*, if it does not."""
        self.since = self._loop.time()
        self._until = self.since + seconds
        self.said = said
        self.seconds = seconds
        if self._timer is None or self._timer.when() > self._until:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._until, self._ring)

    def lift(self) -> None:
        """Nothing is awaited now."""
        self._until = 0.0

    def end(self) -> None:
        """Nothing will ever be awaited again."""
        self._until = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if not self._until:
            return
        if self._loop.time() < self._until:
            self._timer = self._loop.call_at(self._until, self._ring)
            return
        self._missed()
