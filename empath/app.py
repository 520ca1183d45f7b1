"""Where everything meets: builds each part once, runs them in one TaskGroup, ends in order.

`run` opens spool, resolver, delivery, listeners and control socket in that order and closes
them in the reverse one, so a message that a client was told 250 for always has an open spool
below it.  A start that fails raises the part's own error, whose sentence is for the operator:
`SpoolInUse`, `SpoolUnusable`, `ListenerRefused`, `SocketUnusable`.  An essential task that
ends on a bug stops the engine and raises `EngineFault`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import resource
import signal
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from empath import __version__
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
from empath.events import ConfigLoaded, EngineStarted, EngineStopping, TaskFailed
from empath.inbound.listener import Reception
from empath.observe.encryption import EncryptionLedger
from empath.observe.figures import Figures
from empath.observe.health import LoopLag
from empath.observe.journal import Journal
from empath.observe.metrics import Counters
from empath.observe.vitals import Vitals
from empath.own_addresses import own_addresses, own_listeners
from empath.resolver import Resolver
from empath.safe_text import safe_text
from empath.spool.store import Store

DRAIN_TIME: Final = 30.0
"""Seconds that running transactions have to finish once a stop was asked for."""
_CLOSING_TIME: Final = 5.0


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
        self._hangup_stops = hangup_stops
        self._debug = debug
        self._clock: Clock = SystemClock()
        self._bus = Bus()
        self._counters = Counters()
        self._figures = Figures()
        self._lag = LoopLag(self._clock)
        self._journal = Journal(lambda: self._config.log, clock=self._clock)
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self._watch: ConfigWatch | None = None
        self._hung_up = False
        self._reason = ""
        self._fault = ""

    async def run(self) -> None:
        """Open, serve until asked to stop, close."""
        self._bus.fold(self._counters)
        self._bus.fold(self._figures)
        self._bus.fold(self._journal)
        self._watch_loop()
        self._journal.start()
        try:
            async with contextlib.AsyncExitStack() as parts:
                await self._serve(parts)
        finally:
            self._journal.close()
        if self._fault:
            raise EngineFault(f"The engine stopped on an error of its own: {self._fault}")

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
        watch = self._watch = ConfigWatch(configs, self._standing, report=self._report)
        if self._hung_up:
            watch.hang_up()
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
            stop=self.stop,
            configs=configs,
            encryption=encryption,
            listeners=lambda: addresses,
            releases=releases,
        )
        door = MetricsDoor(
            link,
            self._figures,
            min_free=lambda: self._config.spool.min_free,
            stopping=self._stopping.is_set,
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
                version=__version__,
                pid=os.getpid(),
                mode=self._config.mode.value,
                queued=(await store.stats()).messages,
            )
        )
        # What the start made lives as long as the process: no need to look through it again.
        gc.freeze()
        running = Running(
            self._config, addresses, control_socket(self._config), self._journal, self._stopping
        )
        limit = CaptureLimit(spool=store, config=config, bus=self._bus, clock=self._clock)
        self._bus.fold(limit)
        beside = {
            "config watch": watch.run,
            "config trial": configs.trial.run,
            "captured mail": limit.run,
            "jobs": link.work,
        }
        await self._work(running, reception, engine or releases, beside)

    async def _work(
        self,
        running: Running,
        reception: Reception,
        engine: Engine | Releases | None,
        beside: Mapping[str, Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        """Run the tasks until a stop is asked for, then drain and end them."""
        async with asyncio.TaskGroup() as tasks:
            working = [
                tasks.create_task(self._essential(name, work()))
                for name, work in {"loop lag": self._lag.run, **beside}.items()
            ]
            if engine is not None:
                working.append(tasks.create_task(self._essential("delivery", engine.run())))
            if self._companion is not None:
                console = _as_task(self._companion(running))
                working.append(tasks.create_task(self._essential("console", console)))
            await self._stopping.wait()
            self._bus.publish(EngineStopping(at=self._clock.now(), reason=self._reason))
            draining = tasks.create_task(self._essential("drain", _drain(reception, engine)))
            hurry = tasks.create_task(self._at_once.wait())
            await asyncio.wait(
                {draining, hurry},
                timeout=DRAIN_TIME + _CLOSING_TIME,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in (draining, hurry, *working):
                task.cancel()

    async def _essential(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run *work*; a bug in it stops the engine in order instead of tearing it down."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the top of this task
            self._report(name, error)
            self._fault = self._fault or f"{name} ended with {_in_a_line(error)}"
            self.stop(f"{name} ended on an error")

    def stop(self, reason: str) -> None:
        """Ask the engine to drain and end; the first reason given is the one that is logged."""
        if not self._stopping.is_set():
            self._reason = reason
            self._stopping.set()

    @property
    def _config(self) -> Config:
        """What is in force."""
        return self._standing.current()

    def _watch_loop(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)
        loop.set_exception_handler(self._on_stray_error)

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP and not self._hangup_stops:
            if self._watch is None:
                self._hung_up = True  # while it starts: done once it can be
            else:
                self._watch.hang_up()
        elif self._stopping.is_set() and number is not signal.SIGHUP:
            self._journal.say(f"{number.name} again: stopping at once", LogLevel.WARNING)
            self._at_once.set()
        else:
            self.stop(number.name)

    def _on_stray_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error that no task waited for: logged, the rest keeps running."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._report("event loop", error)
        else:
            self._journal.say(f"event loop: {context.get('message', '')}", LogLevel.ERROR)

    def _report(self, name: str, error: Exception) -> None:
        self._bus.publish(TaskFailed(at=self._clock.now(), task=name, error=_in_a_line(error)))
        if self._debug:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self._journal.say(line, LogLevel.ERROR)


async def _drain(reception: Reception, engine: Engine | Releases | None) -> None:
    """Finish what is on the wire, both ways at once."""
    async with asyncio.TaskGroup() as draining:
        draining.create_task(reception.drain(DRAIN_TIME))
        if engine is not None:
            draining.create_task(engine.drain(DRAIN_TIME))


def _breakers(engine: Engine | None, clock: Clock) -> Counter[str]:
    """Destinations by the state of their circuit breaker."""
    if engine is None:
        return Counter()
    standing = engine.gates.breakers.standing(clock.now())
    return Counter(position.value for position in standing.values())


async def _as_task(work: Awaitable[None]) -> None:
    await work


def _in_a_line(error: Exception) -> str:
    return safe_text(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


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
