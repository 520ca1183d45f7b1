"""The two walls between what a peer sends and the operator's terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from tui.safety import ControlFilter, dotted, safe

HOSTILE = "\x1b]52;c;ZXZpbA==\x07 \x9b31m \u202egpj.exe [red]markup[/ \u200b\ufe0f"


def test_escapes_are_made_visible() -> None:
    """An escape sequence shows as text, one line, nothing hidden."""
    shown = safe(HOSTILE)
    assert "\\x1b]52" in shown
    assert "\\u202e" in shown
    assert shown.isprintable()


def test_raw_content_shows_dots() -> None:
    """Control octets of a body show as dots and keep their place."""
    assert dotted("a\x1b[2Jb\u202ec\td") == "a·[2Jb·c        d"


def test_foreign_spaces_of_a_body_stay_spaces() -> None:
    """An unbreakable and an ideographic space are drawn as blanks, not as dots."""
    assert dotted("10\u00a0€ 世\u3000界") == "10 € 世 界"
    painted = ControlFilter().apply([Segment("世\u3000界")], Color(0, 0, 0))
    assert painted[0].text == "世  界"


@given(st.text())
def test_the_filter_lets_nothing_through_and_keeps_the_width(text: str) -> None:
    """Whatever a widget paints, no control character leaves, and no layout shifts."""
    segments = ControlFilter().apply([Segment(text)], Color(0, 0, 0))
    assert segments[0].text.isprintable()
    assert cell_len(segments[0].text) == cell_len(text)


def test_the_filter_leaves_clean_lines_alone() -> None:
    """A line without anything to take out is passed on as it is, at no cost."""
    segments = [Segment("plain"), Segment("✓ ümläut")]
    assert ControlFilter().apply(segments[:1], Color(0, 0, 0)) == segments[:1]
    assert [s.text for s in ControlFilter().apply(segments, Color(0, 0, 0))] == [
        "plain",
        "✓ ümläut",
    ]
