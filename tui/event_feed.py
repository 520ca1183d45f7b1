"""Events that the engine has chosen: a stream of its own for what the Events screen wants to see.

The main stream brings everything, thinned out when it is too much; where an operator looks for
something, the engine sends just that, from its history on, into a ring of its own.  An engine that
cannot choose is asked for everything, and the choice is made here.  Runs until it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, final

from empath.control.link import (
    BadEventFilter,
    EventFilter,
    Link,
    LinkLost,
    RequestUnclear,
    parse_event_filter,
)
from tui.event_lines import line_of
from tui.feed import HISTORY, SAMPLED_ABOVE
from tui.store import EventRing, Store

_AGAIN: Final = 1.0
"""Seconds until a stream that ended is asked for again; the feed tells why it ended."""


def fault_of(text: str) -> str:
    """What is wrong with a filter of events; empty when nothing is."""
    try:
        parse_event_filter(text)
    except BadEventFilter as error:
        return str(error)
    return ""


@final
class ChosenEvents:
    """The events of one filter."""

    def __init__(
        self, link: Link, store: Store, only: EventFilter, changed: Callable[[], None]
    ) -> None:
        self._link = link
        self._store = store
        self._only = only
        self._changed = changed
        self._last: int | None = None
        self.ring = EventRing()

    def __repr__(self) -> str:
        return f"<ChosenEvents {self._only} lines={len(self.ring)}>"

    async def run(self) -> None:
        """Follow them, however often the engine goes away and comes back."""
        while True:
            with suppress(LinkLost):
                try:
                    await self._follow(pushed=True)
                except RequestUnclear:
                    await self._follow(pushed=False)
            await asyncio.sleep(_AGAIN)

    async def _follow(self, *, pushed: bool) -> None:
        status = self._store.status
        known = status.sequence if status is not None else 0
        if self._last is not None and self._last > known:
            self._last = None  # another engine numbers anew
            self.ring.clear()
        after = max(0, known - HISTORY) if self._last is None else self._last
        only = self._only
        asked = EventFilter(
            kinds=only.kinds,
            destination=only.destination,
            id=only.id,
            text=only.text,
            rate=SAMPLED_ABOVE,
        )
        async for notice in self._link.events(after, asked if pushed else None):
            self._last = notice.sequence
            if pushed or only.passes(notice.event):
                self.ring.missed += notice.missed
                self.ring.note_sample(notice.sampled, self._store.clock.monotonic())
                self.ring.add(line_of(notice.sequence, notice.event))
                self._changed()
