"""Keeps the store fed: owns the link, reconnects for ever, asks what the screens need.

Three loops run while the link is up: the engine's status every second, its events as they
come, and the data of the screen in front every two seconds or soon after an event.  When the
link is lost all three end, the store is told, and after a pause that grows to eight seconds
everything is asked afresh: ping, status, the screen's data; only then do changing keys work.
Every request has a timeout, which counts as silence (STALE) and not as loss.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from empath.clock import Clock
from empath.control.link import (
    EventFilter,
    GetStatus,
    Link,
    LinkIncompatible,
    LinkLost,
    ListQueue,
    Ping,
    Pong,
    Request,
    RequestRefused,
    RequestUnclear,
    ViewMessage,
)
from tui.connection import changes_something, unanswered
from tui.store import Store

R = TypeVar("R")

PATIENCE: Final = 5.0
"""Seconds that an answer may take."""

SAMPLED_ABOVE: Final = 200
"""Events a second; of more, the engine sends a sample and says so."""

HISTORY: Final = 1000
"""Events from before the console came that are asked for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are asked and painted, in seconds."""

    status: float = 1.0
    data: float = 2.0
    least: float = 1.0
    """The least time between two readings of the screen's data because of events."""


@final
class Feed:
    """The link's owner."""

    def __init__(
        self,
        link: Link,
        store: Store,
        clock: Clock,
        *,
        fetch: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        pace: Pace,
    ) -> None:
        self._link = link
        self._store = store
        self._clock = clock
        self._fetch = fetch
        self._changed = changed
        self._pace = pace
        self._poked = asyncio.Event()
        """Somebody wants to see the screen's data now."""
        self._stirred = asyncio.Event()
        """Something happened that may have changed them."""
        self._woken = asyncio.Event()
        """One of the two."""
        self._retry = asyncio.Event()
        self.retry_in = 0.0
        """Seconds between the last loss and the next try."""

    def __repr__(self) -> str:
        return f"<Feed {self._store.phase.value}>"

    def mind_phase(self, request: Request[Any]) -> None:
        """A change goes out only while the link is live: it would take effect whenever the engine
        comes round, and nobody would expect it then.  Raises `LinkLost`.
        """
        if changes_something(request) and (reason := self._store.why_no_change()):
            raise LinkLost(f"Nothing was sent. {reason}")

    async def ask(self, request: Request[R], patience: float = PATIENCE) -> R:
        """Put a request and note how long it took.  Raises `LinkLost`, `RequestRefused`."""
        begun = self._clock.monotonic()
        try:
            async with asyncio.timeout(patience):
                reply = await self._link.ask(request)
        except TimeoutError:
            lost = LinkLost(f"The engine did not answer within {patience:.0f} s.")
            raise unanswered(request, lost) from None
        except LinkLost as lost:
            raise unanswered(request, lost) from None
        latency = self._clock.monotonic() - begun
        if not isinstance(request, (ListQueue, ViewMessage)):
            self._store.connection.latency = latency
        return reply

    @property
    def pace(self) -> Pace:
        """How often things are asked."""
        return self._pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._pace = pace
        self.poke()

    def poke(self) -> None:
        """Read the screen's data now."""
        self._poked.set()
        self._woken.set()

    def retry(self) -> None:
        """Try to reach the engine now."""
        self._retry.set()

    async def run(self) -> None:
        """Feed the store until cancelled."""
        while True:
            sentence, incompatible = "", False
            try:
                await self._connect()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._watch_status())
                    group.create_task(self._follow_events())
                    group.create_task(self._read_data())
            except* LinkLost as losses:
                sentence = str(losses.exceptions[0])
                incompatible = isinstance(losses.exceptions[0], LinkIncompatible)
            except* Exception as faults:  # noqa: BLE001 - a bug must not end the console; it says so and tries again
                fault = faults.exceptions[0]
                sentence = f"The console met a fault: {type(fault).__name__}: {fault}"
            self.retry_in = self._store.connection.lost(
                sentence, self._clock.monotonic(), incompatible=incompatible
            )
            self._changed()
            self._retry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.retry_in):
                    await self._retry.wait()

    async def _connect(self) -> None:
        pong: Pong = await self.ask(Ping())
        status = await self.ask(GetStatus())
        if self._store.another_engine(pong):
            self._store.forget_events()
        if self._store.sequence is None:
            self._store.sequence = max(0, status.sequence - HISTORY)
        self._store.fold_status(status)
        await self._read_screen()
        self._store.greet(pong)
        self._changed()

    async def _read_screen(self) -> None:
        """Read what the screen in front shows; when the engine says no, what is known stays."""
        try:
            await self._fetch()
        except RequestRefused as error:
            self._store.refused = str(error)
        else:
            self._store.refused = ""

    async def _watch_status(self) -> None:
        while True:
            await asyncio.sleep(self._pace.status)
            begun = self._clock.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    status = await self._link.ask(GetStatus())
            except TimeoutError:
                continue
            self._store.fold_status(status, self._clock.monotonic() - begun)
            self._changed()

    async def _follow_events(self) -> None:
        try:
            await self._fold_events(EventFilter(rate=SAMPLED_ABOVE))
        except RequestUnclear:  # an engine from before it could thin them out
            await self._fold_events(None)
        raise LinkLost("The engine closed the stream of events.")

    async def _fold_events(self, only: EventFilter | None) -> None:
        async for notice in self._link.events(self._store.sequence, only):
            if self._store.fold_notices((notice,)):
                self._stirred.set()
                self._woken.set()

    async def _read_data(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.data):
                    await self._woken.wait()
            stirred = self._stirred.is_set()
            for each in (self._poked, self._stirred, self._woken):
                each.clear()
            with suppress(TimeoutError):
                await self._read_screen()
            self._changed()
            if stirred:  # what happens next waits a while, who looks does not
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.least):
                        await self._poked.wait()
