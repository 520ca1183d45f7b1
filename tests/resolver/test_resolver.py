"""The resolver's door: memory, shared look-ups, and a real name server behind it."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest
import uvloop

from empath.address import Domain
from empath.clock import SystemClock
from empath.config.model import Dns
from empath.config.units import Duration
from empath.policy.answer import Found, LookupFailed, MailExchanger, NoSuchName, NoSuchRecord
from empath.resolver import Kept, Resolver
from empath.resolver.resolver import FAILURE_TTL
from empath.resolver.servers import Servers
from tests.fakes.clock import HandClock
from tests.fakes.name_server import NameServer, always, silence, zone
from tests.fakes.nsd import Nsd

DOMAIN = Domain("example.org")
ZONE = zone("example.org. 60 MX 10 mx.example.org.", "mx.example.org. 60 A 192.0.2.1")
FOUND = Found((MailExchanger(10, Domain("mx.example.org"), "mx.example.org"),), 60)


def resolver(server: NameServer, clock: HandClock, **settings: object) -> Resolver:
    """A resolver that asks *server*."""
    dns = Dns(servers=(server.address,), **settings)  # type: ignore[arg-type]
    return Resolver(settings=lambda: dns, clock=clock)


async def test_an_answer_is_asked_for_once_while_it_holds() -> None:
    """Until its TTL is over an answer comes from memory."""
    clock = HandClock()
    async with NameServer(ZONE) as server:
        names = resolver(server, clock)
        for seconds in (0, 59.9):
            clock.advance(seconds)
            assert await names.mail_exchangers(DOMAIN) == FOUND
        assert len(server.asked) == 1
        clock.advance(0.2)
        await names.mail_exchangers(DOMAIN)
        assert len(server.asked) == 2


async def test_the_configured_bounds_on_time_hold() -> None:
    """cache_ttl bounds what there is, negative_ttl what there is not, the SOA both less."""
    clock = HandClock()
    async with NameServer(ZONE) as server:
        names = resolver(server, clock, cache_ttl=Duration(5), negative_ttl=Duration(7))
        await names.mail_exchangers(DOMAIN)
        await names.addresses_v4(DOMAIN)
        await names.addresses_v4(Domain("none.example"))
        assert [entry.expires_at - clock.now() for entry in names.cached()] == [7, 5, 7]


async def test_zero_entries_keep_nothing() -> None:
    """With cache_entries at 0 each question is asked anew."""
    async with NameServer(ZONE) as server:
        names = resolver(server, HandClock(), cache_entries=0)
        await names.mail_exchangers(DOMAIN)
        await names.mail_exchangers(DOMAIN)
        assert len(server.asked) == 2


async def test_a_hundred_who_ask_at_once_cause_one_question() -> None:
    """Look-ups of the same name and type that overlap are one look-up."""
    async with NameServer(ZONE) as server:
        names = resolver(server, HandClock())
        answers = await asyncio.gather(*(names.mail_exchangers(DOMAIN) for _ in range(100)))
        assert answers == [FOUND] * 100
        assert server.asked == [("example.org.", "MX")]
        assert repr(names) == "<Resolver cached=1 asking=0>"


async def test_one_who_gives_up_does_not_take_the_others_with_them() -> None:
    """When the attempt that began a look-up is cancelled, the next in line begins it again."""
    async with NameServer(silence) as server:
        names = resolver(server, HandClock())
        async with asyncio.TaskGroup() as group:
            first = group.create_task(names.mail_exchangers(DOMAIN))
            await asyncio.sleep(0)
            second = group.create_task(names.mail_exchangers(DOMAIN))
            third = group.create_task(names.mail_exchangers(DOMAIN))
            await server.heard.wait()
            server.script = ZONE
            first.cancel()
        assert first.cancelled()
        assert [second.result(), third.result()] == [FOUND, FOUND]
        assert len(server.asked) == 2


async def test_a_failed_look_up_is_not_repeated_at_once() -> None:
    """A failure holds for five seconds, and is not shown as if it were an answer."""
    clock = HandClock()
    async with NameServer(always(rcode=dns.rcode.SERVFAIL)) as server:
        names = resolver(server, clock)
        for _ in range(3):
            assert isinstance(await names.mail_exchangers(DOMAIN), LookupFailed)
        assert len(server.asked) == 1
        assert names.cached() == ()
        server.script = ZONE
        clock.advance(FAILURE_TTL)
        assert await names.mail_exchangers(DOMAIN) == FOUND


async def test_operators_see_and_clear_what_is_kept() -> None:
    """The list names type, records and end; clearing a name has it asked for again."""
    clock = HandClock()
    async with NameServer(ZONE) as server:
        names = resolver(server, clock)
        await names.mail_exchangers(DOMAIN)
        assert names.cached() == (
            Kept("example.org", "MX", ("10 mx.example.org",), clock.now() + 60),
        )
        assert names.clear("other.org") == 0
        assert names.clear("example.org") == 1
        assert names.cached() == ()
        await names.mail_exchangers(DOMAIN)
        assert names.clear() == 1
        assert len(server.asked) == 2


@pytest.mark.parametrize("cleared", ["", "example.org"])
async def test_an_answer_that_was_on_its_way_when_all_was_cleared_is_not_kept(
    cleared: str,
) -> None:
    """Whoever clears wants the servers asked anew: what they said before is for those who asked
    before, and for nobody else.
    """
    async with NameServer(silence) as server:
        names = resolver(server, HandClock(), timeout=Duration(2))
        async with asyncio.TaskGroup() as group:
            before = group.create_task(names.mail_exchangers(DOMAIN))
            await server.heard.wait()
            names.clear(cleared)
            server.script = ZONE
            after = group.create_task(names.mail_exchangers(DOMAIN))
            await after
            assert not before.done()
        assert (before.result(), after.result()) == (FOUND, FOUND)
        assert repr(names) == "<Resolver cached=1 asking=0>"


async def test_what_was_known_before_all_was_cleared_is_not_known_behind_it() -> None:
    """The late answer does not take the place of the one that was asked for later."""
    old = zone("example.org. 60 MX 10 old.example.org.")
    async with NameServer(silence) as server:
        names = resolver(server, HandClock())
        async with asyncio.TaskGroup() as group:
            before = group.create_task(names.mail_exchangers(DOMAIN))
            await server.heard.wait()
            names.clear()
            server.script = old
            await before
        assert names.cached() == ()
        server.script = ZONE
        assert await names.mail_exchangers(DOMAIN) == FOUND


async def test_a_setting_that_is_no_server_fails_with_the_remedy() -> None:
    """A mistake in dns.servers defers mail with a sentence that says how it is written."""
    names = Resolver(settings=lambda: Dns(servers=("ns.example.org",)), clock=HandClock())
    answer = await names.mail_exchangers(DOMAIN)
    assert isinstance(answer, LookupFailed)
    assert answer.sentence.startswith('MX of example.org: dns.servers: "ns.example.org" is not')


async def test_without_any_server_the_sentence_says_what_to_set(tmp_path: Path) -> None:
    """A machine without resolv.conf defers mail and says so."""
    names = Resolver(settings=Dns, clock=HandClock(), servers=Servers(tmp_path / "none"))
    answer = await names.mail_exchangers(DOMAIN)
    assert isinstance(answer, LookupFailed)
    assert "names no name server; set dns.servers" in answer.sentence


async def test_changed_settings_hold_from_the_next_look_up_on() -> None:
    """A reload that names another server needs no restart."""
    async with NameServer(silence) as old, NameServer(ZONE) as new:
        settings = [Dns(servers=(old.address,), timeout=Duration(0.2))]
        names = Resolver(settings=lambda: settings[0], clock=HandClock())
        assert isinstance(await names.addresses_v4(Domain("mx.example.org")), LookupFailed)
        settings[0] = Dns(servers=(new.address,))
        assert await names.mail_exchangers(DOMAIN) == FOUND


@pytest.fixture(scope="module")
def nsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    """NSD with the example zone."""
    with Nsd(tmp_path_factory.mktemp("nsd")) as server:
        yield server


def real(nsd: Nsd) -> Resolver:
    """A resolver as the product has it, that asks NSD."""
    return Resolver(settings=lambda: Dns(servers=(nsd.address,)), clock=SystemClock())


@pytest.mark.tools("nsd")
async def test_a_real_server_answers_as_expected(nsd: Nsd) -> None:
    """NSD's packets, with its compression and its SOA, are read rightly."""
    names = real(nsd)
    mx1 = Domain("mx1.example.test")
    assert await names.mail_exchangers(Domain("alias.example.test")) == Found(
        (
            MailExchanger(20, Domain("mx2.example.test"), "mx2.example.test"),
            MailExchanger(10, mx1, "mx1.example.test"),
        ),
        600,
    )
    assert await names.addresses_v4(mx1) == Found((ipaddress.ip_address("192.0.2.1"),), 600)
    assert await names.addresses_v6(mx1) == Found((ipaddress.ip_address("2001:db8::1"),), 600)
    assert await names.mail_exchangers(Domain("nodata.example.test")) == NoSuchRecord(30)
    assert await names.mail_exchangers(Domain("nowhere.example.test")) == NoSuchName(30)
    many = await names.mail_exchangers(Domain("many.example.test"))
    assert isinstance(many, Found)
    assert len(many.records) == 120


@pytest.mark.tools("nsd")
def test_a_real_server_answers_under_uvloop(nsd: Nsd) -> None:
    """UDP and TCP work on the loop that the product runs on."""

    async def ask() -> tuple[int, int]:
        names = real(nsd)
        small, large = await asyncio.gather(
            names.mail_exchangers(Domain("multi.example.test")),
            names.mail_exchangers(Domain("many.example.test")),
        )
        assert isinstance(small, Found)
        assert isinstance(large, Found)
        return len(small.records), len(large.records)

    assert uvloop.run(ask()) == (2, 120)
