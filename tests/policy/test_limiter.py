"""Token buckets, of destinations and of classes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.policy.limiter import Bucket, Limiter, Rate
from empath.policy.verdict import Hold

X = Domain("x.test")
TEN = Rate(10.0, 20, "delivery.rate")


def test_a_burst_goes_at_once_and_then_the_rate_holds() -> None:
    """Twenty attempts follow each other; the next has its time, and the verdict says when."""
    gate = Limiter(lambda _: TEN)
    for _ in range(20):
        assert gate.verdict(X, 100.0) is None
        gate.started(X, 100.0)
    assert gate.verdict(X, 100.0) == Hold(
        "its rate of 10/s is used up (delivery.rate)",
        100.1,
        "delivery.rate",
        pace=0.1,
    )
    assert gate.verdict(X, 100.1) is None
    assert gate.verdict(Domain("y.test"), 100.0) is None


def test_without_a_rate_there_is_no_limit() -> None:
    """And nothing is remembered."""
    gate = Limiter(lambda _: None)
    for _ in range(1000):
        gate.started(X, 0.0)
        assert gate.verdict(X, 0.0) is None
    assert len(gate) == 0


def test_a_full_bucket_is_forgotten() -> None:
    """After a pause a destination is as good as new, and costs no memory."""
    gate = Limiter(lambda _: TEN)
    gate.started(X, 0.0)
    gate.forget_full(0.05)
    assert len(gate) == 1
    gate.forget_full(0.1)
    assert len(gate) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Tokens come with time that passes, not with time that is set."""
    bucket = Bucket(0.0, 100.0).by(50.0, TEN)
    assert bucket == Bucket(0.0, 50.0)
    assert bucket.ready_at(TEN) == 50.1


@given(
    st.floats(0.1, 100),
    st.integers(1, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_no_stretch_of_time_lets_more_through_than_it_may(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    """Between any two attempts lie no more than burst + rate x time; and when the bucket says
    when it is ready, it is.
    """
    rate = Rate(per_second, burst, "")
    bucket, now, at = Bucket.full(rate, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        bucket = bucket.by(now, rate)
        ready = bucket.ready_at(rate)
        if ready <= now:
            bucket = bucket.taken()
            at.append(now)
        else:
            assert bucket.by(ready, rate).ready_at(rate) <= ready + 1e-6
    for first in range(len(at)):
        for last in range(first, len(at)):
            allowed = burst + per_second * (at[last] - at[first])
            assert last - first + 1 <= allowed + 1e-3
