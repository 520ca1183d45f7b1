"""One transaction of an operator's change: its rows, their timeline, and what follows from it.

Of a job that can be undone it keeps, in the same transaction, what each recipient was before;
of deleted ones that is the trash, which keeps their bodies too.
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
from empath.envelope import MessageId, Priority, State
from empath.events import OperatorActed
from empath.spool import stored
from empath.spool.accept import insert
from empath.spool.book import Book, Pair
from empath.spool.bounce import Bounced
from empath.spool.face import Changed
from empath.spool.record import EVENTS, finish
from empath.spool.rows import select
from empath.spool.writer import Single

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
_KEEP: Final = (
    "INSERT INTO former SELECT ?1, r.key, r.number, r.state, r.due_at, r.hold_reason, r.priority,"  # noqa: S608 - our own words
    f" r.next_hop, r.attempts, ifnull(m.details ->> '$[{stored.MT_PRIORITY_PLACE}]', 0)"
    " FROM recipient AS r JOIN message AS m ON m.key = r.key WHERE r.key = ?2 AND r.number = ?3"
)
_TRASH: Final = (
    "INSERT INTO trash SELECT r.key, r.number, ?1, ?4, r.state, r.due_at, r.hold_reason"
    " FROM recipient AS r WHERE r.key = ?2 AND r.number = ?3"
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
    job: int = 0
    """The job it is a part of, if it can be undone."""

    @property
    def priority(self) -> Priority | None:
        """The new class, for ``priority``."""
        return Priority(self.value) if isinstance(self.value, int) else None

    @property
    def told(self) -> str:
        """What the timeline gives as the reason."""
        return ": ".join(filter(None, (self.detail, self.reason)))


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
        "_trashed",
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
        self._finished: list[tuple[int, int, bool, bool]] = []
        self._trashed = 0

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
        if change.job:
            self._keep(cursor, mine)
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
            tuple(MessageId.from_key(key) for key in numbers),
            len(mine),
            in_flight,
            each=tuple(map(len, numbers.values())),
        )
        if self._sent:
            insert(cursor, [each.arrival for each in self._sent if each.arrival is not None])
        if change.action in {"delete", "bounce"} and numbers:
            over = finish(cursor, numbers, change.at)
            sizes = select(
                cursor,
                "SELECT key, size FROM message WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps([*over.done]),),
            )
            self._finished = [
                (key, size, key in over.files, key in over.trashed) for key, size in sizes
            ]

    def _keep(self, cursor: apsw.Cursor, rows: Sequence[tuple[Any, ...]]) -> None:
        """Keep what these recipients are now."""
        job, at = self._change.job, self._change.at
        if self._change.action != "delete":
            cursor.executemany(_KEEP, [(job, key, number) for key, number, *_ in rows])
            return
        keys = {row[0] for row in rows}
        ((known,),) = select(
            cursor,
            "SELECT count(DISTINCT key) FROM trash WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps([*keys]),),
        )
        self._trashed = len(keys) - known
        cursor.executemany(_TRASH, [(job, key, number, at) for key, number, *_ in rows])

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
        tally.trashed += self._trashed
        for key, size, in_file, trashed in self._finished:
            self._book.finished(1, size, int(in_file), trashed=trashed)
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
