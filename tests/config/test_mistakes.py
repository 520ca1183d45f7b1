"""Each mistake in a config has its line, its key and its remedy, and all are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.load import parse_config
from empath.config.model import Config
from empath.config.problem import ConfigProblem, ConfigUnusable

HOME = {"HOME": "/home/ada"}
ROOT = Path(__file__).parents[2]


def read(text: str, *, shared: bool = False, **environ: str) -> Config:
    """The config in *text*, as if it stood in /etc/empath/empath.toml."""
    return parse_config(
        text,
        file="empath.toml",
        directory=Path("/etc/empath"),
        environ=HOME | environ,
        shared=shared,
    )


def problems(text: str, *, shared: bool = False, **environ: str) -> list[str]:
    """What an operator is told about *text*, line by line."""
    with pytest.raises(ConfigUnusable) as raised:
        read(text, shared=shared, **environ)
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # Unknown keys
        (
            'hostnam = "mx.example.org"',
            'empath.toml:1: hostnam: there is no such setting; did you mean "hostname"?',
        ),
        (
            "[delivery]\n\nconect_timeout = 3",
            (
                "empath.toml:3: delivery.conect_timeout: there is no such setting; did you mean"
                ' "connect_timeout"?'
            ),
        ),
        (
            '[delivery]\nmin_free = "1GB"',
            (
                "empath.toml:2: delivery.min_free: there is no such setting here; it belongs to"
                " spool.min_free"
            ),
        ),
        (
            "[dns]\nzzz = 1",
            (
                "empath.toml:2: dns.zzz: there is no such setting; a [dns] table has servers,"
                " timeout,"
                " cache_entries, cache_ttl, negative_ttl"
            ),
        ),
        (
            '[dns]\n"\\u001b[31mred" = 1',
            (
                'empath.toml:2: dns."\\x1b[31mred": there is no such setting; a [dns] table has'
                " servers, timeout, cache_entries, cache_ttl, negative_ttl"
            ),
        ),
        # Bounds
        (
            '[delivery.retry]\nbase = "0s"',
            (
                'empath.toml:2: delivery.retry.base: must be at least 1s (got "0s"); durations are'
                ' written "90s", "5m", "2h"'
            ),
        ),
        (
            '[inbound]\nmessage_size = "1KB"',
            (
                'empath.toml:2: inbound.message_size: must be at least 64KiB (got "1KB"); sizes are'
                ' written "64KiB", "50MB", "1GiB"'
            ),
        ),
        (
            "delivery.port = 65536",
            "empath.toml:1: delivery.port: must be at most 65535 (got 65536)",
        ),
        (
            "[delivery.retry]\njitter = 0.75",
            "empath.toml:2: delivery.retry.jitter: must be at most 0.5 (got 0.75)",
        ),
        (
            "[spool]\nmin_free = -1",
            (
                'empath.toml:2: spool.min_free: must be at least 0B (got "-1B"); sizes are written'
                ' "64KiB", "50MB", "1GiB"'
            ),
        ),
        (
            "delivery.rate = -1",
            (
                'empath.toml:1: delivery.rate: must be at least 0 (got "-1/s"); rates are written'
                ' "20/s", "100/m", "5/h"'
            ),
        ),
        (
            'delivery.class_rate.bulk = "20 a second"',
            (
                'empath.toml:1: delivery.class_rate.bulk: rates are written "20/s", "100/m", "5/h"'
                ' (got "20 a second")'
            ),
        ),
        (
            "delivery.rate = true",
            ('empath.toml:1: delivery.rate: rates are written "20/s", "100/m", "5/h" (got true)'),
        ),
        # Types
        (
            'inbound.recipients = "20"',
            'empath.toml:1: inbound.recipients: must be a whole number (got text "20")',
        ),
        (
            "inbound.recipients = true",
            "empath.toml:1: inbound.recipients: must be a whole number (got true)",
        ),
        (
            "inbound.recipients = 200.5",
            "empath.toml:1: inbound.recipients: must be a whole number (got 200.5)",
        ),
        (
            "inbound.recipients = 0x" + "f" * 5000,
            "empath.toml:1: inbound.recipients: is too large a number",
        ),
        (
            "delivery.retry.factor = nan",
            "empath.toml:1: delivery.retry.factor: must be a number of ordinary size",
        ),
        (
            "delivery.retry.factor = 1979-05-27",
            "empath.toml:1: delivery.retry.factor: must be a number (got a date or time)",
        ),
        (
            "delivery.connect_timeout = 30",
            (
                'empath.toml:1: delivery.connect_timeout: durations are written "90s", "5m", "2h"'
                " (got 30)"
            ),
        ),
        (
            'delivery.connect_timeout = "30"',
            (
                'empath.toml:1: delivery.connect_timeout: durations are written "90s", "5m", "2h",'
                ' "5d" (got "30")'
            ),
        ),
        (
            "inbound.message_size = 1.5",
            (
                'empath.toml:1: inbound.message_size: sizes are written "64KiB", "50MB", "1GiB"'
                " (got 1.5)"
            ),
        ),
        ("hostname = 5", "empath.toml:1: hostname: must be text in quotes (got 5)"),
        ("hostname = {}", "empath.toml:1: hostname: must be text in quotes (got a table)"),
        (
            'relay.domains = "example.org"',
            (
                'empath.toml:1: relay.domains: must be a list, written ["…", "…"]'
                ' (got text "example.org")'
            ),
        ),
        (
            'listener = "127.0.0.1:25"',
            (
                "empath.toml:1: listener: must be a list, written [[listener]]"
                ' (got text "127.0.0.1:25")'
            ),
        ),
        (
            "[listener]\nbind = '127.0.0.1:25'",
            "empath.toml:1: listener: must be a list, written [[listener]] (got a table)",
        ),
        ("[[delivery]]", "empath.toml:1: delivery: must be a table, [delivery] (got a list)"),
        # Choices and words
        (
            'mode = "rely"',
            (
                'empath.toml:1: mode: must be one of "dev", "relay" (got text "rely");'
                ' did you mean "relay"?'
            ),
        ),
        (
            'mode = "RELAY"',
            (
                'empath.toml:1: mode: must be one of "dev", "relay" (got text "RELAY");'
                ' did you mean "relay"?'
            ),
        ),
        (
            "mode = 7",
            'empath.toml:1: mode: must be one of "dev", "relay" (got 7)',
        ),
        (
            '[[listener]]\nbind = "127.0.0.1"',
            (
                'empath.toml:2: listener[0].bind: a server is written "host:port", for example'
                ' "smtp.example.com:25" (got "127.0.0.1")'
            ),
        ),
        (
            '[relay]\nnetworks = [\n  "10.0.0.0/8",\n  "10.0.0.300",\n]',
            (
                'empath.toml:4: relay.networks[1]: networks are written "192.0.2.0/24",'
                ' "2001:db8::/32" (got "10.0.0.300")'
            ),
        ),
        (
            'relay.domains = ["exa mple.org"]',
            (
                "empath.toml:1: relay.domains[0]: the domain is neither a host name nor an address"
                ' literal (got "exa mple.org")'
            ),
        ),
        (
            'hostname = "mx\\u001b[31m.example"',
            (
                "empath.toml:1: hostname: holds characters that cannot be shown, such as a line"
                " break"
                " or escape"
            ),
        ),
        # Paths
        (
            'spool.path = ""',
            "empath.toml:1: spool.path: must be a path (got an empty one or one with a NUL)",
        ),
        (
            'spool.path = "~nobody-of-that-name/x"',
            (
                "empath.toml:1: spool.path: there is no home folder for"
                ' "~nobody-of-that-name/x"; write'
                " the whole path"
            ),
        ),
        (
            '[[priority.rule]]\ngive = "high"\nsender = "<>"\nzzz = 1',
            (
                "empath.toml:4: priority.rule[0].zzz: there is no such setting; a [[priority.rule]]"
                " table has give, sender, recipient, listener, header"
            ),
        ),
        # What must be written
        (
            '[[route]]\nhost = "smtp.example.com:25"',
            (
                'empath.toml:1: route[0].domain: is missing: recipient domain, ".example.org"'
                " for its"
                ' subdomains, or "*" for all mail'
            ),
        ),
        # Broken TOML
        (
            "mode = dev\n",
            "empath.toml:1: is not valid TOML: Invalid value (column 8)",
        ),
        (
            'mode = "dev"\nhostname = ',
            "empath.toml:2: the file ends in the middle of something: Invalid value",
        ),
        (
            'mode = "dev"\nmode = "dev" # twice\n',
            "empath.toml:2: mode: is written a second time, first in line 1; keep one of them",
        ),
        (
            'mode = "dev"\n[relay]\ndomains = [\n  "a.example",\n',
            "empath.toml:4: the file ends in the middle of something: Invalid value",
        ),
        (
            "a = " + "[" * 5000,
            "empath.toml: its brackets are nested too deeply",
        ),
        (
            "a = " + "9" * 5000,
            "empath.toml: holds a number with thousands of digits",
        ),
    ],
)
def test_each_mistake_has_its_line_and_its_remedy(text: str, told: str) -> None:
    """One mistake makes one line: file, line, key path, what is wrong, what to write."""
    assert problems(text) == [told]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """One run finds every mistake, so that nobody mends a config line by line."""
    told = problems(
        'mode = "rely"\n'
        "[[listener]]\n"
        'bind = "nowhere"\n'
        "[delivery]\n"
        "port = 0\n"
        "ports = 25\n"
        "[[route]]\n"
        'domain = "*"\n'
        'hos = "smtp.example.com:25"\n'
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["empath.toml:1", "mode"],
        ["empath.toml:3", "listener[0].bind"],
        ["empath.toml:5", "delivery.port"],
        ["empath.toml:6", "delivery.ports"],
        ["empath.toml:7", "route[0].host"],
        ["empath.toml:9", "route[0].hos"],
    ]


@given(st.integers(0, 4000))
def test_a_file_that_ends_anywhere_is_a_config_or_a_problem_at_its_end(end: int) -> None:
    """However far an editor came, what stands there is read or told of; no prefix is a crash."""
    text = (ROOT / "empath.toml").read_text()
    text = text.replace("# [[", "[[").replace("# ", "")[:end]
    told: tuple[ConfigProblem, ...] = ()
    try:
        read(text)
    except ConfigUnusable as error:
        told = error.problems
    assert all(1 <= (problem.line or 1) <= text.count("\n") + 1 for problem in told)


@given(st.dictionaries(st.sampled_from(["mode", "listener", "spool", "route", "zz"]), st.text()))
def test_whatever_the_values_are_the_answer_is_a_config_or_problems(table: dict[str, str]) -> None:
    """No text in any key makes anything but a config or `ConfigUnusable`."""
    text = "".join(f"{key} = {value!r}\n" for key, value in table.items())
    told: tuple[ConfigProblem, ...] = ()
    config: Config | None = None
    try:
        config = read(text)
    except ConfigUnusable as error:
        told = error.problems
    assert (config is None) == bool(told)
