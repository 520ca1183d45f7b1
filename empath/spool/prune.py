"""Forgetting the history of finished messages, a few hundred at a time.

The sweep goes round by key: oldest first, a bounded range for each transaction, so that it
costs the writer little however much waits in between.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final, final

import apsw

from empath.clock import Clock
from empath.config.model import Spool as Settings
from empath.spool.book import Book
from empath.spool.rows import select
from empath.spool.writer import Single, Writer

RANGE: Final = 2000
"""Messages looked at in one transaction."""
EVERY: Final = 60.0
"""Seconds between looks for finished messages that are too old."""
SLACK: Final = 500
"""Finished messages above `spool.keep_finished_count` that are not worth a transaction yet."""
MOST: Final = 500
"""Messages forgotten in one transaction."""


@final
class Prune(Single[tuple[int, bool]]):
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
            "SELECT key, finished_at, EXISTS (SELECT 1 FROM trash AS t WHERE t.key = m.key)"
            " FROM message AS m WHERE key > ? ORDER BY key LIMIT ?",
            (self._after, RANGE),
        )
        gone: list[int] = []
        last = self._after
        for key, finished_at, trashed in rows:
            if len(gone) == MOST:
                break
            last = key
            if trashed or finished_at is None:
                continue
            if finished_at < self._before or len(gone) < self._excess:
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


@final
class Pruner:
    """Decides when there is something to forget; one step at a time is with the writer."""

    def __init__(self, book: Book, writer: Writer, clock: Clock) -> None:
        self._book = book
        self._writer = writer
        self._clock = clock
        self._running = False
        self._after = 0
        self._next = clock.monotonic()

    def tidy(self, settings: Settings) -> None:
        """Begin a step if finished messages are too many, or it is time to look for old ones."""
        finished, now = self._book.tally.finished, self._clock.monotonic()
        excess = finished - self._book.tally.trashed - settings.keep_finished_count
        if self._running or not finished or (excess <= SLACK and now < self._next):
            return
        self._next = now + EVERY
        self._running = True
        step = Prune(
            asyncio.get_running_loop(),
            self._book,
            after=self._after,
            before=self._clock.now() - settings.keep_finished,
            excess=max(0, excess),
        )
        step.future.add_done_callback(self._done)
        self._writer.submit(step)

    def _done(self, step: asyncio.Future[tuple[int, bool]]) -> None:
        self._running = False
        if step.cancelled() or step.exception() is not None:
            return
        self._after, more = step.result()
        if more:
            self._next = self._clock.monotonic()
