"""Policy by fault, on real sockets: each cell of the table in docs/TLS.md, on both event loops.

What went in clear is looked for on the wire itself, in the octets that a tap before the
server recorded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import uvloop

from empath.address import BannerHostname, Domain, IpAddress, ServerId
from empath.config.model import (
    Config,
    Delivery,
    DeliveryTls,
    Destination,
    Mode,
    OnTlsFailure,
    TlsPolicy,
)
from empath.config.model import Route as FixedRoute
from empath.config.units import Duration, parse_network
from empath.delivery.attempt import Attempts, Report
from empath.delivery.pool import Pool
from empath.delivery.route import RouteFinder
from empath.policy.answer import Answer, Found, MailExchanger
from empath.policy.tls import TlsFault
from empath.reply import Delivered, Failed
from empath.tls import ClientContexts
from tests.fakes.fixed_route import NoDns
from tests.fakes.identities import HOST, authority_file
from tests.fakes.memory_spool import BODY, MemorySpool, lot
from tests.fakes.tls_mx import TlsMx

DOCUMENT = (Path(__file__).parents[2] / "docs/TLS.md").read_text()
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
COLUMNS = ["opportunistic", "required", "verify", "disabled"]


def table() -> dict[str, list[str]]:
    """The rows of the written table: what is wrong to the cells."""
    block = re.search(r"<!-- matrix -->\n(.*?)\n\n", DOCUMENT, re.DOTALL)
    assert block is not None
    head, _, *rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in block[1].splitlines()
    ]
    assert head[1:5] == COLUMNS
    return {row[0]: row[1:] for row in rows}


TABLE = table()


class Dns(NoDns):
    """A domain with these MX hosts, each at an address of loopback of its own."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts

    async def mail_exchangers(self, domain: object) -> Answer[MailExchanger]:  # type: ignore[override]
        hosts = enumerate(self.hosts)
        return Found(tuple(MailExchanger(n, Domain(host), host) for n, host in hosts), ttl=60)

    async def addresses_v4(self, host: object) -> Answer[IpAddress]:  # type: ignore[override]
        place = self.hosts.index(str(host)) + 1
        return Found((ipaddress.ip_address(f"127.0.0.{place}"),), ttl=60)


def config(
    port: int, tls: DeliveryTls, *destinations: Destination, connect_timeout: float = 0.3
) -> Config:
    """Mail to MX hosts at *port* of loopback, encrypted as *tls* says."""
    return Config(
        mode=Mode.RELAY,
        hostname=BannerHostname("empath.test"),
        destination=destinations,
        delivery=Delivery(
            port=port,
            allow_networks=(parse_network("127.0.0.0/8"),),
            connect_timeout=Duration(connect_timeout),
            command_timeout=Duration(3),
            tls=tls,
        ),
    )


def attempts(current: Callable[[], Config], pool: Pool, *hosts: str) -> Attempts:
    """Attempts to deliver to *hosts* by the config in force."""
    spool = MemorySpool()
    spool.bodies[lot().id] = BODY
    return Attempts(
        spool,  # type: ignore[arg-type] - the part an attempt uses
        RouteFinder(resolver=Dns(*(hosts or (HOST,))), config=current),
        pool,
        current,
        ClientContexts(lambda: current().delivery.tls),
    )


async def tried(settings: Config, *hosts: str) -> Report:
    """One attempt to deliver to *hosts*."""
    report = await attempts(lambda: settings, Pool(), *hosts).deliver(lot())
    if report.connection is not None:
        report.connection.quit()
    return report


def word(report: Report) -> str:
    """What became of the message, as the table says it."""
    [outcome] = report.outcomes
    if not isinstance(outcome, Delivered):
        return str(outcome.reply.enhanced)
    if report.tls is None:
        return "in clear"
    return "verified" if report.tls.verified else "encrypted"


