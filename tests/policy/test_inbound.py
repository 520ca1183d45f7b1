"""Who may relay to where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.config.model import Relay
from empath.config.units import parse_network
from empath.policy.inbound import (
    RELAY_DENIED,
    TOO_MANY,
    TOO_MANY_OF_YOURS,
    ClientPolicy,
    client_address,
    may_connect,
)

US = Relay(domains=(Domain("us.test"),))


def refusal(client: str, recipient: str, relay: Relay = US) -> object:
    """What this client is told about this recipient; None when it is taken."""
    return ClientPolicy.of(client_address(client), relay).refusal_of(EmailAddress(recipient))


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_may_relay(client: str) -> None:
    """By default the machine itself may send to anywhere, over either family."""
    assert refusal(client, "b@anywhere.test", Relay()) is None


@pytest.mark.parametrize("client", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "10.0.0.1"])
def test_nobody_else_may(client: str) -> None:
    """P8: by default no other client may send to anywhere at all."""
    assert refusal(client, "b@anywhere.test", Relay()) is RELAY_DENIED


def test_networks_that_may_relay() -> None:
    """`relay.networks` names the clients that may send to anywhere; it replaces the default."""
    relay = Relay(networks=(parse_network("192.0.2.0/24"),))
    assert refusal("192.0.2.77", "b@anywhere.test", relay) is None
    assert refusal("::ffff:192.0.2.77", "b@anywhere.test", relay) is None
    assert refusal("192.0.3.1", "b@anywhere.test", relay) is RELAY_DENIED
    assert refusal("127.0.0.1", "b@anywhere.test", relay) is RELAY_DENIED


def test_domains_that_all_may_reach() -> None:
    """`relay.domains` are reached by everybody; their subdomains are named on their own."""
    assert refusal("192.0.2.1", "b@us.test") is None
    assert refusal("192.0.2.1", "b@US.test") is None
    assert refusal("192.0.2.1", "b@sub.us.test") is RELAY_DENIED
    assert refusal("192.0.2.1", "b@notus.test") is RELAY_DENIED


@pytest.mark.parametrize(
    "recipient",
    [
        "user%dom.test@us.test",
        "dom.test!user@us.test",
        '"user@dom.test"@us.test',
        '"dom.test!user"@us.test',
        "user%dom.test@[192.0.2.9]",
        "user@[192.0.2.9]",
        "user@dom.test",
    ],
)
def test_no_form_of_address_opens_the_relay(recipient: str) -> None:
    """3.3, open relay: the forms that nmap's smtp-open-relay tries are refused."""
    assert refusal("192.0.2.1", recipient) is RELAY_DENIED


def test_trusted_clients_may_write_such_addresses() -> None:
    """A percent sign of a trusted client's recipient is just a character."""
    assert refusal("127.0.0.1", "user%dom.test@us.test") is None


@pytest.mark.parametrize(
    ("now", "of_client", "verdict"),
    [(0, 0, None), (9, 1, None), (10, 0, TOO_MANY), (5, 2, TOO_MANY_OF_YOURS)],
)
def test_how_many_may_connect(now: int, of_client: int, verdict: object) -> None:
    """3.3: connections are bounded, in all and from one address, with 421 4.7.0."""
    assert (
        may_connect(open_now=now, open_from_client=of_client, most=10, most_per_client=2) is verdict
    )
    assert TOO_MANY.status == TOO_MANY_OF_YOURS.status == "4.7.0"


def test_a_client_with_a_scope() -> None:
    """A link-local client is its address without the name of our interface."""
    assert str(client_address("fe80::1%eth0")) == "fe80::1"


@given(st.ip_addresses(v=4), st.ip_addresses(v=4, network="192.0.2.0/24"))
def test_a_v4_client_is_the_same_over_both_families(anyone: object, ours: object) -> None:
    """A mapped address gets what the address itself gets."""
    relay = Relay(networks=(parse_network("192.0.2.0/24"),))
    for address in (anyone, ours):
        plain = refusal(str(address), "b@x.test", relay)
        assert refusal(f"::ffff:{address}", "b@x.test", relay) is plain
    assert refusal(str(ours), "b@x.test", relay) is None
