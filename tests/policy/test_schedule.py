"""Who goes next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.envelope import Lot
from empath.policy.schedule import Concurrency, Hold, Verdict, Window
from tests.fakes.memory_spool import lot


def to(domain: str, number: int, due_at: float = 0.0) -> Lot:
    """A lot for *domain*."""
    return lot(f"b@{domain}", number=number, due_at=due_at)


def filled(*lots: Lot) -> Window:
    """A window with *lots*."""
    window = Window()
    window.add(lots)
    return window


def test_destinations_take_turns() -> None:
    """A long queue does not make a short one wait (DESIGN P5)."""
    window = filled(*(to("big.test", n) for n in range(5)), to("small.test", 9))
    chosen = window.choose(3, ())
    assert [each.destination for each in chosen] == ["big.test", "small.test", "big.test"]
    assert len(window) == 3


def test_what_is_due_first_goes_first_within_a_destination() -> None:
    """In whatever order the lots came in."""
    window = filled(to("x.test", 1, 30.0), to("x.test", 2, 10.0), to("x.test", 3, 20.0))
    assert [each.due_at for each in window.choose(9, ())] == [10.0, 20.0, 30.0]


def test_turns_go_on_where_they_stopped() -> None:
    """Whoever was served last is not served first the next time."""
    window = filled(*(to(f"{name}.test", n) for n in range(3) for name in "abc"))
    first = window.choose(2, ()) + window.choose(2, ())
    assert [each.destination[0] for each in first] == ["a", "b", "c", "a"]


def test_a_destination_has_only_so_many_attempts_at_once() -> None:
    """The cap holds one destination and lets the others by; the verdict says why."""
    gate = Concurrency()
    gate.most = 2
    window = filled(*(to("big.test", n) for n in range(5)), to("small.test", 9))
    assert Counter(each.destination for each in window.choose(9, (gate,))) == {
        "big.test": 2,
        "small.test": 1,
    }
    assert window.verdicts[Domain("big.test")] == Hold(
        "2 attempts run already (delivery.per_destination = 2)"
    )
    gate.ended(Domain("big.test"))
    assert len(window.choose(9, (gate,))) == 1
    gate.ended(Domain("small.test"))
    assert gate.running == {"big.test": 2}


def test_the_first_gate_that_holds_is_the_reason() -> None:
    """Gates are asked in order, and none counts what another holds."""

    class Closed:
        def verdict(self, destination: Domain) -> Verdict:
            return Hold("closed by the breaker", until=99.0)

        def started(self, destination: Domain) -> None:
            raise AssertionError("nothing was started")

    gate = Concurrency()
    window = filled(to("x.test", 1))
    assert window.choose(9, (Closed(), gate)) == []
    assert window.verdicts == {"x.test": Hold("closed by the breaker", until=99.0)}
    assert gate.running == {}


def test_a_verdict_is_gone_when_it_no_longer_holds() -> None:
    """The reason shown is one that holds now."""
    gate = Concurrency()
    window = filled(to("x.test", 1), to("x.test", 2))
    window.choose(9, (gate,))
    gate.ended(Domain("x.test"))
    window.choose(9, (gate,))
    assert window.verdicts == {}


def test_a_crowded_destination_is_named() -> None:
    """The spool is asked for no more of it (DESIGN P5: the refill is capped)."""
    window = filled(to("x.test", 1), to("x.test", 2), to("y.test", 3))
    assert window.crowded(2) == ["x.test"]
    assert (window.waiting(Domain("x.test")), window.waiting(Domain("z.test"))) == (2, 0)
    assert repr(window) == "<Window lots=3 destinations=2>"


def test_clearing_gives_everything_back() -> None:
    """Draining returns what was not started."""
    lots = [to("x.test", 1), to("y.test", 2)]
    window = filled(*lots)
    assert window.clear() == lots
    assert (len(window), window.choose(9, ())) == (0, [])


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 9)), max_size=60),
    st.integers(1, 4),
    st.integers(1, 10),
)
def test_nothing_is_lost_doubled_or_starved(
    arrivals: list[tuple[str, int]], cap: int, free: int
) -> None:
    """Every lot is chosen exactly once, caps hold, and no destination is more than one turn
    ahead of another that could have gone.
    """
    lots = [to(f"{name}.test", n, float(due)) for n, (name, due) in enumerate(arrivals)]
    window, gate, seen = filled(*lots), Concurrency(), []
    gate.most = cap
    while window:
        chosen = window.choose(free, (gate,))
        assert chosen
        assert len(chosen) <= free
        counts = Counter(each.destination for each in chosen)
        assert max(counts.values()) <= cap
        for domain, count in counts.items():
            for other in {each.destination for each in lots} - {domain}:
                if window.waiting(other):
                    assert counts[other] >= count - 1
        seen += chosen
        for each in chosen:
            gate.ended(each.destination)
    assert sorted(map(id, seen)) == sorted(map(id, lots))
