r"""Replies of a server, read from its octets: incremental, strict and bounded (RFC 5321 4.2).

`feed` takes what the socket gave and returns the replies that are whole.  Every line of text
is sanitised here, at the edge, once.  What a reply may not be (a code outside 200 to 599,
a line or reply without end) raises `ReplyBroken`, after which the connection is of no use;
no server can make the reader hold more than one reply's bound.
A line ends at LF; a CR before it is its own.  Several servers in the world say a bare LF,
and on this side nothing can be smuggled by it: replies that nobody asked for end the session.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, final

from empath.reply import Reply
from empath.safe_text import safe_text

LINE_OCTETS: Final = 4096
"""RFC 5321 4.5.3.1.5 says 512; real servers say more, hostile ones much more."""
REPLY_OCTETS: Final = 64 * 1024
REPLY_LINES: Final = 256
_LINE_TEXT: Final = 500
_REPLY_TEXT: Final = 4000

_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n?", re.DOTALL)
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?:\s+|$)")


class ReplyBroken(Exception):
    """What came is not a reply; the message says what is wrong with it."""


@final
class ReplyReader:
    """Collects octets and gives back whole replies."""

    __slots__ = ("_buffer", "_lines", "_octets")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []
        self._octets = 0

    def __repr__(self) -> str:
        return f"<ReplyReader lines={len(self._lines)} octets={self._octets + len(self._buffer)}>"

    @property
    def amid(self) -> bool:
        """Octets are here that do not make a whole reply yet."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that *data* completes, in order.  Raises `ReplyBroken`."""
        # Whole replies are nearly always what comes, and servers repeat themselves.
        if not self._buffer and not self._lines and data.endswith(b"\n"):
            if data[3:4] == b" " and data.find(b"\n") == len(data) - 1 <= LINE_OCTETS:
                return [_remembered_line(data) if len(data) <= 64 else _read_line(data)]
            if len(data) <= 1024:
                replies = _remembered(data)
                if replies:
                    return list(replies)
        return self._feed(data)

    def _feed(self, data: bytes) -> list[Reply]:
        replies = []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            reply = self._take(line)
            if reply is not None:
                replies.append(reply)
        if len(self._buffer) > LINE_OCTETS:
            raise ReplyBroken(f"a line of its reply is longer than {LINE_OCTETS} octets")
        return replies

    def _take(self, line: bytes) -> Reply | None:
        if len(line) > LINE_OCTETS:
            raise ReplyBroken(f"a line of its reply is longer than {LINE_OCTETS} octets")
        code, last, text = _parse(line)
        self._octets += len(line)
        if self._octets > REPLY_OCTETS:
            raise ReplyBroken(f"its reply is longer than {REPLY_OCTETS} octets")
        self._lines.append(text)
        if not last:
            if len(self._lines) >= REPLY_LINES:
                raise ReplyBroken(f"its reply has more than {REPLY_LINES} lines")
            return None
        lines, self._lines, self._octets = self._lines, [], 0
        return _join(code, lines)


def _parse(line: bytes) -> tuple[int, bool, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        shown = safe_text(line.rstrip(b"\r"), 80)
        raise ReplyBroken(f'"{shown}" is not a reply: a code from 200 to 599 must come first')
    return int(match[1]), match[2] != b"-", safe_text(match[3] or b"", _LINE_TEXT).rstrip()


def _read_line(line: bytes) -> Reply:
    code, _, text = _parse(line)
    return Reply.read(code, text)


_remembered_line = lru_cache(maxsize=512)(_read_line)


@lru_cache(maxsize=256)
def _remembered(data: bytes) -> tuple[Reply, ...]:
    """The replies in *data*, such as one to EHLO; none where it holds a part of another."""
    reader = ReplyReader()
    replies = tuple(reader._feed(data))  # noqa: SLF001 - a reader that is ours
    return () if reader.amid else replies


def _join(code: int, lines: list[str]) -> Reply:
    """One reply of several lines; the code is the last line's (RFC 5321 4.2.1)."""
    if len(lines) == 1:
        return Reply.read(code, lines[0])
    last = Reply.read(code, lines[-1])
    if last.enhanced is None:
        return Reply(code, None, "\n".join(lines)[:_REPLY_TEXT])
    # Each line repeats the enhanced code (RFC 2034 4); once is enough to read.
    plain = [_ENHANCED.sub("", line, count=1) if _ENHANCED.match(line) else line for line in lines]
    return Reply(code, last.enhanced, "\n".join(plain)[:_REPLY_TEXT])
