"""The finder: a real name server, overrides, and what is asked of the DNS."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import time
from collections.abc import Iterator

import pytest

from empath.address import BannerHostname, Domain, IpAddress, ServerId
from empath.clock import SystemClock
from empath.config.model import Config, Delivery, Dns
from empath.config.model import Route as FixedRoute
from empath.config.units import parse_network
from empath.delivery.route import Route, RouteFinder, Target
from empath.envelope import NextHop
from empath.own_addresses import own_listeners
from empath.policy.answer import Answer, Found, MailExchanger, NoSuchRecord
from empath.policy.override import Override
from empath.policy.routing import MAX_TARGETS
from empath.reply import Deferred, Failed
from empath.resolver import Resolver
from tests.fakes.clock import HandClock
from tests.fakes.nsd import Nsd

DOMAIN = Domain("example.org")
LOOPBACK = ipaddress.ip_address("127.0.0.1")
LOOPBACK_BOTH = (LOOPBACK, ipaddress.ip_address("::1"))


class CountingNames:
    """A resolver for which each domain has two equal MX hosts, with an address in each family.

    It answers no address until both families have been asked for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._both = asyncio.Barrier(2)

    async def mail_exchangers(self, domain: Domain) -> Answer[MailExchanger]:
        self.asked.append(f"MX {domain}")
        hosts = (Domain("a.example.net"), Domain("b.example.net"))
        return Found(tuple(MailExchanger(10, host, host) for host in hosts), 60)

    async def addresses_v4(self, host: Domain) -> Answer[IpAddress]:
        self.asked.append(f"A {host}")
        async with asyncio.timeout(5), self._both:
            return Found((ipaddress.ip_address("192.0.2.1"),), 60)

    async def addresses_v6(self, host: Domain) -> Answer[IpAddress]:
        self.asked.append(f"AAAA {host}")
        async with asyncio.timeout(5), self._both:
            return NoSuchRecord(60)


def finder(names: CountingNames, config: Config | None = None) -> RouteFinder:
    """A finder with a known stream of random numbers."""
    chosen = config or Config()
    return RouteFinder(resolver=names, config=lambda: chosen, random=random.Random(1))


async def test_both_families_are_asked_at_once() -> None:
    """A slow AAAA answer does not come on top of a slow A answer."""
    names = CountingNames()
    found = await finder(names).addresses(Target("mx.example.org", 25))
    assert found == (ipaddress.ip_address("192.0.2.1"),)
    assert sorted(names.asked) == ["A mx.example.org", "AAAA mx.example.org"]


async def test_equal_hosts_share_the_load() -> None:
    """Of two equal MX hosts each is first about half of the time."""
    route_finder = finder(CountingNames())
    firsts = []
    for _ in range(200):
        route = await route_finder.find(DOMAIN)
        assert isinstance(route, Route)
        firsts.append(route.targets[0].host)
    assert 60 < firsts.count("a.example.net") < 140


async def test_a_changed_config_is_followed_at_once() -> None:
    """A route, its removal and another port for MX hosts each count from the next message on."""
    current = Config()
    route_finder = RouteFinder(resolver=CountingNames(), config=lambda: current)
    sources = []
    for changed in (
        Config(),
        Config(route=(FixedRoute(domain="*", host=ServerId("127.0.0.1:2525")),)),
        Config(route=(FixedRoute(domain="*", host=ServerId("127.0.0.1:2526")),)),
        Config(delivery=Delivery(port=2527)),
    ):
        current = changed
        for _ in range(2):
            route = await route_finder.find(DOMAIN)
            assert isinstance(route, Route)
            sources.append((route.source, route.targets[0].port))
    assert sources[::2] == sources[1::2]
    assert sources[::2] == [("MX", 25), ('route "*"', 2525), ('route "*"', 2526), ("MX", 2527)]


async def test_ten_thousand_routes_cost_a_destination_nothing() -> None:
    """They are put in order once, not for each destination and not for mail that is re-routed."""
    hop = ServerId("127.0.0.1:2525")
    routes = tuple(FixedRoute(domain=f"d{number}.test", host=hop) for number in range(10_000))
    route_finder = finder(CountingNames(), Config(route=routes))
    route_finder.set_override(DOMAIN, Override((hop,)))
    start = time.process_time()
    for number in range(500):
        for each in (Domain(f"d{number}.test"), Domain(f"x{number}.test"), DOMAIN):
            await route_finder.find(each)
        await route_finder.find(DOMAIN, NextHop(hop))
    assert time.process_time() - start < 1


async def test_an_override_is_used_until_it_is_removed() -> None:
    """No MX is asked for meanwhile, and other domains are not touched."""
    names = CountingNames()
    route_finder = finder(names)
    route_finder.set_override(DOMAIN, Override((ServerId("127.0.0.1:2525"),)))
    assert route_finder.overrides() == {DOMAIN: Override((ServerId("127.0.0.1:2525"),))}
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    assert (route.source, route.targets[0].host) == ("override", "127.0.0.1")
    assert await route_finder.addresses(route.targets[0]) == (LOOPBACK,)
    assert names.asked == []
    other = await route_finder.find(Domain("sub.example.org"))
    assert isinstance(other, Route)
    assert other.source == "MX"
    assert route_finder.remove_override(DOMAIN)
    assert not route_finder.remove_override(DOMAIN)
    await route_finder.find(DOMAIN)
    assert names.asked == ["MX sub.example.org", "MX example.org"]
    assert repr(route_finder) == "<RouteFinder overrides=0>"


