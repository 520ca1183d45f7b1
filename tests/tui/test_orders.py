"""The orders of the queue, as names and words."""

from __future__ import annotations

import pytest

from tui.orders import ORDERS, SORTS, arrow, beside, by_column, order_of, reverse, words


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_has_an_opposite(sort: str) -> None:
    """Turning round twice is the order from before, with other words and another arrow between."""
    assert reverse(reverse(sort)) == sort
    assert order_of(reverse(sort)) is order_of(sort)
    assert words(reverse(sort)) != words(sort)
    assert {arrow(sort), arrow(reverse(sort))} == {"↑", "↓"}


def test_the_arrow_follows_the_figures() -> None:
    """Newest first has the least age on top, so its figures go up; largest first goes down."""
    assert arrow("-age") == "↑"
    assert arrow("age") == "↓"
    assert arrow("-size") == "↓"
    assert arrow("next") == "↑"


def test_going_from_column_to_column() -> None:
    """The next order is that of the next column shown, round the end; hidden ones are passed."""
    shown = ("id", "age", "next", "size", "to")
    assert beside("-age", shown, 1) == "next"
    assert beside("next", shown, 1) == "-size"
    assert beside("destination", shown, 1) == "-age"
    assert beside("-age", shown, -1) == "destination"
    assert beside("-tries", shown, 1) == "-age"
    assert beside("-tries", shown, -1) == "destination"
    assert beside("-age", ("id",), 1) == "next"


def test_a_heading_sorts_and_then_turns_round() -> None:
    """Pressing a heading takes its order up, again turns it round; others do nothing."""
    assert by_column("-age", "size") == "-size"
    assert by_column("-size", "size") == "size"
    assert by_column("-age", "subject") is None
    assert [order.first for order in ORDERS if order.first not in SORTS] == []


def test_an_unknown_order_counts_as_the_age() -> None:
    """What a settings file of another version says does no harm."""
    assert order_of("-colour").name == "age"
