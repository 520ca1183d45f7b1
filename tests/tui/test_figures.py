"""Numbers as they are written on screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (-3, "0s"),
        (59.9, "59s"),
        (69, "1m09s"),
        (1800, "30m"),
        (4020, "1h07m"),
        (273_900, "3d04h"),
        (100 * 86400, "100d"),
    ],
)
def test_age(seconds: float | None, text: str) -> None:
    """Ages have two units at most, such as 1h07m."""
    assert figures.age(seconds) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [(812, "812B"), (3100, "3.1kB"), (29_000, "29kB"), (9_960_000, "10MB"), (2 * 10**15, "2.0PB")],
)
def test_octets(octets: int, text: str) -> None:
    """Sizes have three digits at most."""
    assert figures.octets(octets) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_figures_fit_their_columns(number: int) -> None:
    """Whatever the number, a size fits six columns and an age of a queued message six."""
    assert len(figures.octets(number)) <= 6
    assert len(figures.age(number % (99 * 86400))) <= 6


def test_rates_and_counts() -> None:
    """Small rates have one decimal, none is 0, unknown is a dash, counts have separators."""
    assert [figures.rate(r) for r in (None, 0.01, 0.2, 41.4, 12_431)] == [
        "–", "0", "0.2", "41", "12.4k",
    ]  # fmt: skip
    assert figures.count(12431) == "12,431"
    assert figures.short_count(1_200_000) == "1.20M"
    assert figures.plural(1, "message") == "1 message"


def test_when_something_is_due() -> None:
    """What is due shows how long it takes, or now."""
    assert figures.due(1300.0, 1000.0) == "+5m00s"
    assert figures.due(900.0, 1000.0) == "now"
    assert figures.due(None, 1000.0) == "–"