async def test_an_override_ends_at_its_time() -> None:
    """From then on the DNS is asked again, and it is no longer listed."""
    names, clock = CountingNames(), HandClock()
    config = Config()
    route_finder = RouteFinder(resolver=names, config=lambda: config, clock=clock)
    override = Override((ServerId("127.0.0.1:2525"),), "ada", "they move", until=clock.now() + 60)
    route_finder.set_override(DOMAIN, override)
    clock.advance(59)
    assert route_finder.override(DOMAIN) == override
    assert names.asked == []
    clock.advance(1)
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    assert route.source == "MX"
    assert route_finder.overrides() == {}


async def test_a_recipient_may_have_a_next_hop_of_its_own() -> None:
    """It comes before an override of the destination, and ends at its time too."""
    clock, config = HandClock(), Config()
    route_finder = RouteFinder(resolver=CountingNames(), config=lambda: config, clock=clock)
    route_finder.set_override(DOMAIN, Override((ServerId("127.0.0.1:2525"),)))
    hop = NextHop(ServerId("192.0.2.7:2526"), clock.now() + 60)
    route = await route_finder.find(DOMAIN, route_finder.in_force(hop))
    assert isinstance(route, Route)
    assert [(target.host, target.port) for target in route.targets] == [("192.0.2.7", 2526)]
    clock.advance(60)
    assert route_finder.in_force(hop) is None


@pytest.mark.parametrize("count", [0, MAX_TARGETS + 1])
def test_an_override_has_a_sensible_number_of_hosts(count: int) -> None:
    """None, or more than would ever be tried, is refused with the bounds."""
    with pytest.raises(ValueError, match="1 to 20 hosts"):
        finder(CountingNames()).set_override(DOMAIN, Override((ServerId("192.0.2.1:25"),) * count))


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1:2525", "127.0.0.1"), ("[::1]:2525", "::1"), ("10.0.0.1:25", "10.0.0.1")],
)
async def test_a_smarthost_may_be_an_address_of_any_kind(host: str, address: str) -> None:
    """A route with an address needs no look-up, and is exempt from the filter."""
    names = CountingNames()
    config = Config(route=(FixedRoute(domain="*", host=ServerId(host)),))
    route_finder = finder(names, config)
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    assert await route_finder.addresses(route.targets[0]) == (ipaddress.ip_address(address),)
    assert names.asked == []


async def test_a_smarthost_at_localhost_is_at_loopback() -> None:
    """RFC 6761 6.3: no resolver is asked what ``localhost`` means; a name in an MX is."""
    names = CountingNames()
    config = Config(route=(FixedRoute(domain="*", host=ServerId("localhost:2525")),))
    route_finder = finder(names, config)
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    assert await route_finder.addresses(route.targets[0]) == LOOPBACK_BOTH
    assert names.asked == []
    await route_finder.addresses(Target("localhost", 25))
    assert sorted(names.asked) == ["A localhost", "AAAA localhost"]


@pytest.mark.parametrize("host", ["127.0.0.1:2525", "localhost:2525", "hop.example.net:2525"])
async def test_mail_for_ourselves_waits(host: str) -> None:
    """RFC 5321 6.3: whoever set the route, mail is not sent round; it waits and is not bounced."""
    own = own_listeners([ServerId(f"{each}:2525") for each in ("127.0.0.1", "[::1]", "192.0.2.1")])
    config = Config()
    route_finder = RouteFinder(
        resolver=CountingNames(), config=lambda: config, own_listeners=lambda: own
    )
    route_finder.set_override(DOMAIN, Override((ServerId(host),)))
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    found = await route_finder.addresses(route.targets[0])
    assert isinstance(found, Deferred)
    assert str(found.reply).startswith(
        f"451 4.4.6 The host {ServerId(host).host} of the route for example.org is this Empath"
    )


async def test_a_smarthost_by_name_is_looked_up_and_not_filtered() -> None:
    """The addresses of a route's host are used as they are."""
    names = CountingNames()
    config = Config(route=(FixedRoute(domain="*", host=ServerId("hop.example.net:25")),))
    route_finder = finder(names, config)
    route = await route_finder.find(DOMAIN)
    assert isinstance(route, Route)
    await route_finder.addresses(route.targets[0])
    assert sorted(names.asked) == ["A hop.example.net", "AAAA hop.example.net"]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("[192.0.2.9]", ("192.0.2.9",)),
        ("[IPv6:2001:db8::9]", ("2001:db8::9",)),
        ("[127.0.0.1]", "5.4.4"),
        ("[IPv6:::1]", "5.4.4"),
        ("[IPv6:::ffff:10.0.0.1]", "5.4.4"),
    ],
)
async def test_address_literals_are_filtered_and_not_looked_up(
    domain: str, expected: tuple[str, ...] | str
) -> None:
    """A recipient at an address literal cannot choose the loopback interface."""
    names = CountingNames()
    route_finder = finder(names)
    route = await route_finder.find(Domain(domain))
    assert isinstance(route, Route)
    found = await route_finder.addresses(route.targets[0])
    if isinstance(found, tuple):
        assert tuple(map(str, found)) == expected
    else:
        assert found.reply.status == expected
    assert names.asked == []


