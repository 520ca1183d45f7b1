"""The trash: deleted mail that is kept for a while, its list, and forgetting it.

A deleted recipient is final like any other; its row in the table ``trash`` says what it was,
and keeps the body of its message.  Forgetting goes by age, oldest first, in bounded lots: when
`spool.trash_for` is over, and before that when the disk is short of space.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final, final

import apsw

from empath.clock import Clock
from empath.config.model import Spool as Settings
from empath.envelope import MessageId
from empath.spool import stored
from empath.spool.book import Book
from empath.spool.operating import TrashRow
from empath.spool.rows import select
from empath.spool.writer import Single, Writer

LOT: Final = 500
"""Recipients forgotten in one transaction."""
FORMER_LOT: Final = 2000
"""Recipients whose former state is forgotten in one transaction."""
EVERY: Final = 60.0
"""Seconds between looks for what is too old."""
EASE: Final = 1.0
"""Seconds between lots when the disk is short: whether it still is, is known only then."""

_LISTED: Final = "key IN (SELECT value FROM json_each(?))"
_STALE: Final = (
    "DELETE FROM former WHERE (job, key, number) IN (SELECT job, key, number FROM former"
    " WHERE job = ? LIMIT ?)"
)
_ROW: Final = (
    "SELECT max(t.job), max(t.at), count(*),"
    " (SELECT address FROM recipient AS r WHERE r.key = t.key AND r.number ="
    " (SELECT min(number) FROM trash AS o WHERE o.key = r.key)),"
    " m.reverse_path, m.size, m.subject"
    " FROM trash AS t JOIN message AS m ON m.key = t.key WHERE t.key = ?"
)


@final
class Forget(Single[tuple[int, bool]]):
    """One lot of the trash, for good; gives how many messages are gone, and whether there may
    be more.
    """

    __slots__ = ("_before", "_book", "_discard", "_files", "_gone", "_more", "_octets")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        *,
        before: float | None,
        discard: Callable[[int], None],
    ) -> None:
        """Forget the oldest of what was deleted before the time *before*; None: at any time."""
        super().__init__(loop)
        self._book = book
        self._before = before
        self._discard = discard
        self._gone = 0
        self._octets = 0
        self._files: list[int] = []
        self._more = False

    def run(self, cursor: apsw.Cursor) -> None:
        """Delete rows and bodies."""
        before = 1e300 if self._before is None else self._before
        rows = select(
            cursor,
            "SELECT key, number FROM trash WHERE at < ? ORDER BY at, key, number LIMIT ?",
            (before, LOT),
        )
        cursor.executemany("DELETE FROM trash WHERE key = ? AND number = ?", rows)
        keys = {key for key, _ in rows}
        left = select(
            cursor,
            f"SELECT DISTINCT key FROM trash WHERE {_LISTED}",  # noqa: S608 - our own words
            (json.dumps([*keys]),),
        )
        keys -= {key for (key,) in left}
        freed = select(
            cursor,
            f"SELECT key, size, stored FROM message WHERE {_LISTED} AND finished_at IS NOT NULL",  # noqa: S608 - our own words
            (json.dumps([*keys]),),
        )
        listed = (json.dumps([key for key, *_ in freed]),)
        cursor.execute(f"UPDATE message SET stored = 0, prefix = NULL WHERE {_LISTED}", listed)  # noqa: S608 - our own words
        cursor.execute(f"DELETE FROM body WHERE {_LISTED}", listed)  # noqa: S608 - our own words
        self._gone = len(keys)
        self._octets = sum(size for _, size, _ in freed)
        self._files = [key for key, _, where in freed if where == stored.FILE]
        stale = self._forget_former(cursor)
        self._more = len(rows) == LOT or stale

    def _forget_former(self, cursor: apsw.Cursor) -> bool:
        """Forget what recipients were before jobs that cannot be undone any more."""
        job = -1
        while True:
            found = select(cursor, "SELECT job FROM former WHERE job > ? LIMIT 1", (job,))
            if not found:
                return False
            ((job,),) = found
            if select(cursor, "SELECT 1 FROM job WHERE id = ? AND undoable", (job,)):
                continue
            cursor.execute(_STALE, (job, FORMER_LOT))
            return True

    def landed(self) -> tuple[int, bool]:
        """Their files may go."""
        tally = self._book.tally
        tally.trashed -= self._gone
        tally.trashed_octets -= self._octets
        tally.file_bodies -= len(self._files)
        for key in self._files:
            self._discard(key)
        return self._gone, self._more


@final
class Sweeper:
    """Decides when something is to be forgotten; one lot at a time is with the writer."""

    def __init__(
        self, book: Book, writer: Writer, clock: Clock, discard: Callable[[int], None]
    ) -> None:
        self._book = book
        self._writer = writer
        self._clock = clock
        self._discard = discard
        self._running = False
        self._next = clock.monotonic()
        self._eased = -EASE
        self._before: float | None = None

    def tidy(self, settings: Settings) -> None:
        """Begin a lot if the disk is short of space, or it is time to look for what is old."""
        now = self._clock.monotonic()
        if self._running:
            return
        if now >= self._next:
            self._next = now + EVERY
            self._begin(self._clock.now() - settings.trash_for)
        elif (
            self._book.tally.trashed
            and self._writer.free_octets < settings.min_free
            and now - self._eased >= EASE
        ):
            self._eased = now
            self._begin(None)

    def _begin(self, before: float | None) -> None:
        self._running = True
        self._before = before
        lot = Forget(asyncio.get_running_loop(), self._book, before=before, discard=self._discard)
        lot.future.add_done_callback(self._done)
        self._writer.submit(lot)

    def _done(self, lot: asyncio.Future[tuple[int, bool]]) -> None:
        self._running = False
        if lot.cancelled() or lot.exception() is not None or not lot.result()[1]:
            return
        if self._before is not None:
            self._begin(self._before)


def listed(
    reader: apsw.Connection, before: tuple[float, int] | None, limit: int
) -> tuple[TrashRow, ...]:
    """Messages in the trash, the last deleted first, behind the place *before*."""
    at, key = before or (1e300, 0)
    keys = select(
        reader,
        "SELECT at, key FROM trash AS t WHERE (at, key) < (?, ?)"
        " AND at = (SELECT max(at) FROM trash AS o WHERE o.key = t.key)"
        " GROUP BY at, key ORDER BY at DESC, key DESC LIMIT ?",
        (at, key, limit),
    )
    rows = []
    for _, each in keys:
        job, at, count, address, sender, size, subject = select(reader, _ROW, (each,))[0]
        rows.append(
            TrashRow(
                MessageId.from_key(each),
                at,
                job,
                count,
                stored.read_address(address),
                None if sender is None else stored.read_address(sender),
                size,
                subject,
            )
        )
    return tuple(rows)
