"""Events are published without waiting; slow readers lose some and know how many."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.bus import Bus, Reader
from empath.events import EngineStopping, Event


def event(number: int) -> EngineStopping:
    """An event that shows its number."""
    return EngineStopping(at=float(number), reason=str(number))


async def read(reader: Reader, count: int) -> list[int]:
    """The numbers of the next *count* events."""
    numbers = []
    async for numbered in reader:
        numbers.append(numbered.sequence)
        if len(numbers) == count:
            break
    return numbers


async def test_a_reader_gets_what_is_published_from_now_on() -> None:
    """A reader sees the events after it came, in order, each with its number."""
    bus = Bus()
    bus.publish(event(1))
    with bus.reader() as reader:
        bus.publish(event(2))
        bus.publish(event(3))
        assert await read(reader, 2) == [2, 3]
    assert bus.sequence == 3


async def test_a_reader_waits_for_the_next_event() -> None:
    """With nothing to read a reader sleeps until something is published."""
    bus = Bus()
    with bus.reader() as reader:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(read(reader, 1))
            await asyncio.sleep(0)
            assert not waiting.done()
            bus.publish(event(1))
        assert waiting.result() == [1]


async def test_a_late_reader_may_catch_up() -> None:
    """A reader that names the last number it saw gets what came behind it."""
    bus = Bus()
    for number in range(1, 6):
        bus.publish(event(number))
    with bus.reader(after=3) as reader:
        assert await read(reader, 2) == [4, 5]
        assert reader.missed == 0


async def test_what_is_no_longer_kept_is_counted_as_missed() -> None:
    """A reader that comes back too late is told how many events are gone for good."""
    bus = Bus(history=2)
    for number in range(1, 6):
        bus.publish(event(number))
    with bus.reader(after=1) as reader:
        assert reader.missed == 2
        assert await read(reader, 2) == [4, 5]
    with Bus().reader(after=0) as fresh:
        assert fresh.missed == 0


@given(st.integers(1, 5), st.integers(0, 20))
def test_a_slow_reader_loses_the_oldest(limit: int, count: int) -> None:
    """A reader holds its limit and no more; what was dropped and what is left add up."""
    bus = Bus()
    with bus.reader(limit=limit) as reader:
        for number in range(1, count + 1):
            bus.publish(event(number))
        assert reader.missed == max(0, count - limit)
        if count:
            left = asyncio.run(reader.batch())
            assert [one.sequence for one in left] == list(range(reader.missed + 1, count + 1))


async def test_a_batch_takes_all_that_waits_and_loses_nothing_when_cancelled() -> None:
    """Waiting for a batch may be given up at any time."""
    bus = Bus()
    with bus.reader() as reader:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await reader.batch()
        for number in (1, 2, 3):
            bus.publish(event(number))
        assert [one.sequence for one in await reader.batch()] == [1, 2, 3]


def test_a_reader_that_left_gets_nothing_more() -> None:
    """Leaving the block ends the reading."""
    bus = Bus()
    with bus.reader() as reader:
        pass
    bus.publish(event(1))
    assert repr(reader) == "<Reader waiting=0 missed=0>"
    assert repr(bus) == "<Bus sequence=1 readers=0>"


def test_a_fold_sees_every_event_in_line() -> None:
    """Folds are called before `publish` returns, with every event."""
    bus, seen = Bus(), list[Event]()
    bus.fold(seen.append)
    bus.publish(event(1))
    bus.publish(event(2))
    assert seen == [event(1), event(2)]
