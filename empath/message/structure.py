"""The MIME tree of a message, found as its octets pass (RFC 2045, RFC 2046).

Promises: never raises, holds a few kilobytes whatever the message, keeps at most `PARTS` parts
in at most `DEPTH` levels and says when there are more.  Only headers are read; bodies are told
by where they begin and end, so that a part can be read later without the rest.  What is not
MIME, or broken, is one part of text.
"""

from __future__ import annotations

from email.message import Message
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from empath.message.headers import charset_of, read_headers
from empath.safe_text import safe_text

PARTS: Final = 200
"""Most parts that are told of."""
DEPTH: Final = 20
"""Most levels of parts in parts."""
HEADER_OCTETS: Final = 65536
"""Octets of one part's header section that are looked at."""
LINES: Final = 100_000
"""Most lines of headers, and lines that may be delimiters, that are looked at."""
_LINE: Final = 1000
"""Octets of a line that can be a delimiter: a boundary has 70 at most (RFC 2046 5.1.1)."""
_VALUE: Final = 2000
_NAME: Final = 200
_NO_PARTS: Final = frozenset({"base64", "quoted-printable"})


class Part(Struct, frozen=True, kw_only=True):
    """One node of the tree.  Octets count from the start of the message."""

    number: str
    """``1.2`` is the second part of the first, as IMAP numbers them (RFC 9051 6.4.5.1); ``0`` is
    a message that consists of parts."""
    depth: int
    kind: str
    """Its media type in lower case, such as ``text/html``."""
    charset: str
    """The charset that its text is read in; what is named otherwise is read as ``us-ascii``."""
    encoding: str
    """The content transfer encoding in lower case, such as ``base64``."""
    disposition: str
    filename: str
    """Sanitised; empty where it has none."""
    content_id: str
    start: int
    """The first octet of its body."""
    end: int
    """The octet behind its body."""

    @property
    def size(self) -> int:
        """Octets of the body as it is encoded."""
        return max(0, self.end - self.start)


class Structure(Struct, frozen=True):
    """What a message consists of."""

    parts: tuple[Part, ...]
    """In the order of the message; a part stands before those in it."""
    cut: bool
    """There are more parts or levels than are told of."""


@final
class _Open:
    """A part whose end has not been seen."""

    __slots__ = ("boundary", "children", "found", "level", "prefix")

    def __init__(self, found: int, level: int, prefix: str, boundary: bytes) -> None:
        self.found = found
        self.level = level
        self.prefix = prefix
        self.boundary = boundary
        self.children = 0


