"""In which orders the queue can be listed, and how each is named, reversed and shown.

An order is what the engine takes as `ListQueue.sort`: a name, with ``-`` in front for the
reverse.  `age` goes by the time of arrival, so that ``age`` is oldest first.  Plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to sort by."""

    name: str
    """As the engine calls it."""
    column: str
    """The column whose heading shows it."""
    title: str
    forward: str
    """What comes first, in words."""
    backward: str
    """What comes first in the reverse order."""
    first: str
    """The direction in which it is taken up: what operators look for is then on top."""
    falling: bool = False
    """Forward, the figures in the column go down: the oldest have the greatest age."""


ORDERS: Final = (
    Order("age", "age", "age", "oldest first", "newest first", "-age", falling=True),
    Order("next", "next", "next attempt", "next attempt soonest", "next attempt latest", "next"),
    Order("tries", "tries", "attempts", "fewest attempts first", "most attempts first", "-tries"),
    Order("size", "size", "size", "smallest first", "largest first", "-size"),
    Order("from", "from", "sender", "sender A to Z", "sender Z to A", "from"),
    Order("destination", "to", "destination", "destination A to Z", "destination Z to A",
          "destination"),
)  # fmt: skip
"""All of them, in the order of the columns."""

SORTS: Final = tuple(sort for order in ORDERS for sort in (order.name, f"-{order.name}"))
"""Everything the engine takes."""


def order_of(sort: str) -> Order:
    """The order that *sort* is, in whichever direction; an unknown one counts as the age."""
    name = sort.removeprefix("-")
    return next((order for order in ORDERS if order.name == name), ORDERS[0])


def reverse(sort: str) -> str:
    """The other direction."""
    return sort[1:] if sort.startswith("-") else f"-{sort}"


def words(sort: str) -> str:
    """What comes first: ``oldest first``."""
    order = order_of(sort)
    return order.backward if sort.startswith("-") else order.forward


def arrow(sort: str) -> str:
    """How the figures in the column go: up or down."""
    return "↓" if order_of(sort).falling != sort.startswith("-") else "↑"


def beside(sort: str, shown: tuple[str, ...], step: int) -> str:
    """The order of the next sortable column of those *shown*, or with -1 of the one before."""
    there = [order for order in ORDERS if order.column in shown] or list(ORDERS)
    current = order_of(sort)
    if current not in there:
        return there[0 if step > 0 else -1].first
    return there[(there.index(current) + step) % len(there)].first


def by_column(sort: str, column: str) -> str | None:
    """The order after a press on a heading: that column's, or reversed if it already is."""
    order = next((order for order in ORDERS if order.column == column), None)
    if order is None:
        return None
    return reverse(sort) if order_of(sort) is order else order.first
