"""Finds the hosts for a domain and their addresses: asks, then lets `policy.routing` decide.

Promises: overrides and fixed routes ask the DNS for no MX; both address families are asked
at once; the addresses returned are the ones to connect to, so a second look-up cannot
smuggle in another (DNS rebinding).  Never raises for anything the DNS says.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from empath.address import Domain, IpAddress, ServerId, parse_address_literal
from empath.clock import Clock, SystemClock
from empath.config import model
from empath.config.model import Config
from empath.envelope import NextHop
from empath.policy import routing
from empath.policy.answer import Answer, Found, MailExchanger
from empath.policy.override import Override
from empath.policy.own_listeners import LOOPBACK, Place, comes_back, is_localhost
from empath.policy.routing import Route, Target
from empath.reply import Deferred, Failed

__all__ = ["Lookups", "Route", "RouteFinder", "Target"]


class Lookups(Protocol):
    """What a finder asks of `empath.resolver.Resolver`."""

    async def mail_exchangers(self, domain: Domain) -> Answer[MailExchanger]:
        """The MX records of *domain*."""
        ...

    async def addresses_v4(self, host: Domain) -> Answer[IpAddress]:
        """The A records of *host*."""
        ...

    async def addresses_v6(self, host: Domain) -> Answer[IpAddress]:
        """The AAAA records of *host*."""
        ...


class RouteFinder:
    """Where mail goes.  One for the whole engine; nothing in it is per message."""

    def __init__(
        self,
        *,
        resolver: Lookups,
        config: Callable[[], Config],
        own_addresses: Callable[[], Collection[IpAddress]] = tuple,
        own_listeners: Callable[[], Collection[Place]] = tuple,
        random: random.Random | None = None,
        clock: Clock | None = None,
    ) -> None:
        """*own_addresses* are those Empath listens at, *own_listeners* the same with their ports;
        *random* draws among equal hosts; *clock* says when an override ends, the system's if none
        is given.
        """
        self._clock = clock or SystemClock()
        self._resolver = resolver
        self._config = config
        self._own_addresses = own_addresses
        self._own_listeners = own_listeners
        self._random = random or _new_random()
        self._overrides: dict[Domain, Override] = {}
        self._stated: tuple[model.Route, ...] = ()
        self._routes = routing.FixedRoutes(())

    def __repr__(self) -> str:
        return f"<RouteFinder overrides={len(self._overrides)}>"

    def set_override(self, domain: Domain, override: Override) -> None:
        """Send mail for exactly *domain* to these hosts, in this order, whatever else says.

        Raises `ValueError` when there is none or more than `routing.MAX_TARGETS`.
        """
        check_number(override.hosts)
        self._overrides[domain] = override

    def remove_override(self, domain: Domain) -> bool:
        """Forget the override; False when there was none."""
        return self._overrides.pop(domain, None) is not None

    def override(self, domain: Domain) -> Override | None:
        """The override in force for *domain*."""
        found = self._overrides.get(domain)
        return found if found is not None and found.holds(self._clock.now()) else None

    def overrides(self) -> Mapping[Domain, Override]:
        """The overrides in force, by domain; those that have ended are forgotten."""
        now = self._clock.now()
        for domain, override in list(self._overrides.items()):
            if not override.holds(now):
                del self._overrides[domain]
        return dict(sorted(self._overrides.items()))

    def comes_back(self, server: ServerId) -> bool:
        """Is *server* a listener of our own, as far as its spelling tells?  What a name of it
        means is seen when mail goes there: then it waits.
        """
        found = written_addresses(server.host)
        return any(comes_back(each, server.port, self._own_listeners()) for each in found)

    def in_force(self, hop: NextHop | None) -> NextHop | None:
        """*hop* while it holds."""
        if hop is None or hop.until is None or self._clock.now() < hop.until:
            return hop
        return None

    async def find(
        self, destination: Domain, hop: NextHop | None = None, config: Config | None = None
    ) -> Route | Deferred | Failed:
        """The hosts for *destination*, best first; or why there is none now, or never.

        *hop* is where an operator re-routed the recipients concerned; *config* is what an attempt
        began with, None what is in force.
        """
        config = config or self._config()
        if hop is not None:
            return routing.overridden(destination, (hop.host,), self._routes_of(config))
        override = self.override(destination)
        if override is not None:
            return routing.overridden(destination, override.hosts, self._routes_of(config))
        fixed = self.fixed(destination, config)
        if fixed is not None:
            return fixed
        answer = await self._resolver.mail_exchangers(destination)
        records = answer.records if isinstance(answer, Found) else ()
        return routing.mx_route(
            destination,
            answer,
            own_names={config.hostname.lower()},
            port=config.delivery.port,
            shuffle=[self._random.random() for _ in records],
        )

    def by_names(self, destination: Domain) -> bool:
        """Whether its servers are for the DNS to say, and not for config or an operator."""
        return self.override(destination) is None and self.fixed(destination) is None

    def fixed(self, destination: Domain, config: Config | None = None) -> Route | None:
        """The route of *destination* that needs no MX, overrides left aside."""
        config = config or self._config()
        return self._routes_of(config).find(destination, port=config.delivery.port)

    def _routes_of(self, config: Config) -> routing.FixedRoutes:
        """The ``[[route]]`` sections of *config*, put in order once."""
        if config.route is not self._stated:
            self._stated, self._routes = config.route, routing.FixedRoutes(config.route)
        return self._routes

    async def addresses(
        self, target: Target, config: Config | None = None
    ) -> tuple[IpAddress, ...] | Deferred | Failed:
        """The addresses to connect to for *target*, in order; or why there is none.

        `Failed` is said of this host only: a caller that has further targets tries those,
        and the domain has failed when all of them have.
        """
        config = config or self._config()
        allow, own = config.delivery.allow_networks, self._own_addresses()
        listeners = self._own_listeners()
        known = _known_addresses(target)
        if known:
            return routing.filter_addresses(
                target, known, allow=allow, own=own, listeners=listeners
            )
        host = Domain(target.host)
        async with asyncio.TaskGroup() as both:
            v6 = both.create_task(self._resolver.addresses_v6(host))
            v4 = both.create_task(self._resolver.addresses_v4(host))
        return routing.choose_addresses(
            target, v6.result(), v4.result(), allow=allow, own=own, listeners=listeners
        )


def check_number(hosts: Sequence[ServerId]) -> None:
    """Raises `ValueError` when an override has no host or more than `routing.MAX_TARGETS`."""
    if not 0 < len(hosts) <= routing.MAX_TARGETS:
        raise ValueError(f"an override names 1 to {routing.MAX_TARGETS} hosts")


def _known_addresses(target: Target) -> tuple[IpAddress, ...]:
    """The address a target is written with, and loopback where an operator wrote ``localhost``;
    a *name* from the DNS that looks like either is not.
    """
    if target.fixed is not None:
        return written_addresses(target.host)
    literal = target.host.replace("[", "[IPv6:") if ":" in target.host else target.host
    address = parse_address_literal(literal)
    return () if address is None else (address,)


def written_addresses(host: str) -> tuple[IpAddress, ...]:
    """The addresses of a host as an operator writes it, where no look-up is needed."""
    if is_localhost(host):
        return LOOPBACK
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        return ()


def _new_random() -> random.Random:
    return random.Random()  # noqa: S311 - it spreads load; nothing secret hangs on it
