"""The resolver: asks for MX, A and AAAA records, and remembers.

Promises: one look-up has one deadline (`dns.timeout`), whatever the servers do; many who ask
the same at the same time cause one look-up; "there is none" is only ever said when a server
said so.  Nothing here raises for what a server does: trouble is a `LookupFailed` value.
Settings are read anew for each look-up, so a reload takes effect at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from empath.address import Domain, IpAddress
from empath.clock import Clock
from empath.config.model import Dns
from empath.policy.answer import (
    Answer,
    Found,
    LookupFailed,
    MailExchanger,
    NoSuchName,
    NoSuchRecord,
)
from empath.resolver.cache import AnyAnswer, Cache, Kept
from empath.resolver.lookup import look_up
from empath.resolver.servers import NoServers, Servers
from empath.resolver.wire import Kind

FAILURE_TTL: Final = 5.0
"""Seconds for which a failed look-up is not tried again (RFC 2308 7: at most 300)."""


class _Flight:
    """A look-up that is under way; *answer* stays None if whoever began it was cancelled."""

    def __init__(self) -> None:
        self.landed = asyncio.Event()
        self.answer: AnyAnswer | None = None


class Resolver:
    """Looks names up in the DNS.  One for the whole engine."""

    def __init__(
        self, *, settings: Callable[[], Dns], clock: Clock, servers: Servers | None = None
    ) -> None:
        """*settings* is asked at each look-up; *servers* names the system's name servers."""
        self._settings = settings
        self._clock = clock
        self._servers = servers or Servers()
        self._cache = Cache()
        self._flights: dict[tuple[Domain, Kind], _Flight] = {}

    def __repr__(self) -> str:
        return f"<Resolver cached={len(self._cache)} asking={len(self._flights)}>"

    async def mail_exchangers(self, domain: Domain) -> Answer[MailExchanger]:
        """The MX records of *domain*, in no order."""
        return cast("Answer[MailExchanger]", await self._look_up(domain, Kind.MX))

    async def addresses_v4(self, host: Domain) -> Answer[IpAddress]:
        """The A records of *host*."""
        return cast("Answer[IpAddress]", await self._look_up(host, Kind.A))

    async def addresses_v6(self, host: Domain) -> Answer[IpAddress]:
        """The AAAA records of *host*."""
        return cast("Answer[IpAddress]", await self._look_up(host, Kind.AAAA))

    def knows(self, name: Domain, *kinds: Kind) -> bool:
        """Whether answers of all these kinds are kept, so that asking costs no look-up."""
        now = self._clock.monotonic()
        return all(self._cache.get(name, kind, now) is not None for kind in kinds)

    def names(self) -> Sequence[str]:
        """The names of which answers are kept, in order."""
        return self._cache.names()

    def cached(self, names: Iterable[str] | None = None) -> tuple[Kept, ...]:
        """The answers that are kept of *names*, or of all; failed look-ups are not among them."""
        now = self._clock.monotonic()
        names = self._cache.names() if names is None else names
        return tuple(self._cache.entries(names, now, self._clock.now() - now))

    def clear(self, name: str = "") -> int:
        """Forget everything, or what is known of *name*; returns how many answers that were.

        What is being looked up at this moment is for those who wait for it, and is not kept.
        """
        for key in [key for key in self._flights if not name or key[0] == name.lower()]:
            del self._flights[key]
        return self._cache.clear(name)

    async def _look_up(self, name: Domain, kind: Kind) -> AnyAnswer:
        key = (name, kind)
        while True:
            known = self._cache.get(*key, self._clock.monotonic())
            if known is not None:
                return known
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key)
            # Bounded by the deadline of the one who leads; if that one is cancelled, go round.
            await flight.landed.wait()
            if flight.answer is not None:
                return flight.answer

    async def _lead(self, key: tuple[Domain, Kind]) -> AnyAnswer:
        """Do the look-up for all who wait for it."""
        flight = self._flights[key] = _Flight()
        settings = self._settings()
        try:
            answer = flight.answer = await self._ask(*key, settings)
        finally:
            cleared = self._flights.get(key) is not flight
            if not cleared:
                del self._flights[key]
            flight.landed.set()
        ttl = _time_to_keep(answer, settings)
        if ttl > 0 and settings.cache_entries and not cleared:
            until = self._clock.monotonic() + ttl
            self._cache.put(*key, answer, until=until, limit=settings.cache_entries)
        return answer

    async def _ask(self, name: Domain, kind: Kind, settings: Dns) -> AnyAnswer:
        try:
            servers = self._servers.choose(settings.servers, self._clock.monotonic())
        except NoServers as error:
            return LookupFailed(f"{kind.name} of {name}: {error}")
        return await look_up(name, kind, servers, timeout=settings.timeout)


def _time_to_keep(answer: AnyAnswer, settings: Dns) -> float:
    match answer:
        case Found(ttl=ttl):
            return min(ttl, settings.cache_ttl)
        case NoSuchName(ttl=ttl) | NoSuchRecord(ttl=ttl):
            return min(ttl, settings.negative_ttl)
        case LookupFailed():
            return FAILURE_TTL
