"""Forgetting the history of finished messages, a few hundred at a time.

The sweep goes round by key: oldest first, a bounded range for each transaction, so that it
costs the writer little however much waits in between.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final, final

import apsw

from empath.spool.book import Book
from empath.spool.rows import select
from empath.spool.writer import Operation

RANGE: Final = 2000
"""Messages looked at in one transaction."""
MOST: Final = 500
"""Messages forgotten in one transaction."""


@final
class Prune(Operation[tuple[int, bool]]):
    """One step of the sweep; gives where the next begins, and whether to go on at once."""

    __slots__ = ("_after", "_before", "_book", "_count", "_excess", "_more")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        *,
        after: int,
        before: float,
        excess: int,
    ) -> None:
        """Forget what finished before the time *before*, and at least *excess* messages."""
        super().__init__(loop)
        self._book = book
        self._after = after
        self._before = before
        self._excess = excess
        self._count = 0
        self._more = False

    def run(self, cursor: apsw.Cursor) -> None:
        """Look at one range."""
        rows = select(
            cursor,
            "SELECT key, finished_at FROM message WHERE key > ? ORDER BY key LIMIT ?",
            (self._after, RANGE),
        )
        gone: list[int] = []
        last = self._after
        for key, finished_at in rows:
            if len(gone) == MOST:
                break
            last = key
            if finished_at is not None and (finished_at < self._before or len(gone) < self._excess):
                gone.append(key)
        if gone:
            listed = (json.dumps(gone),)
            for table in ("timeline", "recipient", "message"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608 - our own names
                    listed,
                )
        at_end = len(rows) < RANGE and len(gone) < MOST
        self._after = 0 if at_end else last
        self._more = not at_end
        self._count = len(gone)

    def landed(self) -> tuple[int, bool]:
        """They are history no more."""
        self._book.tally.finished -= self._count
        return self._after, self._more
