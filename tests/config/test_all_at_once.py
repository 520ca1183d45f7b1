"""Faults between settings are told together with those of single values: all at once.

A fault is planted beside another one.  Neither hides the other, unless the check between settings
needs the very value that is at fault.
"""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.load import parse_config
from empath.config.problem import ConfigProblem, ConfigUnusable

BETWEEN = {
    "listener": (
        '[[listener]]\nbind = "127.0.0.1:25"\n[[listener]]\nbind = "localhost:25"\n',
        "listener[1].bind",
    ),
    "tls": ('[[listener]]\nbind = "127.0.0.1:26"\ntls = "starttls"\nkey = "k"\n', "certificate"),
    "route": (
        (
            '[[route]]\ndomain = "a.test"\nhost = "mx.test:25"\n'
            '[[route]]\ndomain = "A.test"\nhost = "mx.test:26"\n'
        ),
        "route[1].domain",
    ),
    "password": (
        '[[route]]\ndomain = "b.test"\nhost = "mx.test:25"\nusername = "ada"\n',
        ".password",
    ),
    "destination": ('[[destination]]\ndomain = "a..b"\n', "destination[0].domain"),
    "rule": ('[[priority.rule]]\ngive = "low"\nlistener = "127.0.0.1:99"\n', "rule[0].listener"),
    "retry": ('[delivery.retry]\nbase = "2h"\ncap = "1h"\n', "delivery.retry.cap"),
    "networks": ('[relay]\nnetworks = ["10.0.0.0/8", "0.0.0.0/0"]\n', "relay.networks[1]"),
    "servers": ('[dns]\nservers = ["192.0.2.1", "ns.test"]\n', "dns.servers[1]"),
    "metrics": ('[metrics]\nbind = "192.0.2.1:9925"\n', "metrics.bind"),
}
"""A text with one fault between settings, or with the machine, and the end of its key."""

SIMPLE = {
    "unknown": ("[log]\nzzz = 1\n", "log.zzz"),
    "word": ('[log]\nlevel = "loud"\n', "log.level"),
    "bound": ("[inbound]\nmessage_size = -1\n", "inbound.message_size"),
    "kind": ('[delivery]\nconnect_timeout = "soon"\n', "delivery.connect_timeout"),
}
"""A text with a fault that one value has by itself."""


def faults(text: str) -> list[ConfigProblem]:
    """Everything that an operator is told of."""
    with pytest.raises(ConfigUnusable) as raised:
        parse_config(text, file="empath.toml", directory=Path("/etc"), environ={"HOME": "/root"})
    return list(raised.value.problems)


def keys(text: str) -> list[str]:
    """The keys of all that is told, in the order of the lines."""
    return [one.key for one in faults(text)]


