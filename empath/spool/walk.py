"""Walking through the messages that a filter matches, in the order of their age.

A walk goes block by block, so that it can stop after a number of messages looked at and be
taken up again from there; nothing here runs longer than its budget, whatever is queued.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import apsw

from empath.spool.filters import Filter, Values

BLOCK: Final = 5000
"""Messages looked at with one statement."""
NEWEST: Final = 2**63 - 1
"""Behind the youngest key there can be."""
OLDEST: Final = -1
"""Before the oldest key there can be."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Keys that match, where the walk stopped, and whether there is nothing behind."""

    keys: list[int]
    place: int
    at_end: bool


def walk(
    reader: apsw.Connection,
    chosen: Filter,
    *,
    start: int,
    wanted: int,
    budget: int,
    backwards: bool = False,
    block: int = BLOCK,
) -> Walked:
    """Up to *wanted* keys behind *start*, looking at no more than about *budget* messages,
    *block* at a time.
    """
    beyond, upto, order = ("<", ">=", "DESC") if backwards else (">", "<=", "ASC")
    scope = f"m.key {beyond} :start"
    if chosen.open_only:
        scope += " AND m.finished_at IS NULL"
    if chosen.narrow:
        scope += f" AND m.key IN ({chosen.narrow})"
    elif chosen.message != "1":
        scope += f" AND m.key {upto} :edge"
    # Nothing here comes from outside but what is bound.
    matching = (
        f"SELECT m.key FROM message AS m WHERE {scope} AND {chosen.message}"  # noqa: S608
        f" ORDER BY m.key {order} LIMIT :wanted"
    )
    if ":edge" not in scope:
        keys = _keys(reader, matching, {**chosen.values, "start": start, "wanted": wanted})
        return Walked(keys, keys[-1] if keys else start, len(keys) < wanted)
    within = scope.removesuffix(f" AND m.key {upto} :edge")
    block_end = (
        f"SELECT m.key FROM message AS m WHERE {within}"  # noqa: S608
        f" ORDER BY m.key {order} LIMIT 1 OFFSET {block - 1}"
    )
    keys = []
    while budget > 0:
        edge = _keys(reader, block_end, {"start": start})
        values: Values = {
            **chosen.values,
            "start": start,
            "edge": edge[0] if edge else (OLDEST if backwards else NEWEST),
            "wanted": wanted - len(keys),
        }
        keys += _keys(reader, matching, values)
        if len(keys) >= wanted:
            return Walked(keys, keys[-1], at_end=False)
        if not edge:
            return Walked(keys, start, at_end=True)
        start = edge[0]
        budget -= block
    return Walked(keys, start, at_end=False)


def _keys(reader: apsw.Connection, sql: str, values: Values) -> list[int]:
    return [key for (key,) in reader.execute(sql, values)]
