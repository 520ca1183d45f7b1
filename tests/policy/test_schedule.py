"""Who goes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.envelope import Lot, Priority
from empath.policy.concurrency import Concurrency
from empath.policy.limiter import ClassRates, Rate
from empath.policy.room import CLASSES
from empath.policy.schedule import Window
from empath.policy.verdict import Hold, Verdict
from tests.fakes.memory_spool import lot
from tests.fakes.simulation import simulate


def to(domain: str, number: int, due_at: float = 0.0, priority: Priority = Priority.NORMAL) -> Lot:
    """A lot for *domain*."""
    return lot(f"b@{domain}", number=number, due_at=due_at, priority=priority)


def capped(most: int) -> Concurrency:
    """A gate that lets *most* attempts at once through."""
    return Concurrency(lambda _: (most, "delivery.per_destination"))


def classes(lots: Iterable[Lot]) -> str:
    """The classes of *lots* as initials: critical, high, normal, low, bulk."""
    return "".join(each.priority.name[0] for each in lots)


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
    gate = capped(2)
    window = filled(*(to("big.test", n) for n in range(5)), to("small.test", 9))
    assert Counter(each.destination for each in window.choose(9, (gate,))) == {
        "big.test": 2,
        "small.test": 1,
    }
    assert window.verdicts[Domain("big.test")] == Hold(
        "2 attempts at once is the most it may have (delivery.per_destination = 2)",
        None,
        "delivery.per_destination",
        "end of an attempt there",
    )
    gate.ended(Domain("big.test"))
    assert len(window.choose(9, (gate,))) == 1
    gate.ended(Domain("small.test"))
    assert gate.running == {"big.test": 2}


def test_the_first_gate_that_holds_is_the_reason() -> None:
    """Gates are asked in order, and none counts what another holds."""

    class Closed:
        def verdict(self, destination: Domain, now: float) -> Verdict:
            return Hold("closed by the breaker", until=99.0)

        def started(self, destination: Domain, now: float) -> None:
            raise AssertionError("nothing was started")

    gate = capped(1)
    window = filled(to("x.test", 1))
    assert window.choose(9, (Closed(), gate)) == []
    assert window.verdicts == {"x.test": Hold("closed by the breaker", until=99.0)}
    assert gate.running == {}


def test_a_verdict_is_gone_when_it_no_longer_holds() -> None:
    """The reason shown is one that holds now."""
    gate = capped(1)
    window = filled(to("x.test", 1), to("x.test", 2))
    window.choose(9, (gate,))
    gate.ended(Domain("x.test"))
    window.choose(9, (gate,))
    assert window.verdicts == {}


def test_a_crowded_destination_is_named() -> None:
    """The spool is asked for no more of it (DESIGN P5: the refill is capped)."""
    window = filled(to("x.test", 1), to("x.test", 2), to("y.test", 3))
    assert window.crowded(2) == [("x.test", Priority.NORMAL)]
    assert (window.waiting(Domain("x.test")), window.waiting(Domain("z.test"))) == (2, 0)
    assert repr(window) == "<Window lots=3 destinations=2>"


def test_critical_mail_overtakes_everything_that_waits() -> None:
    """It goes next, whatever waits at however many destinations before it (DESIGN P5)."""
    window = filled(*(to(f"d{n % 40}.test", n, 0.0, Priority.BULK) for n in range(400)))
    window.choose(7, ())
    window.add([to("d3.test", 900, 50.0, Priority.CRITICAL)])
    assert classes(window.choose(2, ())) == "CB"


def test_the_classes_of_a_round_have_turns_by_weight() -> None:
    """In each round sixteen critical go, then eight high, four normal, two low, one bulk."""
    lots = [to("x.test", n, 0.0, priority) for priority in CLASSES for n in range(99)]
    window = filled(*lots)
    round_ = "C" * 16 + "H" * 8 + "N" * 4 + "L" * 2 + "B"
    assert classes(window.choose(62, ())) == round_ * 2


def test_turns_that_nobody_wants_are_not_kept_free() -> None:
    """Where only low and bulk mail waits, they share everything two to one."""
    lots = [to("x.test", n, 0.0, p) for p in (Priority.BULK, Priority.LOW) for n in range(9)]
    window = filled(*lots)
    assert classes(window.choose(18, ())) == "LLB" * 4 + "LBBBBB"


def test_a_class_with_a_rate_waits_and_the_others_go() -> None:
    """Bulk limited to one a second goes once; high mail at the same place is not held by it."""
    window = filled(
        *(to("x.test", n, 0.0, Priority.BULK) for n in range(3)),
        *(to("x.test", n, 0.0, Priority.HIGH) for n in range(10, 12)),
    )
    rates = ClassRates()
    limits = {Priority.BULK: Rate(1.0, 1, "delivery.class_rate.bulk")}
    rates.begin(limits, 100.0)
    assert classes(window.choose(9, (), 100.0, rates)) == "HHB"
    assert rates.closed[Priority.BULK].until == 101.0
    rates.begin(limits, 100.5)
    assert window.choose(9, (), 100.5, rates) == []
    rates.begin(limits, 101.0)
    assert classes(window.choose(9, (), 101.0, rates)) == "B"


def test_what_waits_for_one_destination_can_be_withdrawn() -> None:
    """Its lots of all classes come out, and nothing else."""
    window = filled(
        to("x.test", 1), to("y.test", 2), to("x.test", 3, 0.0, Priority.BULK), to("x.test", 4)
    )
    assert sorted(each.id.key & 7 for each in window.withdraw(Domain("x.test"))) == [1, 3, 4]
    assert window.withdraw(Domain("x.test")) == []
    assert [each.destination for each in window.choose(9, ())] == ["y.test"]
    assert window.counts.get(Priority.BULK, 0) == 0


def test_a_watched_lane_that_runs_low_is_noticed() -> None:
    """So the spool is asked again for it before it is empty."""
    window = filled(*(to("x.test", n) for n in range(4)))
    window.watch({(Domain("x.test"), Priority.NORMAL)}, 1)
    window.choose(2, ())
    assert not window.hungry
    window.choose(1, ())
    assert window.hungry
    window.watch((), 0)
    assert not window.hungry


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
    window, gate, seen = filled(*lots), capped(cap), []
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


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(CLASSES), st.integers(0, 9)),
        max_size=80,
    ),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_work_is_conserved_and_order_kept(
    arrivals: list[tuple[str, Priority, int]], free: int, cap: int
) -> None:
    """Slots stay free only when every destination that waits is at its cap; within a lane
    what is due first goes first, then what is oldest.
    """
    lots = [
        to(f"{name}.test", number, float(due), priority)
        for number, (name, priority, due) in enumerate(arrivals)
    ]
    window, seen = filled(*lots), []
    while window:
        gate = capped(cap)
        chosen = window.choose(free, (gate,))
        if len(chosen) < free:
            assert all(gate.running.get(name, 0) >= cap for name in window.destinations)
        seen += chosen
    for lane in {(each.destination, each.priority) for each in lots}:
        order = [(x.due_at, x.id) for x in seen if (x.destination, x.priority) == lane]
        assert order == sorted(order)
    assert sorted(map(id, seen)) == sorted(map(id, lots))


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(CLASSES)), max_size=40),
    st.tuples(st.sampled_from("abcd"), st.sampled_from(CLASSES)),
)
def test_nobody_starves(crowd: list[tuple[str, Priority]], victim: tuple[str, Priority]) -> None:
    """Whatever else keeps coming in, a lot goes within a bounded number of choices: the rounds
    of all classes, times the destinations, times the rounds within its destination.
    """
    window = Window()
    number = 0
    target = to(f"{victim[0]}.test", 10**6, 5.0, victim[1])
    window.add([target])
    for _choice in range(31 * 4 * 31):
        # As much as was taken comes in again, always with an earlier time.
        for name, priority in crowd:
            if window.waiting(Domain(f"{name}.test"), priority) < 3:
                number += 1
                if (name, priority) != victim:
                    window.add([to(f"{name}.test", number, 0.0, priority)])
        if target in window.choose(1, ()):
            break
    else:
        raise AssertionError("it had no turn")


def test_ten_rounds_of_classes_cost_what_they_should() -> None:
    """A simulation with a clock of its own: 40 destinations at a cap, every attempt one second;
    all that arrives goes, by the weights while the classes compete, and bulk never stops.
    """
    result = simulate(messages=20_000, destinations=40)
    assert result.done == Counter(dict.fromkeys(CLASSES, 4000))
    assert result.longest_pause_of_bulk <= 5.0
    share = {p: count / result.competing.total() for p, count in result.competing.items()}
    for priority, weight in zip(CLASSES, (16, 8, 4, 2, 1), strict=True):
        assert abs(share[priority] - weight / 31) < 0.02
