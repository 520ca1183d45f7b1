"""Where a page of a sorted list ends, as text: what it is sorted by, and the key.

The text means nothing to who passes it on, and is checked when it comes back.
"""

from __future__ import annotations

from typing import Final

import msgspec

from empath import codec

Value = str | int | float | None
Values = tuple[Value, ...]

_MOST: Final = 8
_GREATEST: Final = 2**63


class BadCursor(ValueError):
    """The text is not where a page ended."""


def write_cursor(values: Values) -> str:
    """These values as text."""
    return codec.encode(values).decode()


def read_cursor(text: str) -> Values:
    """The values of a cursor.  Raises `BadCursor`."""
    try:
        values: Values = codec.decode(Values, text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise BadCursor(text[:100]) from error
    if not 1 < len(values) <= _MOST:
        raise BadCursor(text[:100])
    if any(isinstance(each, int) and not -_GREATEST <= each < _GREATEST for each in values):
        raise BadCursor(text[:100])
    return values
