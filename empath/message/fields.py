"""Looking for a few header fields by name, and taking one out of a message on its way in.

Promises: never raises, reads values unfolded, sanitised and short, costs a few plain searches
of a header section that has none of them.  What `FieldFinder` finds, `without` removes: both
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


_STEMS: Final = (b"priority", b"\nlist-")
"""What several names have in common: one search tells that none of them is there."""


class FieldFinder:
    """Looks for the fields of certain names, given in lower case; made once, used often."""

    __slots__ = ("_needles",)

    def __init__(self, names: Collection[str]) -> None:
        needles: dict[bytes, list[tuple[str, bytes]]] = {}
        for name in sorted(names):
            needle = b"\n" + name.encode()
            stem = next((stem for stem in _STEMS if stem in needle), needle)
            needles.setdefault(stem, []).append((name, needle))
        self._needles = tuple(needles.items())

    def __repr__(self) -> str:
        names = (name for _, needles in self._needles for name, _ in needles)
        return f"<FieldFinder {', '.join(names)}>"

    def values(self, header: bytes) -> dict[str, str]:
        """The value of the first field of each name, for those that are there.

        The line ends of *header* are CRLF.
        """
        found: dict[str, str] = {}
        lowered = b"\n" + header.lower()
        for stem, needles in self._needles:
            if stem not in lowered:
                continue  # Nearly always: the plain search is all it costs.
            for name, needle in needles:
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
    lowered = b"\n" + content[:header_octets].lower()
    needle = b"\n" + name.encode()
    kept: list[bytes] = []
    start = 0
    place = lowered.find(needle)
    while place >= 0:
        colon = _COLON.match(content, place + len(name), header_octets)
        if colon is None:
            place = lowered.find(needle, place + 1)
            continue
        end = _END_OF_FIELD.search(content, colon.end(), header_octets)
        kept.append(content[start:place])
        start = header_octets if end is None else end.end()
        place = lowered.find(needle, start)
    return b"".join((*kept, content[start:]))
