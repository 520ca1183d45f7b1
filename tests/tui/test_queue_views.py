"""Views under digits."""

from __future__ import annotations

from empath.query import parse_query
from tui.orders import SORTS
from tui.queue_views import BUILT_IN, find_view, showing, views_of
from tui.settings import SavedView


def test_the_views_that_come_along_are_filters_and_orders() -> None:
    """All nine digits have one, each with a filter the engine reads and an order it knows."""
    assert list(BUILT_IN) == list("123456789")
    for view in BUILT_IN.values():
        parse_query(view.query)
        assert view.sort in SORTS


def test_an_operators_own_view_takes_the_digits_place() -> None:
    """What is saved under a digit hides the one that was there."""
    own = SavedView("stuck", "dest:~big age:>1h", "age")
    views = views_of({"6": own})
    assert views["6"] == own
    assert views["2"] == BUILT_IN["2"]


def test_views_are_found_by_digit_name_or_beginning() -> None:
    """``:view`` takes what is shortest; a name that is whole wins over one that only begins so."""
    views = views_of({"9": SavedView("old", "x", "")})
    assert find_view(views, "2") == "2"
    assert find_view(views, " HELD ") == "2"
    assert find_view(views, "older") == "7"
    assert find_view(views, "old") == "9"
    assert find_view(views, "nothing") is None
    assert find_view(views, "") is None


def test_what_is_shown_is_known_as_a_view() -> None:
    """Filter and order together make the view; one that names no order goes with any."""
    views = views_of({"9": SavedView("any", "dest:x", "")})
    assert showing(views, "state:held", "-age") == "2"
    assert showing(views, "state:held", "age") == ""
    assert showing(views, "dest:x", "size") == "9"
