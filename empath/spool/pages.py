"""Pieces of the queue as lists show them.

The cursor is the key behind which the next piece begins, so a page costs the same at the
start and in the middle of a million.  A filter that matches seldom is walked for at most
`LOOKED_AT` messages a page: the page is then short, or even empty, and its cursor leads on.
Matches are counted exactly where that is known or few are looked at, else "at least".
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, final

import apsw

from empath.envelope import MessageId, Priority, State
from empath.query import QueueQuery
from empath.spool import stored
from empath.spool.book import Book
from empath.spool.face import QueuePage, QueueRow
from empath.spool.filters import NARROW, Filter
from empath.spool.walk import BLOCK, NEWEST, OLDEST, walk

LOOKED_AT: Final = 100_000
"""Most messages looked at for a page."""
COUNTED: Final = 10_000
"""Most messages looked at to count the matches of a filter."""
LONGEST: Final = 1000
"""Most rows of a page."""

_ROW: Final = (
    "SELECT m.key, m.reverse_path, m.priority, m.size, m.subject,"
    " count(*), max(r.attempts), min(r.due_at), min(r.state) FILTER (WHERE r.state >= 10),"
    " total(r.state = 0), total(r.state = 1), total(r.state = 2), total(r.state = 11),"
    " total(r.state = 12), min(r.number) FILTER (WHERE r.state < 10), min(r.number)"
    " FROM message AS m JOIN recipient AS r ON r.key = m.key WHERE m.key = ?"
)
_RECIPIENT: Final = (
    "SELECT address, destination, reply, state, hold_reason"
    " FROM recipient WHERE key = ? AND number = ?"
)


@final
class Pages:
    """Answers `page`."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.looked_at = LOOKED_AT
        self.counted = COUNTED
        self.by_index = NARROW
        self.block = BLOCK

    def prepare(
        self, query: QueueQuery, *, sort: str, cursor: str, limit: int
    ) -> Callable[[apsw.Connection], QueuePage]:
        """What is to be run in a reader's thread; takes from memory what it needs, now."""
        active = frozenset(self._book.active_keys)
        chosen = Filter.of(
            query, self._book.tally, active, now=self._book.now(), by_index=self.by_index
        )
        backwards = sort == "-age"
        limit = min(max(1, limit), LONGEST)
        start = MessageId(cursor).key if cursor else NEWEST if backwards else OLDEST

        def look(reader: apsw.Connection) -> QueuePage:
            with reader:
                walked = walk(
                    reader,
                    chosen,
                    start=start,
                    wanted=limit,
                    budget=self.looked_at,
                    backwards=backwards,
                    block=self.block,
                )
                rows = (row(reader, key, active) for key in walked.keys)
                shown = tuple(each for each in rows if each is not None)
                matched, exact = self._count(reader, chosen)
            if not cursor and walked.at_end:
                matched, exact = len(shown), True
            return QueuePage(
                shown,
                max(matched, len(shown)),
                exact,
                "" if walked.at_end else MessageId.from_key(walked.place),
            )

        return look

    def _count(self, reader: apsw.Connection, chosen: Filter) -> tuple[int, bool]:
        if chosen.total is not None:
            return chosen.total, True
        walked = walk(
            reader,
            chosen,
            start=OLDEST,
            wanted=self.counted,
            budget=self.counted,
            block=self.block,
        )
        return len(walked.keys), walked.at_end


def row(reader: apsw.Connection, key: int, active: Collection[int]) -> QueueRow | None:
    """One message as a list shows it; None if it is gone."""
    found = reader.execute(_ROW, (key,)).fetchone()
    if found is None or found[0] is None:
        return None
    reverse_path, priority, size, subject, count, attempts, next_at, final = found[1:9]
    queued, deferred, held, failed, expired, waiting, first = found[9:16]
    if key in active:
        state = State.ACTIVE
    elif deferred:
        state = State.DEFERRED
    elif queued:
        state = State.QUEUED
    elif held:
        state = State.HELD
    elif failed:
        state = State.FAILED
    elif expired:
        state = State.EXPIRED
    else:
        state = State(final)
    shown = reader.execute(_RECIPIENT, (key, first if waiting is None else waiting)).fetchone()
    assert shown is not None
    address, destination, reply, stored_state, reason = shown
    if stored_state == State.HELD:  # why it was deferred before is not why it waits now
        reply = f"held: {reason}" if reason else "held by an operator"
    return QueueRow(
        MessageId.from_key(key),
        state,
        stored.received_at(key),
        next_at,
        attempts,
        size,
        Priority(priority),
        None if reverse_path is None else stored.read_address(reverse_path),
        stored.read_address(address),
        count,
        stored.read_domain(destination),
        reply,
        subject,
    )
