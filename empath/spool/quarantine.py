"""Holding a message whose body is damaged, in one transaction.

What of it is in another attempt at that moment is left to that attempt.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import final

import apsw

from empath.address import Domain
from empath.envelope import Lot, State
from empath.spool import stored
from empath.spool.book import Book, Pair
from empath.spool.face import DAMAGED
from empath.spool.record import EVENTS
from empath.spool.rows import select
from empath.spool.writer import Single


@final
class Quarantine(Single[None]):
    """Hold all of a message whose body is damaged, except what is in another attempt."""

    __slots__ = ("_book", "_event", "_flying", "_lot", "_moves", "_reason")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        lot: Lot,
        *,
        reason: str,
        event: tuple[int, bytes],
        flying: Collection[Pair],
    ) -> None:
        super().__init__(loop)
        self._book = book
        self._lot = lot
        self._reason = DAMAGED + reason
        self._event = event
        self._flying = frozenset(flying)
        self._moves: Counter[tuple[Domain, State]] = Counter()

    def run(self, cursor: apsw.Cursor) -> None:
        """Hold the rows."""
        key = self._lot.id.key
        rows = select(
            cursor,
            "SELECT number, destination, state FROM recipient WHERE key = ? AND state < 2",
            (key,),
        )
        mine = [row for row in rows if (key, row[1]) not in self._flying]
        cursor.executemany(
            "UPDATE recipient SET state = 2, due_at = NULL, hold_reason = ?"
            " WHERE key = ? AND number = ?",
            [(self._reason, key, number) for number, _, _ in mine],
        )
        place, event = self._event
        EVENTS.run(cursor, [key, place, event.decode()])
        leased = {waiting.number for waiting in self._lot.recipients}
        self._moves = Counter(
            (stored.read_domain(name), State(state))
            for number, name, state in mine
            if number not in leased
        )

    def landed(self) -> None:
        """The lease ends."""
        book, lot = self._book, self._lot
        for (destination, before), count in self._moves.items():
            book.tally.move(destination, before, State.HELD, count)
        if book.holder(lot) is not None:
            book.end(lot, None, (State.HELD,) * len(lot.recipients))

    def refused(self) -> None:
        """The lease stands."""
        lease = self._book.holder(self._lot)
        if lease is not None:
            lease.recording = False
