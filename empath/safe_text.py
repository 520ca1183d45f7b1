"""The one place where text that came from a network is made safe to show.

Every string of a peer that may reach a log line, a reply, a terminal or the
database goes through `safe_text` once, where it enters the program.  The result
holds no control character, no bidirectional override, no lone surrogate and no
line break, so it can forge neither a log line nor a terminal sequence, and SQLite
can always store it.
"""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # separators, zero width, bidi controls
    "\ud800-\udfff"  # lone surrogates
    "\ufe00-\ufe0f"  # variation selectors: they change the width a terminal draws
    "\U000e0000-\U000e007f"  # tag characters
    "]"
)


def _escape(match: re.Match[str]) -> str:
    point = ord(match.group())
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


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
    value = _UNSAFE.sub(_escape, value)
    return value if len(value) <= limit else value[: limit - 1] + "…"
