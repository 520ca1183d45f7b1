"""How one config has mail for a destination delivered: route, encryption, limits, manner.

The same pure functions that delivery asks, asked all at once, so that two configs can be
compared (`empath.policy.impact`).  Costs one look-up a label for each kind of section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from empath.address import BannerHostname, Domain, ServerId
from empath.config.model import Config, OnTlsFailure
from empath.config.units import Secret
from empath.policy import shaping
from empath.policy.destination import Destinations
from empath.policy.limiter import Rate
from empath.policy.routing import FixedRoutes, Route, Target, overridden
from empath.policy.source_address import Sources, sources_for
from empath.policy.tls import Need, need


@final
@dataclass(frozen=True, slots=True)
class Treatment:
    """What one config means for one destination."""

    hosts: tuple[tuple[str, int], ...]
    """Host and port, in order; empty: those that DNS names."""
    port: int
    """Of the hosts that DNS names."""
    needs: tuple[Need, ...]
    """The encryption that each host needs, or those that DNS names."""
    on_failure: OnTlsFailure
    sources: tuple[Sources, ...]
    logins: tuple[tuple[str, Secret], ...]
    most: int
    """Attempts at once."""
    rate: Rate | None
    pipelining: bool
    chunking: bool
    hostname: BannerHostname


@final
class Treatments:
    """What one config means for any destination."""

    __slots__ = ("_destinations", "_routes", "config")

    def __init__(self, config: Config) -> None:
        self.config = config
        self._routes = FixedRoutes(config.route)
        self._destinations = Destinations(config.destination)

    def __repr__(self) -> str:
        return f"<Treatments {self._routes} {self._destinations}>"

    def kind(self, destination: Domain) -> tuple[str | None, ...]:
        """What in the config speaks of *destination*: all of one kind are treated alike."""
        literal = destination if destination.literal is not None else None
        sections = (section.domain for section in self._destinations.of(destination))
        return (literal, self._routes.key(destination), *sections)

    def by_dns(self, destination: Domain) -> bool:
        """Whether DNS names its hosts, or it is an address itself; its addresses are filtered."""
        return self._routes.key(destination) is None

    def of(self, destination: Domain, override: Sequence[ServerId] = ()) -> Treatment:
        """How mail for *destination* is delivered; *override* are the hosts that an operator put
        in the place of its own.
        """
        config = self.config
        delivery, said = config.delivery, self._destinations
        route = self._route(destination, override)
        # Stands for the hosts that DNS names: none of them is fixed.
        targets = route.targets if route else (Target(destination, delivery.port),)
        policy = said.setting(destination, lambda section: section.tls)
        return Treatment(
            hosts=tuple((target.host, target.port) for target in targets) if route else (),
            port=delivery.port,
            needs=tuple(
                need(target.fixed, policy, delivery.tls.policy, override=target.override)
                for target in targets
            ),
            on_failure=delivery.tls.on_failure,
            sources=tuple(sources_for(target, config) for target in targets),
            logins=tuple(
                (target.fixed.username, target.fixed.password) if target.fixed else ("", Secret(""))
                for target in targets
            ),
            most=shaping.cap(destination, delivery, said)[0],
            rate=shaping.rate(destination, delivery, said),
            pipelining=shaping.pipelining(destination, delivery, said),
            chunking=shaping.chunking(destination, delivery, said),
            hostname=config.hostname,
        )

    def _route(self, destination: Domain, override: Sequence[ServerId]) -> Route | None:
        if override:
            return overridden(destination, override, self._routes)
        return self._routes.find(destination, port=self.config.delivery.port)
