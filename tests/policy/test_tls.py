"""What encryption a next hop needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import ServerId
from empath.config.model import Route, Tls
from empath.policy.tls import Need, may_send_in_clear, need


def route(tls: Tls | None) -> Route:
    """A route with this setting."""
    return Route(domain="*", host=ServerId("smtp.example.com:25"), tls=tls)


@pytest.mark.parametrize(
    ("tls", "wanted"),
    [
        (None, Need.OPPORTUNISTIC),
        (Tls.NONE, Need.NONE),
        (Tls.STARTTLS, Need.STARTTLS),
        (Tls.IMPLICIT, Need.IMPLICIT),
    ],
)
def test_a_route_says_what_it_needs(tls: Tls | None, wanted: Need) -> None:
    """Left out, STARTTLS is used if offered."""
    assert need(route(tls)) is wanted


def test_a_host_from_the_dns_gets_what_it_offers() -> None:
    """RFC 7435: some protection is better than none."""
    assert need(None) is Need.OPPORTUNISTIC


def test_only_opportunistic_tls_falls_back_to_clear() -> None:
    """3.4: STARTTLS 454 or a failed handshake: plaintext for opportunistic only."""
    assert may_send_in_clear(Need.OPPORTUNISTIC, has_secret=False)
    assert not may_send_in_clear(Need.OPPORTUNISTIC, has_secret=True)


@given(st.sampled_from(Need), st.booleans())
def test_what_requires_encryption_never_falls_back(wanted: Need, has_secret: bool) -> None:
    """3.3 TLS downgrade: never plaintext where encryption is required."""
    assert not (wanted.required and may_send_in_clear(wanted, has_secret=has_secret))
