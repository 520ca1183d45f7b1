"""What operators do to the queue: hold, release, retry, delete, change of priority; quarantine.

A change by filter goes through the queue in pieces, so that it never keeps the writer for
long.  For each piece: find its messages, take away leases whose attempt has not begun,
change the rows in one transaction, let the messages go again.  What is being delivered at
that moment is left alone and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, final

import apsw

from empath import codec
from empath.address import Domain
from empath.envelope import Lot, MessageId, Priority, State
from empath.events import OperatorActed
from empath.spool import stored
from empath.spool.book import Book, Pair
from empath.spool.face import DAMAGED, Changed
from empath.spool.filters import Filter
from empath.spool.keys import Keys
from empath.spool.record import EVENTS, finish
from empath.spool.rows import select
from empath.spool.walk import OLDEST, walk
from empath.spool.writer import Single

PIECE: Final = 500
"""Messages changed in one transaction."""

_ELIGIBLE: Final = {
    "hold": "(0, 1)",
    "release": "(2)",
    "retry": "(0, 1)",
    "delete": "(0, 1, 2)",
    "priority": "(0, 1, 2)",
}
_SET: Final = {
    "hold": "state = 2, due_at = NULL, hold_reason = ?1",
    "release": "state = 0, due_at = ?2, hold_reason = ''",
    "retry": "due_at = ?2",
    "delete": "state = 13, due_at = NULL",
    "priority": "priority = ?1",
}
_MESSAGE_PRIORITY: Final = (
    "UPDATE message SET priority = ?, details = json_set(details, ?, ?)"
    " WHERE key IN (SELECT value FROM json_each(?))"
)
_AFTER: Final = {"hold": State.HELD, "release": State.QUEUED, "delete": State.DELETED}


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator asked for."""

    action: str
    """``hold``, ``release``, ``retry``, ``delete`` or ``priority``."""
    actor: str
    reason: str
    at: float
    priority: Priority | None = None
    """The new class, for ``priority``."""

    @property
    def value(self) -> str | int:
        """What is written into the rows, beside the time."""
        return self.reason if self.priority is None else int(self.priority)


@final
class Operate:
    """One change of the queue, piece by piece."""

    def __init__(
        self,
        change: Change,
        chosen: Filter,
        book: Book,
        keys: Keys,
        discard: Callable[[int], None],
    ) -> None:
        self._change = change
        self._chosen = chosen
        self._book = book
        self._keys = keys
        self._discard = discard
        # What comes in while the change runs was not seen by who asked for it.
        self._newest = keys.newest
        self._place = OLDEST
        self._at_end = False
        self._piece: list[int] = []
        self._ids: list[MessageId] = []
        self._recipients = 0
        self._in_flight = 0

    def find(self, reader: apsw.Connection) -> bool:
        """Look for the next piece; False when there is none.  Runs in a reader's thread."""
        while not self._at_end:
            walked = walk(reader, self._chosen, start=self._place, wanted=PIECE, budget=10 * PIECE)
            self._place = walked.place
            self._piece = [key for key in walked.keys if key <= self._newest]
            self._at_end = walked.at_end or self._place >= self._newest
            if self._piece:
                return True
        return False

    def prepare(self, loop: asyncio.AbstractEventLoop) -> Piece:
        """Freeze the piece, and make the operation that changes it."""
        flying = self._book.freeze(self._piece)
        piece = Piece(
            loop,
            self._book,
            self._change,
            keys=self._piece,
            condition=self._chosen.recipient,
            values=self._chosen.values,
            flying=flying,
            places=[self._keys.next() for _ in self._piece],
            discard=self._discard,
        )
        piece.future.add_done_callback(self._count)
        return piece

    def _count(self, done: asyncio.Future[Changed]) -> None:
        if not done.cancelled() and done.exception() is None:
            changed = done.result()
            self._ids += changed.ids
            self._recipients += changed.recipients
            self._in_flight += changed.in_flight

    def over(self) -> None:
        """The piece is done, or refused."""
        self._book.thaw(self._piece)

    def changed(self) -> Changed:
        """What was done in all."""
        return Changed(tuple(self._ids), self._recipients, self._in_flight)


