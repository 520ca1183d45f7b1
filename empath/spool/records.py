"""Reading one message, the destinations, the oldest message, a setting."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import apsw

from empath import codec
from empath.address import Domain
from empath.envelope import Envelope, MessageId, Notify, Priority, Recipient, State
from empath.events import MessageEvent
from empath.spool import stored
from empath.spool.face import DAMAGED, DestinationRow, MessageRecord, RecipientRow
from empath.spool.rows import select

LOOKED_AT: Final = 200_000
"""Most recipients looked at to find the oldest ones of all destinations asked for."""

_MESSAGE: Final = (
    "SELECT reverse_path, priority, size, sha256, subject, stored, details"
    " FROM message WHERE key = ?"
)
_RECIPIENTS: Final = (
    "SELECT number, address, destination, state, due_at, notify, original, attempts, reply,"
    " hold_reason, next_hop FROM recipient WHERE key = ? ORDER BY number"
)
_TIMELINE: Final = "SELECT event FROM timeline WHERE key = ? ORDER BY place"
_OLDEST_AT: Final = (
    "SELECT min(key) FROM (SELECT key FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? LIMIT ?)"
)
_OLDEST_TRIED: Final = (
    "SELECT min((SELECT min(key) FROM (SELECT key FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? AND priority = class.value AND due_at IS NOT NULL"
    " ORDER BY due_at LIMIT ?))) FROM json_each('[-2,-1,0,1,2]') AS class"
)
_NEXT_AT: Final = (
    "SELECT min(due_at) FROM (SELECT (SELECT due_at FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? AND priority = class.value AND due_at IS NOT NULL"
    " ORDER BY due_at LIMIT 1) AS due_at FROM json_each('[-2,-1,0,1,2]') AS class)"
)
_LAST_REPLY: Final = (
    "SELECT reply FROM (SELECT key, number FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND destination = ? ORDER BY priority DESC, due_at DESC LIMIT 20) AS o"
    " JOIN recipient AS r ON r.key = o.key AND r.number = o.number WHERE reply != '' LIMIT 1"
)
HOLDING: Final = 1000
"""Most destinations at which damaged mail is looked for."""
HELD_LOOKED_AT: Final = 20_000
"""Most held recipients looked at for it."""
_DAMAGED: Final = (
    "SELECT DISTINCT r.key, substr(r.hold_reason, length(:begin) + 1)"
    " FROM (SELECT w.key, w.number FROM json_each(:names) AS name"
    " CROSS JOIN json_each('[-2,-1,0,1,2]') AS class"
    " CROSS JOIN recipient AS w INDEXED BY recipient_open WHERE w.state < 10"
    " AND w.destination = name.value AND w.priority = class.value AND w.due_at IS NULL"
    " AND w.state = 2 LIMIT :most) AS held"
    " CROSS JOIN recipient AS r ON r.key = held.key AND r.number = held.number"
    " WHERE substr(r.hold_reason, 1, length(:begin)) = :begin LIMIT 1000"
)


def message(reader: apsw.Connection, key: int, active: Collection[int]) -> MessageRecord | None:
    """One message; the recipients numbered in *active* are being delivered."""
    with reader:
        found = select(reader, _MESSAGE, (key,))
        if not found:
            return None
        recipients = select(reader, _RECIPIENTS, (key,))
        timeline = select(reader, _TIMELINE, (key,))
    reverse_path, priority, size, sha256, subject, where, text = found[0]
    details = stored.read_details(text)
    rows = tuple(_recipient(each, active) for each in recipients)
    envelope = Envelope(
        None if reverse_path is None else stored.read_address(reverse_path),
        tuple(each.recipient for each in rows),
        Priority(priority),
        details.body,
        details.smtputf8,
        details.envid,
        details.return_headers_only,
        details.mt_priority,
    )
    return MessageRecord(
        MessageId.from_key(key),
        envelope,
        details.origin,
        stored.received_at(key),
        size,
        sha256.hex(),
        subject,
        where != stored.GONE,
        rows,
        tuple(codec.decode(MessageEvent, event) for (event,) in timeline),
    )


def _recipient(row: Sequence[Any], active: Collection[int]) -> RecipientRow:
    number, address, destination, state, due_at, notify, original, attempts, reply, hold = row[:10]
    return RecipientRow(
        number,
        Recipient(stored.read_address(address), Notify(notify), original),
        stored.read_domain(destination),
        State.ACTIVE if number in active else State(state),
        attempts,
        due_at,
        reply,
        hold,
        stored.read_next_hop(row[10]),
    )


def destinations(
    reader: apsw.Connection, longest: Sequence[tuple[Domain, tuple[int, ...]]]
) -> Sequence[DestinationRow]:
    """What memory does not know of these destinations.

    The oldest message is exact for short queues, for long ones the oldest of those that are
    due first.
    """
    looked_at = max(20, LOOKED_AT // max(1, len(longest)))
    rows: list[DestinationRow] = []
    with reader:
        for name, counts in longest:
            ((oldest,),) = select(reader, _OLDEST_AT, (name, looked_at))
            tried = oldest
            if counts[State.HELD]:
                ((tried,),) = select(reader, _OLDEST_TRIED, (name, looked_at))
            ((next_at,),) = select(reader, _NEXT_AT, (name,))
            reply = select(reader, _LAST_REPLY, (name,))
            rows.append(
                DestinationRow(
                    name,
                    {State(number): count for number, count in enumerate(counts)},
                    None if oldest is None else stored.received_at(oldest),
                    next_at,
                    reply[0][0] if reply else "",
                    None if tried is None else stored.received_at(tried),
                )
            )
    return rows


def damaged(reader: apsw.Connection, names: Sequence[Domain]) -> Mapping[MessageId, str]:
    """The mail held for these destinations since its body is damaged, oldest first."""
    values = {"begin": DAMAGED, "names": json.dumps(names), "most": HELD_LOOKED_AT}
    found: list[Any] = reader.execute(_DAMAGED, values).fetchall()
    return {MessageId.from_key(key): reason for key, reason in sorted(found)}


def glance(reader: apsw.Connection, path: Path) -> tuple[float | None, int]:
    """When the oldest message that waits came in, and the octets of the database."""
    ((oldest,),) = select(reader, "SELECT min(key) FROM message WHERE finished_at IS NULL")
    octets = 0
    for name in ("queue.db", "queue.db-wal"):
        with suppress(FileNotFoundError):
            octets += (path / name).stat().st_size
    return None if oldest is None else stored.received_at(oldest), octets


def setting(reader: apsw.Connection, key: str) -> str | None:
    """A kept value."""
    rows = select(reader, "SELECT value FROM setting WHERE key = ?", (key,))
    return rows[0][0] if rows else None
