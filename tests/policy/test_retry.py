"""When deferred mail is tried again, and when it is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.model import Retry
from empath.config.units import Duration
from empath.policy.retry import At, GiveUp, next_attempt, notice_due, wait

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 300), (2, 600), (3, 1200), (9, 76_800), (10, 86_400), (24, 86_400)],
)
def test_waits_double_up_to_a_day(attempts: int, seconds: float) -> None:
    """Base 300 s, doubling, cap 86,400 s."""
    assert wait(Retry(), attempts) == seconds


def test_a_constant_wait_is_a_setting_like_any_other() -> None:
    """A factor of 1 never grows, however often it is tried."""
    assert wait(Retry(factor=1.0, base=Duration(60)), 10**9) == 60


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 270), (0.5, 300), (1.0, 330)])
def test_a_wait_is_varied_by_a_tenth(draw: float, seconds: float) -> None:
    """Mail deferred together does not come back together."""
    result = next_attempt(Retry(), attempts=1, age=0, jitter_draw=draw, now=NOW)
    assert result == At(pytest.approx(NOW + seconds))


def test_the_25th_attempt_is_the_last() -> None:
    """A recipient is given up after its attempts."""
    result = next_attempt(Retry(), attempts=25, age=0, jitter_draw=0, now=NOW)
    assert result == GiveUp("given up after 25 attempts")


def test_five_days_are_enough() -> None:
    """A recipient is given up at its expiry."""
    result = next_attempt(Retry(), attempts=3, age=5 * 86400, jitter_draw=0, now=NOW)
    assert result == GiveUp("given up after 5d in the queue")


def test_the_last_attempt_is_made_at_the_expiry() -> None:
    """No wait goes beyond the expiry: the sender is told in time."""
    result = next_attempt(Retry(), attempts=20, age=5 * 86400 - 60, jitter_draw=1, now=NOW)
    assert result == At(NOW + 60)


@pytest.mark.parametrize(
    ("notice", "age", "due"), [(14400, 14399, False), (14400, 14400, True), (0, 10**6, False)]
)
def test_a_delay_is_told_at_four_hours(notice: float, age: float, due: bool) -> None:
    """Zero switches the notice off."""
    assert notice_due(Retry(delay_notice=Duration(notice)), age=age) is due


@given(
    st.builds(
        Retry,
        base=st.floats(1, 86400).map(Duration),
        factor=st.floats(1, 10),
        cap=st.floats(1, 10**6).map(Duration),
        jitter=st.floats(0, 0.5),
        attempts=st.integers(1, 1000),
        expiry=st.floats(60, 10**7).map(Duration),
    ),
    st.integers(1, 1100),
    st.floats(0, 2 * 10**7),
    st.floats(0, 1),
)
def test_the_next_attempt_is_in_bounds_or_never(
    settings: Retry, attempts: int, age: float, draw: float
) -> None:
    """It is in the future, not beyond the cap and its jitter, nor beyond the expiry; and
    giving up has a cause.
    """
    match next_attempt(settings, attempts=attempts, age=age, jitter_draw=draw, now=0.0):
        case At(time):
            assert 0 < time <= settings.cap * (1 + settings.jitter) + 1e-6
            assert time + age <= settings.expiry * (1 + 1e-9)
        case GiveUp():
            assert attempts >= settings.attempts or age >= settings.expiry


@given(st.integers(1, 50))
def test_waits_never_shrink(attempts: int) -> None:
    """A server that stays down is asked ever less often."""
    assert wait(Retry(), attempts) <= wait(Retry(), attempts + 1)