@final
class Piece(Single[Changed]):
    """One transaction of an operator's change."""

    __slots__ = (
        "_book",
        "_change",
        "_changed",
        "_condition",
        "_discard",
        "_finished",
        "_flying",
        "_keys",
        "_moves",
        "_places",
        "_values",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        change: Change,
        *,
        keys: Sequence[int],
        condition: str,
        values: dict[str, apsw.SQLiteValue],
        flying: Collection[Pair],
        places: Sequence[int],
        discard: Callable[[int], None],
    ) -> None:
        super().__init__(loop)
        self._book = book
        self._change = change
        self._keys = keys
        self._condition = condition
        self._values = values
        self._flying = frozenset(flying)
        self._places = places
        self._discard = discard
        self._changed = Changed((), 0, 0)
        self._moves: Counter[tuple[Domain, Priority, State]] = Counter()
        self._finished: list[tuple[int, int, bool]] = []

    def run(self, cursor: apsw.Cursor) -> None:
        """Change the rows."""
        change = self._change
        # A message has one class: whatever recipient it was found by, all of it moves.
        condition = "TRUE" if change.priority is not None else self._condition
        rows = select(
            cursor,
            "SELECT r.key, r.number, r.destination, r.state, r.priority"  # noqa: S608 - values are bound
            " FROM recipient AS r WHERE r.key IN (SELECT value FROM json_each(:piece))"
            f" AND r.state IN {_ELIGIBLE[change.action]} AND {condition}",
            {**self._values, "piece": json.dumps([*self._keys])},
        )
        mine = [row for row in rows if (row[0], row[2]) not in self._flying]
        cursor.executemany(
            f"UPDATE recipient SET {_SET[change.action]} WHERE key = ?3 AND number = ?4",  # noqa: S608
            [(change.value, change.at, key, number) for key, number, *_ in mine],
        )
        counts = Counter(key for key, *_ in mine)
        self._add_events(cursor, counts)
        if change.priority is not None:
            place = f"$[{stored.MT_PRIORITY_PLACE}]"
            number = change.priority.number
            cursor.execute(
                _MESSAGE_PRIORITY, (change.priority, place, number, json.dumps([*counts]))
            )
        self._moves = Counter(
            (stored.read_domain(name), Priority(priority), State(state))
            for _, _, name, state, priority in mine
        )
        self._changed = Changed(
            tuple(MessageId.from_key(key) for key in counts), len(mine), len(rows) - len(mine)
        )
        if change.action == "delete" and counts:
            done, files = finish(cursor, counts, change.at)
            sizes = select(
                cursor,
                "SELECT key, size FROM message WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps([*done]),),
            )
            self._finished = [(key, size, key in files) for key, size in sizes]

    def _add_events(self, cursor: apsw.Cursor, counts: Counter[int]) -> None:
        change = self._change
        events: list[apsw.SQLiteValue] = []
        for place, (key, count) in zip(self._places, counts.items(), strict=False):
            event = OperatorActed(
                change.at,
                MessageId.from_key(key),
                change.action,
                change.actor,
                change.reason,
                count,
            )
            events += (key, place, codec.encode(event).decode())
        EVENTS.run(cursor, events)

    def landed(self) -> Changed:
        """Bring the counts up to date, and wake who waits for mail."""
        tally, after = self._book.tally, _AFTER.get(self._change.action)
        for (destination, priority, before), count in self._moves.items():
            if after is not None:
                tally.move(destination, before, after, count)
            if self._change.action in {"release", "retry"}:
                tally.wake(destination, priority, self._change.at)
            elif self._change.priority is not None and before is not State.HELD:
                tally.wake(destination, self._change.priority, self._change.at)
        for key, size, in_file in self._finished:
            self._book.finished(1, size, int(in_file))
            if in_file:
                self._discard(key)
        return self._changed


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
