"""An engine as its operator meets it: real spool, real names, real bus; nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from empath import codec
from empath.address import Domain, EmailAddress, ServerId
from empath.bus import Bus
from empath.config.model import Config, Mode, Spool
from empath.config.origin import Origin as ConfigOrigin
from empath.config.units import ByteSize
from empath.control.config_desk import ConfigDesk
from empath.control.config_history import History
from empath.control.config_impact import ConfigImpact
from empath.control.link import Request
from empath.control.operator import LocalLink
from empath.control.standing_config import StandingConfig
from empath.delivery.gates import Gates, written
from empath.delivery.progress import Position
from empath.delivery.releasing import Releases
from empath.delivery.route import RouteFinder
from empath.envelope import Envelope, MessageId, Origin, Priority, Recipient
from empath.events import Event, OperatorActed
from empath.observe.encryption import EncryptionLedger
from empath.observe.health import LoopLag
from empath.observe.metrics import Counters
from empath.own_addresses import own_listeners
from empath.policy.reachability import Place, Reachability, Unreached
from empath.policy.verdict import Hold
from empath.resolver import Resolver
from empath.spool.store import Store
from tests.fakes.clock import HandClock

R = TypeVar("R")


class WiredLink(LocalLink):
    """A link whose every answer could go over the wire, and come back as it was."""

    async def ask(self, request: Request[R]) -> R:
        reply = await super().ask(request)
        assert codec.decode(type(reply), codec.encode(reply)) == reply
        return reply


@dataclass
class Figures:
    """What delivery and reception say of themselves."""

    active: int = 0
    sessions: int = 3
    open: dict[Domain, int] = field(default_factory=dict)
    gates: Gates = field(default_factory=lambda: Gates(Config))
    holds: tuple[Hold, ...] = ()
    running: dict[MessageId, Position] = field(default_factory=dict)
    dead: Reachability = field(default_factory=Reachability)
    woken: int = 0
    kept: list[str] = field(default_factory=list)

    def explain(self, destination: Domain, priority: Priority) -> tuple[Hold, ...]:
        return (*self.gates.holds(destination, HandClock().now()), *self.holds)

    def position(self, id: MessageId, destination: Domain) -> Position | None:
        return self.running.get(id)

    def unreached(self) -> Mapping[Place, Unreached]:
        return self.dead.standing(HandClock().now())

    def wake(self) -> None:
        self.woken += 1

    async def keep_gates(self) -> None:
        self.kept.append(written(self.gates.kept(0.0)))

    def connections(self) -> Mapping[Domain, int]:
        return self.open


@dataclass
class Desk:
    """The parts, and the link in front of them."""

    config: Config
    clock: HandClock
    store: Store
    bus: Bus
    figures: Figures
    resolver: Resolver
    finder: RouteFinder
    link: LocalLink
    lag: LoopLag
    counters: Counters
    releases: Releases
    """What sends captured mail, once a test runs it; the link has it in dev mode."""
    published: list[Event] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    @property
    def acted(self) -> list[OperatorActed]:
        """What was published of operators."""
        return [event for event in self.published if isinstance(event, OperatorActed)]

    async def accept(
        self,
        *recipients: str,
        body: bytes = b"Subject: Hello\r\n\r\nHello\r\n",
        subject: str = "Hello",
        hold: str = "",
        sender: str | None = "ada@example.org",
    ) -> MessageId:
        """Have a message accepted."""
        envelope = Envelope(
            None if sender is None else EmailAddress(sender),
            tuple(Recipient(EmailAddress(one)) for one in recipients or ("bob@example.net",)),
        )
        draft = self.store.draft()
        for start in range(0, len(body), 65536):
            draft.write(body[start : start + 65536])
            if draft.pressed:
                await draft.drain()
        origin = Origin(client="192.0.2.9", helo="client.example", protocol="ESMTP")
        prefix = b"Received: from client.example\r\n"
        return await draft.commit(envelope, origin, prefix=prefix, subject=subject, hold=hold)

    def configure(self, **changes: object) -> None:
        """Change the config in force."""
        self.config = msgspec.structs.replace(self.config, **changes)


@asynccontextmanager
async def desk(
    folder: Path, *, mode: Mode = Mode.RELAY, listeners: Sequence[str] = ()
) -> AsyncIterator[Desk]:
    """An engine that keeps its mail below *folder*, and listens, it says, at *listeners*."""
    spool = Spool(path=folder / "spool", min_free=ByteSize(0))
    config = Config(mode=mode, spool=spool)
    clock, bus, figures = HandClock(), Bus(), Figures()
    counters, lag, encryption = Counters(), LoopLag(clock), EncryptionLedger()
    bus.fold(counters)
    bus.fold(encryption)
    store = await Store.open(spool, clock=clock)
    stopped: list[str] = []
    published: list[Event] = []
    bus.fold(published.append)
    parts: list[Desk] = []

    def current() -> Config:
        return parts[0].config if parts else config

    resolver = Resolver(settings=lambda: current().dns, clock=clock)
    own = own_listeners([ServerId(each) for each in listeners])
    finder = RouteFinder(resolver=resolver, config=current, own_listeners=lambda: own, clock=clock)
    standing = StandingConfig(
        ConfigOrigin(None, adapt=lambda _: current()), config, text="", at=clock.now()
    )
    configs = ConfigDesk(
        standing=standing,
        history=History(store.path),
        renewals=(),
        impact=ConfigImpact(spool=store, finder=finder, encryption=encryption, clock=clock).impact,
        spool=store,
        bus=bus,
        clock=clock,
    )
    releases = Releases(spool=store, finder=finder, config=current, bus=bus, clock=clock)
    link = WiredLink(
        releases=releases if mode is Mode.DEV else None,
        configs=configs,
        encryption=encryption,
        spool=store,
        engine=figures,
        finder=finder,
        resolver=resolver,
        reception=figures,
        bus=bus,
        clock=clock,
        config=current,
        metrics=counters,
        lag=lag,
        stop=stopped.append,
        listeners=lambda: ("127.0.0.1:1025",),
    )
    parts.append(
        Desk(
            config,
            clock,
            store,
            bus,
            figures,
            resolver,
            finder,
            link,
            lag,
            counters,
            releases,
            published,
            stopped,
        )
    )
    try:
        async with asyncio.TaskGroup() as group:
            work = group.create_task(link.work())
            yield parts[0]
            work.cancel()
    finally:
        async with asyncio.timeout(10):
            await store.close()


async def fill(engine: Desk, count: int, domain: str = "example.net") -> None:
    """Have so many messages accepted."""
    drafts = (engine.accept(f"u{number}@{domain}") for number in range(count))
    await asyncio.gather(*drafts)
