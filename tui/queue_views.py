"""Views of the queue under the digits 1 to 9: the ones that are there from the start.

An operator's own, kept in `console.toml`, take the place of those under the same digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.settings import SLOTS, SavedView

BUILT_IN: Final[Mapping[str, SavedView]] = {
    "1": SavedView("all", "", "-age"),
    "2": SavedView("held", "state:held", "-age"),
    "3": SavedView("deferred", "state:deferred", "next"),
    "4": SavedView("last reply 4xx", "reply:4", "-age"),
    "5": SavedView("oldest", "", "age"),
    "6": SavedView("due soon", "next:<5m", "next"),
    "7": SavedView("older than a day", "age:>1d", "age"),
    "8": SavedView("tried often", "tries:>3", "-tries"),
    "9": SavedView("large", "size:>10mb", "-size"),
}


def views_of(own: Mapping[str, SavedView]) -> dict[str, SavedView]:
    """The view under each digit."""
    return {slot: own.get(slot, BUILT_IN[slot]) for slot in SLOTS}


def find_view(views: Mapping[str, SavedView], name: str) -> str | None:
    """The digit of the view called *name*, by its digit, its name, or how its name begins."""
    wanted = name.strip().casefold()
    if wanted in views:
        return wanted
    names = {slot: view.name.casefold() for slot, view in views.items()}
    exact = [slot for slot, each in names.items() if each == wanted]
    like = [slot for slot, each in names.items() if wanted and each.startswith(wanted)]
    return next(iter(exact + like), None)


def showing(views: Mapping[str, SavedView], query: str, sort: str) -> str:
    """The digit of the view that is what is shown; empty when none is."""
    return next(
        (
            slot
            for slot, view in views.items()
            if view.query == query and (not view.sort or view.sort == sort)
        ),
        "",
    )
