from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from empath.bus import Bus
from empath.config.model import Config
from empath.delivery.engine import Engine
from empath.events import AttemptEnded, Event
from empath.reply import Delivered
from tests.fakes.clock import HandClock
from tests.fakes.fixed_route import finder, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello


class Running:
    """An engine at work on a spool in memory, and what it published."""

    def __init__(self, spool: MemorySpool, config: Config, *, at: float = ARRIVED + 1) -> None:
        self.clock = HandClock(at)
        self.bus = Bus()
        self.published: list[Event] = []
        self.bus.fold(self.published.append)
        self.engine = Engine(
            spool=spool,  # type: ignore[arg-type] - the part an engine uses
            finder=finder(config),
            config=lambda: config,
            bus=self.bus,
            clock=self.clock,
            random=random.Random(1),
        )

    def ended(self) -> list[AttemptEnded]:
        return [event for event in self.published if isinstance(event, AttemptEnded)]


@asynccontextmanager
async def running(
    spool: MemorySpool, config: Config, *, at: float = ARRIVED + 1
) -> AsyncIterator[Running]:
    parts = Running(spool, config, at=at)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(parts.engine.run())
        try:
            yield parts
        finally:
            task.cancel()


async def test_a_due_message_is_delivered_recorded_and_then_published() -> None:
    """What is due goes out at once, and its event follows its record."""
    spool = MemorySpool(lot())
    async with (
        ScriptedMx((*hello("SIZE 1000"), *ONE_MESSAGE)) as mx,
        running(spool, routed(mx.port)) as parts,
    ):
        await spool.recorded(1)
        await asyncio.sleep(0)
        [event] = parts.ended()
    assert isinstance(spool.rulings[0].outcome, Delivered)
    assert event.stage == "DONE"
    assert event.server == f"127.0.0.1:{mx.port}"
    assert event.transcript == ()
    assert spool.leased == []
