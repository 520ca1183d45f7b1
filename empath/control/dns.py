"""What operators see and change of the DNS: kept answers, and overrides of routes.

How an override is set is in `rerouting`.  Every change is published with its actor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from empath.address import Domain
from empath.bus import Bus
from empath.clock import Clock
from empath.control import link
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import DnsEntry, Request
from empath.control.overrides import listed
from empath.control.parts import Deliverer
from empath.control.preview import preview
from empath.control.rerouting import Rerouting
from empath.control.span import span
from empath.delivery.route import Route, RouteFinder
from empath.events import DnsChanged
from empath.query import QueueQuery, Term
from empath.resolver import Resolver
from empath.safe_text import safe_text
from empath.spool.face import Spool

ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.ListDnsCache,
    link.ClearDnsCache,
    link.RefreshDns,
    link.ListDnsOverrides,
    link.SetDnsOverride,
    link.RemoveDnsOverride,
)
"""The requests that a `DnsDesk` answers."""
_SLICE: Final = 200
"""Names told before the loop has its turn."""


class DnsDesk:
    """Answers what *actor* asks about names."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        resolver: Resolver,
        bus: Bus,
        clock: Clock,
        actor: str,
        engine: Deliverer | None = None,
    ) -> None:
        self._rerouting = Rerouting(
            spool=spool, finder=finder, engine=engine, clock=clock, actor=actor
        )
        self._ledger = Ledger(spool=spool, bus=bus, clock=clock, actor=actor)
        self._spool = spool
        self._finder = finder
        self._resolver = resolver
        self._bus = bus
        self._clock = clock
        self._actor = actor

    def __repr__(self) -> str:
        return f"<DnsDesk {self._actor}>"

    async def answer(self, request: Request[Any]) -> link.Reply:
        """Do what the request says.  Raises `RequestRefused`."""
        match request:
            case link.ClearDnsCache(name=name):
                return self._clear(name)
            case link.RefreshDns(domain=domain):
                return await self._refresh(domain)
            case link.SetDnsOverride():
                return await self._set(request)
            case link.RemoveDnsOverride():
                return await self._remove(request)
            case link.ListDnsOverrides():
                return link.DnsOverrides(overrides=listed(self._finder))
            case _:
                return await self._entries(self._resolver.names())

    async def _entries(self, names: Sequence[str]) -> link.DnsCache:
        entries: list[DnsEntry] = []
        for start in range(0, len(names), _SLICE):
            entries += [
                DnsEntry(name=k.name, kind=k.kind, answer=k.answer, expires_at=k.expires_at)
                for k in self._resolver.cached(names[start : start + _SLICE])
            ]
            await asyncio.sleep(0)
        return link.DnsCache(entries=tuple(entries))

    def _clear(self, name: str) -> link.DnsCleared:
        forgotten = self._resolver.clear(name.lower().rstrip("."))
        self._publish("clear cache", name or "all names")
        return link.DnsCleared(entries=forgotten)

    async def _refresh(self, domain: Domain) -> link.DnsCache:
        """Forget what is kept about a mail domain and its hosts, then look all of it up."""
        self._resolver.clear(domain)
        names = [str(domain)]
        route = await self._finder.find(domain)
        if isinstance(route, Route):
            async with asyncio.TaskGroup() as group:
                for target in route.targets:
                    self._resolver.clear(target.host)
                    group.create_task(self._finder.addresses(target))
                    names.append(target.host)
        self._publish("refresh", domain)
        return await self._entries(sorted(set(names)))

    async def _set(self, request: link.SetDnsOverride) -> link.DnsOverrides:
        domain, reason = request.domain, safe_text(request.reason, REASON_LIMIT)
        seconds = request.seconds
        until = None if seconds is None else self._clock.now() + span(seconds)
        self._rerouting.read(domain, request.hosts)
        if request.dry_run:
            return await self._preview(domain)
        hosts = await self._rerouting.set(domain, request.hosts, reason=reason, until=until)
        servers = ", ".join(hosts)
        self._publish(f"override with {servers}", domain)
        await self._ledger.note(
            "dns set-override", domain, detail=f"to {servers}", reason=reason, until=until
        )
        return link.DnsOverrides(overrides=listed(self._finder))

    async def _remove(self, request: link.RemoveDnsOverride) -> link.DnsOverrides:
        domain, reason = request.domain, safe_text(request.reason, REASON_LIMIT)
        self._rerouting.standing(domain)
        if request.dry_run:
            return await self._preview(domain)
        await self._rerouting.remove(domain)
        self._publish("override removed", domain)
        await self._ledger.note("dns remove-override", domain, reason=reason)
        return link.DnsOverrides(overrides=listed(self._finder))

    async def _preview(self, domain: Domain) -> link.DnsOverrides:
        query = QueueQuery(terms=(Term("dest", domain),))
        found = await preview(self._spool, query, "reroute")
        return link.DnsOverrides(overrides=listed(self._finder), preview=found)

    def _publish(self, action: str, domain: str) -> None:
        shown = safe_text(domain, 300)
        self._bus.publish(
            DnsChanged(at=self._clock.now(), action=action, domain=shown, actor=self._actor)
        )
