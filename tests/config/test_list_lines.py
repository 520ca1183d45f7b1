"""A list with an element a line, changed: what stays keeps its line and its comment."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.edit import EditRefused, set_value
from empath.config.keys import parse_key

TEXT = """\
[relay]
networks = [
  # the office
  "10.0.0.0/8",  # old
  "192.0.2.0/24", # lab
  # home
  "198.51.100.0/24"  # last
] # end
domains = ["a.example"]
"""
NETWORKS = ("10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "::1/128")


def put(text: str, *networks: str) -> str:
    """*text* with these networks."""
    return set_value(text, parse_key("relay.networks"), ", ".join(networks))


def test_what_stays_keeps_its_comment() -> None:
    """One element goes with its own comment, one comes behind the last."""
    changed = put(TEXT, "10.0.0.0/8", "198.51.100.0/24", "203.0.113.0/24")
    assert changed == TEXT.replace('  "192.0.2.0/24", # lab\n', "").replace(
        '"198.51.100.0/24"  # last', '"198.51.100.0/24",  # last\n  "203.0.113.0/24",'
    )
    assert put(TEXT.replace("\n", "\r\n"), *NETWORKS[1:3]) == TEXT.replace(
        '  "10.0.0.0/8",  # old\n', ""
    ).replace("\n", "\r\n")
    assert put(TEXT, "::1/128", *NETWORKS[:3]) == TEXT.replace('  "10.', '  "::1/128",\n  "10.')


def test_comments_that_would_be_lost_are_not() -> None:
    """A list in another layout is changed only where it holds none."""
    crowded = 'relay.networks = ["10.0.0.0/8", "::1", # two\n]\n'
    with pytest.raises(EditRefused, match="change it with an editor"):
        put(crowded, "10.0.0.0/8")
    assert put(crowded.replace("# two", ""), "10.0.0.0/8") == 'relay.networks = ["10.0.0.0/8"]\n'


@given(st.lists(st.sampled_from(NETWORKS), unique=True))
def test_every_change_means_what_was_asked_and_keeps_whole_lines(networks: list[str]) -> None:
    """Comments on lines of their own stay, and those of the elements that stay in their order."""
    if not networks:
        return
    changed = put(TEXT, *networks)
    assert tomllib.loads(changed)["relay"]["networks"] == networks
    assert "  # the office\n" in changed
    assert "  # home\n" in changed
    kept = [network for network in networks if network in NETWORKS[:3]]
    if kept == sorted(kept, key=NETWORKS.index):
        comments = dict(zip(NETWORKS, ("# old", "# lab", "# last"), strict=False))
        lines = {line.strip().split('"')[1]: line for line in changed.splitlines() if '"' in line}
        assert all(lines[network].endswith(comments[network]) for network in kept)
