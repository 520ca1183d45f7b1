"""Work beside the loop: the interpreter hands its lock over sooner while it runs, and only then."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from empath.control.aside import TURN, aside


async def test_the_lock_is_handed_over_sooner_while_work_runs() -> None:
    """From the first of several to the end of the last; then what held before holds again."""
    usual = sys.getswitchinterval()
    first, second = threading.Event(), threading.Event()
    seen: list[float] = []

    def work(until: threading.Event) -> int:
        seen.append(sys.getswitchinterval())
        until.wait(10)
        return len(seen)

    async with asyncio.TaskGroup() as group:
        one = group.create_task(aside(work, first))
        two = group.create_task(aside(work, second))
        await asyncio.sleep(0)
        assert sys.getswitchinterval() == pytest.approx(TURN, rel=0.05)
        first.set()
        await one
        assert sys.getswitchinterval() == pytest.approx(TURN, rel=0.05)
        second.set()
    assert {one.result(), two.result()} <= {1, 2}
    assert seen == pytest.approx([TURN, TURN], rel=0.05)
    assert sys.getswitchinterval() == pytest.approx(usual, rel=0.05)


async def test_work_that_fails_fails_for_whoever_asked() -> None:
    """And the lock is as it was."""
    usual = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError):
        await aside(divmod, 1, 0)
    assert sys.getswitchinterval() == pytest.approx(usual, rel=0.05)


async def test_a_shorter_interval_is_left_alone() -> None:
    """Whoever runs the engine with one that is shorter still keeps it."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN / 2)
    try:
        assert await aside(sys.getswitchinterval) == pytest.approx(TURN / 2, rel=0.05)
    finally:
        sys.setswitchinterval(usual)
