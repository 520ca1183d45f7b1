"""How late the loop is, and how much memory is held."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.observe.health import WINDOW, LoopLag, resident_memory
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually


def test_the_worst_lag_is_remembered_for_ten_seconds() -> None:
    """A peak is shown for the window and then forgotten for the next worst."""
    clock = HandClock()
    lag = LoopLag(clock)
    assert lag.worst == 0
    lag.note(0.5)
    clock.advance(4)
    lag.note(0.2)
    assert lag.worst == 0.5
    clock.advance(WINDOW - 3)
    assert lag.worst == 0.2
    clock.advance(WINDOW)
    assert lag.worst == 0


def test_a_timer_that_comes_early_is_no_lag() -> None:
    """Clocks of different grain may make a timer look early; that is not late."""
    lag = LoopLag(HandClock())
    lag.note(-0.001)
    assert lag.worst == 0


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(0, 1)), max_size=60))
def test_the_worst_is_the_maximum_of_the_window(notes: list[tuple[float, float]]) -> None:
    """The peaks kept always give what a full record would give."""
    clock = HandClock()
    lag = LoopLag(clock)
    record: list[tuple[float, float]] = []
    for pause, late in notes:
        clock.advance(pause)
        lag.note(late)
        record.append((clock.monotonic(), late))
        recent = [value for at, value in record if at >= clock.monotonic() - WINDOW]
        assert lag.worst == max(recent)


async def test_a_loop_that_was_held_is_measured() -> None:
    """A timer of 50 ms that comes 70 ms late shows as that much lag."""
    clock = HandClock()
    lag = LoopLag(clock)
    async with asyncio.TaskGroup() as tasks:
        measuring = tasks.create_task(lag.run())
        await asyncio.sleep(0)
        clock.advance(0.12)
        await eventually(lambda: lag.worst > 0)
        measuring.cancel()
    assert lag.worst == pytest.approx(0.07)


def test_memory_is_that_of_this_process() -> None:
    """A running Python holds between 1 MB and 10 GB."""
    assert 10**6 < resident_memory() < 10**10


@pytest.mark.parametrize("content", [None, "", "12", "a b c"])
def test_memory_is_0_where_the_system_does_not_say(tmp_path: Path, content: str | None) -> None:
    """Without /proc, or with an odd one, the figure is 0 rather than an error."""
    statm = tmp_path / "statm"
    if content is not None:
        statm.write_text(content)
    assert resident_memory(statm) == 0
