"""Which ``[[destination]]`` speaks of a domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.config.model import Config, Destination, TlsPolicy
from empath.policy.destination import Destinations, DestinationsOf, keys

ALL = Destination(domain="*", tls=TlsPolicy.OPPORTUNISTIC)
BELOW = Destination(domain=".example.org", tls=TlsPolicy.REQUIRED)
SILENT = Destination(domain="a.example.org")
EXACT = Destination(domain="Example.org", tls=TlsPolicy.VERIFY)
TABLE = Destinations((ALL, BELOW, SILENT, EXACT))


@pytest.mark.parametrize(
    ("domain", "sections", "tls"),
    [
        ("example.org", [EXACT, ALL], TlsPolicy.VERIFY),
        ("a.example.org", [SILENT, BELOW, ALL], TlsPolicy.REQUIRED),
        ("b.a.example.org", [BELOW, ALL], TlsPolicy.REQUIRED),
        ("other.test", [ALL], TlsPolicy.OPPORTUNISTIC),
        ("[192.0.2.1]", [ALL], TlsPolicy.OPPORTUNISTIC),
    ],
)
def test_the_most_specific_section_counts_first(
    domain: str, sections: list[Destination], tls: TlsPolicy
) -> None:
    """A section that leaves a setting out leaves it to the next one."""
    assert list(TABLE.of(Domain(domain))) == sections
    assert TABLE.setting(Domain(domain), lambda said: said.tls) is tls


def test_nobody_speaks_of_it() -> None:
    """Without a section the defaults hold."""
    assert Destinations((SILENT,)).setting(Domain("a.example.org"), lambda said: said.tls) is None
    assert Destinations(()).setting(Domain("a.example.org"), lambda said: said.tls) is None
    assert repr(TABLE) == "<Destinations 4>"


def test_a_new_config_is_read_anew() -> None:
    """A reload is one swap: the sections follow the config in force."""
    follow = DestinationsOf()
    first = Config(destination=(EXACT,))
    assert follow(first) is follow(first)
    assert list(follow(Config()).of(Domain("example.org"))) == []
    assert "Destinations" in repr(follow)


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=8))
def test_there_is_one_key_a_label(labels: list[str]) -> None:
    """The cost of a look-up is bounded by the name, not by the config."""
    domain = Domain(".".join(labels))
    found = keys(domain)
    assert len(found) == len(labels) + 1
    assert sorted(found[:-1], key=len, reverse=True)[1:] == found[1:-1]
