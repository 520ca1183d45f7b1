"""How many attempts at once a destination gets, and what it learns that from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.policy.concurrency import Allowance, Concurrency

X = Domain("x.test")


def gate(most: int = 20) -> Concurrency:
    """A gate whose cap is *most*."""
    return Concurrency(lambda _: (most, "delivery.per_destination"))


def test_it_begins_with_five_and_doubles_with_each_round_of_successes() -> None:
    """Five successes make ten, ten make twenty, and that is the cap."""
    allowed = Allowance()
    for _ in range(5):
        allowed = allowed.succeeded(20)
    assert allowed.most == 10
    for _ in range(15):
        allowed = allowed.succeeded(20)
    assert allowed.most == 20


def test_a_failure_halves_it_once_a_round() -> None:
    """Ten attempts that fail together are one failure; afterwards it grows by one a round."""
    concurrency = gate()
    for _ in range(15):
        concurrency.answered(X, well=True)
    for _ in range(10):
        concurrency.started(X, 0.0)
    for _ in range(10):
        concurrency.answered(X, well=False)
        concurrency.ended(X)
    assert concurrency.allowance(X) == 10
    for _ in range(10):
        concurrency.answered(X, well=True)
    assert concurrency.allowance(X) == 10
    concurrency.answered(X, well=True)
    assert concurrency.allowance(X) == 11


def test_it_never_falls_below_one() -> None:
    """Somebody has to find out that the destination is back."""
    allowed = Allowance()
    for _ in range(20):
        allowed = allowed.failed(0)
    assert allowed.most == 1.0


def test_the_verdict_says_whether_the_cap_or_experience_holds() -> None:
    """The setting is named only where it is what holds."""
    concurrency = gate()
    for _ in range(5):
        concurrency.started(X, 0.0)
    hold = concurrency.verdict(X, 0.0)
    assert hold is not None
    assert hold.reason.startswith("5 attempts at once is what it has shown to take")
    small = gate(1)
    small.started(X, 0.0)
    hold = small.verdict(X, 0.0)
    assert hold is not None
    assert hold.reason == "1 attempt at once is the most it may have (delivery.per_destination = 1)"


def test_what_is_remembered_is_bounded() -> None:
    """Of ten thousand destinations the one longest silent begins anew."""
    concurrency = gate()
    for _ in range(3):
        concurrency.answered(X, well=True)
    assert concurrency.allowance(X) == 8
    for number in range(10_000):
        concurrency.answered(Domain(f"d{number}.test"), well=True)
    assert concurrency.allowance(X) == 5


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 40))
def test_it_stays_within_one_and_the_cap(answers: list[bool], cap: int) -> None:
    """Whatever a destination answers."""
    concurrency = gate(cap)
    for well in answers:
        concurrency.started(X, 0.0)
        concurrency.answered(X, well=well)
        assert 1 <= concurrency.allowance(X) <= cap
        concurrency.ended(X)
    assert concurrency.running == {}
