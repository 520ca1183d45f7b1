"""Which parts of the engine have to do something when the config is swapped, in order.

All others read the config in force anew for each unit of work and need nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from empath.config.model import Config
from empath.config.renewal import Renew, Renewal
from empath.delivery.engine import Engine
from empath.inbound.listener import Reception
from empath.resolver import Resolver
from empath.spool.store import Store


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
        parts.append(partial(_deliveries, engine))
    return (*parts, names, limits)


async def _deliveries(engine: Engine, _old: Config, new: Config) -> Renewal:
    """Authorities that are trusted; and limits may let more go than before."""
    trust = await engine.contexts.renew(new.delivery.tls)

    def take() -> None:
        trust.take()
        engine.wake()

    return Renewal(take, trust.renewed)


def forget(resolver: Resolver) -> None:
    """Let go of all answers that are kept."""
    resolver.clear()
