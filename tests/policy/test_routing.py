"""From answers to hosts: sources, order, and every refusal."""

from __future__ import annotations

import ipaddress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, IpAddress, ServerId
from empath.config.model import Route as FixedRoute
from empath.config.model import Tls
from empath.config.units import Secret, parse_network
from empath.policy.answer import (
    Answer,
    Found,
    LookupFailed,
    MailExchanger,
    NoSuchName,
    NoSuchRecord,
)
from empath.policy.routing import (
    MAX_ADDRESSES,
    MAX_TARGETS,
    FixedRoutes,
    Route,
    Target,
    choose_addresses,
    interleave,
    mx_route,
    overridden,
)
from empath.policy.special_address import refused_address
from empath.reply import Deferred, Failed

DOMAIN = Domain("example.org")
LITERAL = Domain("[192.0.2.1]")


def mx(preference: int, name: str) -> MailExchanger:
    """An MX record with a good host."""
    return MailExchanger(preference, Domain(name), name)


def read(
    *records: MailExchanger,
    shuffle: tuple[float, ...] = (),
    own_names: frozenset[str] = frozenset({"relay.example.net"}),
) -> Route | Deferred | Failed:
    """The route for example.org with these MX records."""
    return mx_route(DOMAIN, Found(records, 60), own_names=own_names, port=25, shuffle=shuffle)


def hosts(route: Route | Deferred | Failed | None) -> list[str]:
    """The hosts of a route, in order."""
    assert isinstance(route, Route)
    return [target.host for target in route.targets]


def configured(domain: str, host: str = "hop.example.net:2525") -> FixedRoute:
    """A ``[[route]]``."""
    return FixedRoute(domain=domain, host=ServerId(host))


def refusal(outcome: object) -> str:
    """The reply of a refusal, as one line."""
    assert isinstance(outcome, Deferred | Failed)
    return f"{type(outcome).__name__} {outcome.reply}"


class TestFixedRoutes:
    """What needs no MX."""

    def test_an_override_comes_before_everything(self) -> None:
        """Its hosts are tried in the order given, and count as chosen by the operator."""
        hosts = (ServerId("a.example.net:25"), ServerId("[2001:db8::1]:2525"))
        route = overridden(DOMAIN, hosts, FixedRoutes([configured("example.org")]))
        assert route.source == "override"
        assert [(t.host, t.port, t.preference) for t in route.targets] == [
            ("a.example.net", 25, 0),
            ("2001:db8::1", 2525, 1),
        ]
        assert all(t.fixed and not t.fixed.username for t in route.targets)

    @pytest.mark.parametrize(
        ("stated", "taken"),
        [
            (None, None),
            (Tls.NONE, None),
            (Tls.STARTTLS, Tls.STARTTLS),
            (Tls.IMPLICIT, Tls.STARTTLS),
        ],
    )
    def test_an_override_requires_the_encryption_of_the_route_it_replaces(
        self, stated: Tls | None, taken: Tls | None
    ) -> None:
        """But not its lack of any, nor its user name and password, which are for another host."""
        replaced = msgspec.structs.replace(
            configured("*"), tls=stated, username="u", password=Secret("p")
        )
        (target,) = overridden(
            DOMAIN, (ServerId("a.example.net:25"),), FixedRoutes([replaced])
        ).targets
        assert target.override
        assert target.fixed is not None
        assert (target.fixed.tls, target.fixed.username) == (taken, "")

    @pytest.mark.parametrize(
        ("domain", "key"),
        [
            ("example.org", "example.org"),
            ("mail.example.org", ".example.org"),
            ("a.b.deep.example.org", ".deep.example.org"),
            ("deep.example.org", ".example.org"),
            ("example.net", "*"),
            ("badexample.org", "*"),
            ("[192.0.2.1]", "*"),
        ],
    )
    def test_the_most_specific_route_wins(self, domain: str, key: str) -> None:
        """The exact domain, then the nearest parent, then the one for all mail."""
        routes = [
            configured(name, f"hop{n}.example.net:25")
            for n, name in enumerate(("*", ".example.org", "Example.org", ".deep.example.org"))
        ]
        route = FixedRoutes(routes).find(Domain(domain), port=25)
        assert route is not None
        assert route.source == f'route "{key}"'
        assert route.targets[0].fixed is not None
        assert route.targets[0].fixed.domain.lower() == key

    def test_routes_for_the_same_domain_are_tried_in_order(self) -> None:
        """A second [[route]] for a domain is its fallback."""
        routes = [configured("*", "a.example.net:25"), configured("*", "b.example.net:25")]
        assert hosts(FixedRoutes(routes).find(DOMAIN, port=25)) == [
            "a.example.net",
            "b.example.net",
        ]

    def test_an_address_literal_goes_to_its_address(self) -> None:
        """RFC 5321 4.1.3: no look-up, and no exemption from the filter."""
        route = FixedRoutes([]).find(LITERAL, port=2525)
        assert route == Route("address literal", (Target("[192.0.2.1]", 2525),))

    def test_any_other_domain_needs_its_mx(self) -> None:
        """Without override and route the DNS decides."""
        assert FixedRoutes([configured("other.org")]).find(DOMAIN, port=25) is None


