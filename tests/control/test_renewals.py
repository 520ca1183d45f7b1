"""What parts of the engine do when the config is swapped."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from empath.address import Domain, ServerId
from empath.bus import Bus
from empath.config.model import Config, Dns, Route, Spool
from empath.config.units import ByteSize, Duration
from empath.control.renewals import renewals
from empath.delivery.engine import Engine
from empath.delivery.route import RouteFinder
from empath.inbound.listener import Reception
from empath.policy.breaker import Position
from empath.resolver import Resolver
from empath.spool.face import SpoolFull
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.name_server import NameServer, always


async def test_limits_of_the_spool_and_answers_of_the_dns_follow_the_config(
    tmp_path: Path,
) -> None:
    """Not before they are taken; answers go only when a setting of [dns] has changed."""
    clock, bus = HandClock(), Bus()
    async with NameServer(always("example.org. 600 MX 10 mx.example.org.")) as server:
        spool = Spool(path=tmp_path / "spool", min_free=ByteSize(0))
        running = Config(spool=spool, dns=Dns(servers=(server.address,)))

        def current() -> Config:
            return running

        store = await Store.open(running.spool, clock=clock)
        resolver = Resolver(settings=lambda: running.dns, clock=clock)
        reception = Reception(spool=store, config=current, bus=bus, clock=clock)
        parts = renewals(current, reception=reception, engine=None, store=store, resolver=resolver)

        async def reload(new: Config) -> None:
            nonlocal running
            built = [await renew(running, new) for renew in parts]
            running = new
            for one in built:
                one.take()

        await resolver.mail_exchangers(Domain("example.org"))
        full = msgspec.structs.replace(spool, min_free=ByteSize(2**60))
        await reload(msgspec.structs.replace(running, spool=full))
        assert len(resolver.cached()) == 1
        with pytest.raises(SpoolFull):
            store.draft()
        shorter = msgspec.structs.replace(running.dns, cache_ttl=Duration(1))
        await reload(msgspec.structs.replace(running, dns=shorter))
        assert resolver.cached() == ()
        await store.close()


def to(domain: str, port: int) -> Route:
    """The route of *domain* to this machine."""
    return Route(domain=domain, host=ServerId(f"127.0.0.1:{port}"))


async def test_a_breaker_is_closed_when_its_mail_goes_elsewhere(tmp_path: Path) -> None:
    """Where failures opened it, and the route of that destination has changed; an operator's
    breaker, and one whose servers are the same as before, stay open.
    """
    clock, bus = HandClock(), Bus()
    moved, kept, same = (Domain(f"{name}.example") for name in ("moved", "kept", "same"))
    spool = Spool(path=tmp_path / "spool", min_free=ByteSize(0))
    running = Config(spool=spool, route=(to("*", 3097), to("same.example", 3031)))

    def current() -> Config:
        return running

    store = await Store.open(spool, clock=clock)
    resolver = Resolver(settings=lambda: running.dns, clock=clock)
    finder = RouteFinder(resolver=resolver, config=current, own_addresses=lambda: ())
    engine = Engine(
        spool=store, finder=finder, config=current, bus=bus, clock=clock, random=random.Random(1)
    )
    reception = Reception(spool=store, config=current, bus=bus, clock=clock)
    parts = renewals(current, reception=reception, engine=engine, store=store, resolver=resolver)

    async def reload(**changes: object) -> None:
        nonlocal running
        new = msgspec.structs.replace(running, **changes)
        built = [await renew(running, new) for renew in parts]
        running = new
        for one in built:
            one.take()

    breakers = engine.gates.breakers
    for name in (moved, same):
        for _ in range(running.delivery.breaker.failures):
            breakers.failed(name, clock.now(), "connection refused")
    breakers.open(kept, clock.now() + 300, actor="ada", reason="asked to")
    await reload(hostname=running.hostname)
    assert set(breakers.standing(clock.now())) == {moved, kept, same}
    await reload(route=(to("*", 3030), to("same.example", 3031)))
    assert breakers[moved].position(clock.now()) is Position.CLOSED
    assert set(breakers.standing(clock.now())) == {kept, same}
    await reload(route=())
    assert set(breakers.standing(clock.now())) == {kept}
    await store.close()