@final
class StructureReader:
    """Reads a message that is fed in pieces of any size; `close` gives its structure."""

    def __init__(self) -> None:
        self._rest = b""
        self._at = 0
        self._base = 0
        self._header: bytearray | None = bytearray()
        self._line_start = True
        self._before = 0
        self._open: list[_Open] = []
        self._parts: list[Part] = []
        self._next = ("", 0)
        self._lines = 0
        self._cut = False
        self._given_up = False

    def feed(self, chunk: bytes) -> None:
        """Take the next octets.  Line ends are CRLF or LF."""
        self._rest = self._rest[self._at :] + chunk
        self._at = 0
        self._work(final=False)

    def close(self) -> Structure:
        """There is no more."""
        self._work(final=True)
        end = self._base + len(self._rest) - self._at
        if self._header is not None:
            self._begin_body(end)
        for part in reversed(self._open):
            self._end(part, end)
        self._open.clear()
        return Structure(tuple(self._parts), self._cut)

    def _work(self, *, final: bool) -> None:
        while not self._given_up:
            if not (self._read_line(final=final) if self._line_start else self._skip(final=final)):
                return
        self._take(len(self._rest) - self._at)

    def _take(self, count: int) -> None:
        self._at += count
        self._base += count

    def _skip(self, *, final: bool) -> bool:
        """Go to the next line that matters; False when more octets are needed."""
        rest, at = self._rest, self._at
        if self._header is not None:
            place = rest.find(b"\n", at)
        elif not any(part.boundary for part in self._open):
            place = -1
        else:
            place = rest.find(b"\n--", at)
        if place < 0:
            # CR and LF before a delimiter are its own, and may be cut in two.
            left = len(rest) - at
            self._take(left if final else max(0, left - 3))
            return False
        self._before = 2 if place > at and rest[place - 1] == 13 else 1
        self._take(place + 1 - at)
        self._line_start = True
        return True

    def _read_line(self, *, final: bool) -> bool:
        """Look at the line that begins here; False when more octets are needed."""
        rest, at, header = self._rest, self._at, self._header
        longest = _LINE if header is None else HEADER_OCTETS
        at_end = rest.find(b"\n", at, at + longest)
        line = rest[at : at + longest] if at_end < 0 else rest[at : at_end + 1]
        # Only what may be a delimiter, or is of a header, must be seen whole.
        matters = header is not None or line[:2] in (b"", b"-", b"--")
        if at_end < 0 and not final and len(line) < longest and matters:
            return False
        if not line:
            return False
        if line.startswith(b"--") or header is not None:
            self._lines += 1
            if self._lines > LINES:
                self._cut = self._given_up = True
                return True
        if line.startswith(b"--") and self._delimiter(line.rstrip()):
            self._take(len(line))
            self._before = 0
            return True
        if header is None:
            self._line_start = False
            return True
        self._take(len(line))
        self._line_start = at_end >= 0
        if line in (b"\r\n", b"\n"):
            self._begin_body(self._base)
        elif len(header) + len(line) <= HEADER_OCTETS:
            header += line
        return True

    def _delimiter(self, line: bytes) -> bool:
        """Whether *line* delimits parts of an open one; if so, what it ends has ended."""
        for place in range(len(self._open) - 1, -1, -1):
            delimiter = self._open[place].boundary
            if delimiter and line.startswith(delimiter):
                tail = line[len(delimiter) :].strip()
                if tail in (b"", b"--"):
                    self._end_inner(place)
                    self._next_part(self._open[place], last=tail == b"--")
                    return True
        return False

    def _end_inner(self, place: int) -> None:
        """What is open inside the part at *place* ends before the line that is looked at."""
        if self._header is not None:
            self._begin_body(self._base)
        # The line end before it belongs to the delimiter (RFC 2046 5.1.1).
        end = self._base - self._before
        for inner in reversed(self._open[place + 1 :]):
            self._end(inner, end)
        del self._open[place + 1 :]

    def _next_part(self, part: _Open, *, last: bool) -> None:
        if last:
            part.boundary, self._header = b"", None
            return
        part.children += 1
        self._next = (f"{part.prefix}{part.children}", part.level + 1)
        self._header = bytearray()

    def _begin_body(self, start: int) -> None:
        """The header section is over: a part begins, and perhaps parts in it."""
        fields = _fields(bytes(self._header or b""))
        self._header = None
        number, level = self._next
        kind, charset, boundary, filename = _content_type(fields.get("content-type", ""))
        encoding = fields.get("content-transfer-encoding", "7bit").lower()[:40]
        disposition, name = _disposition(fields.get("content-disposition", ""))
        nested = kind == "message/rfc822" and encoding not in _NO_PARTS
        if not kind.startswith("multipart/"):
            boundary = b""
        if level >= DEPTH:
            self._cut = self._cut or bool(boundary) or nested
            boundary, nested = b"", False
        if len(self._parts) >= PARTS:
            self._cut = self._given_up = True
            return
        shown = number or ("0" if boundary else "1")
        self._open.append(_Open(len(self._parts), level, f"{number}." if number else "", boundary))
        self._parts.append(
            Part(
                number=shown,
                depth=level,
                kind=kind,
                charset=charset,
                encoding=encoding,
                disposition=disposition,
                filename=name or filename,
                content_id=fields.get("content-id", "")[:_NAME],
                start=start,
                end=start,
            )
        )
        if nested:
            # A message in the message: its header section follows, as that of a part of its own.
            self._next = (f"{shown}.1", level + 1)
            self._header = bytearray()
            self._line_start = True

    def _end(self, part: _Open, end: int) -> None:
        known = self._parts[part.found]
        self._parts[part.found] = replace(known, end=max(known.start, end))


def _fields(block: bytes) -> dict[str, str]:
    """The first of each field of a header section, decoded and sanitised, by lower-case name."""
    found: dict[str, str] = {}
    for name, value in read_headers(block + b"\r\n\r\n"):
        found.setdefault(name.lower(), value)
    return found


def _params(name: str, value: str) -> Message:
    message = Message()
    message[name] = value[:_VALUE]
    return message


def _content_type(value: str) -> tuple[str, str, bytes, str]:
    """Media type, charset, delimiter and name that a Content-Type states (RFC 2045 5.1)."""
    message = _params("Content-Type", value or "text/plain")
    try:
        kind = message.get_content_type()
        charset = str(message.get_param("charset", "us-ascii"))
        boundary = message.get_boundary("")
        name = message.get_filename("") or ""
    except (ValueError, LookupError, TypeError, AttributeError):  # The library's own slips.
        return "text/plain", "us-ascii", b"", ""
    octets = boundary.encode("utf-8", "surrogateescape")[:_NAME]
    delimiter = b"--" + octets if octets else b""
    return safe_text(kind, _NAME), charset_of(charset), delimiter, safe_text(name, _NAME)


def _disposition(value: str) -> tuple[str, str]:
    """What a Content-Disposition states: the word, and the name of the file (RFC 2183)."""
    if not value:
        return "", ""
    message = _params("Content-Disposition", value)
    try:
        word = message.get_content_disposition() or ""
        name = message.get_filename("") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", ""
    return safe_text(word, _NAME), safe_text(name, _NAME)
