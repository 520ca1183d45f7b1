"""The address of this machine that mail comes from."""

from __future__ import annotations

import msgspec
import pytest

from empath.config.model import Config, Delivery
from empath.config.units import Ipv4Source, Ipv6Source
from empath.delivery.pool import Pool
from empath.policy.blame import Word, word_on
from empath.reply import Deferred, Delivered
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.one_attempt import attempts, keep, only, tried
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello

GOOD = (*hello(), *ONE_MESSAGE)
ELSEWHERE = Ipv4Source("192.0.2.7")
"""No address of this machine (RFC 5737)."""


def by_route(config: Config, source: str) -> Config:
    """*config* whose route has a source address of its own."""
    route = msgspec.structs.replace(config.route[0], source_address=Ipv4Source(source))
    return msgspec.structs.replace(config, route=(route,))


async def test_mail_comes_from_the_address_that_is_set() -> None:
    """`delivery.source_address`, as the server sees it; the transcript says so."""
    async with ScriptedMx((*GOOD, "> QUIT")) as mx:
        report = await tried(routed(mx.port, source_address=Ipv4Source("127.0.0.9")))
        assert mx.peers == ["127.0.0.9"]
    assert isinstance(only(report), Delivered)
    assert report.transcript.lines()[0].endswith(f"127.0.0.1:{mx.port} from 127.0.0.9")


async def test_a_route_has_its_own_address() -> None:
    """`source_address` of a route counts before that for all mail."""
    config = routed(1, source_address=ELSEWHERE)
    async with ScriptedMx((*GOOD, "> QUIT")) as mx:
        config = routed(mx.port, source_address=ELSEWHERE)
        assert isinstance(only(await tried(by_route(config, "127.0.0.8"))), Delivered)
        assert mx.peers == ["127.0.0.8"]


async def test_without_a_setting_the_system_chooses() -> None:
    """And an IPv6 address says nothing about IPv4."""
    async with ScriptedMx((*GOOD, "> QUIT")) as mx:
        config = routed(mx.port, source_address_v6=Ipv6Source("2001:db8::7"))
        assert isinstance(only(await tried(config)), Delivered)
        assert mx.peers == ["127.0.0.1"]


@pytest.mark.parametrize("own_route", [False, True])
async def test_an_address_that_is_not_ours_defers_and_names_the_setting(own_route: bool) -> None:
    """The mail waits for the operator; no server, breaker or dead host is to blame."""
    async with ScriptedMx() as mx:
        config = routed(mx.port, source_address=ELSEWHERE)
        if own_route:
            config = by_route(config, "192.0.2.7")
        sending = attempts(config)
        report = await sending.deliver(lot())
        assert mx.connections == 0
    outcome = only(report)
    assert isinstance(outcome, Deferred)
    key = 'source_address of the [[route]] for "*"' if own_route else "delivery.source_address"
    assert str(outcome.reply) == (
        "451 4.3.5 cannot connect from 192.0.2.7, which is no address of this machine: correct"
        f" {key}, or give the machine that address"
    )
    assert word_on(report.stage, report.outcomes) is Word.NOTHING
    assert len(sending.reachability) == 0


async def test_a_connection_from_another_address_is_not_reused() -> None:
    """A change of the setting holds for the next message, also while a connection is idle."""
    pool = Pool()
    async with ScriptedMx(GOOD, GOOD) as mx:
        for source in ("127.0.0.9", "127.0.0.8"):
            config = routed(mx.port, source_address=Ipv4Source(source))
            keep(pool, await attempts(config, pool=pool).deliver(lot()))
        assert mx.peers == ["127.0.0.9", "127.0.0.8"]
        pool.close()


def test_the_default_is_no_address() -> None:
    """Of neither family."""
    assert (Delivery().source_address, Delivery().source_address_v6) == (None, None)
