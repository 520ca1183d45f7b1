"""Message content on the wire, both ways: dot-stuffing, line ends, end of data.

Promises: only ``<CRLF>.<CRLF>`` ends content (RFC 5321 4.1.1.4), however it is cut into
pieces; what comes out of `ContentReader` holds no CR or LF that stands alone, and what goes
out through `Stuffer` cannot (RFC 5321 2.3.8: SMTP smuggling).  Memory is bounded: at most
four octets wait between two pieces.  What can go wrong: `BareNewline`, a bug of ours or a
damaged body, which must never reach a peer.
"""

from __future__ import annotations

import re
from io import IncrementalNewlineDecoder
from typing import Final

END_OF_DATA: Final = b"\r\n.\r\n"

_DOTTED: Final = b"\r\n."
_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")
_HELD_BACK: Final = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")


class BareNewline(ValueError):
    """Content to be sent holds a CR or LF that stands alone; nothing of the piece was sent."""


def has_bare_newline(content: bytes) -> bool:
    """Whether a CR or LF in *content* stands alone."""
    # Universal newlines, in one pass of C over 2 GB/s: half of what counting CRs and LFs takes.
    ends = IncrementalNewlineDecoder(None, translate=False)
    ends.decode(content.decode("latin-1"), final=True)
    return ends.newlines not in {None, "\r\n"}


class ContentReader:
    """Takes what a client sends after 354, gives the content: dots unstuffed, all ends CRLF.

    A dot is special only behind a true CRLF, so a line ``.`` that comes of a bare CR or LF is
    content.  Each bare CR and each bare LF becomes one CRLF.
    """

    __slots__ = ("_held", "bare_newlines", "ended", "rest", "size")

    def __init__(self) -> None:
        # The CRLF that ended the DATA line is also the first half of ``<CRLF>.<CRLF>``
        # (RFC 5321 4.1.1.4); it is taken off the first piece again.
        self._held = b"\r\n"
        self.size = -2
        """Octets of content given out; -2 before the first piece."""
        self.bare_newlines = False
        """A CR or LF stood alone somewhere."""
        self.ended = False
        """The end of data was seen."""
        self.rest = b""
        """After the end: what the client had sent behind it."""

    def __repr__(self) -> str:
        return f"<ContentReader size={max(self.size, 0)} ended={self.ended}>"

    def feed(self, chunk: bytes) -> bytes:
        """Take the next octets from the wire; returns the content they complete, perhaps none."""
        data = self._held + chunk
        # From the back, which is twice as quick as from the front.
        dotted = data.rfind(_DOTTED) >= 0
        end = data.find(END_OF_DATA) if dotted else -1
        if end >= 0:
            self.ended = True
            self.rest = data[end + 5 :]
            self._held = b""
            piece = data[: end + 2]
            # The commonest find is the end itself, with no other dot before it.
            dotted = piece.rfind(_DOTTED) >= 0
        else:
            piece = self._hold_back(data)
        if dotted:
            piece = piece.replace(_DOTTED, b"\r\n")
        if has_bare_newline(piece):
            self.bare_newlines = True
            piece = _NEWLINE.sub(b"\r\n", piece)
        if self.size < 0 and piece:
            piece = piece[2:]
            self.size = 0
        self.size += len(piece)
        return piece

    def _hold_back(self, data: bytes) -> bytes:
        """Keep what may be the beginning of the end; give the rest."""
        for start in _HELD_BACK:
            if data.endswith(start):
                self._held = start
                return data[: -len(start)]
        self._held = b""
        return data


class HeaderSection:
    """Collects content up to the empty line that ends the header section (RFC 5322 2.1).

    Holds at most *limit* octets and one piece more.  Where no empty line comes within the
    limit, the section ends at the first line that is no field: old programs send such text.
    """

    __slots__ = ("_limit", "_parts", "_seen", "complete", "content", "oversized")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._seen = 0
        self.complete = False
        """The header section is over: *content* is final."""
        self.oversized = False
        """It is larger than the limit."""
        self.content = b""
        """The fields, the CRLF of the last one included, without the empty line."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece of content; cheap once the section is complete."""
        if self.complete:
            return
        if self._parts:
            # The empty line may lie across the seam: three octets of it before, one behind.
            piece = self._parts.pop() + piece
        if not self._seen and piece.startswith(b"\r\n"):
            self._finish(b"")
            return
        edge = piece.find(b"\r\n\r\n")
        if edge >= 0:
            self._finish(b"".join(self._parts) + piece[: edge + 2])
            return
        if self._seen + len(piece) > self._limit:
            self._finish(b"".join(self._parts) + piece)
            return
        if len(piece) > 3:
            self._parts.append(piece[:-3])
            self._seen += len(piece) - 3
        self._parts.append(piece[-3:])

    def end(self) -> None:
        """The content is over: what came until now was the header section."""
        if not self.complete:
            self._finish(b"".join(self._parts))

    def _finish(self, header: bytes) -> None:
        self.complete = True
        self._parts = []
        if len(header) > self._limit:
            # Perhaps a message without the empty line: its header ends where fields end.
            stray = _NOT_A_FIELD.search(header)
            header = header[: stray.start()] if stray else header
        self.content = header[: self._limit]
        self.oversized = len(header) > self._limit


_NOT_A_FIELD: Final = re.compile(rb"^(?![ \t]|[!-9;-~]+[ \t]*:|\r\n|\Z)", re.MULTILINE)
"""The start of a line that is neither a field, nor a folded one, nor empty (RFC 5322 2.2)."""


class Stuffer:
    """Makes content ready for the wire: dots doubled, the end of data put behind it.

    Feed the whole content piece by piece, then send `end`.  One object serves one message.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        # Behind the CRLF of the DATA line: a first line that begins with a dot is stuffed.
        self._last = b"\r\n"

    def feed(self, chunk: bytes) -> bytes:
        """Return *chunk* with a dot put before each dot that begins a line (RFC 5321 4.5.2).

        Raises `BareNewline` before anything of *chunk* is returned.
        """
        if not chunk:
            return b""
        split = self._last == b"\r"
        if split and not chunk.startswith(b"\n"):
            raise BareNewline("content to be sent has a CR without its LF")
        # A pair cut in two by the pieces is not bare: look at it whole.
        whole = b"\r" + chunk if split else chunk
        ends_open = whole.endswith(b"\r")
        if has_bare_newline(whole[:-1] if ends_open else whole):
            raise BareNewline("content to be sent has a CR or LF that stands alone")
        stuffed = whole
        if whole.rfind(_DOTTED) >= 0:
            stuffed = whole.replace(_DOTTED, b"\r\n..")
        first = b"." if self._last == b"\r\n" and chunk.startswith(b".") else b""
        if split:
            stuffed = stuffed[1:]
        self._last = b"\r" if ends_open else b"\r\n" if whole.endswith(b"\r\n") else whole[-1:]
        return first + stuffed if first else stuffed

    def end(self) -> bytes:
        """The octets that end the content; completes an unfinished last line.

        Raises `BareNewline` when the content ended in a lone CR.
        """
        if self._last == b"\r":
            raise BareNewline("content to be sent ends in a CR without its LF")
        return b".\r\n" if self._last == b"\r\n" else END_OF_DATA
