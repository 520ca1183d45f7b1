"""How long the engine lives: the tasks it cannot do without, what ends them, and in which order.

Promises: the first reason to stop is the one that is logged; what is on the wire then has
`DRAIN_TIME` to finish, unless a second signal asks for haste; a bug in an essential task ends the
engine in order, with `fault` saying which; an error that no task waited for is logged, no more.
"""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

from empath import hangup
from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import LogLevel
from empath.events import EngineStopping, TaskFailed
from empath.observe.journal import Journal
from empath.safe_text import safe_text

DRAIN_TIME: Final = 30.0
"""Seconds that running transactions have to finish once a stop was asked for."""
_CLOSING_TIME: Final = 5.0

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Works until it is cancelled, or has no more to do."""
Drain: TypeAlias = Callable[[float], Coroutine[Any, Any, None]]
"""Begins nothing more and waits for what runs, at most so many seconds."""


@final
class Lifetime:
    """One life of the engine."""

    def __init__(
        self, *, bus: Bus, clock: Clock, journal: Journal, hangup_stops: bool, debug: bool
    ) -> None:
        """With *hangup_stops*, SIGHUP is an orderly stop (the terminal is gone); else it is for
        whoever `reload_with` names.  *debug* prints the traceback of a bug.
        """
        self._bus = bus
        self._clock = clock
        self._journal = journal
        self._hangup_stops = hangup_stops
        self._debug = debug
        self.stopping = asyncio.Event()
        """Set once the engine was asked to stop."""
        self.fault = ""
        """The bug that ended it, if one did."""
        self._at_once = asyncio.Event()
        self._reload: Callable[[], None] | None = None
        self._hung_up = False
        self._reason = ""

    def __repr__(self) -> str:
        return f"<Lifetime stopping={self.stopping.is_set()} reason={self._reason!r}>"

    def watch(self) -> None:
        """Mind signals, and errors that no task waits for."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)
        loop.set_exception_handler(self._on_stray_error)
        if hangup.came():  # before this loop was there
            self._on_signal(signal.SIGHUP)

    def reload_with(self, hang_up: Callable[[], None]) -> None:
        """From now on SIGHUP calls *hang_up*; one that came during the start is not lost."""
        self._reload = hang_up
        if self._hung_up:
            hang_up()

    def stop(self, reason: str) -> None:
        """Ask the engine to drain and end; the first reason given is the one that is logged."""
        if not self.stopping.is_set():
            self._reason = reason
            self.stopping.set()

    async def work(self, tasks: Mapping[str, Work], drains: Sequence[Drain]) -> None:
        """Run the tasks until a stop is asked for, then drain and end them."""
        async with asyncio.TaskGroup() as group:
            working = [
                group.create_task(self._essential(name, work())) for name, work in tasks.items()
            ]
            await self.stopping.wait()
            self._bus.publish(EngineStopping(at=self._clock.now(), reason=self._reason))
            draining = group.create_task(self._essential("drain", _drain(drains)))
            hurry = group.create_task(self._at_once.wait())
            await asyncio.wait(
                {draining, hurry},
                timeout=DRAIN_TIME + _CLOSING_TIME,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in (draining, hurry, *working):
                task.cancel()

    def report(self, name: str, error: Exception) -> None:
        """Publish a bug in a task of that name."""
        self._bus.publish(TaskFailed(at=self._clock.now(), task=name, error=_in_a_line(error)))
        if self._debug:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self._journal.say(line, LogLevel.ERROR)

    async def _essential(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run *work*; a bug in it stops the engine in order instead of tearing it down."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the top of this task
            self.report(name, error)
            self.fault = self.fault or f"{name} ended with {_in_a_line(error)}"
            self.stop(f"{name} ended on an error")

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP and not self._hangup_stops:
            if self._reload is None:
                self._hung_up = True  # while it starts: done once it can be
            else:
                self._reload()
        elif self.stopping.is_set() and number is not signal.SIGHUP:
            self._journal.say(f"{number.name} again: stopping at once", LogLevel.WARNING)
            self._at_once.set()
        else:
            self.stop(number.name)

    def _on_stray_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error that no task waited for: logged, the rest keeps running."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.report("event loop", error)
        else:
            self._journal.say(f"event loop: {context.get('message', '')}", LogLevel.ERROR)


async def _drain(drains: Sequence[Drain]) -> None:
    """Finish what is on the wire, both ways at once."""
    async with asyncio.TaskGroup() as draining:
        for drain in drains:
            draining.create_task(drain(DRAIN_TIME))


def _in_a_line(error: Exception) -> str:
    return safe_text(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
