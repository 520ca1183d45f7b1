"""The inbox as text at three sizes, compared with the pages in golden/ as test_golden.py does."""

from __future__ import annotations

import os

import pytest

from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running, settle
from tests.fakes.dev_relay import dev
from tests.tui.test_golden import GOLDEN

LARGE = (200, 60)
SCREENS = {"inbox": ("6",), "inbox-message": ("6", "enter"), "release": ("6", "F")}
PAGES = [
    pytest.param(name, size, id=f"{name}-{size[0]}x{size[1]}")
    for name in SCREENS
    for size in (NORMAL, SMALL, LARGE)
    if size is NORMAL or name != "release"
]


@pytest.mark.parametrize(("name", "size"), PAGES)
async def test_screen(name: str, size: tuple[int, int], clock: HandClock) -> None:
    """The screen looks as its golden page says."""
    async with running(dev(), clock, size=size) as (console, pilot):
        for key in SCREENS[name]:
            await press(pilot, key)
        console.paint_soon()
        await settle()
        page = page_of(console)
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("EMPATH_GOLDEN") == "write":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")
    assert all(len(line) <= size[0] for line in page.splitlines())
