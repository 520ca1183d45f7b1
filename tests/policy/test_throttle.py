"""Limits that operators set."""

from __future__ import annotations

from empath.address import Domain
from empath.policy.limiter import Rate
from empath.policy.throttle import Throttle, Throttles

X = Domain("x.test")


def test_a_limit_is_a_rate_until_its_time_is_over() -> None:
    """It is forgotten once it has ended; one without an end holds until it is lifted."""
    throttles = Throttles()
    assert throttles.rate(X) is None
    assert throttles.standing(0.0) == {}
    throttle = Throttle(0.5, "ada", "polite", 100.0, until=160.0)
    throttles.limit(X, throttle)
    assert throttles.standing(159.9) == {X: throttle}
    assert throttles.rate(X) == Rate(0.5, 1, "limited by ada")
    assert throttles.standing(160.0) == {}
    assert throttles.rate(X) is None
    throttles.limit(X, Throttle(5.0, "ada", "", 200.0))
    assert throttles.standing(1e12)
    assert throttles.lift(X)
    assert not throttles.lift(X)


def test_a_second_of_it_may_go_at_once() -> None:
    """What it lets through in a row, and how operators read it."""
    assert Throttle(20.0, "ada", "", 0.0).rate.burst == 20
    assert Throttle(20.0, "ada", "", 0.0).shown == "20/s"
    assert Throttle(0.5, "ada", "", 0.0).shown == "30/m"


def test_limits_outlive_a_restart() -> None:
    """What is written down is in force again."""
    throttles = Throttles()
    throttles.restore({X: Throttle(1.0, "ada", "", 0.0)})
    assert throttles.rate(X) == Rate(1.0, 1, "limited by ada")
