"""Which of a host's addresses gets the connection (RFC 8305), and what is remembered."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence

import msgspec
import pytest

from empath.address import Domain, IpAddress
from empath.config.model import Config
from empath.config.units import Duration, parse_network
from empath.delivery.attempt import Attempts, Report
from empath.delivery.dialling import Server
from empath.delivery.pool import Pool
from empath.delivery.progress import Progress
from empath.delivery.racing import race
from empath.delivery.route import RouteFinder, Target
from empath.policy.answer import Answer, Found, MailExchanger, NoSuchRecord
from empath.reply import Deferred, Delivered
from empath.tls import ClientContexts
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello
from tests.fakes.silent_port import silent_port

GOOD = (*hello(), *ONE_MESSAGE)
BUSY = ("< 421 4.3.2 busy", "> QUIT")
HERE, SILENT, CLOSED = "127.0.0.1", "127.0.0.3", "127.0.0.4"


class Names:
    """MX hosts in their order, with the addresses they have."""

    def __init__(self, **hosts: Sequence[str]) -> None:
        self.hosts = {f"{name}.test": addresses for name, addresses in hosts.items()}

    async def mail_exchangers(self, domain: Domain) -> Answer[MailExchanger]:
        names = map(Domain, self.hosts)
        return Found(tuple(MailExchanger(n, each, each) for n, each in enumerate(names)), 60)

    async def addresses_v4(self, host: Domain) -> Answer[IpAddress]:
        return self._of(host, 4)

    async def addresses_v6(self, host: Domain) -> Answer[IpAddress]:
        return self._of(host, 6)

    def _of(self, host: Domain, version: int) -> Answer[IpAddress]:
        every = map(ipaddress.ip_address, self.hosts[host])
        found = tuple(each for each in every if each.version == version)
        return Found(found, 60) if found else NoSuchRecord(60)


class Tries:
    """Attempts by MX, all at one port."""

    def __init__(self, port: int, names: Names, **delivery: object) -> None:
        settings = {
            "port": port,
            "allow_networks": (parse_network("127.0.0.0/8"), parse_network("::1/128")),
            "idle_timeout": Duration(0),
            **delivery,
        }
        base = routed(1)
        chosen = msgspec.structs.replace(base.delivery, **settings)
        self.config = Config(hostname=base.hostname, delivery=chosen)
        self.clock = HandClock()
        self.attempts = Attempts(
            MemorySpool(),  # type: ignore[arg-type] - the part an attempt uses
            RouteFinder(resolver=names, config=lambda: self.config),
            Pool(),
            lambda: self.config,
            ClientContexts(lambda: self.config.delivery.tls),
            clock=self.clock,
        )

    async def once(self) -> Report:
        """One attempt, its connection closed behind it."""
        report = await self.attempts.deliver(lot())
        if report.connection is not None:
            report.connection.quit()
        return report

    def remembered(self) -> list[str]:
        """The hosts and addresses that would be tried last now."""
        return [host for host, _ in self.attempts.reachability.standing(self.clock.now())]


def seconds() -> float:
    """By the event loop's clock."""
    return asyncio.get_running_loop().time()


async def test_a_silent_address_holds_mail_up_for_a_quarter_of_a_second() -> None:
    """RFC 8305 5: the next address is tried beside it, and the first that answers is kept."""
    async with ScriptedMx(GOOD) as mx:
        with silent_port(SILENT, mx.port):
            began = seconds()
            tries = Tries(mx.port, Names(mx=[SILENT, HERE]), connect_timeout=Duration(30))
            report = await tries.once()
            took = seconds() - began
    assert isinstance(report.outcomes[0], Delivered)
    assert report.server == f"mx.test [{HERE}]:{mx.port}"
    assert 0.2 < took < 10
    said = report.transcript.lines()
    assert said[0] == f"* connecting to mx.test [{SILENT}]:{mx.port}"


async def test_an_address_that_refuses_is_not_waited_for() -> None:
    """RFC 8305 5: a failure starts the next at once; it is remembered and goes last then."""
    async with ScriptedMx(GOOD, GOOD) as mx:
        tries = Tries(mx.port, Names(mx=[CLOSED, HERE]))
        first = await tries.once()
        assert tries.remembered() == [CLOSED]
        second = await tries.once()
    assert isinstance(first.outcomes[0], Delivered)
    assert CLOSED in first.transcript.lines()[0]
    assert isinstance(second.outcomes[0], Delivered)
    assert not any(CLOSED in line for line in second.transcript.lines())


