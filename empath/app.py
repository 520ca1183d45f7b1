"""Where everything meets: builds each part once, and gives the parts what they need.

`run` opens spool, resolver, delivery, listeners and control socket in that order and closes
them in the reverse one, so a message that a client was told 250 for always has an open spool
below it; in between is the engine's `Lifetime`.  A start that fails raises the part's own error,
whose sentence is for the operator: `SpoolInUse`, `SpoolUnusable`, `ListenerRefused`,
`SocketUnusable`.  An essential task that ends on a bug stops the engine and raises `EngineFault`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from empath.bus import Bus
from empath.clock import Clock, SystemClock
from empath.config.model import Config, LogLevel, Mode
from empath.config.origin import Origin
from empath.control.capture_limit import CaptureLimit
from empath.control.config_desk import ConfigDesk
from empath.control.config_history import History
from empath.control.config_impact import ConfigImpact
from empath.control.config_watch import ConfigWatch
from empath.control.doors import control_socket, open_doors
from empath.control.metrics_door import MetricsDoor
from empath.control.operator import LocalLink
from empath.control.overrides import OverridesUnreadable, load_overrides
from empath.control.renewals import renewals
from empath.control.standing_config import StandingConfig
from empath.delivery.engine import Engine
from empath.delivery.releasing import Releases
from empath.delivery.route import RouteFinder
from empath.events import ConfigLoaded, EngineStarted
from empath.inbound.listener import Reception
from empath.lifetime import Drain, Lifetime, Work
from empath.observe.encryption import EncryptionLedger
from empath.observe.figures import Figures
from empath.observe.health import LoopLag
from empath.observe.journal import Journal
from empath.observe.metrics import Counters
from empath.observe.vitals import Vitals
from empath.own_addresses import own_addresses, own_listeners
from empath.resolver import Resolver
from empath.spool.store import Store
from empath.version import VERSION


class EngineFault(Exception):
    """A task that the engine cannot do without ended on a bug; the message names it."""


@dataclass(frozen=True, slots=True)
class Running:
    """The engine as its companion on the terminal sees it."""

    config: Config
    addresses: tuple[str, ...]
    """Where the listeners answer."""
    socket: Path
    journal: Journal
    stopping: asyncio.Event
    """Set once the engine was asked to stop."""


Companion = Callable[[Running], Awaitable[None]]
"""Runs beside the engine, such as the console's process; cancelled when the engine ends."""


def run(
    config: Config,
    *,
    source: str,
    origin: Origin | None = None,
    text: str = "",
    companion: Companion | None = None,
    hangup_stops: bool = False,
    debug: bool = False,
) -> None:
    """Run the engine until it is asked to stop.

    *source* names the config in the log; *origin* is where it is read from again, and *text* what
    was read there.  Without one a reload changes nothing.  With *hangup_stops*, SIGHUP is an
    orderly stop (the terminal is gone); else a reload.  *debug* prints the traceback of a bug.
    """
    _allow_many_files()
    standing = StandingConfig(
        origin or Origin(None, adapt=lambda _: config), config, text=text, at=SystemClock().now()
    )
    empath = _Empath(standing, source, companion, hangup_stops=hangup_stops, debug=debug)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(empath.run())


