"""What lies over the screens, and the events, as text, compared with the pages in golden/ as
test_golden.py does.
"""

from __future__ import annotations

import os

import pytest

from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine, prime
from tests.tui.test_golden import GOLDEN

LARGE = (200, 60)
SCREENS = {
    "events": ("4",),
    "events-stand": ("4", "up", "up", "m", "MORE"),
    "events-filter": ("4", "f", *"kind:deferred", "enter"),
    "palette": ("4", "ctrl+p", *"mark"),
    "command": ("4", "colon", *"the"),
    "log": ("2", "down", "H", "4", "at"),
    "copy": ("4", "y"),
    "jump": ("4", "semicolon"),
    "zoom": ("4", "z"),
}
PAGES = [
    ("events", LARGE),
    ("events-stand", NORMAL),
    ("events-filter", SMALL),
    ("palette", NORMAL),
    ("palette", SMALL),
    ("command", SMALL),
    ("log", NORMAL),
    ("copy", SMALL),
    ("jump", SMALL),
    ("zoom", SMALL),
]


@pytest.mark.parametrize(
    ("name", "size"), PAGES, ids=[f"{name}-{width}x{height}" for name, (width, height) in PAGES]
)
async def test_screen(name: str, size: tuple[int, int], clock: HandClock) -> None:
    """The screen looks as its golden page says."""
    engine = DemoEngine(clock)
    async with running(engine, clock, size=size) as (console, pilot):
        if name != "log":  # time that passes makes what is known too old to change anything
            prime(engine, console.store)
        await settle()
        for key in SCREENS[name]:
            if key == "MORE":
                engine.step(30)
                await settle()
            else:
                await press(pilot, key)
        console.paint_soon()
        await settle()
        page = page_of(console)
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("EMPATH_GOLDEN") == "write":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")
    assert all(len(line) <= size[0] for line in page.splitlines())
