"""What a round trip of 50 ms costs: one connection through a delaying proxy, 200 messages.

Step by step, with PIPELINING, with the next envelope before the last reply, and with BDAT for
several messages at once.  Prints seconds, round trips a message and all ratios to the first.
DATA goes to Postfix's smtp-sink, BDAT to a small sink of ours.  The kernel here has no netem,
so the delay is a proxy's: each octet is passed on half a round trip later, in order.
Run it as ``python bench/pipelining.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from pathlib import Path
from typing import cast, final

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.outbound import Prefilled
from empath.address import BannerHostname, ServerId
from empath.bus import Bus
from empath.clock import SystemClock
from empath.config.model import Config, Delivery, Mode, Route
from empath.delivery.engine import Engine
from empath.delivery.route import RouteFinder
from empath.spool.face import Spool
from tests.fakes.chunking_sink import ChunkingSink
from tests.fakes.fixed_route import NoDns
from tests.fakes.programs import SmtpSink


@final
class Delay(asyncio.Protocol):
    """One end of a proxied connection: what comes is written to the other end later."""

    def __init__(self, seconds: float, target: int = 0) -> None:
        self._seconds = seconds
        self._target = target
        self.other: Delay | None = None
        self.waiting: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came: dial its server."""
        self.transport = cast("asyncio.Transport", transport)
        if self._target:
            self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        _, far = await loop.create_connection(
            lambda: Delay(self._seconds), "127.0.0.1", self._target
        )
        far.other, self.other = self, far
        for end in (self, far):  # What came before they knew each other.
            for data in end.waiting:
                end.data_received(data)

    def data_received(self, data: bytes) -> None:
        """Pass it on after half a round trip; timers of one length keep the order."""
        if self.other is None:
            self.waiting.append(data)
        else:
            asyncio.get_running_loop().call_later(self._seconds, self.other.write, data)

    def write(self, data: bytes) -> None:
        """It has arrived."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """So has the end."""
        if self.other is not None and self.other.transport is not None:
            asyncio.get_running_loop().call_later(self._seconds, self.other.transport.close)


async def _seconds(target: int, *, messages: int, round_trip: float, **delivery: object) -> float:
    loop = asyncio.get_running_loop()
    proxy = await loop.create_server(lambda: Delay(round_trip / 2, target), "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    settings = Delivery(
        connections_per_host=1,
        messages_per_connection=messages + 1,
        rate=0,
        **delivery,  # type: ignore[arg-type]
    )
    config = Config(
        mode=Mode.RELAY,
        hostname=BannerHostname("empath.test"),
        route=(Route(domain="*", host=ServerId(f"127.0.0.1:{port}")),),
        delivery=settings,
    )
    # Many destinations at one server, so that what is measured is the connection.
    spool = Prefilled(messages, 10)
    engine = Engine(
        spool=cast("Spool", spool),
        finder=RouteFinder(resolver=NoDns(), config=lambda: config),
        config=lambda: config,
        bus=Bus(),
        clock=SystemClock(),
        random=random.Random(1),
    )
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(engine.run())
        await asyncio.wait_for(spool.done.wait(), 300)
        seconds = time.perf_counter() - start
        task.cancel()
    proxy.close()
    return seconds


async def _measure(messages: int, round_trip: float, sink: int) -> None:
    ways: list[tuple[str, int, dict[str, object]]] = [
        ("step by step", sink, {"pipelining": False}),
        ("PIPELINING", sink, {"in_flight": 1}),
        ("PIPELINING, next envelope behind the dot", sink, {"in_flight": 8}),
    ]
    async with ChunkingSink() as chunking:
        ways.append(("BDAT, one message at a time", chunking.port, {"in_flight": 1}))
        ways += [
            (f"BDAT, {n} messages in flight", chunking.port, {"in_flight": n}) for n in (8, 32)
        ]
        first = 0.0
        print(f"{messages} messages of 4 KB, one connection, {round_trip * 1000:.0f} ms round trip")
        for name, port, delivery in ways:
            seconds = await _seconds(port, messages=messages, round_trip=round_trip, **delivery)
            first = first or seconds
            trips = seconds / messages / round_trip
            print(f"{name:42} {seconds:6.2f} s  {trips:5.2f} round trips  {first / seconds:5.1f} x")


def main() -> None:
    """Measure all ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--round-trip", type=float, default=0.05, help="seconds")
    chosen = parser.parse_args()
    with SmtpSink() as sink:
        uvloop.run(_measure(chosen.messages, chosen.round_trip, sink.port))


if __name__ == "__main__":
    main()
