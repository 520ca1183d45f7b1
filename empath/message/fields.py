"""Looking for a few header fields by name, and taking one out of a message on its way in.

Promises: never raises, reads values unfolded, sanitised and short, costs one search of the
header section for each name that is not there.  What `FieldFinder` finds, `without` removes: both
know the obsolete blank before the colon (RFC 5322 4.5), so that nothing can hide from one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from empath.safe_text import safe_text

_COLON: Final = re.compile(rb"[ \t]*:")
_END_OF_FIELD: Final = re.compile(rb"\r\n(?![ \t])")
_VALUE_OCTETS: Final = 998


class FieldFinder:
    """Looks for the fields of certain names, given in lower case; made once, used often."""

    __slots__ = ("_needles",)

    def __init__(self, names: Collection[str]) -> None:
        self._needles = tuple((name, b"\n" + name.encode()) for name in sorted(names))

    def __repr__(self) -> str:
        return f"<FieldFinder {', '.join(name for name, _ in self._needles)}>"

    def values(self, header: bytes) -> dict[str, str]:
        """The value of the first field of each name, for those that are there.

        The line ends of *header* are CRLF.
        """
        found: dict[str, str] = {}
        lowered = b"\n" + header.lower()
        for name, needle in self._needles:
            # Nearly always absent: the plain search is all it costs.
            place = lowered.find(needle)
            while place >= 0:
                # One octet was put before the header, so there the name begins at *place*.
                colon = _COLON.match(header, place + len(name))
                if colon is not None:
                    found[name] = _value(header, colon.end())
                    break
                place = lowered.find(needle, place + 1)
        return found


def _value(header: bytes, start: int) -> str:
    value = header[start : start + _VALUE_OCTETS]
    end = _END_OF_FIELD.search(value)
    value = value[: end.start()] if end else value
    return safe_text(b" ".join(value.split()), 200)


def without(content: bytes, header_octets: int, name: str) -> bytes:
    """*content* without the fields *name*, which are looked for in its first *header_octets*."""
    field = rb"(?im)^" + re.escape(name.encode()) + rb"[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)"
    return re.sub(field, b"", content[:header_octets]) + content[header_octets:]
