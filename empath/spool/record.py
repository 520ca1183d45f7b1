"""Writing down what an attempt meant, and what follows from it, in one transaction.

Recipients, timeline, notifications; a message without a recipient that waits is finished
and loses its body.  All attempts of a batch are written together.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self, final

import apsw

from empath.envelope import Lot, MessageId, State
from empath.reply import Deferred, Delivered, Failed
from empath.spool import stored
from empath.spool.accept import Arrival, insert
from empath.spool.book import Book
from empath.spool.face import Ruling
from empath.spool.rows import Rows, select
from empath.spool.writer import Operation

_RULE: Final = Rows(
    "WITH ruled(k, n, state, due_at, attempts, noticed, reply) AS ({})"
    " UPDATE recipient SET state = ruled.state, due_at = ruled.due_at,"
    " attempts = ruled.attempts, delay_noticed = ruled.noticed, reply = ruled.reply"
    " FROM ruled WHERE recipient.key = ruled.k AND recipient.number = ruled.n",
    7,
)
EVENTS: Final = Rows("INSERT INTO timeline (key, place, event) {}", 3)

_STANDING: Final = (
    "SELECT group_concat(j.value) FILTER (WHERE EXISTS"
    " (SELECT 1 FROM recipient AS r WHERE r.key = j.value AND r.state < 10)),"
    " group_concat(j.value) FILTER (WHERE"
    " (SELECT stored FROM message WHERE key = j.value) = 2),"
    " group_concat(j.value) FILTER (WHERE EXISTS"
    " (SELECT 1 FROM trash AS t WHERE t.key = j.value))"
    " FROM json_each(?) AS j"
)
_FINISH: Final = (
    "UPDATE message SET finished_at = ?, stored = 0, prefix = NULL"
    " WHERE key IN (SELECT value FROM json_each(?)) AND finished_at IS NULL"
)
_KEEP: Final = (
    "UPDATE message SET finished_at = ?"
    " WHERE key IN (SELECT value FROM json_each(?)) AND finished_at IS NULL"
)
_FREE: Final = "DELETE FROM body WHERE key IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Finished:
    """Messages that no recipient waits for any more, by their keys."""

    done: set[int]
    files: set[int]
    """Those that have a body file, to be removed once this is durable."""
    trashed: set[int]
    """Those whose body is kept, since a recipient of them is in the trash."""


def finish(cursor: apsw.Cursor, keys: Iterable[int], at: float) -> Finished:
    """Finish those messages of *keys* that no recipient waits for."""
    asked = set(keys)
    ((waiting, files, trashed),) = select(cursor, _STANDING, (json.dumps([*asked]),))
    done = asked - _keys(waiting)
    kept = _keys(trashed) & done
    if kept:
        cursor.execute(_KEEP, (at, json.dumps([*kept])))
    if done - kept:
        listed = json.dumps([*(done - kept)])
        cursor.execute(_FINISH, (at, listed))
        cursor.execute(_FREE, (listed,))
    return Finished(done, (_keys(files) & done) - kept, kept)


def _keys(listed: str | None) -> set[int]:
    return set(map(int, listed.split(","))) if listed else set()


def state_of(ruling: Ruling) -> State:
    """The state that *ruling* leaves a recipient in."""
    match ruling.outcome:
        case Delivered():
            return State.DELIVERED
        case _ if ruling.expired:
            return State.EXPIRED
        case Deferred():
            return State.DEFERRED
        case Failed():
            return State.FAILED


@final
class Record(Operation[Sequence[MessageId]]):
    """One attempt, ended."""

    rank: ClassVar[int] = 1

    __slots__ = (
        "arrivals",
        "at",
        "book",
        "discard",
        "events",
        "finished",
        "in_file",
        "lot",
        "rulings",
        "trashed",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        lot: Lot,
        rulings: Mapping[int, Ruling],
        *,
        at: float,
        events: Sequence[tuple[int, bytes]],
        arrivals: Sequence[Arrival],
        discard: Callable[[int], None],
    ) -> None:
        super().__init__(loop)
        self.book = book
        self.lot = lot
        self.rulings = rulings
        self.at = at
        self.events = events
        self.arrivals = arrivals
        self.discard = discard
        self.finished = False
        self.in_file = False
        self.trashed = False

    @classmethod
    def run_all(cls, cursor: apsw.Cursor, operations: Sequence[Self]) -> None:
        """Write all of them at once."""
        rows: list[apsw.SQLiteValue] = []
        events: list[apsw.SQLiteValue] = []
        arrivals: list[Arrival] = []
        keys: list[int] = []
        for operation in operations:
            key = operation.lot.id.key
            keys.append(key)
            for place, event in operation.events:
                events += (key, place, event.decode())
            arrivals += operation.arrivals
            operation.add_rows(key, rows)
        if arrivals:
            insert(cursor, arrivals)
        _RULE.run(cursor, rows)
        EVENTS.run(cursor, events)
        finished = finish(cursor, keys, operations[-1].at)
        for operation, key in zip(operations, keys, strict=True):
            # Of two lots of one message in one batch, the first counts it as finished.
            operation.finished = key in finished.done
            operation.in_file = key in finished.files
            operation.trashed = key in finished.trashed
            finished.done.discard(key)

    def add_rows(self, key: int, rows: list[apsw.SQLiteValue]) -> None:
        """Add what is to be written of each recipient to *rows*."""
        for waiting in self.lot.recipients:
            ruling = self.rulings.get(waiting.number)
            if ruling is None:
                continue
            state = state_of(ruling)
            rows += (
                key,
                waiting.number,
                state,
                ruling.next_at if state is State.DEFERRED else None,
                waiting.attempts + 1,
                waiting.delay_noticed or ruling.delay_noticed,
                stored.write_reply(ruling.outcome.reply),
            )

    def landed(self) -> Sequence[MessageId]:
        """The lease ends; notifications are handed on; the body may go."""
        book, lot = self.book, self.lot
        lease = book.holder(lot)
        if lease is not None:
            states = list(lease.states)
            due_at: float | None = None
            for place, waiting in enumerate(lot.recipients):
                ruling = self.rulings.get(waiting.number)
                if ruling is None:
                    again: float | None = lot.due_at
                else:
                    states[place] = state = state_of(ruling)
                    again = ruling.next_at if state is State.DEFERRED else None
                if again is not None and (due_at is None or again < due_at):
                    due_at = again
            book.end(lot, due_at, states)
        if self.finished:
            book.finished(1, lot.size, int(self.in_file), trashed=self.trashed)
            if self.in_file:
                self.discard(lot.id.key)
        return [arrival.landed(book) for arrival in self.arrivals]

    def refused(self) -> None:
        """The lease stands, so that the attempt can be recorded again."""
        lease = self.book.holder(self.lot)
        if lease is not None:
            lease.recording = False
