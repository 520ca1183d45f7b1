"""The addresses that are our own, so that mail is not sent to ourselves."""

from __future__ import annotations

import ipaddress

import pytest

from empath.address import ServerId
from empath.own_addresses import own_addresses, own_listeners


def test_listeners_are_our_own() -> None:
    """A relay that listens at an address is the host of that address; a name says nothing."""
    binds = [ServerId(text) for text in ("192.0.2.1:25", "[2001:db8::1]:25", "mx.example.org:25")]
    assert set(map(str, own_addresses(binds))) == {"192.0.2.1", "2001:db8::1"}


@pytest.mark.parametrize("wildcard", ["0.0.0.0:25", "[::]:25"])
def test_a_wildcard_stands_for_the_machine(wildcard: str) -> None:
    """Who listens everywhere is reached at loopback and at every address packets leave from."""
    own = own_addresses([ServerId(wildcard)])
    assert {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")} <= set(own)
    assert not any(address.is_unspecified for address in own)


def test_listeners_have_ports() -> None:
    """Another server may answer at another port of the same address; ``localhost`` is both."""
    binds = [ServerId(text) for text in ("192.0.2.1:25", "localhost:2525", "mx.example.org:25")]
    own = {f"{address} {port}" for address, port in own_listeners(binds)}
    assert own == {"192.0.2.1 25", "127.0.0.1 2525", "::1 2525"}


def test_a_wildcard_listener_answers_at_loopback() -> None:
    """It stands for itself too, so that every address of loopback is known for its own."""
    own = {f"{address} {port}" for address, port in own_listeners([ServerId("0.0.0.0:25")])}
    assert {"0.0.0.0 25", "127.0.0.1 25", "::1 25"} <= own
