"""The place of a message among what waits for one rate: known in its lane, estimated between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.envelope import Lane, Priority
from empath.policy.credits import WEIGHTS
from empath.policy.turns import Ahead, Place, place

X, Y = Domain("x.test"), Domain("y.test")
NORMAL: Lane = (X, Priority.NORMAL)


def test_alone_in_its_lane_it_goes_after_those_before_it() -> None:
    """Eighteen of twenty are due before it."""
    assert place(NORMAL, Ahead(18, {NORMAL: 20}), WEIGHTS) == Place(18, 20)


def test_other_classes_take_turns_by_weight() -> None:
    """Of critical mail all four turns go first for each one of normal mail, as far as there is
    any; of bulk one in four.
    """
    critical, bulk = (X, Priority.CRITICAL), (X, Priority.BULK)
    waiting = {NORMAL: 20, critical: 30, bulk: 30}
    assert place(NORMAL, Ahead(1, waiting), WEIGHTS) == Place(1 + 8 + 1, 80)
    assert place(NORMAL, Ahead(19, waiting), WEIGHTS) == Place(19 + 30 + 5, 80)


def test_other_destinations_of_a_class_take_turns_evenly() -> None:
    """One each before it, and one each for every one before it in its lane."""
    other = (Y, Priority.NORMAL)
    assert place(NORMAL, Ahead(2, {NORMAL: 5, other: 90}), WEIGHTS) == Place(5, 95)


def test_more_than_is_counted_is_said() -> None:
    """What was counted is then a lower bound."""
    assert place(NORMAL, Ahead(9, {NORMAL: 10}, exact=False), WEIGHTS) == Place(9, 10, exact=False)


LANES = st.dictionaries(
    st.tuples(st.sampled_from([X, Y]), st.sampled_from(Priority)), st.integers(0, 500)
)


@given(st.sampled_from(Priority), st.integers(0, 600), LANES)
def test_a_place_is_one_of_those_that_wait(
    priority: Priority, before: int, waiting: dict[Lane, int]
) -> None:
    """Whatever was counted while mail came and went: never behind more than wait, nor before those
    of its own lane.
    """
    found = place((X, priority), Ahead(before, waiting), WEIGHTS)
    assert 0 <= found.before < found.waiting
    assert found.before >= min(before, found.waiting - 1)