def told_in_clear(wire: bytes) -> bool:
    """Whether anything about the message can be read off the wire."""
    return any(part in wire for part in (b"MAIL FROM", b"RCPT TO", b"there.test>", b"Hello there"))


async def one_cell(fault: str, policy: TlsPolicy) -> None:
    """One fault under one policy."""
    expected, noted = TABLE[fault][COLUMNS.index(policy)], TABLE[fault][4]
    async with TlsMx(fault) as mx:
        settings = config(mx.port, DeliveryTls(policy=policy, ca_file=authority_file()))
        report = await tried(settings)
        wire = mx.wire
    assert word(report) == expected
    assert isinstance(report.outcomes[0], Delivered if expected[0].isalpha() else Failed)
    assert told_in_clear(wire) == (expected == "in clear")
    assert len(mx.contents) == (1 if expected[0].isalpha() else 0)
    faults = [failure.fault for failure in report.tls_failures]
    if expected in {"encrypted", "verified"} or policy is TlsPolicy.DISABLED:
        assert faults == []
    elif expected == "in clear" and noted == TlsFault.NOT_OFFERED:
        assert faults == []  # Nothing was offered, and nothing was asked for.
    else:
        assert faults == [noted]
    assert report.need is not None
    assert report.need.policy is policy


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("policy", TlsPolicy)
@pytest.mark.parametrize("fault", TABLE)
def test_each_cell_of_the_written_table(fault: str, policy: TlsPolicy, loop: str) -> None:
    """3.3 TLS downgrade, names: what the document says is what happens, and on the wire."""
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(one_cell(fault, policy))


def test_the_table_has_every_fault_that_can_be_noted() -> None:
    """No kind of failure is without its row."""
    noted = {row[4] for row in TABLE.values()}
    assert noted - {"–"} == {fault.value for fault in TlsFault} - {TlsFault.INVALID.value}


@pytest.mark.parametrize("fault", [name for name, row in TABLE.items() if row[2][0] == "5"])
async def test_mail_waits_where_the_operator_wants_it_to(fault: str) -> None:
    """``on_failure = "defer"``: the same codes, temporary; still nothing in clear."""
    tls = DeliveryTls(
        policy=TlsPolicy.VERIFY, on_failure=OnTlsFailure.DEFER, ca_file=authority_file()
    )
    async with TlsMx(fault) as mx:
        report = await tried(config(mx.port, tls))
    assert word(report) == "4" + TABLE[fault][2][1:]
    assert not told_in_clear(mx.wire)


async def test_the_next_host_is_tried_before_mail_is_given_up() -> None:
    """The first MX is expired, the second is sound: delivered there, the first is noted."""
    tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=authority_file())
    async with (
        TlsMx("expired") as one,
        TlsMx("wildcard", host="127.0.0.2", port=one.port) as two,
    ):
        report = await tried(config(one.port, tls), HOST, "second.there.test")
    assert word(report) == "verified"
    assert [failure.fault for failure in report.tls_failures] == [TlsFault.EXPIRED]
    assert (one.contents, len(two.contents)) == ([], 1)
    assert not told_in_clear(one.wire + two.wire)


async def test_a_host_that_may_come_back_keeps_the_mail_waiting() -> None:
    """One MX fails the policy, the other is down: mail is not returned for that."""
    tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=authority_file())
    async with TlsMx("expired") as mx:
        report = await tried(config(mx.port, tls), HOST, "second.there.test")
    assert word(report) == "4.4.1"


async def test_one_domain_is_promised_more_than_the_rest() -> None:
    """A ``[[destination]]`` counts before the default, and the record says so."""
    tls = DeliveryTls(policy=TlsPolicy.OPPORTUNISTIC, ca_file=authority_file())
    bank = Destination(domain="there.test", tls=TlsPolicy.VERIFY)
    async with TlsMx("self-signed") as mx:
        report = await tried(config(mx.port, tls, bank))
    assert word(report) == "5.7.5"
    [failure] = report.tls_failures
    assert (failure.policy, failure.source) == ("verify", "destination")
    assert failure.server == f"{HOST} [127.0.0.1]:{mx.port}"
    assert "self" in failure.reason


