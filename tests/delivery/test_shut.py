"""Which destinations get no attempt for long, as the engine asks at every turn."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.config.model import Config
from empath.delivery.gates import Gates, written
from empath.policy.breaker import Position
from empath.policy.suspension import Suspension

NAMES = [Domain(f"{letter}.test") for letter in "abc"]
STEPS = st.tuples(
    st.sampled_from(
        ["fail", "succeed", "open", "close", "probe", "forget", "suspend", "for a while", "resume"]
    ),
    st.sampled_from(NAMES),
    st.sampled_from([-400.0, 0.0, 1.0, 100.0, 400.0]),
)


def look(gates: Gates, now: float) -> Mapping[Domain, float | None]:
    """What is shut, by asking every gate anew."""
    shut: dict[Domain, float | None] = {
        name: gates.breakers[name].open_until
        for name, position in gates.breakers.standing(now).items()
        if position is Position.OPEN
    }
    return shut | {name: each.until for name, each in gates.suspensions.standing(now).items()}


def take(gates: Gates, step: str, name: Domain, now: float) -> None:
    """Do what *step* says."""
    match step:
        case "fail":
            for _ in range(5):
                gates.breakers.failed(name, now, "451 busy")
        case "succeed":
            gates.breakers.succeeded(name, now)
        case "open":
            gates.breakers.open(name, now + 50, actor="ada", reason="")
        case "close":
            gates.breakers.close(name)
        case "probe":
            gates.breakers.probe(name, now)
        case "forget":
            gates.breakers.forget(name)
        case "suspend":
            gates.suspensions.suspend(name, Suspension("ada", "", now))
        case "for a while":
            gates.suspensions.suspend(name, Suspension("ada", "", now, now + 50))
        case _:
            gates.suspensions.resume(name)


@given(st.lists(STEPS, max_size=30))
def test_what_is_shut_is_known_whatever_happened(steps: list[tuple[str, Domain, float]]) -> None:
    """Failures, operators and the time, which may be set back: what is remembered holds."""
    config = Config()
    gates, now = Gates(lambda: config), 1000.0
    for step, name, pause in steps:
        now += pause
        take(gates, step, name, now)
        assert gates.shut(now) == look(gates, now)
        again = Gates(lambda: config)
        again.restore(written(gates.kept(now)))
        assert again.shut(now) == gates.shut(now)


def test_ten_thousand_open_breakers_are_looked_through_once() -> None:
    """Until a gate opens or closes, every turn is given the same answer."""
    config = Config()
    gates = Gates(lambda: config)
    for number in range(10_000):
        gates.breakers.open(Domain(f"d{number}.test"), 100.0 + number, actor="ada", reason="")
    shut = gates.shut(0.0)
    assert len(shut) == 10_000
    assert gates.opens_at(0.0) == 100.0
    assert gates.shut(99.0) is shut
    gates.breakers.failed(NAMES[0], 99.0, "one failure opens nothing")
    assert gates.shut(99.0) is shut
    assert len(gates.shut(100.0)) == 9_999
    assert gates.opens_at(100.0) == 101.0
