"""A tap on a wire: passes octets on between a client and a server, and keeps the client's.

Used as ``async with Tap(port) as tap``; `wire` is what went over the wire, so what was sent
in clear stands there in clear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.fakes.serving import Conversing

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def unchanged(data: bytes) -> bytes:
    """A proxy that leaves alone what the server says."""
    return data


class Tap(Conversing):
    """Listens at `port` of *host* before the server at *target* of 127.0.0.1."""

    def __init__(
        self,
        target: int,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        change: Callable[[bytes], bytes] = unchanged,
    ) -> None:
        """*change* is done to what the server says, a piece at a time."""
        super().__init__(host=host, port=port)
        self._target = target
        self._change = change
        self.wire = bytearray()

    async def conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inward, outward = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump((reader, outward), heard=True))
                both.create_task(self._pump((inward, writer), heard=False))
        except* OSError:
            pass  # One of them went away.
        finally:
            outward.close()

    async def _pump(self, pair: Pair, *, heard: bool) -> None:
        reader, writer = pair
        while data := await reader.read(65536):
            if heard:
                self.wire += data
            writer.write(data if heard else self._change(data))
            await writer.drain()
        writer.close()