async def test_a_connection_in_clear_carries_no_mail_that_needs_encryption() -> None:
    """The policy is part of what a connection may be reused for."""
    pool = Pool()
    async with TlsMx("no STARTTLS") as mx:
        opportunistic = config(mx.port, DeliveryTls())
        required = config(mx.port, DeliveryTls(policy=TlsPolicy.REQUIRED))
        force = [opportunistic]
        delivery = attempts(lambda: force[0], pool)
        for settings, expected in ((opportunistic, "in clear"), (required, "5.7.10")):
            force[0] = settings
            report = await delivery.deliver(lot())
            assert word(report) == expected
            if report.connection is not None and report.key is not None:
                pool.put(report.key, report.connection)
        assert (len(pool), mx.connections, len(mx.contents)) == (1, 2, 1)
        pool.close()


async def test_a_failure_is_counted_once_however_long_the_connection_lasts() -> None:
    """What failed before a connection was opened is no failure of the messages that follow."""
    pool = Pool()
    async with TlsMx("STARTTLS refused (454)") as mx:
        settings = config(mx.port, DeliveryTls())
        delivery = attempts(lambda: settings, pool)
        failures = []
        for _ in range(3):
            report = await delivery.deliver(lot())
            assert word(report) == "in clear"
            assert report.connection is not None
            assert report.key is not None
            pool.put(report.key, report.connection)
            failures.append([failure.fault for failure in report.tls_failures])
        pool.close()
    assert failures == [[TlsFault.REFUSED], [], []]
    assert mx.connections == 2


async def test_what_was_agreed_is_in_the_record() -> None:
    """Names and expiry of the certificate are kept, whether it is believed or not."""
    for fault, names in (("good", (HOST, "other.test")), ("expired", (HOST,))):
        async with TlsMx(fault) as mx:
            report = await tried(config(mx.port, DeliveryTls()))
        assert report.tls is not None
        assert report.tls.names == names
        assert report.tls.expires_at is not None
        assert report.tls.verified == ""


async def test_roots_that_cannot_be_read_keep_mail_waiting(tmp_path: Path) -> None:
    """A mistake in our own setting returns nobody's mail, and names the file."""
    missing = tmp_path / "missing.pem"
    async with TlsMx("good") as mx:
        tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=missing)
        report = await tried(config(mx.port, tls))
    assert word(report) == "4.3.5"
    assert str(missing) in report.outcomes[0].reply.text
    assert mx.connections == 0


async def test_an_address_has_no_name_to_verify() -> None:
    """Names in certificates are DNS names: a host known by its address only cannot be verified."""
    tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=authority_file())
    async with TlsMx("good") as mx:
        settings = config(mx.port, tls)
        spool = MemorySpool()
        message = lot("b@[127.0.0.1]")
        spool.bodies[message.id] = BODY
        attempts = Attempts(
            spool,  # type: ignore[arg-type] - the part an attempt uses
            RouteFinder(resolver=NoDns(), config=lambda: settings),
            Pool(),
            lambda: settings,
            ClientContexts(lambda: settings.delivery.tls),
        )
        report = await attempts.deliver(message)
    assert word(report) == "5.7.5"
    assert mx.connections == 0


async def test_a_route_to_an_address_that_should_be_verified_waits() -> None:
    """It is our own setting: mail is not returned for it, and no certificate is blamed."""
    tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=authority_file())
    async with TlsMx("good") as mx:
        settings = config(mx.port, tls)
        hop = ServerId(f"127.0.0.1:{mx.port}")
        settings = msgspec.structs.replace(settings, route=(FixedRoute(domain="*", host=hop),))
        report = await tried(settings)
    assert word(report) == "4.7.5"
    assert "127.0.0.1 is an address" in report.outcomes[0].reply.text
    assert report.tls_failures == ()
    assert mx.connections == 0
