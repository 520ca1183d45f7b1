"""Nothing that came from a network reaches the terminal unsanitised (CONSOLE.md, fact G).

Two walls.  `safe` is the model's: every string that the console shows passes it, which
writes unsafe characters as visible escapes.  `ControlFilter` is the backstop: the app puts it
into `App.get_line_filters()`, so that it sees every segment any widget paints, and takes out
what a widget let through.  It keeps each segment's width, so no layout can break.
"""

from __future__ import annotations

import re
from typing import Final, final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from empath.safe_text import safe_text

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe(text: str, limit: int = 1000) -> str:
    r"""The text with unsafe characters as visible escapes such as ``\x1b``; one line."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return safe_text(text, limit)


def dotted(text: str) -> str:
    """The text with each unsafe character as ``·``, for raw content; tabs become spaces."""
    return _UNSAFE.sub("·", text.expandtabs(8))


def _same_width(match: re.Match[str]) -> str:
    return "·" * cell_len(match.group())


@final
class ControlFilter(LineFilter):
    """Takes control, bidirectional and zero-width characters out of everything painted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the interface names it
        """Return the segments, cleaned; the same list when there was nothing to do."""
        search = _UNSAFE.search
        for text, _style, _control in segments:
            if not text.isascii() or not text.isprintable():
                break
        else:
            return segments
        return [
            Segment(_UNSAFE.sub(_same_width, segment.text), segment.style)
            if segment.control is None and search(segment.text)
            else segment
            for segment in segments
        ]
