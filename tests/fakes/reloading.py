"""The parts of an engine in this process, whose config file is reloaded as a running one's is.

`reloading` opens them as `empath.app` does, with the test's clock: real sockets, spool, resolver,
desk and delivery; deliveries find their lots in a spool in memory, which a test can read.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from empath.bus import Bus
from empath.config.model import Config
from empath.config.origin import Origin
from empath.control.config_apply import Wish
from empath.control.config_desk import ConfigDesk
from empath.control.config_history import History
from empath.control.config_watch import ConfigWatch
from empath.control.link import AppliedConfig, QueueImpact
from empath.control.renewals import renewals
from empath.control.standing_config import StandingConfig
from empath.delivery.engine import Engine
from empath.delivery.route import RouteFinder
from empath.envelope import Lot
from empath.events import Event
from empath.inbound.listener import Reception
from empath.observe.journal import Journal
from empath.resolver import Resolver
from empath.spool.face import Ruling
from empath.spool.store import Store
from tests.fakes.any_mx import AnyMx
from tests.fakes.clock import HandClock
from tests.fakes.memory_spool import MemorySpool
from tests.fakes.name_server import NameServer
from tests.fakes.wire_client import WireClient


class Reloading:
    """What is open while the block of `reloading` runs."""

    def __init__(
        self, file: Path, store: Store, mx: AnyMx, names: NameServer, clock: HandClock
    ) -> None:
        """Put together what can be without opening anything; the config is what *file* says."""
        self.file = file
        self.store = store
        self.clock = clock
        self.bus = Bus()
        self.published: list[Event] = []
        self.bus.fold(self.published.append)
        origin = Origin(file)
        reading = origin.read()
        self.standing = StandingConfig(origin, reading.config, text=reading.text, at=clock.now())
        config = self.standing.current
        self.lots = MemorySpool()
        self.resolver = Resolver(settings=lambda: config().dns, clock=clock)
        self.finder = RouteFinder(resolver=self.resolver, config=config, clock=clock)
        self.engine = Engine(
            spool=self.lots,  # type: ignore[arg-type] - the part an engine uses
            finder=self.finder,
            config=config,
            bus=self.bus,
            clock=clock,
            random=random.Random(1),
        )
        self.reception = Reception(spool=store, config=config, bus=self.bus, clock=clock)
        self.journal = Journal(lambda: config().log, clock=clock)
        self.history = History(store.path)
        self.desk = ConfigDesk(
            standing=self.standing,
            history=self.history,
            renewals=renewals(
                config,
                reception=self.reception,
                engine=self.engine,
                store=store,
                resolver=self.resolver,
            ),
            impact=no_impact,
            spool=store,
            bus=self.bus,
            clock=clock,
        )
        self.watch = ConfigWatch(self.desk, self.standing, report=_raise)
        self.mx = mx
        self.names = names
        self.clients: list[WireClient] = []
        self.numbers = itertools.count(1)
        """For what must be like no other."""

    @property
    def port(self) -> int:
        """Where the first listener answers."""
        return self.standing.current().listener[0].bind.port

    async def say(self, text: str) -> AppliedConfig:
        """Have the file say *text*, and reload."""
        self.file.write_text(text)
        return await self.desk.change(Wish(actor="a test", source="reload"))

    async def connect(self) -> WireClient:
        """A client, before its greeting."""
        client = await WireClient.connect(self.port)
        self.clients.append(client)
        return client

    async def ready(self) -> WireClient:
        """A client that has said EHLO."""
        client = await self.connect()
        await client.reply()
        assert (await client.say(b"EHLO client.test")).startswith(b"250")
        return client

    async def leave(self) -> None:
        """Have all clients leave."""
        for client in self.clients:
            client.reset()
        self.clients.clear()
        async with asyncio.timeout(10):
            while self.reception.sessions:  # noqa: ASYNC110 - it knows nothing of tests
                await asyncio.sleep(0.001)

    async def attempt(self, lot: Lot) -> Sequence[Ruling]:
        """Have *lot* tried once; what was ruled."""
        before, events = len(self.lots.rulings), len(self.lots.events)
        self.lots.arrive(lot)
        await self.lots.recorded(events + 1)
        return self.lots.rulings[before:]


async def no_impact(_old: Config, _new: Config) -> tuple[Sequence[QueueImpact], int]:
    """Of a desk that does not look at the queue for a plan."""
    return (), 0


def _raise(_task: str, error: Exception) -> None:
    raise error


@asynccontextmanager
async def reloading(
    folder: Path, text: str, mx: AnyMx, names: NameServer
) -> AsyncIterator[Reloading]:
    """Open everything on a config file in *folder* that says *text*; its routes lead to *mx*."""
    clock = HandClock()
    file = folder / "empath.toml"
    file.touch(0o600)
    file.write_text(text)
    async with AsyncExitStack() as opened:
        store = await Store.open(Origin(file).read().config.spool, clock=clock)
        opened.push_async_callback(store.close)
        parts = Reloading(file, store, mx, names, clock)
        await parts.reception.open()
        opened.push_async_callback(parts.reception.close)
        await parts.desk.begin()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(parts.engine.run())
            try:
                yield parts
            finally:
                mx.answer_all()
                await parts.leave()
                await parts.engine.drain(1)
                running.cancel()
