"""What accepting costs: smtp-source against the listener with a spool that keeps nothing.

Prints messages a second and the CPU time of this process per message, which is what to go by:
smtp-source shares the machine.  Run it as ``python bench/inbound.py [--profile]``.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import socket
import sys
import time
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


async def _measure(*, messages: int, senders: int, reused: bool, profile: bool) -> None:
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
    gc.collect()
    gc.freeze()
    profiler = cProfile.Profile() if profile else None
    arguments = ["-s", str(senders), "-m", str(messages), "-l", "4096", *(["-d"] if reused else [])]
    before, start = time.process_time(), time.perf_counter()
    if profiler:
        profiler.enable()
    process = await asyncio.create_subprocess_exec("smtp-source", *arguments, f"127.0.0.1:{port}")
    await asyncio.wait_for(process.wait(), 120)
    if profiler:
        profiler.disable()
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    print(
        f"{'reused' if reused else 'fresh '}: {spool.count} messages,"
        f" {spool.count / seconds:7.0f}/s,"
        f" {cpu / spool.count * 1e6:5.0f} µs CPU a message"
        f" = {spool.count / cpu:7.0f} messages per CPU-second"
    )
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(28)
    await reception.close()


def main() -> None:
    """Measure fresh connections, then reused ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--messages", type=int, default=20_000)
    chosen = parser.parse_args()
    for reused in (False, True, False, True):
        uvloop.run(
            _measure(messages=chosen.messages, senders=20, reused=reused, profile=chosen.profile)
        )


if __name__ == "__main__":
    main()
