"""What operators do to the queue: hold, release, retry, delete, bounce, re-route, change of
priority.

A change by filter goes through the queue in pieces, so that it never keeps the writer for
long.  For each piece: find its messages, take away leases whose attempt has not begun,
change the rows in one transaction, let the messages go again.  What is being delivered at
that moment is left alone and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import apsw

from empath import codec
from empath.address import Domain
from empath.envelope import Lot, MessageId, Priority, State
from empath.events import NotificationSent, OperatorActed
from empath.spool import stored
from empath.spool.accept import insert
from empath.spool.book import Book, Pair
from empath.spool.bounce import Bounced, frozen_lots
from empath.spool.face import Changed
from empath.spool.filters import Filter
from empath.spool.keys import Keys
from empath.spool.record import EVENTS, finish
from empath.spool.rows import select
from empath.spool.walk import OLDEST, walk
from empath.spool.writer import Single

PIECE: Final = 500
"""Messages changed in one transaction."""
BOUNCED: Final = 50
"""Messages bounced in one transaction: the notifications about them are in memory."""

ELIGIBLE: Final = {
    "hold": "(0, 1)",
    "release": "(2)",
    "retry": "(0, 1)",
    "delete": "(0, 1, 2)",
    "priority": "(0, 1, 2)",
    "bounce": "(0, 1, 2)",
    "reroute": "(0, 1, 2)",
}
"""The states of the recipients that an action is for."""
_SET: Final = {
    "hold": "state = 2, due_at = NULL, hold_reason = ?1",
    "release": "state = 0, due_at = ?2, hold_reason = ''",
    "retry": "due_at = ?2",
    "delete": "state = 13, due_at = NULL",
    "priority": "priority = ?1",
    "bounce": "state = 11, due_at = NULL, reply = ?1",
    "reroute": "next_hop = ?1, due_at = CASE state WHEN 2 THEN NULL ELSE ?2 END",
}
_MESSAGE_PRIORITY: Final = (
    "UPDATE message SET priority = ?, details = json_set(details, ?, ?)"
    " WHERE key IN (SELECT value FROM json_each(?))"
)
_AFTER: Final = {
    "hold": State.HELD,
    "release": State.QUEUED,
    "delete": State.DELETED,
    "bounce": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator asked for."""

    action: str
    """One of `ELIGIBLE`."""
    actor: str
    reason: str
    at: float
    value: str | int = ""
    """What is written into the rows, beside the time: why they are held, the class, the next hop
    or the reply."""
    detail: str = ""
    """The same for people; where it is not the reason itself."""

    @property
    def priority(self) -> Priority | None:
        """The new class, for ``priority``."""
        return Priority(self.value) if isinstance(self.value, int) else None

    @property
    def told(self) -> str:
        """What the timeline gives as the reason."""
        return ": ".join(filter(None, (self.detail, self.reason)))


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
        self._size = BOUNCED if change.action == "bounce" else PIECE
        # What comes in while the change runs was not seen by who asked for it.
        self._newest = keys.newest
        self._place = OLDEST
        self._at_end = False
        self._piece: list[int] = []
        self._ids: list[MessageId] = []
        self._recipients = 0
        self._in_flight = 0
        self._notified: list[NotificationSent] = []
        self._flying: list[Pair] = []
        self._places: list[int] = []

    @property
    def change(self) -> Change:
        """What is asked for."""
        return self._change

    def find(self, reader: apsw.Connection) -> bool:
        """Look for the next piece; False when there is none.  Runs in a reader's thread."""
        while not self._at_end:
            walked = walk(
                reader, self._chosen, start=self._place, wanted=self._size, budget=10 * PIECE
            )
            self._place = walked.place
            self._piece = [key for key in walked.keys if key <= self._newest]
            self._at_end = walked.at_end or self._place >= self._newest
            if self._piece:
                return True
        return False

    def freeze(self) -> None:
        """Let nothing of the piece begin until it is `over`."""
        self._flying = self._book.freeze(self._piece)
        self._places = [self._keys.next() for _ in self._piece]

    def read(self, reader: apsw.Connection) -> Sequence[Lot]:
        """What the frozen piece is made of, a lot a message; what is in flight is left out."""
        return frozen_lots(reader, self._piece, self._chosen, self._flying)

    def prepare(
        self, loop: asyncio.AbstractEventLoop, bounced: Mapping[int, Bounced] | None = None
    ) -> Piece:
        """The operation that changes the frozen piece; *bounced* is by message."""
        piece = Piece(
            loop,
            self._book,
            self._change,
            keys=self._piece,
            condition=self._chosen.recipient,
            values=self._chosen.values,
            flying=self._flying,
            places=self._places,
            bounced=bounced,
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
            self._notified += changed.notified

    def over(self) -> None:
        """The piece is done, or refused."""
        self._book.thaw(self._piece)

    def changed(self) -> Changed:
        """What was done in all."""
        return Changed(
            tuple(self._ids),
            self._recipients,
            self._in_flight,
            tuple(self._notified),
            self._change.told,
        )


@final
class Piece(Single[Changed]):
    """One transaction of an operator's change."""

    __slots__ = (
        "_book",
        "_bounced",
        "_change",
        "_changed",
        "_condition",
        "_discard",
        "_finished",
        "_flying",
        "_keys",
        "_moves",
        "_places",
        "_sent",
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
        bounced: Mapping[int, Bounced] | None,
    ) -> None:
        super().__init__(loop)
        self._bounced = bounced
        self._sent: list[Bounced] = []
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
            f" AND r.state IN {ELIGIBLE[change.action]} AND {condition}",
            {**self._values, "piece": json.dumps([*self._keys])},
        )
        mine = [row for row in rows if (row[0], row[2]) not in self._flying]
        in_flight = len(rows) - len(mine)
        if self._bounced is not None:
            mine = self._reported(mine)
        cursor.executemany(
            f"UPDATE recipient SET {_SET[change.action]} WHERE key = ?3 AND number = ?4",  # noqa: S608
            [(change.value, change.at, key, number) for key, number, *_ in mine],
        )
        numbers: dict[int, list[int]] = {}
        for key, number, *_ in mine:
            numbers.setdefault(key, []).append(number)
        self._add_events(cursor, numbers)
        if change.priority is not None:
            place = f"$[{stored.MT_PRIORITY_PLACE}]"
            number = change.priority.number
            cursor.execute(
                _MESSAGE_PRIORITY, (change.priority, place, number, json.dumps([*numbers]))
            )
        self._moves = Counter(
            (stored.read_domain(name), Priority(priority), State(state))
            for _, _, name, state, priority in mine
        )
        self._changed = Changed(
            tuple(MessageId.from_key(key) for key in numbers), len(mine), in_flight
        )
        if self._sent:
            insert(cursor, [each.arrival for each in self._sent if each.arrival is not None])
        if change.action in {"delete", "bounce"} and numbers:
            done, files = finish(cursor, numbers, change.at)
            sizes = select(
                cursor,
                "SELECT key, size FROM message WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps([*done]),),
            )
            self._finished = [(key, size, key in files) for key, size in sizes]

    def _reported(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows of messages whose notification tells of exactly these recipients; another
        change may have come between.
        """
        assert self._bounced is not None
        numbers: dict[int, set[int]] = {}
        for key, number, *_ in rows:
            numbers.setdefault(key, set()).add(number)
        agreed = {
            key: each
            for key, each in self._bounced.items()
            if each.numbers == numbers.get(key, frozenset())
        }
        self._sent = [*agreed.values()]
        return [row for row in rows if row[0] in agreed]

    def _add_events(self, cursor: apsw.Cursor, numbers: Mapping[int, Sequence[int]]) -> None:
        change = self._change
        events: list[apsw.SQLiteValue] = []
        for place, (key, changed) in zip(self._places, numbers.items(), strict=False):
            event = OperatorActed(
                change.at,
                MessageId.from_key(key),
                change.action,
                change.actor,
                change.told,
                len(changed),
                runs(changed),
            )
            events += (key, place, codec.encode(event).decode())
        for each in self._sent:
            if each.event is not None:
                events += (each.event.id.key, each.place, codec.encode(each.event).decode())
        EVENTS.run(cursor, events)

    def landed(self) -> Changed:
        """Bring the counts up to date, and wake who waits for mail."""
        tally, after = self._book.tally, _AFTER.get(self._change.action)
        for (destination, priority, before), count in self._moves.items():
            if after is not None:
                tally.move(destination, before, after, count)
            if self._change.action == "release":
                tally.wake(destination, priority, self._change.at)
            elif self._change.action in {"retry", "priority", "reroute"} and (
                before is not State.HELD
            ):
                tally.wake(destination, self._change.priority or priority, self._change.at)
        for key, size, in_file in self._finished:
            self._book.finished(1, size, int(in_file))
            if in_file:
                self._discard(key)
        for each in self._sent:
            if each.arrival is not None:
                each.arrival.landed(self._book)
        return replace(
            self._changed,
            notified=tuple(each.event for each in self._sent if each.event is not None),
        )


def runs(numbers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The first and last of each row of neighbours in *numbers*."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
