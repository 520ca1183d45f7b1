"""What a change of the config means for the mail of a destination."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import BannerHostname, Domain, ServerId
from empath.config.model import (
    Config,
    Delivery,
    DeliveryTls,
    Destination,
    Mode,
    OnTlsFailure,
    Retry,
    Route,
    Spool,
    Tls,
    TlsPolicy,
)
from empath.config.shaping import ClassRate
from empath.config.units import Duration, Ipv4Source, Ipv6Source, Secret, parse_network
from empath.envelope import Priority
from empath.policy.impact import Comparison, RetryChange
from empath.policy.retry import wait
from empath.policy.tls import Need, Source
from empath.policy.treatment import Treatments

NET = Domain("net.test")
RELAY = Config(mode=Mode.RELAY)
HOST = ServerId("127.0.0.1:2525")
ELSEWHERE = (ServerId("192.0.2.1:25"),)


def to(host: str = HOST, domain: str = "net.test", **fields: object) -> Route:
    """A route."""
    return Route(domain=domain, host=ServerId(host), **fields)  # type: ignore[arg-type]


def relay(**sections: object) -> Config:
    """A config with these sections; settings of delivery by their own names."""
    own = {name: sections.pop(name) for name in list(sections) if name in Config.__struct_fields__}
    if sections:
        own["delivery"] = Delivery(**sections)  # type: ignore[arg-type]
    return msgspec.structs.replace(RELAY, **own)


def said(old: Config, new: Config, domain: str = NET) -> list[str]:
    """What is said, as ``what: sentence``."""
    return [f"{one.what}: {one.sentence}" for one in Comparison(old, new).of(Domain(domain))]


MANY = relay(route=tuple(to(f"h{n}.test:25") for n in range(5)))
V6 = relay(route=(to("[2001:db8::1]:25"),))
PASSWORD = to(tls=Tls.STARTTLS, username="me", password=Secret("one"))
OTHER = to(tls=Tls.STARTTLS, username="me", password=Secret("two"))
NAMELESS = to(tls=Tls.STARTTLS)
STRICT = Destination(domain="net.test", tls=TlsPolicy.VERIFY)
MOVED = Spool(path=Path("/srv/other"))
STAYS_BEHIND = (
    f"would stay behind in {RELAY.spool.path} after the restart, which takes the queue in"
    " /srv/other: move the folder while the engine is stopped"
)
DEFER = DeliveryTls(on_failure=OnTlsFailure.DEFER)


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            RELAY,
            relay(route=(to(),)),
            ["route: would go to 127.0.0.1:2525 instead of its MX hosts"],
        ),
        (
            relay(route=(to(),)),
            RELAY,
            ["route: would go to its MX hosts instead of 127.0.0.1:2525"],
        ),
        (RELAY, relay(route=(to(domain="other.test"),)), []),
        (relay(route=(to(),)), relay(route=(to(domain="*"),)), []),
        (
            RELAY,
            MANY,
            [
                (
                    "route: would go to h0.test:25, h1.test:25, h2.test:25 and 2 more"
                    " instead of its MX hosts"
                )
            ],
        ),
        (V6, RELAY, ["route: would go to its MX hosts instead of [2001:db8::1]:25"]),
        (
            RELAY,
            relay(port=2525),
            ["route: would go to port 2525 of its MX hosts instead of its MX hosts"],
        ),
        (relay(route=(to(),)), relay(route=(to(),), port=2525), []),
        (
            RELAY,
            relay(destination=(STRICT,)),
            ['tls: would need TLS "verify" instead of "opportunistic"'],
        ),
        (
            relay(route=(to(),)),
            relay(route=(to(tls=Tls.IMPLICIT),)),
            ['tls: would need TLS "required" from the first octet instead of "opportunistic"'],
        ),
        (
            relay(route=(to(), to("b.test:25"))),
            relay(route=(to(), to("b.test:25", tls=Tls.STARTTLS))),
            ['tls: would need TLS "opportunistic" or "required" instead of "opportunistic"'],
        ),
        (RELAY, relay(tls=DEFER), []),
        (
            relay(destination=(STRICT,)),
            relay(destination=(STRICT,), tls=DEFER),
            ['tls: would wait instead of being returned where TLS "verify" is not met'],
        ),
        (
            relay(destination=(STRICT,), tls=DEFER),
            relay(destination=(STRICT,)),
            ['tls: would be returned instead of waiting where TLS "verify" is not met'],
        ),
        (
            relay(route=(NAMELESS,)),
            relay(route=(PASSWORD,)),
            ['login: would log in as "me" instead of without one'],
        ),
        (
            relay(route=(PASSWORD,)),
            relay(route=(NAMELESS,)),
            ['login: would log in without a user name instead of "me"'],
        ),
        (
            relay(route=(PASSWORD,)),
            relay(route=(OTHER,)),
            ['login: would log in as "me" with another password'],
        ),
        (
            RELAY,
            relay(
                source_address=Ipv4Source("192.0.2.7"), source_address_v6=Ipv6Source("2001:db8::7")
            ),
            [
                (
                    "source: would come from 192.0.2.7 or 2001:db8::7 instead of an address"
                    " that the system chooses"
                )
            ],
        ),
        (
            relay(route=(to(),)),
            relay(route=(to(source_address=Ipv4Source("192.0.2.7")),)),
            ["source: would come from 192.0.2.7 instead of an address that the system chooses"],
        ),
        (
            RELAY,
            relay(per_destination=3),
            ["limits: would go in at most 3 attempts at once instead of 20"],
        ),
        (
            relay(rate=1.5, burst=1),
            RELAY,
            ["limits: would go without a limit instead of at 90/m (1 at once)"],
        ),
        (RELAY, relay(pipelining=False), ["sending: would be sent without pipelining"]),
        (
            relay(pipelining=False, chunking=False),
            RELAY,
            ["sending: would be sent with pipelining and be sent by BDAT"],
        ),
        (
            RELAY,
            relay(hostname=BannerHostname("mx.me.test"), chunking=False),
            [
                (
                    "sending: would be sent under the name mx.me.test instead of"
                    " localhost.localdomain and be sent by DATA"
                )
            ],
        ),
        (
            RELAY,
            relay(mode=Mode.DEV),
            [
                (
                    "mode: would wait after the restart: dev mode sends nothing; until then it goes"
                    " as this config says otherwise, such as of routes"
                )
            ],
        ),
        (relay(mode=Mode.DEV), RELAY, []),
        (RELAY, relay(spool=MOVED, mode=Mode.DEV), [f"spool: {STAYS_BEHIND}"]),
        (RELAY, relay(spool=msgspec.structs.replace(RELAY.spool, keep_finished=Duration(1))), []),
        (RELAY, relay(window=100), []),
    ],
)
def test_each_kind_of_consequence(old: Config, new: Config, sentences: list[str]) -> None:
    """One sentence for each kind, and none where nothing comes of a change."""
    assert said(old, new) == sentences


def test_destinations_are_told_apart_by_what_speaks_of_them() -> None:
    """What is remembered of one holds for those alike: subdomains, literals, overrides apart."""
    comparison = Comparison(RELAY, relay(route=(to(domain=".net.test"),)))
    assert comparison.of(NET) == ()
    assert comparison.of(Domain("a.net.test")) is comparison.of(Domain("b.net.test"))
    assert comparison.of(Domain("a.net.test"))
    assert comparison.of(Domain("a.net.test"), ELSEWHERE) == ()
    assert repr(comparison) == "<Comparison known=3>"
    assert repr(Treatments(RELAY)) == "<Treatments <FixedRoutes 0> <Destinations 0>>"
    literals = Comparison(RELAY, relay(route=(to(domain="*"),)))
    [one], [other] = (literals.of(Domain(f"[192.0.2.{n}]")) for n in (1, 2))
    assert one.sentence != other.sentence


def test_only_the_same_hosts_are_judged_by_the_last_attempt() -> None:
    """The need to be judged is given where it is required, at hosts that stay."""
    [one] = Comparison(RELAY, relay(destination=(STRICT,))).of(NET)
    assert one.need == Need(TlsPolicy.VERIFY, Source.DESTINATION)
    [one] = Comparison(relay(destination=(STRICT,)), RELAY).of(NET)
    assert one.need is None
    old, new = relay(destination=(STRICT,)), relay(destination=(STRICT,), route=(to(),), tls=DEFER)
    _, one = Comparison(old, new).of(NET)
    assert (one.need, one.on_failure) == (None, OnTlsFailure.DEFER)


def test_a_network_that_is_allowed_no_more() -> None:
    """Told of the last server where DNS names the hosts, and only if it is refused from now on."""
    local, other = ipaddress.ip_address("10.0.0.7"), ipaddress.ip_address("10.1.0.7")
    old = relay(allow_networks=(parse_network("10.0.0.0/16"),))
    one = Comparison(old, RELAY).of_server(NET, local)
    assert one is not None
    assert (one.what, one.warning) == ("route", True)
    assert one.sentence == (
        "would not go to 10.0.0.7 any more, where it went last: no network of"
        " delivery.allow_networks has this private address"
    )
    assert Comparison(old, RELAY).of_server(NET, other) is None
    assert Comparison(RELAY, old).of_server(NET, local) is None
    assert Comparison(old, old).of_server(NET, local) is None
    assert Comparison(old, relay(route=(to(),))).of_server(NET, local) is None


def test_no_secret_is_told() -> None:
    """A changed password is told without it, or anything of it."""
    [sentence] = said(relay(route=(PASSWORD,)), relay(route=(OTHER,)))
    assert "one" not in sentence.replace("another", "")
    assert "two" not in sentence


def test_classes_whose_rate_changes() -> None:
    """Only those, each with the rate it had and gets."""
    old, new = relay(class_rate=ClassRate(low=1)), relay(class_rate=ClassRate(low=1, bulk=10))
    [(priority, one)] = Comparison(old, new).classes.items()
    assert priority is Priority.BULK
    assert one.sentence == (
        "bulk mail would go at 10/s (10 at once) instead of without a limit, over all destinations"
    )


def test_an_end_of_retries_that_moves() -> None:
    """What would be given up says at which age or after how many attempts."""
    change = RetryChange(Retry(), Retry(expiry=Duration(3600), attempts=3))
    assert change.ends
    assert change.given_up().sentence.endswith(
        "older than 1h by then or tried 3 times or more by then"
    )
    once = RetryChange(Retry(), Retry(attempts=1))
    assert once.given_up().sentence.endswith(": tried 1 time or more by then")
    assert once.otherwise().sentence.endswith("after 1 attempt instead of 25")
    assert change.given_up().warning
    assert change.otherwise().sentence == (
        "would be given up at the age of 1h instead of 5d or after 3 attempts instead of 25"
    )
    back = RetryChange(change.new, change.old)
    assert "at the age of 5d instead of 1h" in back.kept().sentence
    same = RetryChange(Retry(), Retry(jitter=0.3))
    assert (same.ends, same.waits, same.notices) == (False, False, False)
    notice = RetryChange(Retry(), Retry(delay_notice=Duration(60)))
    assert notice.notices
    assert "older than 1m" in notice.noticed().sentence


retries = st.builds(
    Retry,
    base=st.integers(1, 3600).map(Duration),
    factor=st.floats(1, 4),
    cap=st.integers(1, 86400).map(Duration),
    attempts=st.integers(1, 30),
)


@given(retries, retries)
def test_waits_that_move_are_those_that_differ(old: Retry, new: Retry) -> None:
    """For every number of attempts there can be, and in the right direction."""
    moved = dict(RetryChange(old, new).moved())
    for made in range(max(old.attempts, new.attempts)):
        before, after = wait(old, made + 1), wait(new, made + 1)
        assert moved.get(made, 0) == (after > before) - (after < before)
    words = {RetryChange(old, new).waiting(longer=way).sentence for way in (True, False)}
    assert len(words) == 2


names = st.sampled_from(["*", "net.test", ".net.test", "a.net.test", "other.test"])
sections = st.builds(
    Destination,
    domain=names,
    tls=st.sampled_from([None, *TlsPolicy]),
    concurrency=st.sampled_from([None, 1, 2]),
)
configs = st.builds(
    lambda routes, said: relay(route=tuple(routes), destination=tuple(said)),
    st.lists(st.builds(to, st.sampled_from(["h:1", "h:2"]), names), max_size=3),
    st.lists(sections, max_size=3, unique_by=lambda each: each.domain),
)


@given(configs, configs, st.sampled_from(["net.test", "a.net.test", "b.a.net.test", "[192.0.2.1]"]))
def test_something_is_said_just_when_it_is_treated_otherwise(
    old: Config, new: Config, name: str
) -> None:
    """Silence means that delivery would do the same; who asked for it does not count."""
    domain = Domain(name)
    was, becomes = (Treatments(config).of(domain) for config in (old, new))
    asked = [[(need.policy, need.implicit) for need in each.needs] for each in (was, becomes)]
    same = was.hosts == becomes.hosts and was.most == becomes.most
    assert bool(said(old, new, name)) == (not same or set(asked[0]) != set(asked[1]))
    assert said(old, old, name) == []