async def test_a_host_none_of_whose_addresses_answers_defers_with_the_last_reason() -> None:
    """All were tried, and are told in the transcript."""
    async with ScriptedMx() as mx:
        report = await Tries(mx.port, Names(mx=[CLOSED, SILENT])).once()
    outcome = report.outcomes[0]
    assert isinstance(outcome, Deferred)
    assert str(outcome.reply) == (
        f"451 4.4.1 cannot connect to mx.test [{SILENT}]:{mx.port}: connection refused"
    )
    assert len([line for line in report.transcript.lines() if "cannot connect" in line]) == 2


async def test_ipv6_goes_first_and_ipv4_follows() -> None:
    """RFC 8305 4: the families in turn, IPv6 first."""
    async with ScriptedMx(GOOD) as mx:
        report = await Tries(mx.port, Names(mx=[HERE, "::1"])).once()
    assert isinstance(report.outcomes[0], Delivered)
    said = [line for line in report.transcript.lines() if line.startswith("* ")]
    assert said[0] == f"* connecting to mx.test [::1]:{mx.port}"


async def test_the_loser_of_a_race_is_closed() -> None:
    """Two that both answer: one connection is kept, and the other ends with nothing said."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    one = await asyncio.start_server(serve, HERE, 0)
    port = int(one.sockets[0].getsockname()[1])
    two = await asyncio.start_server(serve, SILENT, port)
    async with one, two:
        tries = Tries(port, Names())
        servers = [
            Server(
                Target("mx.test", port),
                ipaddress.ip_address(address),
                tries.config,
                ssl.create_default_context(),
                Progress(lot()),
            )
            for address in (HERE, SILENT)
        ]
        ended = await race(servers, implicit=False, delay=0)
        assert ended.server in servers
        assert ended.connection is not None
        await eventually(lambda: heard == [b""])
        ended.connection.quit()
        await eventually(lambda: sorted(heard) == [b"", b"QUIT\r\n"])


async def test_the_addresses_left_are_tried_when_the_winner_refuses_the_session() -> None:
    """A greeting that sends us away is no reason to leave the host's other addresses out."""
    async with ScriptedMx(BUSY) as one:
        server = ScriptedMx(GOOD)
        two = await asyncio.start_server(server._serve, SILENT, one.port)
        async with two:
            report = await Tries(one.port, Names(mx=[HERE, SILENT])).once()
    assert isinstance(report.outcomes[0], Delivered)
    assert report.server == f"mx.test [{SILENT}]:{one.port}"


async def test_a_dead_host_is_tried_last_for_a_while() -> None:
    """Its preference counts again when the time is over; when it answers, at once."""
    async with ScriptedMx(GOOD, GOOD, GOOD) as mx:
        names = Names(best=[CLOSED], second=[HERE])
        tries = Tries(mx.port, names)
        for first in (CLOSED, HERE):
            report = await tries.once()
            assert isinstance(report.outcomes[0], Delivered)
            assert f"[{first}]" in report.transcript.lines()[0]
        assert tries.remembered() == [CLOSED, "best.test"]
        tries.clock.advance(301)
        report = await tries.once()
        assert f"[{CLOSED}]" in report.transcript.lines()[0]


async def test_a_dead_host_is_still_tried_when_the_others_fail() -> None:
    """Remembering costs no mail: it goes last, it is not left out."""
    async with ScriptedMx(GOOD) as mx:
        tries = Tries(mx.port, Names(best=[HERE], second=[CLOSED]))
        tries.attempts.reachability.note(("best.test", mx.port), "refused", tries.clock.now())
        report = await tries.once()
    assert isinstance(report.outcomes[0], Delivered)
    assert tries.remembered() == [CLOSED, "second.test"]


async def test_a_server_that_greets_was_reached() -> None:
    """What it says is its own word; it is no dead host."""
    async with ScriptedMx(BUSY) as mx:
        tries = Tries(mx.port, Names(mx=[HERE]))
        report = await tries.once()
    assert isinstance(report.outcomes[0], Deferred)
    assert tries.remembered() == []


async def test_a_server_that_never_greets_was_not_reached() -> None:
    """A connection on which nobody speaks is worth no more than none."""
    async with ScriptedMx(()) as mx:
        tries = Tries(mx.port, Names(mx=[HERE]), connect_timeout=Duration(0.3))
        report = await tries.once()
    assert isinstance(report.outcomes[0], Deferred)
    assert tries.remembered() == [HERE, "mx.test"]


@pytest.mark.parametrize("after", [0.05, 0.3])
async def test_an_attempt_that_is_cut_in_the_race_leaves_nothing_open(after: float) -> None:
    """Cancelled at any time, all its connections end."""
    with silent_port(SILENT) as port, silent_port(CLOSED, port):
        tries = Tries(port, Names(mx=[SILENT, CLOSED]), connect_timeout=Duration(30))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after):
                await tries.once()
        assert len(asyncio.all_tasks()) == 1
