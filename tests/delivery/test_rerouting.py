"""Recipients of one message with next hops of their own, and the encryption asked of those."""

from __future__ import annotations

import msgspec
import pytest

from empath.address import ServerId
from empath.config.model import Config, Tls, TlsPolicy
from empath.delivery.route import RouteFinder
from empath.envelope import Lot, NextHop
from empath.events import AttemptEnded
from empath.policy.override import Override
from tests.fakes.clock import HandClock
from tests.fakes.engine_at_work import GOOD, LATER, running
from tests.fakes.fixed_route import NoDns, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello

TWO = (
    *hello("SIZE 1000"),
    *ONE_MESSAGE[:4],
    *ONE_MESSAGE[2:],
)
"""A message for two recipients is taken."""
NO_TLS = (*hello(), "> QUIT")


def rerouted(message: Lot, *hops: NextHop | None) -> Lot:
    """*message* with a next hop, or none, for each of its recipients."""
    return msgspec.structs.replace(
        message,
        recipients=tuple(
            msgspec.structs.replace(waiting, next_hop=hop)
            for waiting, hop in zip(message.recipients, hops, strict=True)
        ),
    )


def at(server: ScriptedMx) -> ServerId:
    """Where *server* listens."""
    return ServerId(f"127.0.0.1:{server.port}")


async def test_each_recipient_goes_to_its_own_next_hop() -> None:
    """Those of another next hop wait on meanwhile and go next; nobody is sent to twice."""
    async with ScriptedMx(TWO) as usual, ScriptedMx(GOOD) as other:
        hop = NextHop(at(other))
        message = lot("a@there.test", "b@there.test", "c@there.test")
        spool = MemorySpool(rerouted(message, None, hop, None))
        async with running(spool, routed(usual.port)) as engine:
            await spool.recorded(2)
    ended = [event for event in engine.published if isinstance(event, AttemptEnded)]
    assert [[each.address for each in event.results] for event in ended] == [
        ["a@there.test", "c@there.test"],
        ["b@there.test"],
    ]
    assert f":{usual.port}" in ended[0].server
    assert f":{other.port}" in ended[1].server
    assert (len(usual.contents), len(other.contents)) == (1, 1)


async def test_a_next_hop_that_has_ended_is_as_none() -> None:
    """All go together to the destination's own server again."""
    async with ScriptedMx(TWO) as usual:
        ended = NextHop(ServerId("127.0.0.1:1"), ARRIVED)
        spool = MemorySpool(rerouted(lot("a@there.test", "b@there.test"), None, ended))
        config = routed(usual.port)
        clock = HandClock(ARRIVED + 1)
        routes = RouteFinder(resolver=NoDns(), config=lambda: config, clock=clock)
        async with running(spool, config, routes=routes) as engine:
            await spool.recorded(1)
    (event,) = [each for each in engine.published if isinstance(each, AttemptEnded)]
    assert [each.result for each in event.results] == ["delivered", "delivered"]


async def test_another_next_hop_says_nothing_about_the_destination() -> None:
    """Its failures open no breaker: the destination's own servers may be well."""
    async with ScriptedMx(*[LATER] * 8) as other:
        hop = NextHop(at(other))
        messages = [rerouted(lot("b@there.test", number=n), hop) for n in range(8)]
        spool = MemorySpool(*messages)
        async with running(spool, routed(1)) as engine:
            await spool.recorded(8)
            now = engine.clock.now()
            assert engine.engine.gates.breakers.standing(now) == {}


def _required(config: Config) -> Config:
    delivery = msgspec.structs.replace(
        config.delivery,
        tls=msgspec.structs.replace(config.delivery.tls, policy=TlsPolicy.REQUIRED),
    )
    return msgspec.structs.replace(config, delivery=delivery)


@pytest.mark.parametrize("by", ["recipient", "destination"])
@pytest.mark.parametrize(
    "config",
    [_required(routed(1)), routed(1, tls=Tls.STARTTLS), routed(1, tls=Tls.IMPLICIT)],
    ids=["default", "starttls route", "implicit route"],
)
async def test_a_reroute_never_weakens_required_encryption(config: Config, by: str) -> None:
    """A next hop without STARTTLS gets nothing in clear; the mail waits, for the slip is ours."""
    async with ScriptedMx(NO_TLS) as other:
        message = lot("b@there.test")
        routes = RouteFinder(resolver=NoDns(), config=lambda: config)
        if by == "recipient":
            message = rerouted(message, NextHop(at(other)))
        else:
            routes.set_override(message.destination, Override((at(other),)))
        spool = MemorySpool(message)
        async with running(spool, config, routes=routes) as engine:
            await spool.recorded(1)
    (event,) = [each for each in engine.published if isinstance(each, AttemptEnded)]
    assert (event.results[0].result, event.stage) == ("deferred", "STARTTLS")
    assert event.results[0].reply.startswith("451 4.7.10")
    assert (event.tls_policy, event.tls_source) == ("required", "override")
    assert other.contents == []
