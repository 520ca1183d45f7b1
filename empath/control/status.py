"""How the engine is: its figures, and what an operator should see to.

Asked every second by every console, so nothing here reads more than a few rows; the list of
destinations that attention is decided from is some seconds old.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.control import link
from empath.control.attention import Remembered, needs_attention
from empath.control.capture_limit import CAPTURED_MAIL
from empath.control.config_desk import ConfigDesk
from empath.control.gate_list import gate_items
from empath.control.link import Pong
from empath.control.parts import Deliverer, Receiving
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId, State
from empath.observe.health import LoopLag, resident_memory
from empath.observe.metrics import Counters
from empath.spool.face import DestinationRow, Spool
from empath.version import VERSION

_Backlog: TypeAlias = tuple[Sequence[DestinationRow], Mapping[MessageId, str], int]

_ATTENTION_EVERY: Final = 5.0
"""Seconds for which the list of destinations that attention is decided from may be old."""


@final
class StatusDesk:
    """Answers how the engine is; one for all who ask."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
        finder: RouteFinder,
        reception: Receiving,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        metrics: Counters,
        lag: LoopLag,
        configs: ConfigDesk,
        listeners: Callable[[], Sequence[str]],
    ) -> None:
        self._spool = spool
        self._engine = engine
        self._finder = finder
        self._reception = reception
        self._bus = bus
        self._clock = clock
        self._config = config
        self._metrics = metrics
        self._lag = lag
        self._configs = configs
        self._listeners = listeners
        self._started_at = clock.now()
        self._remembered = Remembered()
        bus.fold(self._remembered)
        self._backlog: tuple[float, _Backlog] | None = None

    def __repr__(self) -> str:
        return f"<StatusDesk since {self._started_at:.0f}>"

    def pong(self, *, read_only: bool) -> Pong:
        """Who answers, and what may be asked of it."""
        config = self._config()
        return Pong(
            version=VERSION,
            protocol=link.PROTOCOL,
            pid=os.getpid(),
            hostname=config.hostname,
            mode=config.mode.value,
            started_at=self._started_at,
            now=self._clock.now(),
            read_only=read_only,
        )

    async def status(self, *, read_only: bool) -> link.Status:
        """The figures of now, and what an operator should see to."""
        now = self._clock.now()
        stats = await self._spool.stats()
        counts, metrics = stats.recipients, self._metrics
        connections = self._engine.connections() if self._engine else {}
        destinations, damaged, captured = await self._recent_backlog(counts.get(State.HELD, 0))
        places = [row.destination for row in destinations]
        gates = await gate_items(self._engine, self._finder, now, places)
        return link.Status(
            pong=self.pong(read_only=read_only),
            listeners=tuple(self._listeners()),
            queued=counts.get(State.QUEUED, 0),
            deferred=counts.get(State.DEFERRED, 0),
            held=counts.get(State.HELD, 0),
            active=counts.get(State.ACTIVE, 0),
            messages=stats.messages,
            oldest_at=stats.oldest_at,
            next_at=await self._spool.next_due(now),
            accepted=metrics.accepted,
            refused=metrics.refused,
            delivered=metrics.delivered,
            deferrals=metrics.deferrals,
            bounced=metrics.bounced + metrics.returned,
            sessions=self._reception.sessions,
            connections_out=sum(connections.values()),
            loop_lag=self._lag.worst,
            memory=resident_memory(),
            free_octets=stats.free_octets,
            attention=needs_attention(
                damaged=damaged,
                now=now,
                config=self._config(),
                free_octets=stats.free_octets,
                loop_lag=self._lag.worst,
                destinations=destinations,
                remembered=self._remembered,
                config_items=self._configs.attention(),
                gates=gates,
            ),
            sequence=self._bus.sequence,
            captured=captured,
        )

    async def _recent_backlog(self, held: int) -> _Backlog:
        """The longest queues, the damaged mail and how much is captured, a few seconds old: a
        console asks often.
        """
        now = self._clock.monotonic()
        if self._backlog is None or now - self._backlog[0] >= _ATTENTION_EVERY:
            rows = await self._spool.destinations(limit=100)
            captured = (await self._spool.page(CAPTURED_MAIL, limit=1)).matched if held else 0
            self._backlog = (now, (rows, await self._spool.damaged(), captured))
        return self._backlog[1]
