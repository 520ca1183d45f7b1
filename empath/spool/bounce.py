"""What operators bounce: the recipients of a piece as lots, and the notifications about them.

A lot here is of one message and all its recipients that are bounced, whatever their
destinations: the sender gets one notification about them.  It is stored in the transaction
that fails them, so that neither is ever there without the other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from empath.envelope import LOCAL, Lot, MessageId
from empath.events import NotificationSent
from empath.spool import stored
from empath.spool.accept import Arrival
from empath.spool.book import Pair
from empath.spool.due import lot_of
from empath.spool.filters import Filter
from empath.spool.keys import Keys
from empath.spool.operating import Notification
from empath.spool.rows import select

_LOTS: Final = (
    "SELECT m.key, m.reverse_path, r.priority, m.size, m.details,"
    " r.number, r.address, r.state, ifnull(r.due_at, 0), r.notify, r.original, r.attempts,"
    " r.delay_noticed, r.reply, r.next_hop"
    " FROM json_each(:piece) AS j CROSS JOIN message AS m CROSS JOIN recipient AS r"
    " WHERE m.key = j.value AND r.key = j.value AND r.state IN (0, 1, 2)"
    " AND NOT EXISTS (SELECT 1 FROM json_each(:flying) AS f"
    " WHERE f.value ->> 0 = r.key AND f.value ->> 1 = r.destination) AND "
)


@dataclass(frozen=True, slots=True)
class Bounced:
    """The recipients of one message that are bounced, and what its sender is sent."""

    numbers: frozenset[int]
    place: int
    arrival: Arrival | None = None
    event: NotificationSent | None = None

    @classmethod
    def of(cls, lot: Lot, notification: Notification | None, keys: Keys, at: float) -> Bounced:
        """What is to be stored; *notification* is None where the sender is not told."""
        numbers = frozenset(waiting.number for waiting in lot.recipients)
        if notification is None:
            return cls(numbers, 0)
        arrival = Arrival(
            keys.next(),
            notification.envelope,
            LOCAL,
            prefix=b"",
            content=notification.content,
            subject=notification.subject,
        )
        event = NotificationSent(
            at, lot.id, MessageId.from_key(arrival.key), notification.kind, notification.about
        )
        return cls(numbers, keys.next(), arrival, event)


def frozen_lots(
    reader: apsw.Connection, keys: Sequence[int], chosen: Filter, flying: Collection[Pair]
) -> list[Lot]:
    """The waiting recipients of these messages that the filter means, a lot a message."""
    values = {
        **chosen.values,
        "piece": json.dumps([*keys]),
        "flying": json.dumps([*flying]),
    }
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for row in select(reader, _LOTS + chosen.recipient, values):
        rows.setdefault(row[0], []).append(row)
    return [
        lot_of(stored.domain_of(stored.read_address(found[0][6])), found)[0]
        for found in rows.values()
    ]
