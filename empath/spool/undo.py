"""Taking a job back: each recipient gets the state it had before, unless it has moved on.

Goes by what was kept when the job ran, lot by lot, each one transaction.  A recipient that
was delivered, or changed by somebody else since, is left alone and counted; so is one that is
being delivered at this moment.  Deleted ones come out of the trash.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, final

import apsw

from empath import codec
from empath.address import Domain
from empath.envelope import MessageId, Priority, State
from empath.events import OperatorActed
from empath.spool import stored
from empath.spool.book import Book, Pair
from empath.spool.operating import Counted, TakenBack
from empath.spool.piece import runs
from empath.spool.record import EVENTS
from empath.spool.rows import select
from empath.spool.writer import Single

LOT: Final = 500
"""Messages of one transaction."""

_ROWS: Final = {
    False: "SELECT f.key, f.number, r.destination,"
    " r.state, r.due_at, r.hold_reason, r.priority, r.next_hop, r.attempts,"
    " f.state, f.due_at, f.hold_reason, f.priority, f.next_hop, f.attempts, f.mt_priority"
    " FROM json_each(:keys) AS j CROSS JOIN former AS f CROSS JOIN recipient AS r"
    " WHERE f.job = :job AND f.key = j.value AND r.key = f.key AND r.number = f.number",
    True: "SELECT t.key, t.number, r.destination,"
    " r.state, r.due_at, r.hold_reason, r.priority, r.next_hop, r.attempts,"
    " t.state, t.due_at, t.hold_reason, r.priority, r.next_hop, r.attempts, 0"
    " FROM json_each(:keys) AS j CROSS JOIN trash AS t CROSS JOIN recipient AS r"
    " WHERE t.key = j.value AND :job IN (0, t.job) AND r.key = t.key AND r.number = t.number",
}
_KEYS: Final = {
    False: "SELECT DISTINCT key FROM former WHERE job = ? AND key > ? ORDER BY key LIMIT ?",
    True: "SELECT DISTINCT key FROM trash WHERE job = ? AND key > ? ORDER BY key LIMIT ?",
}
_BACK: Final = (
    "UPDATE recipient SET state = ?, due_at = ?, hold_reason = ?, priority = ?, next_hop = ?"
    " WHERE key = ? AND number = ?"
)
_CLASS: Final = (
    "UPDATE message SET priority = ?1,"  # noqa: S608 - our own words
    f" details = json_set(details, '$[{stored.MT_PRIORITY_PLACE}]', ?2) WHERE key = ?3"
)
_LISTED: Final = "key IN (SELECT value FROM json_each(?))"


class Standing(NamedTuple):
    """What a recipient is, as far as an operator can change it."""

    state: int
    due_at: float | None
    hold_reason: str
    priority: int
    next_hop: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be taken back: what a job did, or these messages out of the trash."""

    job: int
    """0: whichever jobs deleted them."""
    action: str
    """What the job did, as ``hold``; ``delete`` where it is about the trash."""
    value: str | int = ""
    """What the job gave them."""

    @property
    def told(self) -> str:
        """What the timeline calls it: ``restore``, ``undo hold``, ``undo release`` …"""
        return "restore" if self.trash else f"undo {self.action}"

    @property
    def trash(self) -> bool:
        """Whether the trash knows what they were."""
        return self.action == "delete"


def taken_back(action: str, value: str | int, now: Standing, before: Standing) -> Standing | None:
    """What a recipient that is *now* becomes when *action*, which gave it *value*, is taken
    back; *before* is what it was.  None when it has moved on, and is left alone.
    """
    waits, untouched = now.state < State.DELIVERED, now.attempts == before.attempts
    match action:
        case "delete" if now.state == State.DELETED:
            return before._replace(priority=now.priority, next_hop=now.next_hop)
        case "hold" if now.state == State.HELD and now.hold_reason == value:
            return now._replace(state=before.state, due_at=before.due_at, hold_reason="")
        case "release" if waits and now.state != State.HELD:
            return now._replace(state=State.HELD, due_at=None, hold_reason=before.hold_reason)
        case "priority" if waits and now.priority == value:
            return now._replace(priority=before.priority)
        case "reroute" if waits and now.next_hop == value:
            due_at = before.due_at if untouched and now.state == before.state else now.due_at
            return now._replace(next_hop=before.next_hop, due_at=due_at)
        case _:
            return None


def next_keys(reader: apsw.Connection, source: Source, after: int) -> list[int]:
    """The messages of the next lot; empty when there is none.  Runs in a reader's thread."""
    return [key for (key,) in select(reader, _KEYS[source.trash], (source.job, after, LOT))]


def count_kept(reader: apsw.Connection, source: Source, keys: Sequence[int]) -> Counted:
    """What there is to take back, of messages *keys* where they are given.  Runs in a reader's
    thread.
    """
    table = "trash" if source.trash else "former"
    scope = "k.job = :job" if source.job else "TRUE"
    if keys:
        scope += " AND k.key IN (SELECT value FROM json_each(:keys))"
    values: apsw.Bindings = {"job": source.job, "keys": json.dumps([*keys])}
    # Nothing here comes from outside but what is bound.
    rows = select(
        reader,
        "SELECT r.destination, count(DISTINCT k.key), count(*)"  # noqa: S608
        f" FROM {table} AS k CROSS JOIN recipient AS r ON r.key = k.key AND r.number = k.number"
        f" WHERE {scope} GROUP BY 1 ORDER BY 3 DESC, 1",
        values,
    )
    ((messages,),) = select(
        reader,
        f"SELECT count(DISTINCT k.key) FROM {table} AS k WHERE {scope}",  # noqa: S608
        values,
    )
    return Counted(
        messages,
        sum(recipients for _, _, recipients in rows),
        0,
        {stored.read_domain(name): (each, recipients) for name, each, recipients in rows},
        (),
    )


