"""What every small server of the tests is: a port of 127.0.0.1 that is open within ``async with``.

`Served` is for servers of protocols, `Conversing` for those that read and write streams, a task a
connection; at its end it cancels what still talks.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Served(ABC):
    """Gives each connection a `session`."""

    port = 0

    @abstractmethod
    def session(self) -> asyncio.Protocol:
        """What serves one connection."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.session, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()


class Conversing(ABC):
    """Has a `conversation` on each connection.

    One ends when the client goes away, and with the server.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None
    ) -> None:
        """With *context*, connections begin in TLS."""
        self.port = port
        self.connections = 0
        """All there ever were."""
        self.peers: list[str] = []
        """The addresses that clients came from."""
        self._host = host
        self._tls = context
        self._open: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self._host, self.port, limit=2**22, ssl=self._tls
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        self.peers.append(writer.get_extra_info("peername")[0])
        try:
            await self.conversation(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The client went away, or the test is over.
        finally:
            self._open.discard(task)
            writer.close()
