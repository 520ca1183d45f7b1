"""An attempt ends with the config it began with, whatever is put in force meanwhile."""

from __future__ import annotations

import asyncio
import ipaddress

from msgspec.structs import replace

from empath.address import Domain, IpAddress
from empath.config.model import Config, Delivery, DeliveryTls, Mode, Retry, TlsPolicy
from empath.config.units import Duration, parse_network
from empath.delivery.route import RouteFinder
from empath.policy.answer import Found, MailExchanger
from empath.reply import Deferred, Failed
from tests.fakes.any_mx import AnyMx
from tests.fakes.engine_at_work import running
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import NoDns, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot


class HeldNames(NoDns):
    """A resolver that says where mail goes once the test lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def mail_exchangers(self, domain: object) -> Found[MailExchanger]:  # type: ignore[override]
        """The MX, at last."""
        self.asked.set()
        await self.go.wait()
        return Found((MailExchanger(10, Domain("mx.there.test"), "mx.there.test"),), ttl=60)

    async def addresses_v4(self, host: object) -> Found[IpAddress]:  # type: ignore[override]
        """Loopback."""
        return Found((ipaddress.ip_address("127.0.0.1"),), ttl=60)


def through(port: int, policy: TlsPolicy) -> Config:
    """A config that delivers to *port* of MX hosts on loopback, encrypted as *policy* says."""
    delivery = Delivery(
        port=port,
        allow_networks=(parse_network("127.0.0.0/8"),),
        tls=DeliveryTls(policy=policy),
    )
    return Config(mode=Mode.RELAY, delivery=delivery)


async def test_mail_looked_up_under_one_policy_is_not_sent_under_another() -> None:
    """A lookup that began while TLS was required does not end in mail sent in clear."""
    spool, names = MemorySpool(lot()), HeldNames()
    async with AnyMx() as mx, AnyMx() as other:
        current = through(mx.port, TlsPolicy.REQUIRED)
        finder = RouteFinder(resolver=names, config=lambda: current)
        async with running(spool, current, routes=finder) as parts:
            await names.asked.wait()
            current = parts.config = through(other.port, TlsPolicy.DISABLED)
            names.go.set()
            await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Failed)
    assert not any(line.startswith(b"MAIL") for line in mx.heard)
    assert other.connections == 0


async def test_a_retry_is_counted_by_what_the_attempt_began_with() -> None:
    """Another wait, put in force while the server thinks, is for the attempts after this one."""
    spool = MemorySpool(lot())
    async with AnyMx() as mx:
        mx.answer = b"451 4.3.0 later\r\n"
        mx.hold()
        config = routed(mx.port, retry=Retry(base=Duration(300), jitter=0))
        async with running(spool, config, at=ARRIVED) as parts:
            await eventually(lambda: mx.waiting == 1)
            later = replace(config.delivery, retry=Retry(base=Duration(900), jitter=0))
            parts.config = replace(config, delivery=later)
            mx.answer_all()
            await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Deferred)
    assert spool.rulings[0].next_at == ARRIVED + 300


async def test_shorter_timeouts_cut_nothing_that_began_under_longer_ones() -> None:
    """The watchdog measures an attempt by the timeouts that its own waits have."""
    spool = MemorySpool(lot())
    async with AnyMx() as mx:
        mx.hold()
        config = routed(mx.port, command_timeout=Duration(3600), pipelining=False)
        async with running(spool, config) as parts:
            await eventually(lambda: mx.waiting == 1)
            shorter = replace(config.delivery, command_timeout=Duration(1))
            parts.config = replace(config, delivery=shorter)
            for _ in range(2):
                parts.engine._watchdog.look(parts.engine._progress.values())
                parts.clock.advance(600)
            assert parts.published == []
            mx.answer_all()
            await spool.recorded(1)
