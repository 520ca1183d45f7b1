"""Hosts that could not be reached: remembered for a while, tried last, bounded in number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.reachability import MOST, REMEMBERED, Place, Reachability, Unreached

NOW = 1_790_000_000.0
ONE: Place = ("mx1.test", 25)
TWO: Place = ("mx2.test", 25)


def itself(place: Place) -> Place:
    """The place of a place."""
    return place


def test_a_host_that_was_not_reached_is_tried_last_for_a_while() -> None:
    """Until its time is over, and not a moment longer."""
    known = Reachability()
    assert known.last((ONE, TWO), itself, NOW) == (ONE, TWO)
    known.note(ONE, "connection refused", NOW)
    assert known.last((ONE, TWO), itself, NOW) == (TWO, ONE)
    assert known.last((ONE, TWO), itself, NOW + REMEMBERED - 1) == (TWO, ONE)
    assert known.last((ONE, TWO), itself, NOW + REMEMBERED) == (ONE, TWO)


def test_a_connection_forgets_the_failure() -> None:
    """One that answers is in its turn again at once; the port is part of the place."""
    known = Reachability()
    known.note(ONE, "no answer in time", NOW)
    known.forget(("mx1.test", 587), TWO)
    assert len(known) == 1
    known.forget(ONE)
    assert known.unreached(ONE, NOW) is None
    assert repr(known) == "<Reachability unreached=0>"


def test_failures_in_a_row_keep_the_first_time_and_the_last_reason() -> None:
    """What an operator reads: since when, and why."""
    known = Reachability()
    known.note(ONE, "connection refused", NOW)
    known.note(ONE, "no answer in time", NOW + 100)
    assert known.standing(NOW + 100) == {ONE: Unreached(NOW, NOW + 100, "no answer in time")}
    known.note(ONE, "again", NOW + 100 + REMEMBERED)
    assert known.standing(NOW + 100 + REMEMBERED)[ONE].since == NOW + 100 + REMEMBERED


def test_what_is_over_is_dropped_when_somebody_looks() -> None:
    """Nothing is kept that does not count."""
    known = Reachability()
    known.note(TWO, "refused", NOW + 10)
    known.note(ONE, "refused", NOW)
    assert list(known.standing(NOW + 10)) == [ONE, TWO]
    assert list(known.standing(NOW + REMEMBERED)) == [TWO]
    assert len(known) == 1


@pytest.mark.parametrize("set_back", [1, 86400])
def test_a_clock_that_is_set_back_forgets(set_back: float) -> None:
    """A failure from the future must not be remembered for a day."""
    known = Reachability()
    known.note(ONE, "refused", NOW)
    assert known.unreached(ONE, NOW - set_back) is None


@given(st.lists(st.tuples(st.integers(0, 2 * MOST), st.floats(0, 1000)), max_size=50))
def test_the_order_is_kept_and_nobody_is_lost(failures: list[tuple[int, float]]) -> None:
    """Trying last is a stable partition, whatever failed when."""
    known = Reachability()
    for number, after in failures:
        known.note((f"mx{number}.test", 25), "refused", NOW + after)
    hosts = [(f"mx{number}.test", 25) for number in range(20)]
    later = NOW + 500
    bad = [host for host in hosts if known.unreached(host, later) is not None]
    good = [host for host in hosts if host not in bad]
    assert known.last(hosts, itself, later) == (*good, *bad)


def test_the_memory_is_bounded() -> None:
    """The oldest go first."""
    known = Reachability()
    for number in range(MOST + 3):
        known.note((f"mx{number}.test", 25), "refused", NOW)
    assert len(known) == MOST
    assert known.unreached(("mx2.test", 25), NOW) is None
    assert known.unreached(("mx3.test", 25), NOW) is not None
