# ruff: noqa: ARG002 - a spool answers to its face
"""What delivering costs: the engine on a prefilled spool that keeps nothing, to smtp-sink.

Prints messages a second and the CPU time of this process per message, which is what to go by:
smtp-sink shares the machine.  Run it as ``python bench/outbound.py [--profile]``.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import random
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from empath.address import BannerHostname, Domain, EmailAddress, ServerId
from empath.bus import Bus
from empath.clock import SystemClock
from empath.config.model import Config, Delivery, Mode, Route
from empath.config.units import Duration
from empath.delivery.engine import Engine
from empath.delivery.route import RouteFinder
from empath.envelope import Lane, Lot, MessageId, Priority, Recipient, Waiting
from empath.events import MessageEvent
from empath.policy.room import Room
from empath.reply import Delivered
from empath.spool.face import Notification, Ruling, Spool
from tests.fakes.fixed_route import NoDns
from tests.fakes.programs import SmtpSink

BODY = b"Subject: bench\r\n\r\n" + (b"x" * 70 + b"\r\n") * 56


class Inline:
    """A small body in memory."""

    size = len(BODY)
    octets = BODY

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        """All of it at once."""
        yield BODY

    async def head(self, limit: int) -> bytes:
        """Its start."""
        return BODY[:limit]


class Prefilled:
    """As many messages as are asked for; what is recorded is counted and forgotten."""

    def __init__(self, messages: int, destinations: int) -> None:
        now = time.time()  # noqa: TID251 - a bench has no clock but the machine's
        self.messages = messages
        self.delivered = 0
        self.done = asyncio.Event()
        self._lots: dict[Domain, deque[Lot]] = {}
        for number in range(messages):
            domain = Domain(f"d{number % destinations}.test")
            self._lots.setdefault(domain, deque()).append(
                Lot(
                    id=MessageId.compose(int(now * 1000), number),
                    destination=domain,
                    recipients=(Waiting(0, Recipient(EmailAddress(f"b@{domain}")), 0),),
                    reverse_path=EmailAddress("a@sender.test"),
                    priority=Priority.NORMAL,
                    received_at=now,
                    due_at=now,
                    size=len(BODY),
                )
            )
        self._content = Inline()

    async def due(
        self,
        now: float,
        *,
        limit: int | Room,
        per_destination: int,
        full: Collection[Domain] = (),
        crowded: Collection[Lane] = (),
    ) -> Sequence[Lot]:
        """Some of the rest."""
        left = limit.left if isinstance(limit, Room) else limit
        taken: list[Lot] = []
        for domain, lots in self._lots.items():
            if domain not in full and (domain, Priority.NORMAL) not in crowded:
                count = min(per_destination, left - len(taken), len(lots))
                taken += [lots.popleft() for _ in range(count)]
        return taken

    async def setting(self, key: str) -> str | None:
        """None was kept."""
        return None

    async def keep(self, key: str, value: str | None) -> None:
        """Forget it."""

    async def next_due(self, now: float) -> float | None:
        """Now, while there are any."""
        return now if any(self._lots.values()) else None

    async def wait_arrival(self) -> None:
        """Nothing arrives."""
        await asyncio.Event().wait()

    def begin(self, lot: Lot) -> Lot | None:
        """Always."""
        return lot

    async def content(self, id: MessageId) -> Inline:
        """The same for all."""
        return self._content

    async def record(
        self,
        lot: Lot,
        rulings: Sequence[Ruling],
        event: MessageEvent,
        notifications: Sequence[Notification] = (),
    ) -> Sequence[MessageId]:
        """Count it."""
        if not isinstance(rulings[0].outcome, Delivered):
            raise SystemExit(f"not delivered: {rulings[0].outcome}")
        self.delivered += 1
        if self.delivered == self.messages:
            self.done.set()
        return ()

    async def give_back(self, lot: Lot, due_at: float | None = None) -> None:
        """An attempt failed, which here it must not."""
        raise SystemExit("an attempt was given back")


async def _measure(
    *, messages: int, destinations: int, reused: bool, port: int, profile: bool
) -> None:
    config = Config(
        mode=Mode.RELAY,
        hostname=BannerHostname("empath.test"),
        route=(Route(domain="*", host=ServerId(f"127.0.0.1:{port}")),),
        delivery=Delivery(messages_per_connection=1000, idle_timeout=Duration(5 if reused else 0)),
    )
    spool = Prefilled(messages, destinations)
    engine = Engine(
        spool=cast("Spool", spool),
        finder=RouteFinder(resolver=NoDns(), config=lambda: config),
        config=lambda: config,
        bus=Bus(),
        clock=SystemClock(),
        random=random.Random(1),
    )
    gc.collect()
    gc.freeze()
    profiler = cProfile.Profile() if profile else None
    before, start = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        if profiler:
            profiler.enable()
        task = group.create_task(engine.run())
        await asyncio.wait_for(spool.done.wait(), 300)
        if profiler:
            profiler.disable()
        seconds, cpu = time.perf_counter() - start, time.process_time() - before
        task.cancel()
    print(
        f"{'reused' if reused else 'fresh '} {destinations:3} destinations: "
        f"{messages} messages, {messages / seconds:7.0f}/s, "
        f"{cpu / messages * 1e6:5.0f} µs CPU a message = {messages / cpu:7.0f} per CPU-second"
    )
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    """Measure fresh connections, then reused ones, to one destination and to many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--messages", type=int, default=20_000)
    chosen = parser.parse_args()
    with SmtpSink() as sink:
        for destinations in (1, 50):
            for reused in (False, True):
                uvloop.run(
                    _measure(
                        messages=chosen.messages,
                        destinations=destinations,
                        reused=reused,
                        port=sink.port,
                        profile=chosen.profile,
                    )
                )


if __name__ == "__main__":
    main()
