"""Setting and removing the override of one destination, whatever name it is asked for by.

It is in force before it is answered and survives a restart; if the spool cannot keep it, it is
taken back and refused.  What was learnt of the servers before (breaker, concurrency) is
forgotten: it says nothing about the new ones.  A breaker that an operator opened stays open:
that was a decision about the destination.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from empath.address import Domain, ServerId
from empath.clock import Clock
from empath.control.link import NotFound, RequestRefused, RequestUnclear
from empath.control.overrides import keep_overrides, read_host
from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder, check_number
from empath.policy.override import Override
from empath.spool.face import Spool, SpoolRefused


@final
class Rerouting:
    """Changes overrides for *actor*."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        engine: Deliverer | None,
        clock: Clock,
        actor: str,
    ) -> None:
        self._spool = spool
        self._finder = finder
        self._engine = engine
        self._clock = clock
        self._actor = actor

    def __repr__(self) -> str:
        return f"<Rerouting {self._actor}>"

    async def set(
        self,
        domain: Domain,
        hosts: Sequence[str],
        *,
        reason: str = "",
        until: float | None = None,
    ) -> tuple[ServerId, ...]:
        """Send mail for *domain* to *hosts* from now on.  Raises `RequestRefused`."""
        servers = self.read(domain, hosts)
        before = self._finder.override(domain)
        override = Override(servers, self._actor, reason, self._clock.now(), until)
        self._finder.set_override(domain, override)
        await self._keep(domain, before)
        return servers

    def read(self, domain: Domain, hosts: Sequence[str]) -> tuple[ServerId, ...]:
        """*hosts* as mail for *domain* may be sent to.  Raises `RequestRefused`."""
        try:
            servers = tuple(read_host(text, self._finder) for text in hosts)
            check_number(servers)
        except ValueError as error:
            raise RequestUnclear(f"Mail for {domain} cannot be re-routed: {error}.") from error
        return servers

    def standing(self, domain: Domain) -> Override:
        """The override for *domain*.  Raises `NotFound`."""
        found = self._finder.override(domain)
        if found is None:
            raise NotFound(f"There is no override for {domain}.")
        return found

    async def remove(self, domain: Domain) -> None:
        """Send it to its own servers again.  Raises `RequestRefused`."""
        before = self.standing(domain)
        self._finder.remove_override(domain)
        await self._keep(domain, before)

    async def _keep(self, domain: Domain, before: Override | None) -> None:
        """Write the overrides down, or put the one for *domain* back as it was."""
        try:
            await keep_overrides(self._spool, self._finder)
        except SpoolRefused as error:
            if before is None:
                self._finder.remove_override(domain)
            else:
                self._finder.set_override(domain, before)
            raise RequestRefused(f"The override was not changed: {error}") from error
        if self._engine is not None:
            self._engine.gates.breakers.forget(domain)
            self._engine.gates.concurrency.forget(domain)
            self._engine.wake()
            await self._engine.keep_gates()
