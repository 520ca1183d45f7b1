"""Nothing that came from a network reaches the terminal unsanitised (CONSOLE.md, fact G).

Two walls.  `safe` is the model's: every string that the console shows passes it, which
writes unsafe characters as visible escapes.  `ControlFilter` is the backstop: the app puts it
into `App.get_line_filters()`, so that it sees every segment any widget paints, and takes out
what a widget let through.  It keeps each segment's width, so no layout can break.
"""

from __future__ import annotations

import unicodedata
from typing import final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from empath.safe_text import may_hold_unsafe, replace_unsafe, safe_text


def safe(text: str, limit: int = 1000) -> str:
    r"""The text with unsafe characters as visible escapes such as ``\x1b``; one line."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return safe_text(text, limit)


def dotted(text: str) -> str:
    """The text with each unsafe character as ``·``, for raw content; tabs become spaces."""
    return replace_unsafe(text.expandtabs(8), _dot)


def _dot(character: str) -> str:
    # A wide or unbreakable space is no danger: it shows as what it is, a space.
    return " " if unicodedata.category(character) == "Zs" else "·"


def _same_width(character: str) -> str:
    return _dot(character) * cell_len(character)


@final
class ControlFilter(LineFilter):
    """Takes control, bidirectional and zero-width characters out of everything painted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the interface names it
        """Return the segments, cleaned; the same list when there was nothing to do."""
        for text, _style, _control in segments:
            if not text.isascii() or not text.isprintable():
                break
        else:
            return segments
        return [
            Segment(replace_unsafe(segment.text, _same_width), segment.style)
            if segment.control is None and may_hold_unsafe(segment.text)
            else segment
            for segment in segments
        ]
