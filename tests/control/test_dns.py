"""What operators see and change of names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import dns.message
import msgspec
import pytest
from dns.rdatatype import MX

from empath.address import Domain
from empath.config.model import Dns
from empath.config.units import Duration
from empath.control.dns import DnsDesk
from empath.control.link import (
    ClearDnsCache,
    ListDnsCache,
    ListDnsOverrides,
    ListRecord,
    NotFound,
    RefreshDns,
    RemoveDnsOverride,
    RequestRefused,
    RequestUnclear,
    SetDnsOverride,
)
from empath.control.operator import LocalLink
from empath.control.overrides import KEY, OverridesUnreadable, load_overrides
from empath.delivery.route import Route
from empath.events import DnsChanged
from empath.spool.face import Spool, SpoolRefused
from tests.fakes.name_server import NameServer, respond, zone
from tests.fakes.operator_desk import desk
from tests.fakes.turns import AT_MOST, longest_turn

EXAMPLE = Domain("example.net")


async def test_an_override_is_in_force_and_survives_a_restart(tmp_path: Path) -> None:
    """Mail goes where the operator says, from now on and after a new start."""
    hosts = ("mx.example.com", "192.0.2.1:2525", "[2001:db8::1]:25")
    async with desk(tmp_path) as engine:
        reply = await engine.link.ask(SetDnsOverride(domain=EXAMPLE, hosts=hosts))
        expected = ("mx.example.com:25", "192.0.2.1:2525", "[2001:db8::1]:25")
        (override,) = reply.overrides
        assert (override.domain, override.hosts, override.until) == (EXAMPLE, expected, None)
        assert override.since == engine.clock.now()
        route = await engine.finder.find(EXAMPLE)
        assert isinstance(route, Route)
        assert [target.port for target in route.targets] == [25, 2525, 25]
    async with desk(tmp_path) as engine:
        assert (await engine.link.ask(ListDnsOverrides())).overrides == ()
        await load_overrides(engine.store, engine.finder)
        assert (await engine.link.ask(ListDnsOverrides())).overrides == reply.overrides
        gone = await engine.link.ask(RemoveDnsOverride(domain=EXAMPLE))
        assert gone.overrides == ()
        assert await engine.store.setting(KEY) is None


async def test_changes_of_names_are_published_with_their_actor(tmp_path: Path) -> None:
    """What an operator does to the DNS is on record."""
    async with desk(tmp_path) as engine:
        link = engine.link.acting("root(uid 0) pid 7")
        await link.ask(SetDnsOverride(domain=EXAMPLE, hosts=("mx.example.com",)))
        await link.ask(RemoveDnsOverride(domain=EXAMPLE))
        await link.ask(ClearDnsCache())
        events = [event for event in engine.published if isinstance(event, DnsChanged)]
        assert [event.action for event in events] == [
            "override with mx.example.com:25",
            "override removed",
            "clear cache",
        ]
        assert {event.actor for event in events} == {"root(uid 0) pid 7"}


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        ((), "Mail for example.net cannot be re-routed: an override names 1 to 20 hosts."),
        (("mx.example.com",) * 1000, "Mail for example.net cannot be re-routed: an override"),
        (("a b",), '"a b" is not a server: the host is neither a host name nor an address'),
        (("mx:0",), '"mx:0" is not a server: the port of a server is a number from 1 to 65535.'),
        (("127.0.0.1:99999",), '"127.0.0.1:99999" is not a server: the port of a server is'),
        (("a:b",), '"a:b" is not a server: a server is written "host:port"'),
        (("::1",), '"::1" is not a server: an IPv6 address is written in brackets, as "[::1]:25".'),
        (("999.1.1.1",), '"999.1.1.1" is not a server: an IPv4 address is four numbers from 0'),
        (("1.1.1:25",), '"1.1.1:25" is not a server: an IPv4 address is four numbers from 0'),
    ],
)
async def test_a_bad_override_is_refused(
    tmp_path: Path, hosts: tuple[str, ...], sentence: str
) -> None:
    """No host, too many, no host name, a bad port: the sentence names what is wrong with which."""
    async with desk(tmp_path) as engine:
        for dry_run in (True, False):
            with pytest.raises(RequestUnclear) as refusal:
                await engine.link.ask(SetDnsOverride(domain=EXAMPLE, hosts=hosts, dry_run=dry_run))
            assert str(refusal.value).startswith(sentence)
        assert engine.finder.overrides() == {}


async def test_an_address_needs_no_port(tmp_path: Path) -> None:
    """It is 25 then, for an IPv6 address in brackets too."""
    async with desk(tmp_path) as engine:
        done = await engine.link.ask(SetDnsOverride(domain=EXAMPLE, hosts=("[::1]", "192.0.2.1")))
        assert done.overrides[0].hosts == ("[::1]:25", "192.0.2.1:25")


async def test_an_override_has_a_reason_an_end_and_a_dry_run(tmp_path: Path) -> None:
    """What it would touch is counted first; the reason and the end are listed and on record."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net", "b@example.com")
        link, hosts = engine.link.acting("ada"), ("mx.example.com",)
        asked = SetDnsOverride(
            domain=EXAMPLE, hosts=hosts, reason="they move", seconds=60, dry_run=True
        )
        done = await link.ask(asked)
        assert (done.overrides, done.preview and done.preview.recipients) == ((), 1)
        (override,) = (await link.ask(msgspec.structs.replace(asked, dry_run=False))).overrides
        end = engine.clock.now() + 60
        assert (override.actor, override.reason, override.until) == ("ada", "they move", end)
        gone = RemoveDnsOverride(domain=EXAMPLE, reason="moved", dry_run=True)
        done = await link.ask(gone)
        assert (len(done.overrides), done.preview and done.preview.recipients) == (1, 1)
        assert (await link.ask(msgspec.structs.replace(gone, dry_run=False))).overrides == ()
        with pytest.raises(NotFound, match="no override"):
            await link.ask(gone)
        with pytest.raises(RequestUnclear, match="seconds"):
            await link.ask(msgspec.structs.replace(asked, seconds=-1))
        records = [each.record for each in (await link.ask(ListRecord())).items]
        assert [(each.action, each.reason, each.until) for each in records] == [
            ("dns remove-override", "moved", None),
            ("dns set-override", "they move", end),
        ]


