"""The tasks that make attempts."""

from __future__ import annotations

import asyncio

from empath.delivery.crew import Crew
from empath.delivery.progress import Progress
from tests.fakes.memory_spool import lot


class Workshop:
    """Work that ends when it is told to, and says who did it."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None] | None] = []
        self.ended: list[Progress] = []
        self.gate = asyncio.Event()
        self.crew = Crew(self.work, self.ended.append)

    async def work(self, _attempt: Progress) -> None:
        self.tasks.append(asyncio.current_task())
        await self.gate.wait()


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_task_takes_one_lot_after_another() -> None:
    """There are as many tasks as lots at once, however many lots there are."""
    shop = Workshop()
    shop.gate.set()
    async with asyncio.TaskGroup() as group:
        lots = [Progress(lot(number=n)) for n in range(6)]
        for one, other in zip(lots[::2], lots[1::2], strict=True):
            shop.crew.give(one, group)
            shop.crew.give(other, group)
            assert len(shop.crew) == 2
            await settle()
            assert not shop.crew
        assert repr(shop.crew) == "<Crew busy=0 waiting=2>"
        for task in set(shop.tasks):
            assert task is not None
            task.cancel()
    assert len(shop.tasks) == 6
    assert len(set(shop.tasks)) == 2
    assert {*map(id, shop.ended)} == {*map(id, lots)}


async def test_what_is_cut_off_has_ended() -> None:
    """A lot is told of once: cut off before its task began, while it waits, or when handed on."""
    shop = Workshop()
    async with asyncio.TaskGroup() as group:
        shop.gate.set()
        first, second, third = (Progress(lot(number=n)) for n in range(3))
        shop.crew.give(first, group)
        await settle()
        shop.crew.give(second, group)  # To the task that waits, which has not woken yet.
        shop.crew.give(third, group)  # To a task that has not begun yet.
        shop.crew.cancel()
    assert not shop.crew
    assert {*map(id, shop.ended)} == {id(first), id(second), id(third)}
    assert len(shop.ended) == 3


async def test_a_task_that_was_cancelled_gets_no_lot() -> None:
    """A task that was cancelled while it waited is passed over."""
    shop = Workshop()
    shop.gate.set()
    async with asyncio.TaskGroup() as group:
        shop.crew.give(Progress(lot(number=0)), group)
        await settle()
        waiting = shop.tasks[0]
        assert waiting is not None
        waiting.cancel()
        shop.crew.give(Progress(lot(number=1)), group)
        await settle()
        assert len(shop.ended) == 2
        assert shop.tasks[1] is not waiting
        for task in shop.tasks:
            assert task is not None
            task.cancel()
