"""Frozen sets of messages under a name, for fifteen minutes.

A name is drawn at random and never used twice, so that one of another run of the engine, or
one that has ended, is refused and never means other messages.  Bounded in number and size:
the oldest go first.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, final

from empath.clock import Clock
from empath.control.link import NotFound, RequestRefused, Selection
from empath.safe_text import safe_text
from empath.spool.selection import Frozen
from empath.spool.stored import received_at

LASTS: Final = 900.0
"""Seconds for which a selection can be used."""
MOST: Final = 20
"""Selections at once."""
ENTRIES_MOST: Final = 4_000_000
"""Messages in all of them together: 48 MB."""


@dataclass(frozen=True, slots=True)
class _Kept:
    selection: Selection
    frozen: Frozen
    until: float


@final
class Selections:
    """The selections of one engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def __repr__(self) -> str:
        return f"<Selections {len(self._kept)}>"

    def keep(self, query: str, frozen: Frozen) -> Selection:
        """Give a name to *frozen*, which is what *query* matched.  Raises `RequestRefused`."""
        self._expire()
        if len(frozen) > ENTRIES_MOST:
            raise RequestRefused(
                f"A selection holds at most {ENTRIES_MOST:,} messages: narrow the filter."
            )
        room = ENTRIES_MOST - len(frozen)
        while self._kept and (len(self._kept) >= MOST or self._entries > room):
            del self._kept[next(iter(self._kept))]
        now, ends = self._clock.now(), frozen.ends
        selection = Selection(
            id=f"s-{secrets.token_hex(4)}",
            query=query,
            messages=frozen.messages,
            recipients=frozen.recipients,
            taken_at=now,
            expires_at=now + LASTS,
            octets=frozen.octets,
            oldest_at=None if ends is None else received_at(ends[0]),
            newest_at=None if ends is None else received_at(ends[1]),
        )
        self._kept[selection.id] = _Kept(selection, frozen, self._clock.monotonic() + LASTS)
        return selection

    def find(self, id: str) -> tuple[Selection, Frozen]:
        """The selection of that name.  Raises `NotFound`."""
        self._expire()
        kept = self._kept.get(id)
        if kept is None:
            raise NotFound(
                f"There is no selection {safe_text(id, 40)} any more: one lasts"
                f" {LASTS / 60:.0f} minutes. Select again."
            )
        return kept.selection, kept.frozen

    @property
    def _entries(self) -> int:
        return sum(len(kept.frozen) for kept in self._kept.values())

    def _expire(self) -> None:
        now = self._clock.monotonic()
        over = [name for name, kept in self._kept.items() if kept.until <= now]
        for name in over:
            del self._kept[name]
