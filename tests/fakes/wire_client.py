"""An SMTP client that sends just the octets a test gives it, and reads whole replies."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Self

WAIT = 10.0


class WireClient:
    """One connection; every wait has an end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(
        cls, port: int, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> Self:
        async with asyncio.timeout(WAIT):
            name = "mx.test" if tls else None
            return cls(*await asyncio.open_connection(host, port, ssl=tls, server_hostname=name))

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def reply(self) -> bytes:
        """One reply with all its lines; empty when the server has closed."""
        reply = b""
        async with asyncio.timeout(WAIT):
            while True:
                line = await self.reader.readline()
                reply += line
                if line[3:4] != b"-":
                    return reply

    async def say(self, line: bytes) -> bytes:
        """Send one line; its reply."""
        self.send(line + b"\r\n")
        return await self.reply()

    async def play(self, *script: tuple[bytes, bytes]) -> None:
        """Lines and how their replies begin, in turn."""
        for said, answered in script:
            reply = await self.say(said)
            assert reply.startswith(answered), f"{said!r}: {reply!r}"

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(WAIT):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands."""
        await self.writer.start_tls(context, server_hostname="mx.test")

    def hang_up(self) -> None:
        """Close without a word."""
        self.writer.close()

    def reset(self) -> None:
        """End with a RST, so that the server cannot take it for a half-close."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.writer.transport.abort()
