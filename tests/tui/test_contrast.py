"""What is shown can be read: the contrast of every role of every theme, and of what is painted.

After WCAG 2.1: 4.5:1 for text that tells something, 3:1 for what tells nothing (dashes,
separators) and for keys that are off.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import Color
from rich.style import Style

from tests.fakes.clock import HandClock
from tests.fakes.console import command, press, running
from tests.fakes.demo_engine import DemoEngine, prime
from tui.app import Console
from tui.theme import THEMES
from tui.tones import DARK, GREY, LIGHT, SAFE
from tui.widgets.shape_table import ShapeTable

TONES = {"dark": DARK, "light": LIGHT, "safe": SAFE, "grey": GREY}
UNTOLD = frozenset({"faint", "gone"})
"""Roles of what tells nothing, or is no more."""
FRAMES = frozenset("╭╮╰╯│─▌▁▂▃▄▅▆▇█▔▎▊…·–⣀ ")
HEAT = THEMES["dark"].styles
KEYS = ("1", "2", "3", "4", "5")


def luminance(colour: Color) -> float:
    """How bright it is, from 0 to 1 (WCAG 2.1, relative luminance)."""
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour.get_truecolor())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Color | None, two: Color | None) -> float:
    """From 1 (the same) to 21 (black on white)."""
    assert one is not None
    assert two is not None
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", TONES)
def test_every_role_can_be_read_on_every_ground(theme: str) -> None:
    """On the screen, a bar, a box and the cursor's row alike."""
    tones = TONES[theme]
    grounds = [
        Color.parse(each) for each in (tones.ground, tones.surface, tones.panel, tones.cursor)
    ]
    bad = {}
    for role, style in THEMES[theme].styles.items():
        if style.color is None:
            continue
        on = grounds if style.bgcolor is None else [style.bgcolor]
        least = min(contrast(style.color, ground) for ground in on)
        if least < (3.0 if role in UNTOLD else 4.5):
            bad[role] = round(least, 2)
    assert not bad


def test_the_cursors_row_can_be_seen() -> None:
    """Its ground differs from the screen's, more than an idle one does."""
    for tones in TONES.values():
        ground = Color.parse(tones.ground)
        idle = contrast(Color.parse(tones.panel), ground)
        assert contrast(Color.parse(tones.cursor), ground) > idle > 1.1


def painted(console: Console) -> Iterator[tuple[str, Style]]:
    """The words on screen and how they are painted, without frames and blanks."""
    for strip in console.screen._compositor.render_strips():
        for text, style, _ in strip:
            if style is not None and not set(text) <= FRAMES:
                yield text, style


@pytest.mark.parametrize("theme", TONES)
async def test_nothing_on_screen_is_painted_unreadably(theme: str, clock: HandClock) -> None:
    """No word on any screen falls below 3:1, whatever lies on what: the hottest figure of the row
    under the cursor among them.
    """
    engine = DemoEngine(clock)
    async with running(engine, clock) as (console, pilot):
        prime(engine, console.store)
        await command(pilot, f"theme {theme}")
        bad = set()
        for key in KEYS:
            await press(pilot, key)
            for text, style in painted(console):
                if style.reverse or style.color is None or style.bgcolor is None:
                    continue
                found = contrast(style.color, style.bgcolor)
                if found < 3:
                    bad.add((key, text.strip(), round(found, 1)))
        assert not bad


async def test_the_hottest_figure_under_the_cursor_keeps_its_shade(clock: HandClock) -> None:
    """A shaded figure is as readable on the selected row as on any other."""
    engine = DemoEngine(clock)
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "3")
        table = console.screen.query_one(ShapeTable)
        strip = table.render_line(table.visible_rows[0] + 2)
        assert strip.text.startswith("▌")
        warm = [style for _, style, _ in strip if style in (HEAT["heat3"], HEAT["heat4"])]
        assert warm