async def test_an_override_that_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    """The sentence names the domain."""
    async with desk(tmp_path) as engine:
        with pytest.raises(NotFound, match=r"no override for example\.net"):
            await engine.link.ask(RemoveDnsOverride(domain=EXAMPLE))


@pytest.mark.parametrize("kept", ["{", "[1]", '[{"domain": "example.net", "hosts": ["a b"]}]'])
async def test_overrides_that_cannot_be_read_are_told(tmp_path: Path, kept: str) -> None:
    """An engine starts without them and says how to set them again."""
    async with desk(tmp_path) as engine:
        await engine.store.keep(KEY, kept)
        with pytest.raises(OverridesUnreadable, match="set-override"):
            await load_overrides(engine.store, engine.finder)
        assert engine.finder.overrides() == {}


class FullSpool:
    """A spool that takes nothing more."""

    async def keep(self, key: str, value: str | None) -> None:
        raise SpoolRefused("The disk is full.")


async def test_an_override_that_cannot_be_kept_is_taken_back(tmp_path: Path) -> None:
    """When the spool refuses, what is in force is what was before."""
    async with desk(tmp_path) as engine:
        await engine.link.ask(SetDnsOverride(domain=EXAMPLE, hosts=("old.example",)))
        before = engine.finder.overrides()
        full = DnsDesk(
            spool=cast("Spool", FullSpool()),
            finder=engine.finder,
            resolver=engine.resolver,
            bus=engine.bus,
            clock=engine.clock,
            actor="me",
        )
        for request in (
            SetDnsOverride(domain=EXAMPLE, hosts=("new.example",)),
            SetDnsOverride(domain=Domain("other.example"), hosts=("new.example",)),
            RemoveDnsOverride(domain=EXAMPLE),
        ):
            with pytest.raises(RequestRefused, match="was not changed: The disk is full"):
                await full.answer(request)
            assert engine.finder.overrides() == before


