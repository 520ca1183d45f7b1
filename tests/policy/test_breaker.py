"""Circuit breakers: closed, open, half-open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.policy.breaker import CLOSED, Breaker, Breakers, Position, Thresholds
from empath.policy.verdict import Hold

X = Domain("x.test")
LIMITS = Thresholds(failures=5, window=60.0, open_for=300.0)


def broken(at: float = 100.0) -> Breakers:
    """Breakers of which that of x.test opened at *at*."""
    gate = Breakers(lambda: LIMITS)
    for _ in range(5):
        gate.failed(X, at, "cannot connect")
    return gate


def test_five_failures_in_a_minute_open_it_for_five_minutes() -> None:
    """DESIGN 5; the verdict says why, until when, and by which setting."""
    gate = Breakers(lambda: LIMITS)
    turned = [gate.failed(X, 100.0 + n, f"failure {n}") for n in range(5)]
    assert turned == [False, False, False, False, True]
    assert gate.verdict(X, 104.0) == Hold(
        "its breaker is open after failures, last: failure 4", 404.0, "delivery.breaker", "probe"
    )
    assert gate.verdict(Domain("y.test"), 104.0) is None
    assert gate.standing(104.0) == {X: Position.OPEN}


def test_failures_far_apart_do_not_open_it() -> None:
    """Only those of the last minute count."""
    gate = Breakers(lambda: LIMITS)
    assert not any(gate.failed(X, 20.0 * n, "busy") for n in range(50))


def test_a_success_makes_it_forget() -> None:
    """Four failures, a success, four failures: it stays closed."""
    gate = Breakers(lambda: LIMITS)
    for at in (1.0, 2.0):
        for _ in range(4):
            gate.failed(X, at, "busy")
        gate.succeeded(X, at)
    assert gate[X] is CLOSED
    assert gate.succeeded(X, 3.0) is False


def test_half_open_lets_one_probe_through() -> None:
    """When its time is over one attempt goes, and the others wait for what it finds."""
    gate = broken()
    assert gate.verdict(X, 399.9) is not None
    assert gate.verdict(X, 400.0) is None
    gate.started(X, 400.0)
    assert gate.verdict(X, 400.0) == Hold(
        "its breaker is half-open and one probe runs", None, "delivery.breaker", "end of the probe"
    )
    assert gate.succeeded(X, 401.0) is True
    assert gate.verdict(X, 401.0) is None


def test_a_probe_that_fails_opens_it_again() -> None:
    """For the whole time, counted from the failure."""
    gate = broken()
    gate.started(X, 400.0)
    assert gate.failed(X, 410.0, "still down") is True
    assert gate[X].open_until == 710.0


def test_a_probe_that_says_nothing_is_followed_by_another() -> None:
    """Such as one that an operator took away, or that met a broken DNS."""
    gate = broken()
    gate.started(X, 400.0)
    gate.unresolved(X)
    gate.unresolved(Domain("y.test"))
    assert gate.verdict(X, 401.0) is None


def test_what_began_before_it_opened_changes_nothing_while_it_is_open() -> None:
    """Late answers of attempts that ran already neither close nor prolong it."""
    gate = broken()
    assert gate.succeeded(X, 101.0) is False
    assert gate.failed(X, 101.0, "late") is False
    assert gate[X].open_until == 400.0


def test_what_was_learnt_is_forgotten_and_what_was_decided_is_not() -> None:
    """Other servers say nothing of an operator's decision, which a restart keeps as his."""
    learnt = broken()
    learnt.forget(X)
    assert learnt.verdict(X, 104.0) is None
    decided = Breakers(lambda: LIMITS)
    decided.open(X, 500.0, actor="ada", reason="")
    again = Breakers(lambda: LIMITS)
    again.restore(decided.kept())
    again.forget(X)
    assert again.verdict(X, 104.0) == Hold("ada opened its breaker", 500.0, "an operator", "probe")


def test_an_operator_opens_and_closes_it() -> None:
    """Who and why is in the verdict."""
    gate = Breakers(lambda: LIMITS)
    gate.open(X, 500.0, actor="ada (uid 0)", reason="maintenance")
    assert gate.verdict(X, 100.0) == Hold(
        "ada (uid 0) opened its breaker: maintenance", 500.0, "an operator", "probe"
    )
    assert gate.close(X) is True
    assert gate.close(X) is False
    assert gate.verdict(X, 100.0) is None


def test_what_is_open_survives_a_restart() -> None:
    """Open breakers are written down, half-open ones without their probe, closed ones not."""
    gate = broken()
    gate.failed(Domain("y.test"), 100.0, "busy")
    gate.started(X, 400.0)
    kept = gate.kept()
    assert [*kept] == [X]
    again = Breakers(lambda: LIMITS)
    again.restore(kept)
    assert again.verdict(X, 399.0) is not None
    assert again.verdict(X, 400.0) is None


def test_old_failures_are_let_go() -> None:
    """Where no mail waits, memory is freed once they no longer count."""
    gate = broken()
    gate.failed(Domain("y.test"), 100.0, "busy")
    gate.forget_old(161.0, ())
    assert gate[Domain("y.test")] is CLOSED
    assert gate[X] is not CLOSED


steps = st.lists(
    st.tuples(st.sampled_from(["start", "good", "bad", "nothing"]), st.floats(0, 200)), max_size=60
)


@given(steps, st.integers(1, 4))
def test_the_states_follow_each_other_as_drawn(script: list[tuple[str, float]], most: int) -> None:
    """From closed only enough recent failures lead to open; from open only time leads to
    half-open; from there one answer leads to closed or open.
    """
    limits = Thresholds(most, 60.0, 100.0)
    breaker, now, failures = Breaker(), 0.0, []
    for what, pause in script:
        now += pause
        before = breaker.position(now)
        match what:
            case "start":
                breaker = breaker.started(now)
                assert breaker.probing == (before is Position.HALF_OPEN)
            case "good":
                breaker = breaker.succeeded(now)
                failures = []
                expected = Position.OPEN if before is Position.OPEN else Position.CLOSED
                assert breaker.position(now) is expected
            case "bad":
                breaker = breaker.failed(now, "x", limits)
                failures = [at for at in failures if at > now - 60.0] + [now]
                if before is Position.CLOSED:
                    opened = breaker.position(now) is Position.OPEN
                    assert not opened or len(failures) >= most
                else:
                    assert breaker.position(now) is Position.OPEN
            case _:
                breaker = breaker.unresolved()
                assert not breaker.probing
                assert breaker.position(now) is before
        assert len(breaker.failed_at) < most
