"""Which lists the overview shows, and the way through them."""

from __future__ import annotations

import pytest

from tui.overview_lists import NARROW, SIDES, WIDE, fitting, next_side


@pytest.mark.parametrize(
    ("width", "chosen", "shown"),
    [
        (WIDE, "", SIDES),
        (WIDE, "next", SIDES),
        (NARROW, "", ("attention", "top")),
        (NARROW, "attention", ("attention", "top")),
        (WIDE - 1, "next", ("attention", "next")),
        (NARROW - 1, "", ("attention",)),
        (NARROW - 1, "classes", ("classes",)),
    ],
)
def test_what_fits(width: int, chosen: str, shown: tuple[str, ...]) -> None:
    """A wide terminal has all lists, another the chosen one, beside what needs attention."""
    assert fitting(width, chosen) == shown


@pytest.mark.parametrize("width", [NARROW - 1, NARROW])
def test_one_key_goes_through_all_that_fit(width: int) -> None:
    """The key for more comes back to where it began, and leaves out no list."""
    beside = fitting(width, "")[:-1]
    shown, seen = fitting(width, ""), []
    for _ in range(len(SIDES) - len(beside)):
        seen.append(shown[-1])
        shown = fitting(width, next_side(shown))
    assert shown == fitting(width, "")
    assert {*beside, *seen} == set(SIDES)
