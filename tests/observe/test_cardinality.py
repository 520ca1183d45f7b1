"""Names from outside as labels: bounded, and none is lost from the sum."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from empath.observe.cardinality import OTHER, MostSeen


def rows(seen: MostSeen) -> dict[tuple[str, str], int]:
    """The counts by name and kind."""
    return {(name, kind): number for name, kind, number in seen.rows()}


def test_few_names_have_each_their_own_count() -> None:
    """As long as there is room nothing is put together."""
    seen = MostSeen(2)
    for name, kind in (("a", "x"), ("b", "x"), ("a", "y"), ("a", "x")):
        seen.count(name, kind)
    assert rows(seen) == {("a", "x"): 2, ("a", "y"): 1, ("b", "x"): 1}
    assert repr(seen) == "<MostSeen 2 of 2>"


def test_a_name_that_grows_takes_the_place_of_the_least() -> None:
    """The rest keep their sum; the newcomer counts from nought."""
    seen = MostSeen(2)
    for name in "aaabccc":
        seen.count(name, "x")
    assert rows(seen) == {("a", "x"): 3, ("c", "x"): 2, (OTHER, "x"): 2}


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xy")), max_size=200))
def test_labels_are_bounded_and_the_sum_is_exact(counted: list[tuple[str, str]]) -> None:
    """Whatever comes: at most three names and the rest, and every count is somewhere."""
    seen = MostSeen(3)
    before: dict[tuple[str, str], int] = {}
    for name, kind in counted:
        seen.count(name, kind)
        now = rows(seen)
        assert len({name for name, _ in now}) <= 4
        # What is shown before and after has not shrunk.
        assert all(now[key] >= number for key, number in before.items() if key in now)
        before = now
    sums = Counter[str]()
    for (_, kind), number in rows(seen).items():
        sums[kind] += number
    assert sums == Counter(kind for _, kind in counted)


def test_candidates_are_bounded_too() -> None:
    """A flood of names that each come once is no memory."""
    seen = MostSeen(1)
    for number in range(5000):
        seen.count(f"{number}.test", "x")
    assert len(seen._candidates) <= 1001
    assert sum(rows(seen).values()) == 5000
