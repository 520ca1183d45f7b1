"""A mail server that takes whatever it is given, and remembers how it was said.

It offers PIPELINING and CHUNKING and no STARTTLS.  `answer` may be set to another reply to MAIL,
and `hold` makes it say nothing to MAIL until `answer_all`.
"""

from __future__ import annotations

import asyncio

from tests.fakes.serving import Conversing

OFFERED = b"250-mx.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"


class AnyMx(Conversing):
    """Listens at a port of 127.0.0.1."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = b"250 2.1.0 Ok\r\n"
        """What it says to MAIL."""
        self.waiting = 0
        """Those that are not told what they are to MAIL."""
        self.heard: list[bytes] = []
        """Lines of commands."""
        self.together = 0
        """Most commands that came at once."""
        self._go = asyncio.Event()
        self._go.set()

    def hold(self) -> None:
        """Say nothing to MAIL from now on."""
        self._go.clear()

    def answer_all(self) -> None:
        """Say what is due."""
        self._go.set()

    async def conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"220 mx.test ESMTP\r\n")
        peer = _Peer(reader)
        while True:
            line = await peer.line()
            self.heard.append(line)
            self.together = max(self.together, peer.at_once)
            match line.split()[0].upper():
                case b"EHLO":
                    writer.write(OFFERED)
                case b"MAIL":
                    self.waiting += 1
                    await self._go.wait()
                    self.waiting -= 1
                    writer.write(self.answer)
                case b"DATA" if self.answer.startswith(b"250"):
                    writer.write(b"354 go on\r\n")
                    while await peer.line() != b".":
                        pass
                    writer.write(b"250 2.0.0 taken\r\n")
                case b"BDAT":
                    await peer.exactly(int(line.split()[1]))
                    writer.write(b"250 2.0.0 taken\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case b"RCPT" if self.answer.startswith(b"250"):
                    writer.write(b"250 2.1.5 Ok\r\n")
                case b"RSET":
                    writer.write(b"250 2.0.0 Ok\r\n")
                case _:
                    writer.write(b"503 5.5.1 not now\r\n")


class _Peer:
    """What a client says, and how much of it came at once."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._buffer = b""
        self.at_once = 0
        """Lines that came with the last that was read, it included."""

    async def line(self) -> bytes:
        """The next line, without its end."""
        while b"\r\n" not in self._buffer:
            await self._more()
        self.at_once += 1
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def exactly(self, count: int) -> None:
        """Take so many octets."""
        while len(self._buffer) < count:
            await self._more()
        self._buffer = self._buffer[count:]

    async def _more(self) -> None:
        self.at_once = 0
        octets = await self._reader.read(65536)
        if not octets:
            raise ConnectionResetError
        self._buffer += octets
