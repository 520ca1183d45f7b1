"""Content as it goes over the wire: dot-stuffed behind DATA, or in chunks behind BDAT.

Blocks come as they are to be written, the last with whatever ends the content.  Promises: no
CR or LF that stands alone gets out of here (`BareNewline`), and BDAT announces no other number
of octets than follows (`SizeDiffers`); after either nothing that ends the content was given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

from empath.smtp.data import BareNewline, Stuffer, has_bare_newline

BLOCK: Final = 65536
"""Octets of content that are read and written at once."""
CHUNK: Final = 2**20
"""Octets of one BDAT of a large message: a refusal is read after so many at the latest."""


class Chunks(Protocol):
    """Where content comes from: `empath.spool.face.Content`."""

    @property
    def octets(self) -> bytes | None:
        """All of it, where that is in memory anyway."""
        ...

    def chunks(self, size: int = BLOCK) -> AsyncIterator[bytes]:
        """The octets in order, from the start."""
        ...


class SizeDiffers(ValueError):
    """The content is not as long as was said of it."""


async def stuffed(content: Chunks) -> AsyncIterator[bytes]:
    """Blocks for DATA, the final dot behind the last (RFC 5321 4.5.2).  Raises `BareNewline`."""
    stuffer = Stuffer()
    held = b""
    async for chunk in content.chunks():
        if held:
            yield held
        held = stuffer.feed(chunk)
    # Small mail is one block, its dot and all.
    yield held + stuffer.end()


def small(content: Chunks | None) -> bytes | None:
    """All of it, if it is one block and in memory: it can be sent without reading."""
    octets = content.octets if content is not None else None
    return octets if octets is not None and len(octets) <= BLOCK else None


def whole_stuffed(body: bytes) -> bytes:
    """A small message for DATA, as `stuffed` gives a large one.  Raises `BareNewline`."""
    stuffer = Stuffer()
    return stuffer.feed(body) + stuffer.end()


def whole_chunk(body: bytes, size: int) -> bytes:
    """One BDAT with all of a small message (RFC 3030 2).

    Raises `BareNewline`, `SizeDiffers`.
    """
    if len(body) != size:
        raise SizeDiffers(f"the body has {len(body)} octets and not {size}")
    # A text message is in canonical form in BDAT too (RFC 3030 3).
    if has_bare_newline(body):
        raise BareNewline("content to be sent has a CR or LF that stands alone")
    return b"BDAT %d LAST\r\n%b" % (size, body)


async def chunked(content: Chunks, size: int) -> AsyncIterator[bytes]:
    """Blocks for BDAT in chunks, of which there are `chunks_of(size)`.

    Raises `BareNewline`, `SizeDiffers`.
    """
    left, room, split = size, 0, False
    async for part in content.chunks():
        whole_lines = b"\r" + part if split else part
        split = whole_lines.endswith(b"\r")
        if has_bare_newline(whole_lines[:-1] if split else whole_lines):
            raise BareNewline("content to be sent has a CR or LF that stands alone")
        if len(part) > left or (split and len(part) == left):
            raise SizeDiffers(f"the body has more than {size} octets, or ends in a lone CR")
        place = 0
        while place < len(part):
            header = b""
            if not room:
                room = min(CHUNK, left)
                header = b"BDAT %d%b\r\n" % (room, b" LAST" if room == left else b"")
            piece = part[place : place + room]
            place += len(piece)
            room -= len(piece)
            left -= len(piece)
            yield header + piece
    if left:
        raise SizeDiffers(f"the body ends {left} octets before its {size}")


def chunks_of(size: int) -> int:
    """How many chunks, so replies, a large message of *size* octets makes."""
    return -(-size // CHUNK)
