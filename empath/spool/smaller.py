"""The small operations of the writer: keeping a setting, putting a lot off."""

from __future__ import annotations

import asyncio
from typing import final

import apsw

from empath.envelope import Lot
from empath.spool.book import Book
from empath.spool.writer import Single


@final
class Keep(Single[None]):
    """Keep a value under a key; None forgets it."""

    __slots__ = ("_key", "_value")

    def __init__(self, loop: asyncio.AbstractEventLoop, key: str, value: str | None) -> None:
        super().__init__(loop)
        self._key = key
        self._value = value

    def run(self, cursor: apsw.Cursor) -> None:
        """Write it."""
        if self._value is None:
            cursor.execute("DELETE FROM setting WHERE key = ?", (self._key,))
        else:
            cursor.execute(
                "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
                (self._key, self._value),
            )

    def landed(self) -> None:
        """Nothing in memory follows from it."""


@final
class Postpone(Single[None]):
    """End the lease of a lot whose attempt did not take place, and set when it is due again."""

    __slots__ = ("_book", "_due_at", "_lot")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, book: Book, lot: Lot, due_at: float
    ) -> None:
        super().__init__(loop)
        self._book = book
        self._lot = lot
        self._due_at = due_at

    def run(self, cursor: apsw.Cursor) -> None:
        """Write the time; states and attempts stay."""
        cursor.executemany(
            "UPDATE recipient SET due_at = ? WHERE key = ? AND number = ? AND state < 2",
            [(self._due_at, self._lot.id.key, waiting.number) for waiting in self._lot.recipients],
        )

    def landed(self) -> None:
        """The lease ends."""
        self._book.end(self._lot, self._due_at)
        self._book.arrival.set()

    def refused(self) -> None:
        """The lease stands."""
        lease = self._book.holder(self._lot)
        if lease is not None:
            lease.recording = False
