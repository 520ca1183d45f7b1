"""A mail server that plays a script: a real socket, one script a connection.

Used as ``async with ScriptedMx(script, script, …) as mx``.  A script is a sequence of
``"< 220 hello"`` (say a line), ``"> MAIL FROM:<a@x.test>"`` (hear a line that begins so),
octets to send as they are, and `Do`.  On leaving, whatever went otherwise fails the test.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import ssl
import struct
from types import TracebackType

from tests.fakes.serving import Conversing


class Do(enum.Enum):
    """What a server does beside talking."""

    CONTENT = "read the content up to the final dot"
    TLS = "wrap the connection in TLS"
    HANG = "say and read nothing more"
    CLOSE = "close the connection"
    RESET = "reset the connection"
    BDAT = "read one BDAT and its octets"
    SOME_CONTENT = "read one piece of the content"
    FLOOD = "send octets without end"
    TRICKLE = "send a line of a reply now and then, without end"
    WAIT = "wait until the test sets `go`"


Script = tuple[str | bytes | Do, ...]

HELLO: Script = ("< 220 mx.test ESMTP", "> EHLO empath.test", "< 250 mx.test")


def hello(*extensions: str) -> Script:
    """The beginning of a session whose server offers *extensions*."""
    lines = ("mx.test", *extensions)
    replies = tuple(f"< 250-{line}" for line in lines[:-1])
    return ("< 220 mx.test ESMTP", "> EHLO empath.test", *replies, f"< 250 {lines[-1]}")


ONE_MESSAGE: Script = (
    "> MAIL FROM:<",
    "< 250 2.1.0 Ok",
    "> RCPT TO:<",
    "< 250 2.1.5 Ok",
    "> DATA",
    "< 354 go on",
    Do.CONTENT,
    "< 250 2.0.0 taken",
)
QUIT: Script = ("> QUIT", "< 221 bye")


class ScriptedMx(Conversing):
    """Listens at a port of 127.0.0.1; `contents` is what came as content, unstuffed not."""

    def __init__(
        self, *scripts: Script, context: ssl.SSLContext | None = None, implicit: bool = False
    ) -> None:
        """*context* is for `Do.TLS`; with *implicit* connections begin in TLS."""
        super().__init__(context=context if implicit else None)
        self._scripts = list(scripts)
        self._context = context
        self.go = asyncio.Event()
        self.contents: list[bytes] = []
        self.heard: list[str] = []
        self.problems: list[str] = []

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if error is None:
            assert not self.problems, self.problems

    async def conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number = self.connections - 1
        if number >= len(self._scripts):
            self.problems.append(f"connection {number + 1} was not expected")
        else:
            await self._play(self._scripts[number], reader, writer)

    async def _play(
        self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for line in script:
            if isinstance(line, Do):
                if line is Do.CLOSE:
                    return
                await self._do(line, reader, writer)
            elif isinstance(line, bytes) or line.startswith("< "):
                writer.write(line if isinstance(line, bytes) else line[2:].encode() + b"\r\n")
                await writer.drain()
            else:
                heard = (await reader.readuntil(b"\r\n"))[:-2].decode()
                self.heard.append(heard)
                if not heard.startswith(line[2:]):
                    self.problems.append(f"heard {heard!r} where {line!r} was due")
                    return

    async def _do(
        self, what: Do, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match what:
            case Do.CONTENT:
                self.contents.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
            case Do.BDAT:
                line = (await reader.readuntil(b"\r\n")).decode()
                self.heard.append(line.rstrip())
                self.contents.append(await reader.readexactly(int(line.split()[1])))
            case Do.SOME_CONTENT:
                await reader.read(1000)
            case Do.TLS:
                await writer.start_tls(self._context)  # type: ignore[arg-type]
            case Do.WAIT:
                await self.go.wait()
            case Do.HANG:
                await asyncio.Event().wait()
            case Do.FLOOD:
                while True:
                    writer.write(b"220-" + b"x" * 60 + b"\r\n")
                    await writer.drain()
            case Do.TRICKLE:
                while True:
                    writer.write(b"220-still here\r\n")
                    await asyncio.sleep(0.02)  # Its slowness is what is tested.
            case Do.RESET:
                linger = struct.pack("ii", 1, 0)
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
