"""How things are written down for reading."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.cli.show import age, clock_time, counted, from_now, octets, write_json, write_table
from empath.control.link import Changed


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m00s"), (187, "3m07s"), (3600, "1h00m"),
        (4020, "1h07m"), (86399, "23h59m"), (86400, "1d00h"), (353_000, "4d02h"),
    ],
)  # fmt: skip
def test_ages(seconds: float, shown: str) -> None:
    """An age is its two greatest units."""
    assert age(seconds) == shown


@given(st.floats(0, 1e8), st.floats(0, 1e8))
def test_a_longer_age_is_never_shown_as_a_shorter_one(one: float, other: float) -> None:
    """Reading an age back gives a time that sorts as the age did."""

    def read(text: str) -> int:
        units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
        return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([smhd])", text))

    low, high = sorted((one, other))
    assert read(age(low)) <= read(age(high)) <= high


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (8214, "8.2 kB"), (999_960, "1.0 MB"),
        (50_000_000, "50.0 MB"), (2 * 10**9, "2.0 GB"), (5 * 10**12, "5.0 TB"),
    ],
)  # fmt: skip
def test_octets(count: int, shown: str) -> None:
    """Sizes are in units of a thousand, as config and disks count."""
    assert octets(count) == shown


def test_times_are_local_and_name_their_zone() -> None:
    """A time can be compared with a clock on the wall; no time is a dash."""
    assert re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d:\d\d \S+", clock_time(1_790_000_000.0))
    assert clock_time(None) == "–"


@pytest.mark.parametrize("at", [253402300800.0, 9e15, 1e300, float("inf"), float("nan"), -1e300])
def test_a_time_that_no_calendar_has_is_shown(at: float) -> None:
    """A message may be kept from when durations had no bound: its listing does not end over it."""
    assert clock_time(at)[:10] in ("9999-12-30", "9999-12-29", "1970-01-01", "1969-12-31")


def test_what_is_due() -> None:
    """Due in a while, due now, and never."""
    assert [from_now(at, 100.0) for at in (287.0, 100.0, 50.0, None)] == [
        "+3m07s",
        "now",
        "now",
        "–",
    ]


def test_counts_have_the_right_number() -> None:
    """One message, two messages, thousands with a comma."""
    assert [counted(n, "message") for n in (0, 1, 1204)] == [
        "0 messages",
        "1 message",
        "1,204 messages",
    ]


def test_a_piped_table_is_plain_aligned_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe nothing is cut, coloured or read as markup, and wide letters align."""
    long = "x" * 300
    write_table(("NAME", ">COUNT", "TEXT"), [("世界", "7", "[red]a"), ("b", "1,204", long)])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "NAME  COUNT  TEXT",
        "世界      7  [red]a",
        f"b     1,204  {long}",
    ]


def test_what_a_table_shows_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """A cell with an escape sequence shows it as text."""
    write_table(("A",), [("\x1b]52;c;eA==\x07\u202e",)])
    out = capsys.readouterr().out
    assert r"\x1b]52" in out
    assert out.replace("\n", "").isprintable()


def test_json_is_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """A struct is an object, a list of them an array."""
    write_json((Changed(messages=1, recipients=2, in_flight=0),))
    assert json.loads(capsys.readouterr().out) == [
        {"messages": 1, "recipients": 2, "in_flight": 0, "note": "", "preview": None, "unknown": []}
        | {"job": "", "undo": ""}
    ]
