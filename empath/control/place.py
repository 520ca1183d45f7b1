"""One destination in full: its queue, its gates, its servers, how mail to it fared.

Nothing is looked up for an operator who looks: servers and addresses are told as far as they are
known without asking the DNS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Final

from empath.address import Domain
from empath.control import link, views
from empath.control.gate_list import gate_items
from empath.control.link import DestinationView, OutcomeColumn, RateLevel, RouteHost, Timing
from empath.control.parts import Deliverer
from empath.delivery.route import Route, RouteFinder
from empath.envelope import State
from empath.observe.delays import Percentiles
from empath.observe.encryption import EncryptionLedger
from empath.observe.outcomes import COLUMN, COLUMNS, Outcomes
from empath.policy.breaker import Position
from empath.policy.routing import Target
from empath.resolver import Resolver
from empath.resolver.wire import Kind
from empath.spool.face import Spool

PATIENCE: Final = 1.0
"""Seconds after which a server's addresses count as unknown: they should be in memory."""
CODES: Final = 10


class Place:
    """Views destinations."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
        finder: RouteFinder,
        resolver: Resolver,
        encryption: EncryptionLedger,
        outcomes: Outcomes,
        expiry: Callable[[], float],
    ) -> None:
        """*expiry* is the age in seconds at which mail is given up, infinite where it never is."""
        self._spool = spool
        self._engine = engine
        self._finder = finder
        self._resolver = resolver
        self._encryption = encryption
        self._outcomes = outcomes
        self._expiry = expiry

    def __repr__(self) -> str:
        return f"<Place of {self._outcomes!r}>"

    async def view(self, name: Domain, now: float) -> DestinationView:
        """Everything about *name*.  Raises `empath.spool.face.SpoolRefused`."""
        survey = await self._spool.survey("destination")
        row = survey.find(name)
        queue = await self._spool.destination(name)
        source, fault, hosts = await self._route(name)
        encryption = self._encryption.of(name)
        known = self._outcomes.of(name)
        engine, expiry = self._engine, self._expiry()
        gates = None if engine is None else engine.gates
        breaker = None if gates is None else gates.breakers[name]
        thresholds = None if gates is None else gates.thresholds()
        most, most_source = (0, "") if gates is None else gates.concurrency.most(name)
        level = None if gates is None else gates.level(name, now)
        failures = 0
        if breaker is not None and thresholds is not None:
            failures = sum(at > now - thresholds.window for at in breaker.failed_at)
        return DestinationView(
            destination=name,
            now=now,
            queued=queue.counts.get(State.QUEUED, 0),
            deferred=queue.counts.get(State.DEFERRED, 0),
            held=queue.counts.get(State.HELD, 0),
            active=queue.counts.get(State.ACTIVE, 0),
            bins=row.ages,
            nexts=row.nexts,
            at=survey.at,
            oldest_at=queue.oldest_at,
            next_at=views.next_attempt(
                queue.next_at, name, views.NONE_SHUT if gates is None else gates.shut(now)
            ),
            expires_at=None
            if queue.oldest_tried_at is None or expiry == inf
            else queue.oldest_tried_at + expiry,
            last_reply=queue.last_reply,
            connections=0 if engine is None else engine.connections().get(name, 0),
            allowed=0 if gates is None else gates.concurrency.allowance(name),
            most=most,
            most_source=most_source,
            breaker=(Position.CLOSED if breaker is None else breaker.position(now)).value,
            failures=failures,
            failures_allowed=0 if thresholds is None else thresholds.failures,
            gates=await gate_items(engine, self._finder, now, (name,)),
            holds=() if gates is None else tuple(hold.reason for hold in gates.holds(name, now)),
            rate=None
            if level is None
            else RateLevel(
                per_second=level[0].per_second,
                burst=level[0].burst,
                tokens=level[1],
                source=level[0].source,
            ),
            route=source,
            route_fault=fault,
            hosts=hosts,
            tls=None if encryption is None else views.tls_destination(encryption),
            outcomes=()
            if known is None
            else tuple(
                OutcomeColumn(
                    at=(int(now) // COLUMN - COLUMNS + 1 + number) * COLUMN,
                    delivered=delivered,
                    deferred=deferred,
                    failed=failed,
                    unreached=unreached,
                )
                for number, (delivered, deferred, failed, unreached) in enumerate(
                    known.results.rows(now)
                )
            ),
            codes=() if known is None else tuple(known.top(now)[:CODES]),
            attempts=timing(Percentiles() if known is None else known.attempts.percentiles(now)),
            latency=timing(
                Percentiles()
                if known is None or known.latency is None
                else known.latency.percentiles(now)
            ),
        )

    async def _route(self, name: Domain) -> tuple[str, str, tuple[RouteHost, ...]]:
        """Where the servers are from, why there are none, and the servers."""
        if self._finder.by_names(name) and not self._resolver.knows(name, Kind.MX):
            return "", "", ()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._finder.find(name)
                if not isinstance(found, Route):
                    return "", str(found.reply), ()
                return (
                    found.source,
                    "",
                    tuple([await self._host(target) for target in found.targets]),
                )
        except TimeoutError:
            return "", "", ()

    async def _host(self, target: Target) -> RouteHost:
        addresses: tuple[str, ...] = ()
        try:
            host = Domain(target.host.rstrip("."))
        except ValueError:
            host = None
        if host is not None and self._resolver.knows(host, Kind.A, Kind.AAAA):
            known = await self._finder.addresses(target)
            addresses = tuple(map(str, known)) if isinstance(known, tuple) else ()
        reason = ""
        if self._engine is not None:
            for (place, port), each in self._engine.unreached().items():
                if port == target.port and place in {target.host, *addresses}:
                    reason = each.reason
        return RouteHost(
            host=target.host,
            port=target.port,
            preference=target.preference,
            addresses=addresses,
            unreached=reason,
        )


def timing(found: Percentiles) -> Timing:
    """Percentiles as they are told."""
    return link.Timing(count=found.count, p50=found.p50, p95=found.p95, p99=found.p99)
