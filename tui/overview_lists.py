"""Which lists the overview has room for, in which order one goes through them, and their titles.

Pure: a width, a choice and what is known in; names and titles out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from empath.control.link import Status
from tui.figures import age, count
from tui.places import Glance

SIDES: Final = ("attention", "top", "senders", "next", "classes")
"""The lists, in the order in which one key goes through them."""
WIDE: Final = 140
"""From this width on all lists are shown."""
NARROW: Final = 100
"""Below this width one list is shown, which may be what needs attention."""

HOUR: Final = 3590.0
"""Seconds, less the way of an answer."""


def fitting(width: int, chosen: str) -> tuple[str, ...]:
    """The lists that are shown; *chosen* is the one asked for, empty for the first that fits."""
    if width >= WIDE:
        return SIDES
    if width >= NARROW:
        side = chosen if chosen not in ("", "attention") else "top"
        return ("attention", side)
    return (chosen or "attention",)


def next_side(shown: Sequence[str]) -> str:
    """The list that takes the place of the last one of *shown*."""
    place = SIDES.index(shown[-1]) + 1
    wanted = SIDES[place % len(SIDES)]
    return SIDES[1] if wanted == "attention" and len(shown) > 1 else wanted


def titles_of(shown: Sequence[str], status: Status, glance: Glance, now: float) -> dict[str, str]:
    """The title of each list that is shown at *now*, with the key that changes it."""
    shape = glance.rows.shape
    number = len(status.attention)
    total = "" if shape is None else f" · {count(shape.destinations)}"
    by = {"sender": "address", "domain": "domain", "client": "client"}[glance.senders_by]
    titles = {
        "attention": f"Needs attention · {number}" if number else "Needs attention",
        "top": f"Top destinations{total}",
        "senders": f"Top senders by {by}, last {_counted(glance, now)} · b",
        "next": "What is next",
        "classes": "Latency by class",
    }
    replaced = shown[-1] if len(shown) < len(SIDES) else ""
    return {name: titles[name] + (" · v more" if name == replaced else "") for name in shown}


def _counted(glance: Glance, now: float) -> str:
    """For how long senders were counted: an hour, or since the engine started."""
    span = HOUR if glance.senders is None else max(0.0, now - glance.senders.since)
    return "hour" if span >= HOUR else age(span)
