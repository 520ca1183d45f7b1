"""The console's state as a fold."""

from __future__ import annotations

import random

import msgspec

from empath.control.link import Notice
from empath.events import SpoolFault
from tests.fakes.clock import HandClock
from tests.fakes.memory_link import PONG, STATUS
from tui.connection import Phase
from tui.event_lines import line_of
from tui.store import EventRing, Selection, Store


def notice(number: int, missed: int = 0) -> Notice:
    """An event with this number."""
    event = SpoolFault(at=1_790_000_000.0 + number, sentence=f"number {number}")
    return Notice(sequence=number, event=event, missed=missed)


def store(clock: HandClock) -> Store:
    """A store that knows nothing yet."""
    return Store(clock, rng=random.Random(1))


def test_rates_follow_the_counters(clock: HandClock) -> None:
    """Ten seconds at 41 messages a second show as 41."""
    state = store(clock)
    for second in range(10):
        state.fold_status(msgspec.structs.replace(STATUS, accepted=41 * second, messages=second))
        clock.advance(1)
    assert state.rate("accepted") == 41.0
    assert state.queue_size.last == 9.0


def test_a_restart_resets_the_rates(clock: HandClock) -> None:
    """Another engine's counters are not compared with those of the one before."""
    state = store(clock)
    state.fold_status(msgspec.structs.replace(STATUS, accepted=10))
    clock.advance(1)
    other = msgspec.structs.replace(PONG, started_at=PONG.started_at + 60)
    state.fold_status(msgspec.structs.replace(STATUS, pong=other, accepted=9000))
    assert state.rate("accepted") is None


def test_events_come_once_and_losses_are_counted(clock: HandClock) -> None:
    """A stream that is read again after a reconnect shows no event twice."""
    state = store(clock)
    assert state.fold_notices([notice(1), notice(2)]) == 2
    assert state.fold_notices([notice(2), notice(6, missed=3)]) == 1
    assert [line.sequence for line in state.events.tail(10)] == [1, 2, 6]
    assert state.events.missed == 3


def test_ages_use_the_engines_clock(clock: HandClock) -> None:
    """With a console whose clock is an hour behind, ages are still right."""
    state = store(clock)
    ahead = msgspec.structs.replace(PONG, now=clock.now() + 3600)
    state.fold_status(msgspec.structs.replace(STATUS, pong=ahead))
    assert state.now == clock.now() + 3600


def test_the_ring_is_bounded_and_finds_by_number() -> None:
    """Old events go; a number is found wherever it is, and not when it is gone."""
    ring = EventRing(limit=100)
    for number in range(1, 5001):
        ring.add(line_of(number, notice(number).event))
    assert len(ring) <= 2100
    assert ring[ring.find("5000") or 0].sequence == 5000
    assert ring.find("1") is None


def test_actions_are_about_the_marks_or_else_the_cursor() -> None:
    """Marks win over the cursor; without either there is nothing to act on."""
    selection = Selection()
    assert selection.targets() == ()
    selection.cursor = "0197a8c0f3e41b2c"
    assert selection.targets() == ("0197a8c0f3e41b2c",)
    selection.toggle("0197a8c0f3e41b2d")
    selection.toggle("0197a8c0f3e41b2e")
    selection.toggle("0197a8c0f3e41b2e")
    assert selection.targets() == ("0197a8c0f3e41b2d",)
    selection.clear()
    assert selection.targets() == ("0197a8c0f3e41b2c",)


def test_keys_come_back_only_with_the_snapshot(clock: HandClock) -> None:
    """A status alone does not make a lost link live: the greeting after the snapshot does."""
    state = store(clock)
    state.connection.lost("gone", clock.monotonic())
    state.fold_status(STATUS)
    assert state.phase is Phase.OFFLINE
    state.greet(PONG)
    assert state.phase is Phase.LIVE
