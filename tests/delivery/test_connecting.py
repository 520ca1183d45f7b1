"""Which of several servers gets the message."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from empath.address import Domain, IpAddress, ServerId
from empath.config.model import Config, Delivery, DeliveryTls, Route, TlsPolicy
from empath.config.units import Secret
from empath.delivery.attempt import Attempts, Report
from empath.delivery.connecting import key_of
from empath.delivery.dialling import server_name
from empath.delivery.pool import Key, Pool
from empath.delivery.route import RouteFinder
from empath.policy.answer import Answer, Found, LookupFailed, MailExchanger, NoSuchName
from empath.policy.override import Override
from empath.policy.routing import Target
from empath.policy.tls import Need, Source
from empath.reply import Deferred, Delivered, Failed
from empath.tls import ClientContexts
from tests.fakes.fixed_route import NoDns, routed
from tests.fakes.memory_spool import MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello

GOOD = (*hello(), *ONE_MESSAGE)
BUSY = ("< 421 4.3.2 busy",)
CLOSED = ("< 554 5.7.1 no mail here",)


async def tried(finder: RouteFinder, config: Config) -> Report:
    """One attempt with these routes."""
    attempts = Attempts(
        MemorySpool(),  # type: ignore[arg-type] - the part an attempt uses
        finder,
        Pool(),
        lambda: config,
        ClientContexts(lambda: config.delivery.tls),
    )
    report = await attempts.deliver(lot())
    if report.connection is not None:
        report.connection.quit()
    return report


async def through(*servers: ScriptedMx) -> Report:
    """One attempt whose route names *servers* in this order."""
    config = routed(1)
    finder = RouteFinder(resolver=NoDns(), config=lambda: config)
    finder.set_override(
        Domain("there.test"),
        Override(tuple(ServerId(f"127.0.0.1:{server.port}") for server in servers)),
    )
    return await tried(finder, config)


@pytest.mark.parametrize("first", [BUSY, CLOSED])
async def test_the_next_host_is_tried_after_a_refusing_greeting(first: tuple[str, ...]) -> None:
    """3.4-2a: greeting 554 or 421: next MX."""
    async with ScriptedMx(first) as one, ScriptedMx(GOOD) as two:
        report = await through(one, two)
    assert isinstance(report.outcomes[0], Delivered)
    assert report.server == f"127.0.0.1:{two.port}"


async def test_the_next_host_is_tried_where_nobody_listens() -> None:
    """One MX down is no reason to wait."""
    async with ScriptedMx() as down:
        pass
    async with ScriptedMx(GOOD) as up:
        report = await through(down, up)
    assert isinstance(report.outcomes[0], Delivered)


async def test_mail_waits_when_all_hosts_refuse() -> None:
    """3.4-2b: then defer; the transcript shows all of them."""
    async with ScriptedMx(CLOSED) as one, ScriptedMx(BUSY) as two:
        report = await through(one, two)
    assert report.outcomes == (Deferred(report.outcomes[0].reply),)
    assert str(report.outcomes[0].reply) == "421 4.3.2 busy"
    said = "\n".join(report.transcript.lines())
    assert "< 554 5.7.1 no mail here" in said
    assert "< 421 4.3.2 busy" in said


async def test_an_answer_about_the_message_is_not_asked_for_again() -> None:
    """A refused recipient is refused; the other hosts of the domain are not bothered."""
    refusing = (*hello(), "> MAIL", "< 250 Ok", "> RCPT", "< 450 4.2.1 greylisted", "> QUIT")
    async with ScriptedMx(refusing) as one, ScriptedMx() as two:
        report = await through(one, two)
    assert str(report.outcomes[0].reply) == "450 4.2.1 greylisted"
    assert two.connections == 0


class Dns(NoDns):
    """A resolver with an MX whose addresses are given."""

    def __init__(self, *answers: Answer[IpAddress]) -> None:
        self.answers = dict(zip(("mx1.test", "mx2.test"), answers, strict=False))

    async def mail_exchangers(self, domain: object) -> Answer[MailExchanger]:
        if not self.answers:
            return NoSuchName(ttl=60)
        return Found(
            tuple(MailExchanger(10 * n, Domain(host), host) for n, host in enumerate(self.answers)),
            ttl=60,
        )

    async def addresses_v4(self, host: object) -> Answer[IpAddress]:
        return self.answers[str(host)]

    async def addresses_v6(self, host: object) -> Answer[IpAddress]:
        return NoSuchName(ttl=60)


async def looked_up(*answers: Answer[IpAddress]) -> Report:
    """One attempt by DNS."""
    config = Config(delivery=routed(1).delivery)
    return await tried(RouteFinder(resolver=Dns(*answers), config=lambda: config), config)


async def test_a_domain_that_does_not_exist_fails_at_the_dns() -> None:
    """The timeline shows the stage, and that no server was reached."""
    report = await looked_up()
    assert isinstance(report.outcomes[0], Failed)
    assert (report.stage, report.server) == ("DNS", "")


async def test_hosts_without_any_address_fail() -> None:
    """When all are gone for good, so is the way."""
    report = await looked_up(NoSuchName(ttl=60), NoSuchName(ttl=60))
    assert isinstance(report.outcomes[0], Failed)


@pytest.mark.parametrize("order", [1, -1])
async def test_a_host_that_may_come_back_keeps_the_mail_waiting(order: int) -> None:
    """One host without addresses does not fail mail that another may take tomorrow."""
    answers: list[Answer[IpAddress]] = [LookupFailed("timeout"), NoSuchName(ttl=60)]
    report = await looked_up(*answers[::order])
    assert isinstance(report.outcomes[0], Deferred)
    assert report.stage == "DNS"


async def test_a_message_with_several_recipients_goes_in_one_transaction() -> None:
    """One connection, one content."""
    both = (
        *hello(),
        "> MAIL",
        "< 250 Ok",
        "> RCPT TO:<b@there.test>",
        "< 250 Ok",
        "> RCPT TO:<c@there.test>",
        "< 550 5.1.1 no",
        *ONE_MESSAGE[4:],
    )
    async with ScriptedMx(both) as mx:
        config = routed(mx.port)
        attempts = Attempts(
            MemorySpool(),  # type: ignore[arg-type] - the part an attempt uses
            RouteFinder(resolver=NoDns(), config=lambda: config),
            Pool(),
            lambda: config,
            ClientContexts(lambda: config.delivery.tls),
        )
        report = await attempts.deliver(lot("b@there.test", "c@there.test"))
        assert report.connection is not None
        report.connection.quit()
    assert [type(each) for each in report.outcomes] == [Delivered, Failed]


async def test_ten_addresses_are_enough_for_one_attempt() -> None:
    """An attempt ends in bounded time, however many hosts a route names."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(ScriptedMx(BUSY)) for _ in range(12)]
        report = await through(*servers)
    assert isinstance(report.outcomes[0], Deferred)
    assert [server.connections for server in servers] == [1] * 10 + [0] * 2


def test_an_address_is_no_server_name() -> None:
    """RFC 6066 3: SNI carries host names only."""
    names = [server_name(host) for host in ("mx.test", "192.0.2.1", "[2001:db8::1]")]
    assert names == ["mx.test", None, None]


def test_a_connection_is_reused_for_the_same_login_and_trust_only() -> None:
    """After a reload with another password or other authorities, a new one is opened."""

    def key(password: str, ca_file: str | None) -> Key:
        route = Route(domain="*", host=ServerId("h:25"), username="u", password=Secret(password))
        tls = DeliveryTls(ca_file=None if ca_file is None else Path(ca_file))
        config = Config(delivery=Delivery(tls=tls))
        wanted = Need(TlsPolicy.VERIFY, Source.ROUTE)
        return key_of(Target("h", 25, 0, route), wanted, config)

    assert key("one", None) == key("one", None)
    assert len({key("one", None), key("two", None), key("two", "roots.pem")}) == 3
