"""What accepting costs: smtp-source against the listener with a spool that keeps nothing.

Prints messages a second, the CPU time of this process per message, which is what to go by
(smtp-source shares the machine), and the ratio to a protocol object that does nothing, sent to in
turn with ours: the speed of such machines drifts by a factor of two.

Run it as ``python bench/inbound.py [--profile]``.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import socket
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from empath.address import ServerId
from empath.bus import Bus
from empath.clock import SystemClock
from empath.config.model import Config, Inbound, Listener, Mode
from empath.inbound.listener import Reception
from empath.spool.face import Spool
from tests.fakes.null_spool import NullSpool


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Bare(asyncio.Protocol):
    """The least that smtp-source takes for a server: what the machine can do at all."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._receiving = False
        self._transport.write(b"220 bare ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Say yes to everything."""
        if self._receiving:
            if not data.endswith(b"\r\n.\r\n"):
                return
            self._receiving = False
            Bare.count += 1
        elif data.startswith(b"DATA"):
            self._receiving = True
            self._transport.write(b"354 go\r\n")
            return
        self._transport.write(b"250 ok\r\n")
        if data.startswith(b"QUIT"):
            self._transport.close()


async def _send(port: int, *, messages: int, reused: bool, counted: Callable[[], int]) -> float:
    """Run smtp-source once; prints, and returns the CPU microseconds a message."""
    gc.collect()
    gc.freeze()
    arguments = ["-s", "20", "-m", str(messages), "-l", "4096", *(["-d"] if reused else [])]
    first, before, start = counted(), time.process_time(), time.perf_counter()
    sender = await asyncio.create_subprocess_exec("smtp-source", *arguments, f"127.0.0.1:{port}")
    async with asyncio.timeout(120):
        await sender.wait()
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    count = counted() - first
    print(
        f"{count:6} messages, {count / seconds:6.0f}/s, {cpu / count * 1e6:4.0f} µs CPU a message"
        f" = {count / cpu:6.0f} messages per CPU-second"
    )
    return cpu / count


async def _measure(*, messages: int, rounds: int, profile: bool) -> None:
    port = _free_port()
    config = Config(
        mode=Mode.RELAY,
        listener=(Listener(bind=ServerId(f"127.0.0.1:{port}")),),
        inbound=Inbound(connections_per_client=1000),
    )
    spool = NullSpool(keep=False)
    reception = Reception(
        spool=cast("Spool", spool), config=lambda: config, bus=Bus(), clock=SystemClock()
    )
    await reception.open()
    bare = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0)
    bare_port = bare.sockets[0].getsockname()[1]
    for reused in (False, True):
        how = "reused" if reused else "fresh"
        ratios: list[float] = []
        for _ in range(rounds):
            print(f"{how:6} empath ", end="")
            with cProfile.Profile() if profile else nullcontext() as profiler:
                ours = await _send(
                    port, messages=messages, reused=reused, counted=lambda: spool.count
                )
            print(f"{how:6} bare   ", end="")
            least = await _send(
                bare_port, messages=messages, reused=reused, counted=lambda: Bare.count
            )
            ratios.append(ours / least)
            if profiler is not None:
                pstats.Stats(profiler).sort_stats("tottime").print_stats(28)
        print(f"{how}: {statistics.median(ratios):.2f} x the CPU of a bare protocol")
    bare.close()
    await reception.close()


def main() -> None:
    """Measure fresh connections, then reused ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    uvloop.run(_measure(messages=chosen.messages, rounds=chosen.rounds, profile=chosen.profile))


if __name__ == "__main__":
    main()
