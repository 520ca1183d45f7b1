"""What any terminal is shown: signs in every theme, in sixteen colours, in none, and in ASCII."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tests.fakes.clock import HandClock
from tests.fakes.console import press, running, settle
from tests.fakes.demo_engine import DemoEngine, prime
from tui.event_lines import EventLine
from tui.terminal import (
    MANY,
    AsciiFilter,
    ColourlessFilter,
    ascii_of,
    colours_of,
    shows_unicode,
)
from tui.terminal import SIGNS as IN_ASCII
from tui.theme import COLOURED, SIGNS, THEMES, Palette, sign, theme_for
from tui.widgets.event_log import row_of

GROUND = Color(0, 0, 0)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_every_role(theme: str) -> None:
    """No theme leaves a role without a style."""
    assert set(THEMES[theme].styles) == set(COLOURED)


@pytest.mark.parametrize("theme", THEMES)
def test_state_is_never_told_by_colour_alone(theme: str) -> None:
    """States that mean different things have different signs or words, whatever the colours are,
    and each sign is one cell wide, also in ASCII.
    """
    styles = THEMES[theme].styles
    shown = {(sign(word)[0], word) for word in SIGNS}
    assert len(shown) == len(SIGNS)
    assert len({ascii_of(mark) + word for mark, word in shown}) == len(SIGNS)
    for word, (mark, role) in SIGNS.items():
        assert role in styles
        assert cell_len(mark) == 1
        assert len(ascii_of(mark)) == 1
        assert ascii_of(mark).isascii()
        assert word


def test_different_signs_differ_in_ascii() -> None:
    """The signs of states stay apart where there is no Unicode."""
    marks = {mark for mark, _ in SIGNS.values()} | {"●"}
    assert len({IN_ASCII[mark] for mark in marks}) == len(marks)


def test_an_event_has_sign_and_word() -> None:
    """A line of the log says by sign and word what its colour says."""
    row = row_of(EventLine(1, 0.0, "✖", "bad", "failed", "", "who", "what"))
    assert row.cells["kind"] == ("✖ failed", "bad")


@given(st.text())
def test_everything_can_be_written_in_ascii(text: str) -> None:
    """Whatever is painted has a form in ASCII of the same width."""
    (segment,) = AsciiFilter().apply([Segment(text)], GROUND)
    assert segment.text.isascii()
    assert cell_len(segment.text) == cell_len(text) or not text.isprintable()


def test_frames_and_charts_have_their_ascii() -> None:
    """Corners are plus signs, lines are lines, and a chart still rises."""
    assert "".join(map(ascii_of, "╭─╮│╰╯┌┐└┘├┤")) == "+-+|++++++++"
    chart = [ascii_of(block) for block in "▁▂▃▄▅▆▇█"]
    assert chart[0] == "_"
    assert chart[-1] == "#"


def test_an_address_is_never_shown_as_another() -> None:
    """Without Unicode a letter beyond ASCII is a question mark, not the letter like it."""
    assert "".join(map(ascii_of, "utfé@ſlow.example")) == "utf?@?low.example"
    assert ascii_of("漢") == "??"


def test_enter_has_a_name_in_ascii() -> None:
    """The sign of the enter key becomes CR in hints, and the line keeps its width."""
    line = [Segment("╰─ "), Segment("⏎ takes it · esc closes"), Segment(" ───╯")]
    shown = "".join(segment.text for segment in AsciiFilter().apply(line, GROUND))
    assert shown == "+- CR takes it - esc closes --+"


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, MANY),
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm-direct"}, MANY),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 0),
        ({}, 16),
    ],
)
def test_colours_are_told_from_the_terminal(environ: dict[str, str], colours: int) -> None:
    """TERM and COLORTERM say how many colours there are; without a word there are sixteen."""
    assert colours_of(environ) == colours


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({}, True),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "en_GB.utf8"}, True),
        ({"LANG": "de_DE.ISO-8859-1@euro"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_GB.ISO-8859-1", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_GB"}, True),
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, False),
    ],
)
def test_unicode_is_told_from_the_locale(environ: dict[str, str], unicode: bool) -> None:
    """A locale of another encoding, and the kernel's own console, are written to in ASCII."""
    assert shows_unicode(environ) is unicode


@pytest.mark.parametrize(
    ("environ", "colours", "theme"),
    [
        ({}, MANY, "dark"),
        ({}, 256, "dark"),
        ({}, 16, "ansi"),
        ({"NO_COLOR": "1"}, MANY, "plain"),
        ({"NO_COLOR": ""}, MANY, "dark"),
    ],
)
def test_the_theme_fits_the_terminal(environ: dict[str, str], colours: int, theme: str) -> None:
    """NO_COLOR is obeyed, and sixteen colours are those of the terminal."""
    assert theme_for(environ, colours) == theme


def test_colour_is_taken_out_and_weight_stays() -> None:
    """Without colour, bold and inverse are left, and nothing that sets a colour."""
    style = Style(color="red", bgcolor="blue", bold=True, reverse=True)
    (segment,) = ColourlessFilter().apply([Segment("x", style)], GROUND)
    assert segment.style is not None
    assert (segment.style.color, segment.style.bgcolor) == (None, None)
    assert segment.style.bold
    assert segment.style.reverse


def test_all_that_hold_the_palette_change_with_it() -> None:
    """Another theme reaches every widget that was given the palette before."""
    palette = Palette(COLOURED)
    palette.use(THEMES["light"].styles)
    assert dict(palette) == dict(THEMES["light"].styles)


@pytest.mark.parametrize("theme", THEMES)
async def test_a_screen_without_unicode_is_whole(clock: HandClock, theme: str) -> None:
    """In ASCII every screen keeps its width and its words, in every theme."""
    engine = DemoEngine(clock, messages=30)
    async with running(engine, clock, unicode=False, theme=theme) as (console, pilot):
        prime(engine, console.store)
        await press(pilot, "1" if theme == "dark" else "2")
        await settle()
        strips = console.screen._compositor.render_strips()
        filters = console.get_line_filters()
        for strip in strips:
            painted = strip
            for one in filters:
                painted = painted.apply_filter(one, GROUND)
            assert painted.text.isascii()
            assert painted.cell_length == strip.cell_length
            if theme == "plain":
                styles = [segment.style for segment in painted if segment.style]
                assert not any(style.color or style.bgcolor for style in styles)
