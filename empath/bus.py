"""One stream of events; every reader at its own pace, none can hold up the engine.

`publish` never waits: folds (metrics, journal) run in line and must be quick, readers get
a reference in a bounded queue of their own.  What a reader was too slow for is counted in
`missed`, not kept.  Each event has a sequence number, so a reader sees gaps by itself.
A fold is part of the engine, must not raise, and is tested for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from msgspec import Struct

from empath.events import Event


class Numbered(Struct, frozen=True):
    """An event and its place in this engine's stream; the first is number 1."""

    sequence: int
    event: Event


class Reader:
    """A bounded view of the stream, for `async for`."""

    def __init__(self, limit: int) -> None:
        self._waiting: deque[Numbered] = deque(maxlen=limit)
        self._ready = asyncio.Event()
        self.missed = 0

    def __repr__(self) -> str:
        return f"<Reader waiting={len(self._waiting)} missed={self.missed}>"

    def offer(self, numbered: Numbered) -> None:
        """Queue one event; drops the oldest and counts it when the reader is behind."""
        if len(self._waiting) == self._waiting.maxlen:
            self.missed += 1
        self._waiting.append(numbered)
        self._ready.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Numbered:
        while not self._waiting:
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft()

    async def batch(self) -> list[Numbered]:
        """Wait for at least one event, then take all that wait.  Loses none when cancelled."""
        first = await self.__anext__()
        taken = [first, *self._waiting]
        self._waiting.clear()
        return taken


class Bus:
    """Where events are published, and where they are read."""

    def __init__(self, *, history: int = 1000) -> None:
        """Keep the last *history* events for readers that come later."""
        self._folds: list[Callable[[Event], None]] = []
        self._readers: set[Reader] = set()
        self._history: deque[Numbered] = deque(maxlen=history)
        self.sequence = 0
        """The number of the last event."""

    def __repr__(self) -> str:
        return f"<Bus sequence={self.sequence} readers={len(self._readers)}>"

    def publish(self, event: Event) -> None:
        """Tell everybody; returns at once."""
        self.sequence += 1
        numbered = Numbered(self.sequence, event)
        self._history.append(numbered)
        for fold in self._folds:
            fold(event)
        for reader in self._readers:
            reader.offer(numbered)

    def fold(self, into: Callable[[Event], None]) -> None:
        """Have *into* called with every event from now on, in line: it must be quick and sure."""
        self._folds.append(into)

    @contextmanager
    def reader(self, *, limit: int = 1000, after: int | None = None) -> Iterator[Reader]:
        """Read from now on, or from the event behind number *after* as far as it is kept."""
        reader = Reader(limit)
        if after is not None:
            for numbered in self._history:
                if numbered.sequence > after:
                    reader.offer(numbered)
            oldest = self._history[0].sequence if self._history else self.sequence + 1
            reader.missed += max(0, oldest - after - 1)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
