"""Which parts of the engine have to do something when the config is swapped, in order.

All others read the config in force anew for each unit of work and need nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from empath.address import Domain
from empath.config.model import Config
from empath.config.renewal import Renew, Renewal
from empath.control.port_trial import try_ports
from empath.control.route_trial import try_routes
from empath.delivery.engine import Engine
from empath.inbound.listener import Reception
from empath.policy.routing import FixedRoutes
from empath.resolver import Resolver
from empath.spool.store import Store

_SLICE: Final = 200
"""Routes compared before the loop has its turn."""


def renewals(
    config: Callable[[], Config],
    *,
    reception: Reception,
    engine: Engine | None,
    store: Store,
    resolver: Resolver,
) -> Sequence[Renew]:
    """What `empath.control.config_desk.ConfigDesk` asks for each new config."""

    async def names(old: Config, new: Config) -> Renewal:
        # An answer that is kept came from the servers, and for the time, of the old settings.
        return Renewal(lambda: None if old.dns == new.dns else forget(resolver))

    async def limits(_old: Config, _new: Config) -> Renewal:
        return Renewal(lambda: store.reconfigure(config().spool))

    parts: list[Renew] = [reception.renew]
    if engine is not None:
        parts += [partial(_deliveries, engine), try_routes]
    return (*parts, names, limits, try_ports)


async def _deliveries(engine: Engine, old: Config, new: Config) -> Renewal:
    """Authorities that are trusted; limits may let more go than before; and a breaker says
    nothing of servers that its failures did not come from.
    """
    trust = await engine.contexts.renew(new.delivery.tls)
    breakers = engine.gates.breakers.kept().items()
    moved = await _moved([name for name, breaker in breakers if not breaker.actor], old, new)

    def take() -> None:
        trust.take()
        engine.route_changed(moved)
        engine.wake()

    return Renewal(take, trust.renewed)


async def _moved(names: Iterable[Domain], old: Config, new: Config) -> Sequence[Domain]:
    """Those of *names* whose mail goes to other hosts, or another port, with *new*."""
    if old.route == new.route and old.delivery.port == new.delivery.port:
        return ()
    before, after = _hosts(old), _hosts(new)
    moved = []
    for number, name in enumerate(names):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        if before(name) != after(name):
            moved.append(name)
    return moved


def _hosts(config: Config) -> Callable[[Domain], tuple[tuple[str, int], ...]]:
    """Tells the hosts for a destination, in order; without a name for those that DNS names."""
    fixed, port = FixedRoutes(config.route), config.delivery.port

    def hosts(name: Domain) -> tuple[tuple[str, int], ...]:
        route = fixed.find(name, port=port)
        return tuple((one.host, one.port) for one in route.targets) if route else (("", port),)

    return hosts


def forget(resolver: Resolver) -> None:
    """Let go of all answers that are kept."""
    resolver.clear()