async def test_the_cache_is_listed_and_cleared(tmp_path: Path) -> None:
    """An empty cache is an empty list; clearing says how many answers were forgotten."""
    async with desk(tmp_path) as engine:
        assert (await engine.link.ask(ListDnsCache())).entries == ()
        assert (await engine.link.ask(ClearDnsCache(name="Example.NET."))).entries == 0


async def test_a_refresh_follows_overrides(tmp_path: Path) -> None:
    """With an override there is nothing to ask the DNS; the answer is empty, not an error."""
    async with desk(tmp_path) as engine:
        await engine.link.ask(SetDnsOverride(domain=EXAMPLE, hosts=("192.0.2.1:25",)))
        assert (await engine.link.ask(RefreshDns(domain=EXAMPLE))).entries == ()


async def test_a_refresh_asks_the_dns_afresh(tmp_path: Path) -> None:
    """MX and addresses are looked up again, kept, shown with their time, and can be forgotten."""
    records = zone(
        "example.net. 300 MX 10 mx.example.net.",
        "mx.example.net. 300 A 192.0.2.1",
    )
    async with NameServer(records) as server, desk(tmp_path) as engine:
        settings = msgspec.structs.replace(engine.config.dns, servers=(server.address,))
        engine.configure(dns=settings)
        entries = (await engine.link.ask(RefreshDns(domain=EXAMPLE))).entries
        found = {(entry.name, entry.kind): entry for entry in entries}
        assert found["example.net", "MX"].answer == ("10 mx.example.net",)
        assert found["mx.example.net", "A"].answer == ("192.0.2.1",)
        assert found["example.net", "MX"].expires_at == engine.clock.now() + 300
        assert (await engine.link.ask(ListDnsCache())).entries == entries
        assert (await engine.link.ask(ClearDnsCache(name="Example.NET."))).entries == 1
        assert len((await engine.link.ask(ListDnsCache())).entries) == len(entries) - 1


async def test_a_full_list_of_answers_holds_nobody_up(tmp_path: Path) -> None:
    """It is put together in slices, as every other name in it may be due for delivery."""
    places = [Domain(f"d{number}.test") for number in range(4000)]

    def script(query: dns.message.Message, _tcp: bool) -> list[bytes]:
        return [respond(query, f"{query.question[0].name} 60 MX 10 mx.test.").to_wire()]

    async with NameServer(script) as server, desk(tmp_path) as engine:
        engine.configure(dns=Dns(servers=(server.address,)))
        for start in range(0, len(places), 100):
            lot = places[start : start + 100]
            await asyncio.gather(*map(engine.resolver.mail_exchangers, lot))
        known = await engine.link.ask(ListDnsCache())
        assert [entry.name for entry in known.entries] == sorted(places)
        assert await longest_turn(lambda: LocalLink.ask(engine.link, ListDnsCache())) < AT_MOST


async def test_a_refresh_waits_for_all_hosts_at_once(tmp_path: Path) -> None:
    """Ten of which the servers say nothing take as long as one, and it is answered in time."""

    def script(query: dns.message.Message, _tcp: bool) -> list[bytes]:
        mx = [f"{EXAMPLE}. 60 MX {number} mx{number}.test." for number in range(10)]
        return [respond(query, *mx).to_wire()] if query.question[0].rdtype == MX else []

    async with NameServer(script) as server, desk(tmp_path) as engine:
        engine.configure(dns=Dns(servers=(server.address,), timeout=Duration(0.4)))
        async with asyncio.timeout(2):
            found = await engine.link.ask(RefreshDns(domain=EXAMPLE))
        assert [(entry.kind, len(entry.answer)) for entry in found.entries] == [("MX", 10)]