class _Empath:
    """One run of the engine."""

    def __init__(
        self,
        standing: StandingConfig,
        source: str,
        companion: Companion | None,
        *,
        hangup_stops: bool,
        debug: bool,
    ) -> None:
        self._standing = standing
        self._source = source
        self._companion = companion
        self._clock: Clock = SystemClock()
        self._bus = Bus()
        self._counters = Counters()
        self._figures = Figures()
        self._lag = LoopLag(self._clock)
        self._journal = Journal(lambda: self._config.log, clock=self._clock)
        self._life = Lifetime(
            bus=self._bus,
            clock=self._clock,
            journal=self._journal,
            hangup_stops=hangup_stops,
            debug=debug,
        )

    async def run(self) -> None:
        """Open, serve until asked to stop, close."""
        self._bus.fold(self._counters)
        self._bus.fold(self._figures)
        self._bus.fold(self._journal)
        self._life.watch()
        self._journal.start()
        try:
            async with contextlib.AsyncExitStack() as parts:
                await self._serve(parts)
        finally:
            self._journal.close()
        if self._life.fault:
            raise EngineFault(f"The engine stopped on an error of its own: {self._life.fault}")

    async def _serve(self, parts: contextlib.AsyncExitStack) -> None:
        config = self._standing.current
        store = await Store.open(self._config.spool, clock=self._clock)
        parts.push_async_callback(store.close)
        resolver = Resolver(settings=lambda: self._config.dns, clock=self._clock)
        binds = [listener.bind for listener in self._config.listener]
        own, listeners = own_addresses(binds), own_listeners(binds)
        finder = RouteFinder(
            resolver=resolver,
            config=config,
            own_addresses=lambda: own,
            own_listeners=lambda: listeners,
            clock=self._clock,
        )
        engine: Engine | None = None
        releases: Releases | None = None
        if self._config.mode is Mode.DEV:
            releases = Releases(
                spool=store, finder=finder, config=config, bus=self._bus, clock=self._clock
            )
        else:
            engine = Engine(
                spool=store,
                finder=finder,
                config=config,
                bus=self._bus,
                clock=self._clock,
                random=random.Random(),  # noqa: S311 - jitter and the order of equal hosts
            )
        try:
            await load_overrides(store, finder)
        except OverridesUnreadable as error:
            self._journal.say(str(error), LogLevel.WARNING)
        reception = Reception(spool=store, config=config, bus=self._bus, clock=self._clock)
        addresses = await reception.open()
        parts.push_async_callback(reception.close)
        encryption = EncryptionLedger()
        vitals = Vitals(self._counters, self._lag)
        self._bus.fold(encryption)
        self._bus.fold(vitals)
        impact = ConfigImpact(spool=store, finder=finder, encryption=encryption, clock=self._clock)
        configs = ConfigDesk(
            standing=self._standing,
            history=History(store.path),
            renewals=renewals(
                config, reception=reception, engine=engine, store=store, resolver=resolver
            ),
            impact=impact.impact,
            spool=store,
            bus=self._bus,
            clock=self._clock,
            health=vitals.health,
        )
        await configs.begin()
        watch = ConfigWatch(configs, self._standing, report=self._life.report)
        self._life.reload_with(watch.hang_up)
        link = LocalLink(
            spool=store,
            engine=engine,
            finder=finder,
            resolver=resolver,
            reception=reception,
            bus=self._bus,
            clock=self._clock,
            config=config,
            metrics=self._counters,
            lag=self._lag,
            stop=self._life.stop,
            configs=configs,
            encryption=encryption,
            listeners=lambda: addresses,
            releases=releases,
        )
        door = MetricsDoor(
            link,
            self._figures,
            min_free=lambda: self._config.spool.min_free,
            stopping=self._life.stopping.is_set,
            breakers=partial(_breakers, engine, self._clock),
        )
        for sentence in await open_doors(link, door, self._config, parts):
            self._journal.say(sentence, LogLevel.INFO)
        now = self._clock.now()
        self._bus.publish(
            ConfigLoaded(at=now, path=self._source, version=self._standing.state.version)
        )
        self._bus.publish(
            EngineStarted(
                at=now,
                version=VERSION,
                pid=os.getpid(),
                mode=self._config.mode.value,
                queued=(await store.stats()).messages,
            )
        )
        # What the start made lives as long as the process: no need to look through it again.
        gc.freeze()
        running = Running(
            self._config,
            addresses,
            control_socket(self._config),
            self._journal,
            self._life.stopping,
        )
        limit = CaptureLimit(spool=store, config=config, bus=self._bus, clock=self._clock)
        self._bus.fold(limit)
        beside: dict[str, Work] = {
            "config watch": watch.run,
            "config trial": configs.trial.run,
            "captured mail": limit.run,
            "jobs": link.work,
        }
        await self._live(running, reception, engine or releases, beside)

    async def _live(
        self,
        running: Running,
        reception: Reception,
        delivery: Engine | Releases | None,
        beside: Mapping[str, Work],
    ) -> None:
        """Have all tasks run until a stop is asked for."""
        tasks: dict[str, Work] = {"loop lag": self._lag.run, **beside}
        drains: list[Drain] = [reception.drain]
        if delivery is not None:
            tasks["delivery"] = delivery.run
            drains.append(delivery.drain)
        if self._companion is not None:
            tasks["console"] = partial(_attend, self._companion, running)
        await self._life.work(tasks, drains)

    @property
    def _config(self) -> Config:
        """What is in force."""
        return self._standing.current()


def _breakers(engine: Engine | None, clock: Clock) -> Counter[str]:
    """Destinations by the state of their circuit breaker."""
    if engine is None:
        return Counter()
    standing = engine.gates.breakers.standing(clock.now())
    return Counter(position.value for position in standing.values())


async def _attend(companion: Companion, running: Running) -> None:
    await companion(running)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it is installed: 3 to 6 times the throughput; None is asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def _allow_many_files() -> None:
    """Raise the number of open files to what the system allows: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
