"""A config on trial: what is a breach, and what is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.policy.probation import (
    FAULTS,
    FEW,
    LATE,
    LATE_FOR,
    WORSE,
    Health,
    Trial,
    breach,
)

counts = st.integers(0, 500)
healths = st.builds(Health, delivered=counts, failed=counts, refusals=counts, errors=counts)
GOOD = Health(delivered=95, failed=5)


def test_mail_that_fails_much_more_often_is_a_breach() -> None:
    """Against what was usual in the minutes before."""
    assert breach(GOOD, Health(delivered=8, failed=3)) is None
    said = breach(GOOD, Health(delivered=6, failed=6))
    assert said == "6 of 12 recipients tried failed (50%); before it was 5%."
    assert breach(Health(delivered=5, failed=5), Health(delivered=5, failed=7)) is None


def test_of_few_most_have_to_fail() -> None:
    """A breaker lets no more than five through to a host that is dead: that must be enough."""
    assert breach(GOOD, Health(delivered=3, failed=2)) is None
    assert "5 of 5 recipients tried failed (100%)" in (breach(GOOD, Health(failed=5)) or "")
    assert "(80%)" in (breach(Health(), Health(delivered=1, failed=4)) or "")
    assert breach(Health(), Health(delivered=2, failed=4)) is None


def test_without_a_before_half_of_the_mail_has_to_fail() -> None:
    """Some mail always waits at a busy server; that is taken for usual."""
    assert breach(Health(), Health(delivered=6, failed=4)) is None
    assert "few were before" in (breach(Health(), Health(delivered=5, failed=5)) or "")


def test_refusals_of_the_spool_and_errors_of_tasks_are_breaches() -> None:
    """From three on, if it was not so before."""
    assert breach(GOOD, Health(refusals=FAULTS - 1)) is None
    assert "spool" in (breach(GOOD, Health(refusals=FAULTS)) or "")
    assert breach(Health(refusals=9), Health(refusals=FAULTS)) is None
    assert "tasks" in (breach(GOOD, Health(errors=FAULTS)) or "")
    assert breach(Health(errors=9), Health(errors=FAULTS)) is None


def test_a_loop_that_stays_late_is_a_breach_and_one_stall_is_none() -> None:
    """It has to be late for longer than one stall is remembered."""
    late = Health(lag=LATE + 0.1)
    trial, said = Trial(Health(), Health(), until=60.0).look(late, 0.0)
    assert said is None
    trial, said = trial.look(Health(), LATE_FOR - 1)
    trial, said = trial.look(late, LATE_FOR)
    assert said is None, "it was on time in between"
    trial, said = trial.look(late, 2 * LATE_FOR)
    assert said == "The engine's loop was up to 600 ms late for 15 s."
    busy = Trial(Health(lag=1.0), Health(), until=60.0)
    busy, said = busy.look(late, 0.0)
    assert busy.late_since is None, "it was as late before"


def test_a_trial_tells_what_it_sees() -> None:
    """In one sentence, for the console's bar."""
    trial = Trial(GOOD, Health(delivered=100, failed=10), until=60.0)
    assert trial.told(Health(delivered=100, failed=10)) == "No mail was tried since."
    assert trial.told(Health(delivered=101, failed=10)) == (
        "0 of 1 recipient tried since failed; before it was 5%."
    )
    fresh = Trial(Health(), Health(), until=60.0)
    assert fresh.told(Health(delivered=3, failed=1)) == "1 of 4 recipients tried since failed."


def test_a_trial_is_over_at_its_time() -> None:
    """Not before."""
    trial = Trial(Health(), Health(), until=60.0)
    assert (trial.over(59.9), trial.over(60.0)) == (False, True)


@given(healths, healths)
def test_nothing_that_is_no_worse_is_a_breach(before: Health, since: Health) -> None:
    """Whatever the numbers, a share that rose by less, with no more faults, goes on."""
    usual = 0.25 if before.share is None else before.share
    share = since.failed / since.outcomes if since.outcomes else 0.0
    calm = since.refusals <= before.refusals and since.errors <= before.errors
    if calm and share < usual + WORSE:
        assert breach(before, since) is None


@given(healths, healths, counts)
def test_more_failures_never_undo_a_breach(before: Health, since: Health, more: int) -> None:
    """What is bad and gets worse stays a breach."""
    worse = Health(since.delivered, since.failed + more, since.refusals + more, since.errors)
    if breach(before, since) is not None:
        assert breach(before, worse) is not None


@given(healths, st.integers(0, FEW - 1))
def test_too_little_mail_is_never_a_breach(before: Health, failed: int) -> None:
    """However much of it fails: too few to tell."""
    assert breach(before, Health(failed=failed)) is None


@given(healths, healths)
def test_counters_are_compared_from_the_change_on(start: Health, more: Health) -> None:
    """What was counted before is not held against the new config."""
    now = Health(
        start.delivered + more.delivered,
        start.failed + more.failed,
        start.refusals + more.refusals,
        start.errors + more.errors,
    )
    trial = Trial(Health(), start, until=60.0)
    assert trial.look(now, 1.0)[1] == breach(Health(), more)
