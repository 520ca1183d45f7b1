"""What became of mail lately, in fixed memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.bus import Bus
from empath.envelope import MessageId, Priority
from empath.events import AttemptEnded, EngineStopping, RecipientResult
from empath.observe.delays import BOUNDS, Delays, Percentiles
from empath.observe.outcomes import CODES, HOUR, OTHER, Outcomes, code_of
from empath.observe.ring import Ring

THERE = Domain("there.test")
START = 1_790_000_100.0


def attempt(
    at: float,
    *results: tuple[str, str],
    stage: str = "DONE",
    destination: Domain = THERE,
    seconds: float = 0.2,
    latency: float = 1.0,
    priority: Priority = Priority.NORMAL,
) -> AttemptEnded:
    """One attempt with the results of its recipients."""
    return AttemptEnded(
        at=at,
        id=MessageId.compose(1_700_000_000_000, 1),
        destination=destination,
        server="mx:25",
        stage=stage,
        seconds=seconds,
        size=1,
        latency=latency,
        results=tuple(
            RecipientResult(n, EmailAddress("a@there.test"), result, reply)
            for n, (result, reply) in enumerate(results)
        ),
        priority=priority,
    )


def test_results_are_counted_in_columns_of_five_minutes() -> None:
    """Delivered, deferred, failed and not reached; a column that is over is not touched again."""
    bus, outcomes = Bus(), Outcomes()
    bus.fold(outcomes)
    bus.publish(EngineStopping(at=START, reason="no attempt"))
    bus.publish(attempt(START, ("delivered", "250 2.0.0 OK"), ("deferred", "451 4.7.1 Wait")))
    bus.publish(attempt(START + 300, ("deferred", "no route"), stage="CONNECT"))
    bus.publish(attempt(START + 300, ("failed", "550 5.1.1 Unknown"), ("expired", "too old")))
    known = outcomes.of(THERE)
    assert known is not None
    assert known.results.rows(START + 300)[-2:] == [(1, 1, 0, 0), (0, 0, 2, 1)]
    assert known.results.sums(START + 300, HOUR) == (1, 1, 2, 1)
    assert known.results.sums(START + 4200, HOUR) == (0, 0, 0, 0)
    assert known.results.sums(START + 4200) == (1, 1, 2, 1)
    assert known.last_at == START + 300
    assert outcomes.of(Domain("elsewhere.test")) is None


def test_codes_are_those_of_this_half_hour_and_the_one_before() -> None:
    """The most frequent first; so many different ones that memory stays bounded."""
    outcomes = Outcomes()
    outcomes(attempt(START, ("deferred", "421 4.7.0 Busy"), ("deferred", "421 4.7.0 Busy")))
    outcomes(attempt(START + 1800, ("failed", "550 No such user")))
    known = outcomes.of(THERE)
    assert known is not None
    assert known.top(START + 1800) == [("421 4.7.0", 2), ("550", 1)]
    assert known.top(START + 3600) == [("550", 1)]
    assert known.top(START + 9000) == []
    outcomes(attempt(START + 9000, *(("deferred", f"4{n:02} Try later") for n in range(40))))
    top = known.top(START + 9000)
    assert top[0] == (OTHER, 40 - CODES)
    assert len(top) == CODES + 1


def test_a_code_is_what_the_server_said() -> None:
    """With its enhanced code where it has one; where no server was reached the stage says it."""
    assert code_of("421 4.7.0 Too many", "RCPT") == "421 4.7.0"
    assert code_of("550", "RCPT") == "550"
    assert code_of("421 4 lines", "RCPT") == "421"
    assert code_of("cannot connect", "CONNECT") == "no connection"
    assert code_of("no MX", "DNS") == "no address"
    assert code_of("nonsense", "DATA") == OTHER


def test_the_destinations_heard_of_last_are_kept() -> None:
    """Memory is bounded by number; hearing of one again keeps it."""
    outcomes = Outcomes(most=2)
    for name in ("a.test", "b.test", "a.test", "c.test"):
        outcomes(attempt(START, ("delivered", "250 OK"), destination=Domain(name)))
    assert outcomes.names() == ["c.test", "a.test"]


def test_latency_is_told_by_class() -> None:
    """From arrival to delivery; what was not delivered has none."""
    outcomes = Outcomes()
    for _ in range(100):
        outcomes(attempt(START, ("delivered", "250 OK"), latency=2.0, priority=Priority.BULK))
    outcomes(attempt(START, ("deferred", "451 Wait"), latency=900.0))
    classes = outcomes.classes(START)
    assert classes[Priority.NORMAL] == Percentiles()
    assert classes[Priority.BULK].count == 100
    assert 1.4 < classes[Priority.BULK].p50 < 2.4
    assert classes[Priority.BULK].p99 >= classes[Priority.BULK].p50
    assert outcomes.classes(START + 7200)[Priority.BULK] == Percentiles()


@given(st.lists(st.floats(0.001, 80_000), min_size=1, max_size=300))
def test_percentiles_are_right_within_a_step(values: list[float]) -> None:
    """The half, 95 and 99 per cent that are told lie within the step of the histogram."""
    delays = Delays()
    for value in values:
        delays.note(START, value)
    found = delays.percentiles(START)
    ordered = sorted(values)
    assert found.count == len(values)
    for part, told in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        place = max(0, -int(-len(ordered) * part // 1) - 1)
        exact = ordered[min(place, len(ordered) - 1)]
        least = exact / 1.51 if exact > BOUNDS[0] else 0.0
        assert least <= told <= max(BOUNDS[0], exact * 1.51)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2)), max_size=60),
    st.integers(0, 500),
)
def test_a_ring_forgets_what_is_over_and_nothing_else(
    marks: list[tuple[int, int]], later: int
) -> None:
    """Whatever times things are counted at, each is in the row of its period or forgotten."""
    ring = Ring(periods=6, seconds=10, width=3)
    now = 0
    expected: dict[tuple[int, int], int] = {}
    for at, place in sorted(marks):
        now = max(now, at)
        ring.add(at, place)
        expected[at // 10, place] = expected.get((at // 10, place), 0) + 1
    now = max(now, later)
    rows = ring.rows(now)
    for offset, row in enumerate(rows):
        number = now // 10 - 5 + offset
        assert row == tuple(expected.get((number, place), 0) for place in range(3))


def test_a_clock_that_goes_back_counts_in_the_running_period() -> None:
    """Nothing that is counted is lost because the system's clock was set."""
    ring = Ring(periods=4, seconds=10, width=1)
    ring.add(1000.0, 0)
    ring.add(400.0, 0)
    assert ring.rows(400.0)[-1] == (2,)
