"""The one place where text that came from a network is made safe to show.

Every string of a peer that may reach a log line, a reply, a terminal or the
database goes through `safe_text` once, where it enters the program.  The result
is printable: it holds no control character, no bidirectional override, no lone
surrogate, no unassigned or invisible character, no line break and no tower of accents,
so it can forge neither a log line nor a terminal sequence, and SQLite can always store it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MARKS_LIMIT: Final = 8
"""Most combining marks in a row; no script needs more."""

# Printable by their category, yet nothing is seen: Hangul fillers and variation selectors.
_INVISIBLE: Final = re.compile("[\u115f\u1160\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# Where marks live.  Left out are Latin, box drawing, braille and the ideographs, which hold
# none, so that a painted line and most text are cleared by one search.
_MAYBE_MARKS: Final = re.compile(
    f"[\u0300-\u24ff\u2c00-\u30ff\ua66f-\uabff\ufb1e-\U0010ffff]{{{MARKS_LIMIT + 1}}}"
)


def may_hold_unsafe(text: str) -> bool:
    """Whether `replace_unsafe` has anything to look at; quick, and false for most text."""
    if not text.isprintable():
        return True
    if text.isascii():
        return False
    return bool(_INVISIBLE.search(text) or _MAYBE_MARKS.search(text))


def replace_unsafe(text: str, replace: Callable[[str], str]) -> str:
    """Return *text* with each unsafe character as *replace* writes it.

    Unsafe is what is not printable (`str.isprintable`: Cc, Cf, Cs, Co, Cn, Zl, Zp and every
    space but the ordinary one), what cannot be seen, and each mark beyond `MARKS_LIMIT`.
    """
    if not may_hold_unsafe(text):
        return text
    parts: list[str] = []
    marks = 0
    for character in text:
        if not character.isprintable() or _INVISIBLE.match(character):
            marks = 0
            parts.append(replace(character))
            continue
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        parts.append(replace(character) if marks > MARKS_LIMIT else character)
    return "".join(parts)


def _escape(character: str) -> str:
    r"""``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``: the letter says how many digits follow."""
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def safe_text(value: str | bytes, limit: int = 1000) -> str:
    r"""Return *value* with every unsafe character written as a backslash escape.

    Bytes are read as UTF-8; what is not UTF-8 shows as ``\xNN``.  At most *limit*
    characters come back; longer text ends in an ellipsis.  Never raises.
    """
    if isinstance(value, bytes):
        # Four octets are the longest character: no need to decode megabytes to show a line.
        value = value[: 4 * limit + 4].decode("utf-8", "backslashreplace")
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    if value.isascii() and value.isprintable():
        return value
    value = replace_unsafe(value, _escape)
    return value if len(value) <= limit else value[: limit - 1] + "…"
