"""Finding what is due on disk: index seeks only, however much waits.

For each lane that may have something due, the index gives messages in the order of their
due times; leased ones are stepped over, those of other classes never seen.  The rows of
those found make the lots.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from empath.address import Domain
from empath.envelope import Lot, MessageId, Notify, Priority, Recipient, State, Waiting
from empath.policy.room import Room
from empath.spool import stored
from empath.spool.rows import select

_DUE: Final = (
    "SELECT key FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? AND priority = ? AND due_at <= ? ORDER BY due_at, key"
)
_NEXT: Final = (
    "SELECT due_at FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? AND priority = ? AND due_at > ?"
    " ORDER BY due_at LIMIT 1"
)
_LOTS: Final = (
    "SELECT m.key, m.reverse_path, r.priority, m.size, m.details,"
    " r.number, r.address, r.state, r.due_at, r.notify, r.original, r.attempts,"
    " r.delay_noticed, r.reply, r.next_hop"
    " FROM json_each(?) AS j CROSS JOIN message AS m CROSS JOIN recipient AS r"
    " WHERE m.key = j.value AND r.key = j.value AND r.destination = ? AND r.state < 2"
    " AND r.due_at <= ?"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one lane: at most *count* messages, none of *leased*."""

    destination: Domain
    priority: Priority
    count: int
    leased: Collection[int]


@dataclass(frozen=True, slots=True)
class Found:
    """What there was: lots with the states of their recipients; more, or when again."""

    lots: Sequence[tuple[Lot, Sequence[State]]]
    more: bool
    next_at: float | None


def find(
    reader: apsw.Connection, wanted: Sequence[Wanted], now: float, room: Room
) -> Sequence[Found | None]:
    """Look at the lanes in order as far as there is *room* for their class; None stands for
    one that was not looked at.
    """
    found: list[Found | None] = []
    with reader:
        for want in wanted:
            count = min(want.count, room.of(want.priority))
            if not count and want.count:
                found.append(None)
                continue
            here = _at(reader, want, now, count)
            for _ in here.lots:
                room.take(want.priority)
            found.append(here)
    return found


def _at(reader: apsw.Connection, want: Wanted, now: float, count: int) -> Found:
    keys: dict[int, None] = {}
    cursor = reader.execute(_DUE, (want.destination, want.priority, now))
    more = False
    for (key,) in cursor:
        if key in want.leased or key in keys:
            continue
        if len(keys) == count:
            more = True
            break
        keys[key] = None
    cursor.close(True)
    next_at: float | None = None
    if not more:
        rows = select(reader, _NEXT, (want.destination, want.priority, now))
        next_at = rows[0][0] if rows else None
    lots = list(_lots(reader, want.destination, [*keys], now)) if keys else []
    return Found(lots, more, next_at)


def _lots(
    reader: apsw.Connection, destination: Domain, keys: Sequence[int], now: float
) -> Iterator[tuple[Lot, Sequence[State]]]:
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for row in select(reader, _LOTS, (json.dumps(keys), destination, now)):
        rows.setdefault(row[0], []).append(row)
    for key in keys:
        if key in rows:
            yield lot_of(destination, rows[key])


def lot_of(destination: Domain, rows: Sequence[tuple[Any, ...]]) -> tuple[Lot, Sequence[State]]:
    """A lot of one message from *rows* with the columns of `_LOTS`, and the recipients' states."""
    recipients: list[Waiting] = []
    states: list[State] = []
    due: list[float] = []
    for row in rows:
        number, address, state, due_at, notify, original, attempts, noticed, reply, hop = row[5:]
        recipients.append(
            Waiting(
                number,
                Recipient(stored.read_address(address), Notify(notify), original),
                attempts,
                bool(noticed),
                stored.read_reply(reply),
                stored.read_next_hop(hop),
            )
        )
        states.append(State(state))
        due.append(due_at)
    key, reverse_path, priority, size, text = rows[0][:5]
    details = stored.read_details(text)
    lot = Lot(
        MessageId.from_key(key),
        destination,
        tuple(recipients),
        None if reverse_path is None else stored.read_address(reverse_path),
        Priority(priority),
        stored.received_at(key),
        min(due),
        size,
        details.body,
        details.smtputf8,
        details.envid,
        details.return_headers_only,
        details.mt_priority,
    )
    return lot, states
