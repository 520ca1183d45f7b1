"""Counting what is due before one message, among the mail that shares a rate with it.

Asked for by `empathctl why`, on the operator's reader.  For one destination these are seeks;
for a class at all destinations the index of what is open is read through once.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

import apsw

from empath.envelope import Lane, MessageId, Priority
from empath.policy.turns import Ahead
from empath.spool import stored
from empath.spool.book import Pair
from empath.spool.rows import select

COUNTED: Final = 100_000
"""Most messages that are counted."""
# A message to several recipients of one destination is one attempt.
_DUE: Final = (
    "SELECT DISTINCT destination, priority, key FROM recipient INDEXED BY recipient_open"
    " WHERE state < 10 AND due_at <= :now AND (key, destination) NOT IN"
    " (SELECT value ->> 0, value ->> 1 FROM json_each(:flying))"
)
_BEFORE: Final = (
    f"SELECT count(*) FROM ({_DUE} AND destination = :destination AND priority = :priority"  # noqa: S608 - values are bound
    " AND (due_at, key) < (:due_at, :key) AND key <> :key LIMIT :most)"
)
_WAITING: Final = {
    of_class: f"SELECT destination, priority, count(*) FROM ({_DUE} AND {shared} LIMIT :most)"  # noqa: S608 - values are bound
    " GROUP BY destination, priority"
    for of_class, shared in {
        False: "destination = :destination",
        True: "priority = :priority",
    }.items()
}


def ahead(
    reader: apsw.Connection,
    lane: Lane,
    id: MessageId,
    due_at: float,
    now: float,
    of_class: bool,
    flying: Collection[Pair],
    most: int = COUNTED,
) -> Ahead:
    """What is due at *now* and waits with message *id* of *lane*, which is due at *due_at*.

    *of_class*: with the same class at all destinations, else with all classes at the same
    destination.  What is *flying* has had its turn.  At most about *most* are counted.
    """
    values = {
        "now": now,
        "destination": lane[0],
        "priority": lane[1],
        "due_at": due_at,
        "key": id.key,
        "flying": json.dumps(list(flying)),
        "most": most,
    }
    with reader:
        ((before,),) = select(reader, _BEFORE, values)
        waiting = {
            (stored.read_domain(name), Priority(priority)): count
            for name, priority, count in select(reader, _WAITING[of_class], values)
        }
    return Ahead(before, waiting, sum(waiting.values()) < most)
