"""Messages as the rows of a list: two questions for a page, however many it has.

A row shows the message, the state of the recipient that matters most, and the first that waits.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

import apsw

from empath.envelope import MessageId, Priority, State
from empath.spool import stored
from empath.spool.face import QueueRow
from empath.spool.rows import select

_MESSAGES: Final = (
    "SELECT m.key, m.reverse_path, m.priority, m.size, m.subject,"
    " m.details ->> 4, m.details ->> 7, m.details ->> 8, count(*),"
    " ifnull(max(r.attempts) FILTER (WHERE r.state < 10), max(r.attempts)),"
    " min(r.due_at), group_concat(DISTINCT r.state),"
    " ifnull(min(r.number) FILTER (WHERE r.state < 10), min(r.number))"
    " FROM json_each(?) AS j CROSS JOIN message AS m CROSS JOIN recipient AS r"
    " WHERE m.key = j.value AND r.key = m.key GROUP BY m.key"
)
_RECIPIENTS: Final = (
    "SELECT r.key, r.address, r.destination, r.reply, r.state, r.hold_reason"
    " FROM json_each(?) AS j CROSS JOIN recipient AS r"
    " WHERE r.key = j.value ->> 0 AND r.number = j.value ->> 1"
)
_TELLING: Final = (State.DEFERRED, State.QUEUED, State.HELD, State.FAILED, State.EXPIRED)
"""States of recipients, the one that tells most of a message first."""


def rows(reader: apsw.Connection, keys: Sequence[int], active: Collection[int]) -> list[QueueRow]:
    """The rows of these messages in this order; those that are gone are left out."""
    messages = {row[0]: row for row in select(reader, _MESSAGES, (json.dumps([*keys]),))}
    firsts = json.dumps([[key, row[-1]] for key, row in messages.items()])
    shown = {row[0]: row[1:] for row in select(reader, _RECIPIENTS, (firsts,))}
    return [_row(messages[key], shown[key], active) for key in keys if key in messages]


def _row(message: tuple[Any, ...], recipient: tuple[Any, ...], active: Collection[int]) -> QueueRow:
    key, reverse_path, priority, size, subject, client, listener, tls, count = message[:9]
    attempts, next_at, states, _ = message[9:]
    address, destination, reply, stored_state, reason = recipient
    if stored_state == State.HELD:  # why it was deferred before is not why it waits now
        reply = f"held: {reason}" if reason else "held by an operator"
    return QueueRow(
        MessageId.from_key(key),
        State.ACTIVE if key in active else _state(states),
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
        client,
        listener,
        tls,
    )


def _state(states: str) -> State:
    """The state of a message whose recipients are in *states*."""
    found = {State(int(each)) for each in states.split(",")}
    telling = [each for each in _TELLING if each in found]
    return telling[0] if telling else min(found)
