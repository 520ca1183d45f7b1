"""The priority of a message on its way through servers that know no MT-PRIORITY (RFC 6758).

What they are not told in MAIL stands in a field of the header instead: `MT-Priority: N`, put
before the content as it leaves, so that what is stored stays what was accepted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, final

from msgspec.structs import replace

from empath.envelope import Lot
from empath.smtp.lines import size_limit
from empath.smtp.opening import Extensions
from empath.spool.face import Content

BLOCK: Final = 65536


def tunnelled(lot: Lot, content: Content, offered: Extensions) -> tuple[Lot, Content]:
    """*lot* and *content* as a server that offers these extensions is to get them.

    They stay as they are where it is told in MAIL, or where there is nothing to tell; and
    where the field would make the message too large for it: better with no priority than not
    at all.
    """
    if not lot.mt_priority or "MT-PRIORITY" in offered:
        return lot, content
    field = b"MT-Priority: %d\r\n" % lot.mt_priority
    size, most = lot.size + len(field), size_limit(offered)
    if most and size > most:
        return lot, content
    return replace(lot, size=size), Headed(field, content)


@final
class Headed:
    """Content with a field before it; implements `empath.spool.face.Content`."""

    def __init__(self, field: bytes, content: Content) -> None:
        self._field = field
        self._content = content
        self.size = len(field) + content.size

    def __repr__(self) -> str:
        return f"<Headed {self._field!r} size={self.size}>"

    @property
    def octets(self) -> bytes | None:
        """All of it, where that is in memory anyway."""
        octets = self._content.octets
        return None if octets is None else self._field + octets

    async def chunks(self, size: int = BLOCK) -> AsyncIterator[bytes]:
        """The octets in order; the field comes with the first of the content."""
        field = self._field
        async for chunk in self._content.chunks(size):
            yield field + chunk
            field = b""
        if field:
            yield field

    async def part(self, start: int, limit: int) -> bytes:
        """At most *limit* octets from *start* on."""
        edge, end = len(self._field), start + limit
        octets = self._field[start:end]
        if end <= max(edge, start):
            return octets
        return octets + await self._content.part(max(0, start - edge), end - max(edge, start))
