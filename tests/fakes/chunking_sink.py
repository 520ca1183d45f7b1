"""A mail server that takes everything, with PIPELINING and CHUNKING: for benches and tests.

It counts messages and octets, and answers commands in order and at once, as RFC 2920 and
RFC 3030 ask; it checks nothing but that BDAT brings the octets it announces.
"""

from __future__ import annotations

import asyncio
from typing import cast

from tests.fakes.serving import Served

_EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n"


class ChunkingSink(Served):
    """Listens at a port of 127.0.0.1."""

    def __init__(self, *, room: int = 0) -> None:
        """*room* is for so many recipients in one transaction, 0 for any number."""
        self.room = room
        self.connections = 0
        self.messages = 0
        self.octets = 0
        self.recipients: list[str] = []
        """Those accepted, in order."""

    def session(self) -> asyncio.Protocol:
        return _Session(self)


class _Session(asyncio.Protocol):
    def __init__(self, sink: ChunkingSink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._content = 0
        self._last = False
        self._accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink.connections += 1
        transport.write(b"220 sink.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies = b""
        while self._buffer:
            if self._content:
                taken = min(self._content, len(self._buffer))
                self._sink.octets += taken
                self._content -= taken
                del self._buffer[:taken]
                if not self._content:
                    self._sink.messages += self._last
                    replies += b"250 2.0.0 Ok\r\n"
                continue
            end = self._buffer.find(b"\r\n")
            if end < 0:
                break
            line = self._buffer[:end].decode()
            del self._buffer[: end + 2]
            replies += self._reply(line)
        if replies:
            self._transport.write(replies)

    def _reply(self, line: str) -> bytes:
        verb, *words = line.split()
        if verb == "EHLO":
            return _EHLO
        if verb == "BDAT":
            self._content, self._last = int(words[0]), "LAST" in words
            return b""
        if verb == "MAIL":
            self._accepted = 0
        if verb == "RCPT":
            if self._sink.room and self._accepted >= self._sink.room:
                return b"452 4.5.3 too many recipients\r\n"
            self._accepted += 1
            self._sink.recipients.append(words[0])
        if verb == "QUIT":
            self._transport.close()
        return b"250 2.1.0 Ok\r\n"
