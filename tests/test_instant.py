"""A number of seconds is a date, whatever it is."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.instant import local, utc


@given(st.integers(0, 8000 * 365 * 86400))
def test_a_time_of_the_calendar_is_its_date(at: int) -> None:
    """The same in every zone."""
    assert utc(at) == dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=at)
    assert local(at) == utc(at)


@given(st.floats())
def test_any_number_has_a_date(at: float) -> None:
    """What lies before or behind is the first or the last day there is."""
    assert 1970 <= utc(at).year <= 9999
    assert local(at) == utc(at)


@pytest.mark.parametrize("at", [1e11 * 86400, 1e300, float("inf")])
def test_what_never_comes_is_the_last_day(at: float) -> None:
    """In the year 9999."""
    assert f"{utc(at):%Y-%m-%d}" == "9999-12-30"