class TestMx:
    """RFC 5321 5.1 and RFC 7505."""

    def test_better_preferences_come_first(self) -> None:
        """The lowest number is the best, in whatever order the answer has them."""
        route = read(mx(20, "b.org"), mx(10, "a.org"), mx(30, "c.org"))
        assert route == Route(
            "MX", (Target("a.org", 25, 10), Target("b.org", 25, 20), Target("c.org", 25, 30))
        )

    def test_equal_preferences_are_drawn(self) -> None:
        """The random numbers handed in decide among equals, and only among equals."""
        records = (mx(10, "a.org"), mx(10, "b.org"), mx(5, "c.org"))
        assert hosts(read(*records, shuffle=(0.9, 0.1, 0.99))) == ["c.org", "b.org", "a.org"]
        assert hosts(read(*records, shuffle=(0.1, 0.9, 0.99))) == ["c.org", "a.org", "b.org"]

    def test_a_host_that_stands_there_twice_is_tried_once(self) -> None:
        """Its best preference counts."""
        assert hosts(read(mx(20, "a.org"), mx(10, "a.org"), mx(15, "b.org"))) == ["a.org", "b.org"]

    def test_too_many_hosts_are_cut(self) -> None:
        """Of 120 hosts the best twenty are kept."""
        kept = hosts(read(*(mx(n, f"mx{n}.org") for n in range(120, 0, -1))))
        assert kept == [f"mx{n}.org" for n in range(1, MAX_TARGETS + 1)]

    def test_null_mx_fails_at_once(self) -> None:
        """RFC 7505 4.1: exactly one MX 0 and the root."""
        assert refusal(read(MailExchanger(0, None, "."))) == (
            "Failed 556 5.1.10 The domain example.org accepts no mail (null MX, RFC 7505)"
        )

    def test_a_root_among_others_is_no_null_mx(self) -> None:
        """RFC 7505 3: with other records beside it, it is only a host that cannot be used."""
        assert hosts(read(MailExchanger(0, None, "."), mx(10, "a.org"))) == ["a.org"]

    @pytest.mark.parametrize("text", [".", "evil\\027[31m", "[10.0.0.1]"])
    def test_mx_records_without_a_usable_host_fail(self, text: str) -> None:
        """Control characters, a literal, or the root with a preference: no host to ask."""
        outcome = refusal(read(MailExchanger(10, None, text)))
        assert outcome.startswith("Failed 550 5.4.4 The MX records of example.org name no usable")
        assert f"({text})" in outcome

    def test_our_own_name_and_what_is_not_better_is_left_out(self) -> None:
        """RFC 5321 5.1: a backup relay sends only to better hosts."""
        route = read(mx(5, "a.org"), mx(10, "relay.example.net"), mx(10, "b.org"), mx(20, "c.org"))
        assert hosts(route) == ["a.org"]

    def test_only_our_own_name_is_a_loop(self) -> None:
        """5.4.6, with the remedy."""
        outcome = refusal(read(mx(10, "relay.example.net"), mx(20, "b.org")))
        assert outcome.startswith("Failed 550 5.4.6 Mail for example.org would come back")
        assert "add a [[route]] for the domain" in outcome

    def test_without_mx_the_domain_itself_is_the_host(self) -> None:
        """RFC 5321 5.1: the implicit MX."""
        route = mx_route(DOMAIN, NoSuchRecord(60), own_names=(), port=25, shuffle=())
        assert route == Route("domain itself", (Target("example.org", 25),))

    def test_the_implicit_mx_of_our_own_name_is_a_loop(self) -> None:
        """Mail for a user at the relay's own name has nowhere to go without a route."""
        outcome = mx_route(DOMAIN, NoSuchRecord(60), own_names={DOMAIN}, port=25, shuffle=())
        assert refusal(outcome).startswith("Failed 550 5.4.6")

    def test_no_such_domain_fails(self) -> None:
        """NXDOMAIN is a fact: 5.1.2."""
        outcome = mx_route(DOMAIN, NoSuchName(60), own_names=(), port=25, shuffle=())
        assert refusal(outcome) == (
            "Failed 550 5.1.2 There is no domain example.org; check the spelling of the address"
        )

    def test_trouble_with_the_dns_defers(self) -> None:
        """4.4.3, with what happened and what to check."""
        answer = LookupFailed("MX of example.org: no answer within 10 s")
        outcome = mx_route(DOMAIN, answer, own_names=(), port=25, shuffle=())
        assert refusal(outcome) == (
            "Deferred 451 4.4.3 The mail servers of example.org could not be looked up:"
            " MX of example.org: no answer within 10 s. It is tried again by itself;"
            " if it lasts, check dns.servers"
        )

    @given(
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), min_size=1, max_size=60),
        st.lists(st.floats(0, 1, exclude_max=True), max_size=60),
        st.integers(0, 30),
    )
    def test_order_own_name_and_bounds_hold_for_any_answer(
        self, records: list[tuple[int, int]], shuffle: list[float], own: int
    ) -> None:
        """Targets are sorted, single, bounded, and all better than our own record."""
        route = mx_route(
            DOMAIN,
            Found(tuple(mx(preference, f"mx{n}.org") for preference, n in records), 60),
            own_names={f"mx{own}.org"},
            port=25,
            shuffle=shuffle,
        )
        limit = min((p for p, n in records if n == own), default=100)
        usable = {f"mx{n}.org" for p, n in records if p < limit}
        if not isinstance(route, Route):
            assert not usable
            return
        preferences = [target.preference for target in route.targets]
        assert preferences == sorted(preferences)
        assert all(preference < limit for preference in preferences)
        assert len(set(hosts(route))) == len(route.targets) == min(len(usable), MAX_TARGETS)
        assert set(hosts(route)) <= usable


