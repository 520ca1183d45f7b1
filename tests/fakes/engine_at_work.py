"""An engine that runs while a test looks, on a spool in memory, and what servers say to it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from empath.bus import Bus
from empath.config.model import Config
from empath.delivery.engine import Engine
from empath.delivery.route import RouteFinder
from empath.events import (
    Event,
)
from tests.fakes.clock import HandClock
from tests.fakes.fixed_route import finder
from tests.fakes.memory_spool import ARRIVED, MemorySpool
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, hello

GOOD = (*hello("SIZE 1000"), *ONE_MESSAGE)
REFUSED = (*hello(), "> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no such user")
LATER = (*hello(), "> MAIL", "< 451 4.3.0 later")
HANGING = (*hello(), "> MAIL", Do.HANG)


class Running:
    """An engine at work on a spool in memory, and what it published."""

    def __init__(
        self, spool: MemorySpool, config: Config, *, at: float, routes: RouteFinder | None
    ) -> None:
        self.clock = HandClock(at)
        self.config = config
        """In force; a test may put another in its place."""
        self.bus = Bus()
        self.published: list[Event] = []
        self.bus.fold(self.published.append)
        self.engine = Engine(
            spool=spool,  # type: ignore[arg-type] - the part an engine uses
            finder=routes or finder(config),
            config=lambda: self.config,
            bus=self.bus,
            clock=self.clock,
            random=random.Random(1),
        )
        self.engine._recorder.first_pause = 0.01

    def kinds(self) -> list[str]:
        """The names of the events published."""
        return [type(event).__name__ for event in self.published]


@asynccontextmanager
async def running(
    spool: MemorySpool,
    config: Config,
    *,
    at: float = ARRIVED + 1,
    routes: RouteFinder | None = None,
) -> AsyncIterator[Running]:
    """An engine that runs while the block does."""
    parts = Running(spool, config, at=at, routes=routes)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(parts.engine.run())
        try:
            yield parts
        finally:
            task.cancel()
