"""Which servers are this relay itself."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.own_listeners import LOOPBACK, Place, comes_back, is_localhost


def place(address: str, port: int = 25) -> Place:
    """A listener."""
    return ipaddress.ip_address(address), port


@pytest.mark.parametrize(
    ("listener", "address", "port", "ours"),
    [
        ("192.0.2.1", "192.0.2.1", 25, True),
        ("192.0.2.1", "192.0.2.1", 26, False),
        ("192.0.2.1", "192.0.2.2", 25, False),
        ("192.0.2.1", "::ffff:192.0.2.1", 25, True),
        ("127.0.0.1", "0.0.0.0", 25, True),
        ("127.0.0.1", "127.0.0.2", 25, False),
        ("::1", "::", 25, True),
        ("0.0.0.0", "127.0.0.2", 25, True),
        ("0.0.0.0", "127.0.0.2", 26, False),
        ("::", "::ffff:127.9.9.9", 25, True),
        ("::", "192.0.2.1", 25, False),
    ],
)
def test_what_comes_back(listener: str, address: str, port: int, *, ours: bool) -> None:
    """Address and port count, in whatever spelling; a wildcard answers at all of loopback."""
    assert comes_back(ipaddress.ip_address(address), port, [place(listener)]) is ours


@given(st.ip_addresses(), st.integers(1, 65535))
def test_a_listener_is_its_own(address: ipaddress.IPv4Address, port: int) -> None:
    """Whatever the address, who listens there is found; with no listener nothing is ours."""
    found = address if not address.is_unspecified else LOOPBACK[address.version == 6]
    mapped = getattr(found, "ipv4_mapped", None) or found
    assert comes_back(address, port, [(mapped, port)])
    assert not comes_back(address, port, [])


def test_names_of_loopback() -> None:
    """RFC 6761 6.3: localhost and all below it, and nothing that only begins so."""
    assert all(map(is_localhost, ("localhost", "LOCALHOST.", "mail.localhost")))
    assert not any(map(is_localhost, ("localhost.example.org", "mylocalhost", "")))