V4 = Found((ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("192.0.2.2")), 60)
V6 = Found((ipaddress.ip_address("2001:db8::1"),), 60)
NONE = NoSuchRecord(60)
GONE = NoSuchName(60)
TROUBLE = LookupFailed("A of mx.example.org: no answer within 10 s")
TARGET = Target("mx.example.org", 25, 10)
FIXED = Target("hop.example.net", 25, 0, configured("*"))


def choose(
    v6: Answer[IpAddress], v4: Answer[IpAddress], target: Target = TARGET, allow: str = ""
) -> tuple[str, ...] | Deferred | Failed:
    """The addresses to try, as text."""
    networks = [parse_network(allow)] if allow else []
    outcome = choose_addresses(target, v6, v4, allow=networks, own=[])
    return tuple(map(str, outcome)) if isinstance(outcome, tuple) else outcome


class TestAddresses:
    """From A and AAAA to what is connected to."""

    def test_families_take_turns(self) -> None:
        """RFC 8305 4: IPv6 first, then IPv4, then the rest."""
        assert choose(V6, V4) == ("2001:db8::1", "192.0.2.1", "192.0.2.2")
        assert choose(NONE, V4) == ("192.0.2.1", "192.0.2.2")
        assert choose(V6, NONE) == ("2001:db8::1",)

    def test_one_family_is_enough(self) -> None:
        """Trouble with AAAA does not hold up mail that can go by IPv4."""
        assert choose(TROUBLE, V4) == ("192.0.2.1", "192.0.2.2")
        assert choose(V6, TROUBLE) == ("2001:db8::1",)

    @pytest.mark.parametrize(("v6", "v4"), [(TROUBLE, TROUBLE), (NONE, TROUBLE), (TROUBLE, NONE)])
    def test_trouble_without_any_address_defers(
        self, v6: Answer[IpAddress], v4: Answer[IpAddress]
    ) -> None:
        """While one family is unknown nothing is final."""
        outcome = refusal(choose(v6, v4))
        assert outcome.startswith("Deferred 451 4.4.3 The address of mx.example.org could not be")

    def test_a_host_without_address_fails(self) -> None:
        """A dangling MX is the domain's own fault; the sentence tells the two forms apart."""
        assert refusal(choose(GONE, GONE)).startswith(
            "Failed 550 5.4.4 The host mx.example.org does not exist;"
        )
        assert refusal(choose(NONE, NONE)).startswith(
            "Failed 550 5.4.4 The host mx.example.org has no address;"
        )

    def test_a_fixed_host_without_address_defers(self) -> None:
        """A slip of the operator bounces nothing: mail waits for the correction."""
        assert refusal(choose(GONE, GONE, FIXED)) == (
            "Deferred 451 4.4.4 The host hop.example.net of the route for * has no address;"
            " correct the route or the DNS"
        )

    def test_special_addresses_are_left_out(self) -> None:
        """A good address beside a private one is used, the private one never."""
        mixed = Found((ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("192.0.2.9")), 60)
        assert choose(NONE, mixed) == ("192.0.2.9",)
        assert choose(NONE, mixed, FIXED) == ("10.0.0.1", "192.0.2.9")
        assert choose(NONE, mixed, allow="10.0.0.0/8") == ("10.0.0.1", "192.0.2.9")

    def test_only_special_addresses_fail_with_the_remedy(self) -> None:
        """The sentence names host, address, kind and both settings that would open it."""
        inside = Found((ipaddress.ip_address("10.0.0.1"),), 60)
        assert refusal(choose(NONE, inside)) == (
            "Failed 550 5.4.4 The mail server mx.example.org has the private address 10.0.0.1,"
            " which mail is not sent to; add a [[route]] for the domain, or the network to"
            " delivery.allow_networks"
        )

    def test_our_own_address_is_a_loop(self) -> None:
        """A host that is this one, under whatever name, is 5.4.6."""
        own = [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("192.0.2.2")]
        outcome = choose_addresses(TARGET, NONE, V4, allow=[], own=own)
        assert refusal(outcome).startswith("Failed 550 5.4.6 The mail server mx.example.org is")

    @pytest.mark.parametrize(
        ("v6", "v4"),
        [
            (Found((ipaddress.ip_address("fd00::1"),), 60), LookupFailed("A of mx: no answer")),
            (LookupFailed("AAAA of mx: no answer"), Found((ipaddress.ip_address("10.0.0.1"),), 60)),
        ],
    )
    def test_what_is_not_known_is_not_given_up(
        self, v6: Answer[IpAddress], v4: Answer[IpAddress]
    ) -> None:
        """Where one family's addresses are refused and the other's could not be looked up, mail
        waits: the address it may go to is perhaps the one that is not known.
        """
        outcome = choose_addresses(TARGET, v6, v4, allow=[], own=[])
        assert refusal(outcome).startswith("Deferred 451 4.4.3 The address of mx.example.org could")

    def test_the_address_that_is_our_own_is_named(self) -> None:
        """Not another one that is refused as well."""
        own = [ipaddress.ip_address("192.0.2.1")]
        answer = Found((ipaddress.ip_address("10.0.0.1"), *own), 60)
        outcome = choose_addresses(TARGET, NONE, answer, allow=[], own=own)
        assert "mx.example.org is this host (192.0.2.1)" in refusal(outcome)

    @given(
        st.lists(st.ip_addresses(v=6), max_size=20),
        st.lists(st.ip_addresses(v=4), max_size=20),
        st.booleans(),
    )
    def test_no_refused_address_ever_comes_out(
        self,
        v6: list[ipaddress.IPv6Address],
        v4: list[ipaddress.IPv4Address],
        loopback: bool,
    ) -> None:
        """Whatever a host's addresses are, only ordinary ones are tried, and few enough."""
        v4 += [ipaddress.IPv4Address("127.0.0.1")] if loopback else []
        outcome = choose_addresses(
            TARGET,
            Found(tuple(v6), 60) if v6 else NONE,
            Found(tuple(v4), 60) if v4 else NONE,
            allow=[],
            own=[],
        )
        if isinstance(outcome, tuple):
            assert 0 < len(outcome) <= MAX_ADDRESSES
            assert not [address for address in outcome if refused_address(address)]
        else:
            assert all(refused_address(address) for address in (*v6, *v4))

    def test_an_address_in_both_answers_is_tried_once(self) -> None:
        """Interleaving drops doubles."""
        assert interleave(V4.records, V4.records) == V4.records