@given(
    st.permutations(sorted(BETWEEN)).flatmap(
        lambda names: st.integers(1, len(names)).map(lambda count: names[:count])
    ),
    st.lists(st.sampled_from(sorted(SIMPLE)), unique=True).filter(
        lambda names: not {"unknown", "word"} <= set(names)  # one table is written once
    ),
)
def test_no_fault_hides_another(between: list[str], simple: list[str]) -> None:
    """However many faults a text has, of whatever kind: each is told, at its own lines."""
    parts = [BETWEEN[name] for name in between] + [SIMPLE[name] for name in simple]
    text = "".join(part for part, _ in parts)
    told = {one.key: one for one in faults(text)}
    first = 1
    for part, key in parts:
        last = first + part.count("\n") - 1
        where = [
            one.line for one in told.values() if one.line is not None and first <= one.line <= last
        ]
        assert where, (key, sorted(told))
        first = last + 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (  # a table keeps its place behind one that cannot be read
            '[[route]]\ndomain = "a.test"\n[[route]]\ndomain = "*.b"\nhost = "mx.test:25"\n',
            ["route[0].host", "route[1].domain"],
        ),
        (
            '[relay]\nnetworks = ["nonsense", "0.0.0.0/0"]\n[dns]\nservers = [1, "ns.test"]\n',
            ["relay.networks[0]", "relay.networks[1]", "dns.servers[0]", "dns.servers[1]"],
        ),
        (  # what does not need the address of a listener is checked without it
            '[[listener]]\nbind = "nowhere"\ntls = "starttls"\n',
            ["listener[0].certificate", "listener[0].key", "listener[0].bind"],
        ),
        (
            (
                '[[listener]]\nbind = "nowhere"\n[[listener]]\nbind = "[::1]:25"\n'
                '[[listener]]\nbind = "[0::1]:25"\n[metrics]\nbind = "[::1]:25"\n'
            ),
            ["listener[0].bind", "listener[2].bind", "metrics.bind"],
        ),
        (
            '[[route]]\ndomain = "a.test"\nhost = "nowhere"\nusername = "ada"\n',
            ["route[0].password", "route[0].host"],
        ),
        (
            (
                '[[route]]\ndomain = "a.test"\nhost = "192.0.2.1:25"\ntls = "maybe"\n'
                '[[destination]]\ndomain = "a.test"\ntls = "verify"\n'
            ),
            ["route[0].tls", "destination[0].tls"],
        ),
    ],
)
def test_a_fault_leaves_out_only_what_needs_the_value(text: str, told: list[str]) -> None:
    """Beside a value that cannot be read, all that does not need it is checked, at its place."""
    assert keys(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (  # which listeners there are is not known
            '[[listener]]\nbind = "nowhere"\n[[priority.rule]]\ngive = "low"\nlistener = "a:25"\n',
            ["listener[0].bind"],
        ),
        (  # the condition is there, and wrong
            '[[priority.rule]]\ngive = "low"\nsender = 7\n',
            ["priority.rule[0].sender"],
        ),
        (  # whether a certificate is needed
            '[[listener]]\nbind = "127.0.0.1:25"\ntls = "yes"\ncertificate = "c"\n',
            ["listener[0].tls"],
        ),
        (  # the key that is missing is there, misspelled
            '[[listener]]\nbind = "127.0.0.1:25"\ntls = "starttls"\ncertifcate = "c"\nkey = "k"\n',
            ["listener[0].certifcate", "listener[0].key"],
        ),
        ("listener = [7]\n", ["listener[0]"]),
        ("route = 7\ndestination = [7]\n", ["route", "destination[0]"]),
        (  # which table is the nearest
            (
                '[[route]]\ndomain = "a..b"\nhost = "mx.test:25"\n'
                '[[route]]\ndomain = "*"\nhost = "192.0.2.1:25"\n'
                '[[destination]]\ndomain = "a.test"\ntls = "verify"\n'
            ),
            ["route[0].domain"],
        ),
        (  # what the destination asks for
            (
                'delivery.tls.policy = "verify"\n'
                '[[route]]\ndomain = "a.b"\nhost = "192.0.2.1:25"\n'
                '[[destination]]\ndomain = "a.b"\ntls = "maybe"\n'
            ),
            ["destination[0].tls"],
        ),
        (  # how the route goes
            (
                'delivery.tls.policy = "verify"\n'
                '[[route]]\ndomain = "a.b"\nhost = "192.0.2.1:25"\n'
                'tls = "maybe"\n'
            ),
            ["route[0].tls"],
        ),
        ('[delivery.retry]\nbase = "soon"\ncap = "1s"\n', ["delivery.retry.base"]),
    ],
)
def test_what_only_follows_from_a_fault_is_left_out(text: str, told: list[str]) -> None:
    """A check that needs a value which is at fault itself says nothing: it could only guess."""
    assert keys(text) == told


def test_the_order_of_tables_changes_nothing() -> None:
    """The same faults are told in whatever order the tables of a text stand."""
    parts = ['[[listener]]\nbind = "nowhere"\n', BETWEEN["tls"][0], '[[listener]]\ntls = "none"\n']
    counts = {len(faults("".join(order))) for order in permutations(parts)}
    assert len(counts) == 1