@final
class TakeBack(Single[TakenBack]):
    """One lot of it."""

    __slots__ = (
        "_actor",
        "_at",
        "_book",
        "_flying",
        "_keys",
        "_moves",
        "_places",
        "_reason",
        "_reopened",
        "_result",
        "_source",
        "_untrashed",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        book: Book,
        source: Source,
        *,
        keys: Sequence[int],
        flying: Collection[Pair],
        places: Sequence[int],
        actor: str,
        reason: str,
        at: float,
    ) -> None:
        super().__init__(loop)
        self._book = book
        self._source = source
        self._keys = keys
        self._flying = frozenset(flying)
        self._places = places
        self._actor = actor
        self._reason = reason
        self._at = at
        self._result = TakenBack((), 0, 0, 0)
        self._moves: list[tuple[Domain, Standing, Standing]] = []
        self._reopened: list[tuple[int, int]] = []
        self._untrashed = 0

    def run(self, cursor: apsw.Cursor) -> None:
        """Change the rows."""
        source, listed = self._source, json.dumps([*self._keys])
        rows = select(cursor, _ROWS[source.trash], {"keys": listed, "job": source.job})
        mine = [row for row in rows if (row[0], row[2]) not in self._flying]
        self._moves = []
        numbers: dict[int, list[int]] = {}
        classes: dict[int, tuple[int, int]] = {}
        updates: list[tuple[Any, ...]] = []
        for key, number, destination, *rest in mine:
            now, before = Standing(*rest[:6]), Standing(*rest[6:12])
            after = taken_back(source.action, source.value, now, before)
            if after is None:
                continue
            numbers.setdefault(key, []).append(number)
            updates.append((*after[:5], key, number))
            if source.action == "priority":
                classes[key] = (before.priority, rest[12])
            self._moves.append((stored.read_domain(destination), now, after))
        cursor.executemany(_BACK, updates)
        cursor.executemany(_CLASS, [(*each, key) for key, each in classes.items()])
        self._forget(cursor, listed, numbers)
        self._add_events(cursor, numbers)
        self._result = TakenBack(
            tuple(MessageId.from_key(key) for key in numbers),
            len(updates),
            len(rows) - len(mine),
            len(mine) - len(updates),
            len(self._keys),
            max(self._keys, default=0),
        )

    def _forget(self, cursor: apsw.Cursor, listed: str, numbers: dict[int, list[int]]) -> None:
        """What was kept for this is not needed any more; messages wait again."""
        job = self._source.job
        if not self._source.trash:
            cursor.execute(f"DELETE FROM former WHERE job = ? AND {_LISTED}", (job, listed))  # noqa: S608 - our own words
            return
        cursor.executemany(
            "DELETE FROM trash WHERE key = ? AND number = ?",
            [(key, number) for key, each in numbers.items() for number in each],
        )
        keys = json.dumps([*numbers])
        ((left,),) = select(
            cursor,
            f"SELECT count(DISTINCT key) FROM trash WHERE {_LISTED}",  # noqa: S608 - our own words
            (keys,),
        )
        self._untrashed = len(numbers) - left
        self._reopened = [
            (key, size)
            for key, size in select(
                cursor,
                "UPDATE message SET finished_at = NULL"  # noqa: S608 - our own words
                f" WHERE {_LISTED} AND finished_at IS NOT NULL RETURNING key, size",
                (keys,),
            )
        ]

    def _add_events(self, cursor: apsw.Cursor, numbers: dict[int, list[int]]) -> None:
        action = self._source.told
        events: list[apsw.SQLiteValue] = []
        for place, (key, changed) in zip(self._places, numbers.items(), strict=False):
            event = OperatorActed(
                self._at,
                MessageId.from_key(key),
                action,
                self._actor,
                self._reason,
                len(changed),
                runs(changed),
            )
            events += (key, place, codec.encode(event).decode())
        EVENTS.run(cursor, events)

    def landed(self) -> TakenBack:
        """Bring the counts up to date, and wake who waits for mail."""
        tally = self._book.tally
        for _, size in self._reopened:
            tally.messages += 1
            tally.finished -= 1
            tally.octets += size
            tally.trashed_octets -= size
        tally.trashed -= self._untrashed
        moved: Counter[tuple[Domain, int, int]] = Counter()
        for destination, now, after in self._moves:
            moved[destination, now.state, after.state] += 1
            if after.due_at is not None:
                tally.wake(destination, Priority(after.priority), after.due_at)
        for (destination, was, becomes), count in moved.items():
            if was == State.DELETED:
                tally.add(destination, State(becomes), count)
            elif was != becomes:
                tally.move(destination, State(was), State(becomes), count)
        return self._result
