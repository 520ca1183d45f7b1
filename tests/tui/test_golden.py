"""Every screen as text, at 120x36 and 80x24, compared with the page in golden/.

After a change that is meant, ``EMPATH_GOLDEN=write pytest tests/tui/test_golden.py`` writes
the pages anew: read them in the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine, prime

GOLDEN = Path(__file__).parent / "golden"

SCREENS = {
    "overview": ("1",),
    "message": ("MESSAGE",),
    "destinations": ("3", "down"),
    "next": ("1", "n"),
    "senders": ("1", "w"),
    "limit": ("3", "L"),
    "events": ("4",),
    "config": ("5", "down", "down", "down"),
    "config-history": ("5", "h"),
    "help": ("2", "question_mark"),
    "offline": ("2", "OFFLINE"),
    "leave": ("1", "q"),
}


ONE_SIZE = {"limit", "senders", "help", "offline", "leave"}
"""Screens whose page at 80x24 says nothing new."""

LARGE = (200, 60)
PAGES = [
    pytest.param(name, size, id=f"{name}-{size[0]}x{size[1]}")
    for name in SCREENS
    for size in (NORMAL, SMALL, LARGE)
    if size is NORMAL or name not in ONE_SIZE
]


@pytest.mark.parametrize(("name", "size"), PAGES)
async def test_screen(name: str, size: tuple[int, int], clock: HandClock) -> None:
    """The screen looks as its golden page says."""
    engine = DemoEngine(clock)
    async with running(engine, clock, size=size, child=True) as (console, pilot):
        prime(engine, console.store)
        await settle()
        for key in SCREENS[name]:
            if key == "MESSAGE":
                console.show_queue(f"id:{engine.detail}")
                await settle()
                await press(pilot, "enter")
            elif key == "OFFLINE":
                engine.cut("No engine answers at /run/empath/empath.sock: connection refused.")
                await settle()
                clock.advance(48)
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
