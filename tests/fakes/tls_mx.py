"""A mail server with a chosen identity and a chosen fault, behind a tap on its wire.

Used as ``async with TlsMx("expired") as mx``; the faults are those of the table in
docs/TLS.md.  `wire` is every octet that a client sent, as it went over the wire, before
anybody could have made anything of it: what was sent in clear stands there in clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from types import TracebackType
from typing import Final, Self

from tests.fakes.identities import server_context
from tests.fakes.tap import Tap, unchanged

_BEHAVIOUR: Final = {
    "TLS 1.0 only",
    "no STARTTLS",
    "STARTTLS refused (454)",
    "cut in the handshake",
    "handshake hangs",
    "stripped by a proxy",
    "plaintext behind 220",
}


def _strip(said: bytes) -> bytes:
    return said.replace(b"250-STARTTLS\r\n", b"")


class TlsMx:
    """Takes mail at a port of 127.0.0.1, or another *host*."""

    def __init__(self, fault: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """*fault* is ``good`` or a row of the table."""
        self._fault = fault
        self._place = host, port
        kind = "good" if fault in _BEHAVIOUR else fault
        self._context = server_context(kind, old=fault == "TLS 1.0 only")
        self.contents: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._place
        stripping = self._fault == "stripped by a proxy"
        self._tap = Tap(
            self._server.sockets[0].getsockname()[1],
            host=host,
            port=port,
            change=_strip if stripping else unchanged,
        )
        await self._tap.__aenter__()
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._tap.port

    @property
    def wire(self) -> bytes:
        """What clients sent, as it went over the wire."""
        return bytes(self._tap.wire)

    @property
    def connections(self) -> int:
        """How many there were."""
        return self._tap.connections

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tap.__aexit__(None, None, None)
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _remember(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The server.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._remember()
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The client went away, or did not like what it was shown.
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.there.test ESMTP\r\n")
        secure = False
        while True:
            line = (await reader.readuntil(b"\r\n"))[:-2].upper()
            match line.split(b" ")[0].split(b":")[0]:
                case b"EHLO":
                    offer = secure or self._fault == "no STARTTLS"
                    starttls = b"" if offer else b"250-STARTTLS\r\n"
                    writer.write(b"250-mx.there.test\r\n" + starttls + b"250 8BITMIME\r\n")
                case b"STARTTLS":
                    secure = await self._start_tls(reader, writer)
                    if not secure and self._fault != "STARTTLS refused (454)":
                        return
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    self.contents.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                    writer.write(b"250 2.0.0 taken\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 Ok\r\n")
            await writer.drain()

    async def _start_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        match self._fault:
            case "STARTTLS refused (454)":
                writer.write(b"454 4.7.0 TLS not available\r\n")
                return False
            case "plaintext behind 220":
                writer.write(b"220 go\r\n250 mx.there.test\r\n")
                await reader.read()
                return False
        writer.write(b"220 go\r\n")
        await writer.drain()
        match self._fault:
            case "cut in the handshake":
                await reader.read(1)
                return False
            case "handshake hangs":
                await reader.read()
                return False
        if self._fault == "TLS 1.0 only":
            writer.write(self._refuse(await reader.read(65536)))
            await reader.read()
            return False
        try:
            await writer.start_tls(self._context)
        except ssl.SSLError:
            return False
        return True

    def _refuse(self, hello: bytes) -> bytes:
        """What the TLS library says to a client it has no version in common with.

        An event loop would close the connection before that has left.
        """
        said, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
        said.write(hello)
        with contextlib.suppress(ssl.SSLError):
            self._context.wrap_bio(said, answer, server_side=True).do_handshake()
        return answer.read()
