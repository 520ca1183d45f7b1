"""The engine's events as one operator reads them: numbered, in batches, with losses counted.

What a filter leaves out is no loss and is not counted.  Where more pass than the reader takes in
a second, trouble is kept before routine and the rest is evenly thinned; how many were left out
stands in the next notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from empath.bus import Numbered, Reader
from empath.clock import Clock
from empath.control.event_filter import ROUTINE_EVENTS, EventFilter, kind_of
from empath.control.link import Notice


class EventStream:
    """Numbered events for one reader, each with how many were lost before it."""

    def __init__(
        self, reader: Reader, last: int, clock: Clock, only: EventFilter | None = None
    ) -> None:
        self._reader = reader
        self._last = last
        self._clock = clock
        self._only = only or EventFilter()
        self._missed = 0
        self._sampled = 0
        self._allowed = float(self._only.rate)
        self._at = clock.monotonic()

    async def batch(self) -> list[Notice]:
        """Wait for events that pass and take all that wait.  Loses none when cancelled."""
        while True:
            found = await self._reader.batch()
            for numbered in found:
                self._missed += max(0, numbered.sequence - self._last - 1)
                self._last = numbered.sequence
            if self._only.selects:
                found = [numbered for numbered in found if self._only.passes(numbered.event)]
            chosen = self._thin(found) if self._only.rate else found
            if chosen:
                return [self._notice(numbered) for numbered in chosen]

    def _notice(self, numbered: Numbered) -> Notice:
        missed, self._missed = self._missed, 0
        sampled, self._sampled = self._sampled, 0
        return Notice(
            sequence=numbered.sequence, event=numbered.event, missed=missed, sampled=sampled
        )

    def _thin(self, found: Sequence[Numbered]) -> list[Numbered]:
        now, rate = self._clock.monotonic(), self._only.rate
        self._allowed = min(float(rate), self._allowed + (now - self._at) * rate)
        self._at = now
        room = int(self._allowed)
        if len(found) <= room:
            self._allowed -= len(found)
            return list(found)
        self._allowed -= room
        self._sampled += len(found) - room
        trouble = [one for one in found if kind_of(one.event) not in ROUTINE_EVENTS]
        kept = _evenly(trouble, room)
        if len(kept) < room:
            routine = [one for one in found if kind_of(one.event) in ROUTINE_EVENTS]
            kept += _evenly(routine, room - len(kept))
            kept.sort(key=lambda one: one.sequence)
        return kept


def _evenly(found: Sequence[Numbered], count: int) -> list[Numbered]:
    if len(found) <= count:
        return list(found)
    return [found[number * len(found) // count] for number in range(count)]
