"""Which addresses the DNS may not send us to (SMTP-RULES 3.3, SSRF by MX)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.units import parse_network
from empath.policy.special_address import refused_address

INSIDE = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "protocol assignment",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmark",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "64:ff9b:1::a00:1": "local NAT64",
    "100::1": "discard-only",
    "fc00::1": "unique local",
    "fd00::1": "unique local",
    "fe80::1": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "::ffff:127.0.0.1": "embedded loopback",
    "::127.0.0.1": "embedded loopback",
    "2002:7f00:1::": "embedded loopback",
    "2002:a00:1::1": "embedded private",
    "64:ff9b::169.254.169.254": "embedded link-local",
    "2001:0:a00:1:0:0:fdfd:fdfd": "embedded private",
    "2001:0:c000:201:0:0:80ff:fffe": "embedded loopback",
}
OUTSIDE = (
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.2.1",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.113.1",
    "223.255.255.255",
    "2001:db8::1",
    "2606:4700::1",
    "2002:c000:201::1",
    "::ffff:192.0.2.1",
    "64:ff9b::192.0.2.1",
)


@pytest.mark.parametrize(("address", "kind"), INSIDE.items())
def test_special_addresses_are_refused_by_their_kind(address: str, kind: str) -> None:
    """Loopback, private and the like, also inside an IPv6 address that carries them."""
    assert refused_address(ipaddress.ip_address(address)) == kind


@pytest.mark.parametrize("address", OUTSIDE)
def test_ordinary_addresses_are_not_refused(address: str) -> None:
    """The neighbours of every special network are ordinary; so are documentation addresses."""
    assert refused_address(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_nothing_that_is_not_public_gets_through(address: ipaddress.IPv4Address) -> None:
    """What Python's own registry calls loopback, private or multicast is refused,
    save for the documentation networks.
    """
    documentation = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    if any(address in ipaddress.ip_network(network) for network in documentation):
        return
    if address.is_loopback or address.is_private or address.is_multicast or address.is_reserved:
        assert refused_address(address)
        assert refused_address(ipaddress.ip_address(f"::ffff:{address}"))
        assert refused_address(ipaddress.ip_address((0x2002 << 112) | int(address) << 80))
        assert refused_address(ipaddress.ip_address((0x64FF9B << 96) | int(address)))


def test_an_allowed_network_opens_only_itself() -> None:
    """delivery.allow_networks opens what it names, not its IPv6 disguises."""
    allow = (parse_network("10.1.0.0/16"), parse_network("fd00::/8"))
    assert refused_address(ipaddress.ip_address("10.1.2.3"), allow) is None
    assert refused_address(ipaddress.ip_address("fd12::1"), allow) is None
    assert refused_address(ipaddress.ip_address("10.2.0.1"), allow) == "private"
    assert refused_address(ipaddress.ip_address("::ffff:10.1.2.3"), allow) == "embedded private"


def test_own_addresses_stay_refused_whatever_is_allowed() -> None:
    """Mail sent to ourselves would come back: no setting opens that."""
    own = (ipaddress.ip_address("192.0.2.25"), ipaddress.ip_address("127.0.0.1"))
    allow = (parse_network("0.0.0.0/0"),)
    assert [refused_address(address, allow, own) for address in own] == ["own", "own"]
    assert refused_address(ipaddress.ip_address("127.0.0.2"), allow, own) is None
