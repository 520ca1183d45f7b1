"""The boxes that ask: in the smallest terminal nothing that is answered in them is out of sight."""

from __future__ import annotations

import pytest
from textual.geometry import Region
from textual.widget import Widget

from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, write
from tests.fakes.demo_engine import matches
from tests.fakes.memory_link import MemoryLink
from tests.tui.test_inbox_screen import dev
from tui.app import LEAST_HEIGHT, LEAST_WIDTH, Console

LEAST = (LEAST_WIDTH, LEAST_HEIGHT)
BOXES = {
    "delete all": ("2", "asterisk", "D"),
    "bounce all": ("2", "asterisk", "B"),
    "bounce one": ("2", "B"),
    "hold some": ("2", "space", "space", "H"),
    "re-route": ("2", "T"),
    "undo": ("2", "space", "space", "H", "y", "R", "u", "u"),
    "suspend": ("3", "S"),
    "limit": ("3", "L"),
    "re-route a destination": ("3", "T"),
    "reset": ("3", "X"),
    "apply": ("5", "e", "a", "f6"),
    "throw a draft away": ("5", "e", "a", "escape", "D"),
    "leave": ("ctrl+q",),
}


def relay() -> MemoryLink:
    """A relay with twenty messages."""
    link = MemoryLink()
    link.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 21))
    link.matching = matches
    return link


def out_of_sight(console: Console) -> list[Widget]:
    """What takes the keys in the box and is not wholly on screen with room for eight letters."""
    shown = console.screen._compositor.visible_widgets
    bad = []
    for each in console.screen.focus_chain:
        region, clip = shown.get(each, (Region(), Region()))
        if region.area < 8 or region.intersection(clip) != region:
            bad.append(each)
    return bad


@pytest.mark.parametrize("box", BOXES)
async def test_fields_and_buttons_are_always_in_view(box: str, clock: HandClock) -> None:
    """At the least size a console takes, facts give way to what is filled in and pressed."""
    async with running(relay(), clock, size=LEAST, child=True) as (console, pilot):
        await press(pilot, *BOXES[box])
        assert console.screen.query(".dialog")
        assert len(console.screen.focus_chain) > 1
        assert not out_of_sight(console)


async def test_a_release_fits_too(clock: HandClock) -> None:
    """So do the fields of captured mail that is let go."""
    async with running(dev(3), clock, size=LEAST) as (console, pilot):
        await press(pilot, "6", "F")
        assert console.screen.query(".dialog")
        assert not out_of_sight(console)


async def test_facts_that_do_not_fit_are_scrolled(clock: HandClock) -> None:
    """The frame says that there is more, and PgDn shows it while the typed name stays in view."""
    async with running(relay(), clock, size=LEAST) as (console, pilot):
        await press(pilot, "2", "asterisk", "D")
        await write(pilot, "mx1")
        page = page_of(console)
        assert "PgDn: more facts" in page
        assert "Selection    the whole queue" in page
        assert "--expect 20" not in page
        await press(pilot, "pagedown")
        page = page_of(console)
        assert "--expect 20" in page
        assert not out_of_sight(console)
        await press(pilot, "pageup")
        assert "Selection    the whole queue" in page_of(console)


async def test_what_fits_is_not_said_to_go_on(clock: HandClock) -> None:
    """In a terminal with room the frame says nothing of more facts."""
    async with running(relay(), clock) as (console, pilot):
        await press(pilot, "2", "asterisk", "D")
        assert "PgDn" not in page_of(console)
