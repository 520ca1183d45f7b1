"""A mail server with one fault at one stage: what smtp-sink cannot do, or only for everybody.

It takes mail of any number of recipients on any number of connections, with PIPELINING offered
and kept, not offered, or offered and broken, and with CHUNKING.  The fault is a reply, a 421,
an end of the connection or no answer at all, and at RCPT it meets the second recipient only.
"""

from __future__ import annotations

import asyncio
import enum
from typing import Final, cast

from tests.fakes.serving import Served


class Manner(enum.StrEnum):
    """What a server makes of commands that are said at once."""

    PLAIN = "PIPELINING not offered"
    PIPELINED = "PIPELINING offered"
    BROKEN = "PIPELINING offered and broken"
    """As some firewalls do: what comes behind the first command is thrown away."""
    CHUNKED = "CHUNKING offered"


_OFFERS: Final = {
    Manner.PLAIN: (),
    Manner.PIPELINED: ("PIPELINING",),
    Manner.BROKEN: ("PIPELINING",),
    Manner.CHUNKED: ("PIPELINING", "CHUNKING"),
}
CUT: Final = "cut"
"""The fault of a server that ends the connection without a word."""
HANG: Final = "hang"
"""The fault of a server that says nothing more."""


class FaultyMx(Served):
    """Listens at a port of 127.0.0.1; `messages` counts the contents that it said 250 to."""

    def __init__(self, manner: Manner, stage: str, fault: str) -> None:
        """*stage* is ``CONNECT``, a verb or ``.``; *fault* a reply, `CUT` or `HANG`."""
        self.manner = manner
        self.stage = stage
        self.fault = fault
        self.messages = 0
        self.closed = asyncio.Event()
        """A connection has ended."""

    def session(self) -> asyncio.Protocol:
        return _Session(self)


class _Session(asyncio.Protocol):
    def __init__(self, mx: FaultyMx) -> None:
        self._mx = mx
        self._buffer = bytearray()
        self._content: int | None = None
        """Octets of content that are due; -1 up to the dot, None between commands."""
        self._recipients = 0
        self._begun = False
        """MAIL was accepted."""
        self._silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._say("CONNECT", "220 mx.test ESMTP")

    def connection_lost(self, error: Exception | None) -> None:
        self._mx.closed.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer and not self._silent and not self._transport.is_closing():
            before = len(self._buffer)
            if self._content is None:
                self._command()
            else:
                self._take()
            if len(self._buffer) == before:
                return

    def _command(self) -> None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return
        self._buffer = rest
        verb, *words = line.decode().split()
        match verb:
            case "EHLO":
                lines = ("mx.test", *_OFFERS[self._mx.manner])
                self._say(verb, *(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}")
            case "HELO":
                self._say("EHLO", "250 mx.test")
            case "MAIL":
                self._recipients = 0
                self._begun = self._say(verb, "250 2.1.0 Ok")
            case "RCPT" | "DATA" if not self._begun:
                self._say("", "503 5.5.1 MAIL first")
            case "RCPT":
                self._recipients += 1
                self._say(verb if self._recipients == 2 else "", "250 2.1.5 Ok")
            case "DATA" if self._say(verb, "354 go on"):
                self._content = -1
            case "BDAT":
                self._content = int(words[0])
            case "QUIT":
                self._say(verb, "221 bye")
                self._transport.close()
        if self._mx.manner is Manner.BROKEN and self._content is None:
            self._buffer.clear()

    def _take(self) -> None:
        """Take content as far as it is there, and answer it at its end."""
        size = self._content
        if size == -1:
            end = self._buffer.find(b"\r\n.\r\n")
            size = end + 5 if end >= 0 else None
        if size is None or len(self._buffer) < size:
            return
        del self._buffer[:size]
        self._content = None
        if not self._begun:
            self._say("", "503 5.5.1 MAIL first")
            return
        self._mx.messages += self._say(".", "250 2.0.0 taken")

    def _say(self, stage: str, *lines: str) -> bool:
        """Answer at *stage*; False if the answer was the fault."""
        faulty = stage == self._mx.stage
        match self._mx.fault if faulty else "":
            case "":
                self._transport.write("".join(f"{each}\r\n" for each in lines).encode())
            case "cut":
                self._transport.close()
            case "hang":
                self._silent = True
            case reply:
                self._transport.write(f"{reply}\r\n".encode())
                if reply.startswith("421"):
                    self._transport.close()
        return not faulty