async def test_a_name_that_looks_like_an_address_is_still_looked_up() -> None:
    """An MX record "192.0.2.1." names a host of that name, not an address (RFC 5321 5.1)."""
    names = CountingNames()
    await finder(names).addresses(Target("192.0.2.1", 25, 10))
    assert sorted(names.asked) == ["A 192.0.2.1", "AAAA 192.0.2.1"]


@pytest.fixture(scope="module")
def nsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    """NSD with the example zone."""
    with Nsd(tmp_path_factory.mktemp("nsd")) as server:
        yield server


def sayings(result: object) -> str:
    """A result in one line."""
    match result:
        case Deferred(reply=reply) | Failed(reply=reply):
            return f"{type(result).__name__} {reply.code} {reply.enhanced}"
        case _:
            return str(result)


SHAPES = {
    "@": ["mx1: 2001:db8::1 192.0.2.1"],
    "multi": ["mx1: 2001:db8::1 192.0.2.1", "mx2: 192.0.2.2"],
    "alias": ["mx1: 2001:db8::1 192.0.2.1", "mx2: 192.0.2.2"],
    "aliasmx": ["mxalias: 2001:db8::1 192.0.2.1"],
    "a.b.wild": ["mx1: 2001:db8::1 192.0.2.1"],
    "implicit": ["implicit: 192.0.2.3"],
    "nodata": ["nodata: Failed 550 5.4.4"],
    "nowhere": "Failed 550 5.1.2",
    "nullmx": "Failed 556 5.1.10",
    "nullplus": ["mx1: 2001:db8::1 192.0.2.1"],
    "nullpref": "Failed 550 5.4.4",
    "dangling": ["nohost: Failed 550 5.4.4"],
    "ring1": "Deferred 451 4.4.3",
    "private": ["inside: Failed 550 5.4.4"],
    "mapped": ["mappedhost: Failed 550 5.4.4"],
    "half": ["halfhost: 192.0.2.9"],
    "self": ["mx1: 2001:db8::1 192.0.2.1"],
    "onlyself": "Failed 550 5.4.6",
    "literalmx": "Failed 550 5.4.4",
    "control": "Failed 550 5.4.4",
}


@pytest.mark.tools("nsd")
@pytest.mark.parametrize(("name", "expected"), SHAPES.items())
async def test_every_shape_of_mail_domain(nsd: Nsd, name: str, expected: list[str] | str) -> None:
    """From a zone file to hosts and addresses, or the refusal with its code."""
    config = Config(hostname=BannerHostname("Relay.example.test"), dns=Dns(servers=(nsd.address,)))
    names = Resolver(settings=lambda: config.dns, clock=SystemClock())
    route_finder = RouteFinder(resolver=names, config=lambda: config)
    route = await route_finder.find(Domain(f"{name}.example.test".removeprefix("@.")))
    if not isinstance(route, Route):
        assert sayings(route) == expected
        return
    lines = []
    for target in route.targets:
        found = await route_finder.addresses(target)
        shown = " ".join(map(str, found)) if isinstance(found, tuple) else sayings(found)
        lines.append(f"{target.host.removesuffix('.example.test')}: {shown}")
    assert lines == expected


@pytest.mark.tools("nsd")
async def test_a_private_network_may_be_allowed(nsd: Nsd) -> None:
    """With its network in delivery.allow_networks an internal MX host is used."""
    config = Config(
        dns=Dns(servers=(nsd.address,)),
        delivery=Delivery(allow_networks=(parse_network("10.0.0.0/8"),), port=2525),
    )
    names = Resolver(settings=lambda: config.dns, clock=SystemClock())
    route_finder = RouteFinder(resolver=names, config=lambda: config)
    route = await route_finder.find(Domain("private.example.test"))
    assert route == Route("MX", (Target("inside.example.test", 2525, 10),))
    assert await route_finder.addresses(route.targets[0]) == (ipaddress.ip_address("10.0.0.1"),)


@pytest.mark.tools("nsd")
async def test_our_own_address_under_another_name_is_a_loop(nsd: Nsd) -> None:
    """What Empath listens at is refused, whatever the MX host is called."""
    own = {ipaddress.ip_address("192.0.2.3")}
    config = Config(dns=Dns(servers=(nsd.address,)))
    names = Resolver(settings=lambda: config.dns, clock=SystemClock())
    route_finder = RouteFinder(resolver=names, config=lambda: config, own_addresses=lambda: own)
    found = await route_finder.addresses(Target("implicit.example.test", 25))
    assert sayings(found) == "Failed 550 5.4.6"
