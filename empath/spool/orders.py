"""The orders of the queue that an index keeps: by next attempt, by tries, by destination.

An order is one or two stretches of an index, each walked from behind the last row that was
shown, so that a page costs the same anywhere in a million.  A message stands where the first
of its recipients in that order stands, among those that wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import apsw

from empath.spool.cursors import Value, Values
from empath.spool.rows import select

Place = tuple[int, Values]
"""A stretch, and the values of its columns at a row; empty: before the first."""

# The + keeps SQLite from the indexes of what waits: a message's own rows are few.
_OTHER: Final = (
    "NOT EXISTS (SELECT 1 FROM recipient AS o WHERE o.key = r.key AND +o.state < 10"
    " AND o.number != r.number AND ({}))"
)
"""Another recipient of the message that waits does not stand before this one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one index, or of the open messages, in the order of its columns."""

    source: str
    columns: tuple[str, ...]
    """All of them together are unique; the one of the message's key among them."""
    scope: str
    first: str
    """That the row is the one its message stands for."""
    nullable: frozenset[str] = frozenset()
    reversed: bool = False

    @property
    def key(self) -> int:
        """Which column is the key of the message."""
        return next(at for at, name in enumerate(self.columns) if name.endswith(".key"))


_NEXT: Final = "recipient AS r INDEXED BY recipient_next"
_DUE: Final = Stretch(
    _NEXT,
    ("r.due_at", "r.key", "r.number"),
    "r.state < 10 AND r.due_at IS NOT NULL",
    _OTHER.format("o.due_at < r.due_at OR o.due_at = r.due_at AND o.number < r.number"),
)
_NOT_DUE: Final = Stretch(
    _NEXT,
    ("r.key", "r.number"),
    "r.state < 10 AND r.due_at IS NULL",
    _OTHER.format("o.due_at IS NOT NULL OR o.number < r.number"),
)
_TRIED: Final = Stretch(
    "recipient AS r INDEXED BY recipient_tries",
    ("r.attempts", "r.key", "r.number"),
    "r.state < 10 AND r.attempts > 0",
    _OTHER.format("o.attempts > r.attempts OR o.attempts = r.attempts AND o.number < r.number"),
)
_UNTRIED: Final = Stretch(
    "message AS m",
    ("m.key",),
    "m.finished_at IS NULL",
    "NOT EXISTS (SELECT 1 FROM recipient AS o WHERE o.key = m.key AND +o.state < 10"
    " AND o.attempts > 0)",
)
_PLACED: Final = Stretch(
    "recipient AS r INDEXED BY recipient_open",
    ("r.destination", "r.priority", "r.due_at", "r.state", "r.key", "r.number"),
    "r.state < 10",
    _OTHER.format("o.number < r.number"),
    nullable=frozenset({"r.due_at"}),
)

ORDERS: Final[Mapping[str, tuple[Stretch, ...]]] = {
    # Held mail has no next attempt: it stands behind the rest whichever way that goes.
    "next": (_DUE, _NOT_DUE),
    "tries": (_UNTRIED, _TRIED),
    "-tries": (_TRIED, _UNTRIED),
    "destination": (_PLACED,),
}
"""The orders; those that are missing are another one turned round."""


def stretches(sort: str) -> tuple[Stretch, ...]:
    """What *sort* goes through; empty for one that no index keeps."""
    return ORDERS.get(sort) or ORDERS.get(sort.removeprefix("-"), ())


def entries(
    reader: apsw.Connection, sort: str, place: Place, limit: int
) -> tuple[list[tuple[int, Place]], bool]:
    """Up to *limit* messages behind *place*, each with its own place, and whether there is
    nothing behind them; fewer than *limit* does not mean that.
    """
    backwards = sort.startswith("-")
    ways = stretches(sort)
    number, values = place
    found: list[tuple[int, Place]] = []
    for at in range(number, len(ways)):
        stretch = ways[at]
        names = ", ".join(stretch.columns)
        order = ", ".join(f"{name} {'DESC' if backwards else 'ASC'}" for name in stretch.columns)
        for condition, bound in _behind(stretch, values if at == number else (), backwards):
            rows = select(
                reader,
                f"SELECT {names} FROM {stretch.source}"  # noqa: S608 - values are bound
                f" WHERE {stretch.scope} AND {condition} AND {stretch.first}"
                f" ORDER BY {order} LIMIT ?",
                (*bound, limit - len(found)),
            )
            found += ((row[stretch.key], (at, row)) for row in rows)
            if len(found) == limit:
                return found, False
    return found, True


def _behind(stretch: Stretch, values: Values, backwards: bool) -> Iterator[tuple[str, list[Value]]]:
    """Conditions that together, one after the other, are what stands behind *values*: each of
    them is one range of the index, where a single one would have to be searched.
    """
    if not values:
        yield "TRUE", []
        return
    for last in reversed(range(len(values))):
        same: list[str] = []
        bound: list[Value] = []
        for name, value in zip(stretch.columns[:last], values, strict=False):
            if value is None:
                same.append(f"{name} IS NULL")
            else:
                same.append(f"{name} = ?")
                bound.append(value)
        name, value = stretch.columns[last], values[last]
        for more, also in _beyond(name, value, backwards, nullable=name in stretch.nullable):
            yield " AND ".join((*same, more)), [*bound, *also]


def _beyond(
    name: str, value: Value, backwards: bool, *, nullable: bool
) -> Iterator[tuple[str, list[Value]]]:
    """What stands behind *value* in one column; NULL stands before everything."""
    if value is None:
        if not backwards:
            yield f"{name} IS NOT NULL", []
        return
    yield f"{name} {'<' if backwards else '>'} ?", [value]
    if backwards and nullable:
        yield f"{name} IS NULL", []
