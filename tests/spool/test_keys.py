"""Keys: unique, rising, and true to the clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.envelope import MessageId
from empath.spool.keys import Keys
from empath.spool.stored import received_at
from tests.fakes.clock import HandClock


@given(st.lists(st.floats(-5, 5), max_size=200))
def test_keys_rise_whatever_a_clock_does_in_seconds(steps: list[float]) -> None:
    """A clock that jumps to and fro by seconds gives rising keys that are ids."""
    clock = HandClock()
    keys = Keys(clock)
    made = [keys.next()]
    for step in steps:
        clock.advance(max(step, -4.9) / max(1, len(steps)))
        made.append(keys.next())
    assert made == sorted(set(made))
    assert all(MessageId.from_key(key).key == key for key in made)


def test_a_key_says_when() -> None:
    """The time of arrival is read back from the key, to the millisecond."""
    clock = HandClock(1_790_000_000.123)
    assert received_at(Keys(clock).next()) == 1_790_000_000.123


def test_keys_follow_a_clock_that_was_set_right() -> None:
    """After a machine that began in the wrong year, ages are right again."""
    clock = HandClock(4_000_000_000.0)
    keys = Keys(clock)
    keys.next()
    clock.advance(-2_000_000_000)
    assert received_at(keys.next()) == clock.now()


def test_many_in_one_millisecond() -> None:
    """A burst within a millisecond has a key for each."""
    keys = Keys(HandClock())
    assert len({keys.next() for _ in range(10_000)}) == 10_000


def test_the_newest_key_is_known() -> None:
    """Of those in use at the start and those given out since; a clock set back changes nothing."""
    clock = HandClock(1_790_000_000.0)
    first = Keys(clock).next()
    keys = Keys(clock, newest=first + 2**40)
    assert keys.next() < keys.newest == first + 2**40
    clock.advance(2_000_000)
    newest = keys.next()
    clock.advance(-1_000_000)
    assert keys.next() < keys.newest == newest
