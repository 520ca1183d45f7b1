"""What this terminal can show: how many colours, and whether signs beyond ASCII.

Told from the environment, as terminals offer nothing better.  Where a locale names another
encoding than UTF-8, or the terminal is the kernel's own, `AsciiFilter` writes every painted
character as one of ASCII in the same width, so that no layout breaks and no sign is lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

MANY: Final = 1 << 24


def colours_of(environ: Mapping[str, str]) -> int:
    """How many colours the terminal shows, as far as it says."""
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return MANY
    term = environ.get("TERM", "")
    if term in ("dumb", "unknown", "vt100", "vt220"):
        return 0
    if term.endswith("-direct"):
        return MANY
    # As Rich does, which writes the colours: without a word of 256 there are sixteen.
    return 256 if term.endswith("-256color") or "kitty" in term else 16


def shows_unicode(environ: Mapping[str, str]) -> bool:
    """Whether more than ASCII can be shown.  Without a locale it can: so do all of today."""
    if environ.get("TERM") == "linux":  # its font has no ✓ and no ◐
        return False
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environ.get(name, ""):
            encoding = value.partition(".")[2].partition("@")[0].lower().replace("-", "")
            if encoding:
                return encoding == "utf8"
            return name != "LC_ALL" or value not in ("C", "POSIX")
    return True


SIGNS: Final[Mapping[str, str]] = {
    "✓": "+",
    "✖": "x",
    "▲": "!",
    "◐": "%",
    "●": "*",
    "○": "o",
    "■": "#",
    "▌": ">",
    "▶": ">",
    "◀": "<",
    "ℹ": "i",
    "↻": "@",
    "⧗": "%",
    "…": "~",
    "·": "-",
    "–": "-",
    "—": "-",
    "•": "*",
    "›": ">",
    "▸": ">",
    "▾": "v",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "⏎": "<",  # where `WORDS` has no room
    "⇧": "^",
    "␣": "_",
    "≥": ">",
    "≤": "<",
    "×": "x",
    "Δ": "d",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
"""The signs of the console, each with its like in ASCII.  No two states share one."""

WORDS: Final[Mapping[str, str]] = {"⏎": "CR", "⇧tab": "s-tab"}
"""Keys whose name in ASCII is wider than their sign."""

_PADDING: Final = re.compile(r" {2,}|─{2,}")

_BLOCKS: Final = dict(zip("▁▂▃▄▅▆▇█", "__.-=+*#", strict=True))
_SHADES: Final = {"░": ".", "▒": ":", "▓": "#", "▏": "|", "▎": "|", "▍": "|", "▋": "|", "▊": "#"}


def ascii_of(character: str) -> str:
    """The character in ASCII, in as many cells."""
    if character.isascii():
        return character
    width = cell_len(character)
    known = SIGNS.get(character) or _BLOCKS.get(character) or _SHADES.get(character)
    if known is None and "─" <= character <= "╿":
        known = _line(character)
    if known is None and "▀" <= character <= "▟":
        known = "#"
    if known is None and "⠀" <= character <= "⣿":
        known = ":"
    if known is None:
        known = "?"  # and never the letter beneath its accent: that is another address
    return (known * width)[:width]


def _line(character: str) -> str:
    name = unicodedata.name(character)
    if "AND" in name or "DIAGONAL" in name or "ARC" in name:
        return "+"
    return "|" if "VERTICAL" in name else "-"


@final
class AsciiFilter(LineFilter):
    """Writes everything painted in ASCII; each segment keeps its width."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, str] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the interface names it
        """Return the segments in ASCII."""
        texts = [segment.text for segment in segments]
        for at, segment in enumerate(segments):
            if segment.control is None and "⏎" in segment.text:
                self._name_enter(texts, at)
        return [
            segment
            if segment.control is not None or (segment.text.isascii() and text == segment.text)
            else Segment(self._ascii(text), segment.style)
            for segment, text in zip(segments, texts, strict=True)
        ]

    def _name_enter(self, texts: list[str], at: int) -> None:
        """Write the sign as a word, in cells that padding of the same line gives up."""
        word = WORDS["⏎"]
        for giver in (*range(at, len(texts)), *range(at)):
            if (found := _PADDING.search(texts[giver])) is not None:
                cut = found.start()
                texts[giver] = texts[giver][:cut] + texts[giver][cut + len(word) - 1 :]
                texts[at] = texts[at].replace("⏎", word, 1)
                return

    def _ascii(self, text: str) -> str:
        known = self._known
        for character in text:
            if character not in known:
                if len(known) > 4096:
                    known.clear()
                known[character] = ascii_of(character)
        return "".join(known[character] for character in text)


@final
class ColourlessFilter(LineFilter):
    """Takes all colour out; weight, inversion and underlining stay.

    Textual's own filters set grey, or the default colours, which are colour sequences too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Style, Style] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the interface names it
        """Return the segments without colour."""
        return [
            segment if segment.style is None else Segment(segment.text, self._plain(segment.style))
            for segment in segments
        ]

    def _plain(self, style: Style) -> Style:
        plain = self._known.get(style)
        if plain is None:
            if len(self._known) > 4096:
                self._known.clear()
            plain = self._known[style] = style.without_color
        return plain
