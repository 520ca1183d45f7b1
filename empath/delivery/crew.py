"""The tasks that make attempts: each takes one lot after another.

Beginning a task costs more than choosing what it is to do, so a task that is done waits for
the next lot.  Promises: there are never more tasks than lots were worked on at once; *ended*
is called once for each lot, also for one whose task was cancelled before it began; whoever is
given a lot lives in the TaskGroup named then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import final

from empath.delivery.progress import Progress


@final
class Crew:
    """Has lots worked on, each at once."""

    def __init__(
        self, work: Callable[[Progress], Awaitable[None]], ended: Callable[[Progress], None]
    ) -> None:
        """*work* raises nothing but what is to end the whole group."""
        self._work = work
        self._ended = ended
        self._busy: dict[asyncio.Task[None], Progress] = {}
        self._waiting: list[tuple[asyncio.Task[None], asyncio.Future[Progress]]] = []

    def __repr__(self) -> str:
        return f"<Crew busy={len(self._busy)} waiting={len(self._waiting)}>"

    def __len__(self) -> int:
        """Lots that are worked on now."""
        return len(self._busy)

    def give(self, attempt: Progress, group: asyncio.TaskGroup) -> None:
        """Have *attempt* made by a task that waits, or by a new one of *group*."""
        while self._waiting:
            task, turn = self._waiting.pop()
            if not turn.done():  # It was not cancelled while it waited.
                self._busy[task], attempt.task = attempt, task
                turn.set_result(attempt)
                return
        task = group.create_task(self._member(attempt), name="delivery attempts")
        self._busy[task], attempt.task = attempt, task
        task.add_done_callback(self._over)

    def cancel(self) -> None:
        """Cut off whatever is worked on."""
        for task in list(self._busy):
            task.cancel()

    async def _member(self, attempt: Progress) -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        while True:
            await self._work(attempt)
            self._over(task)
            turn: asyncio.Future[Progress] = loop.create_future()
            self._waiting.append((task, turn))
            attempt = await turn

    def _over(self, task: asyncio.Task[None]) -> None:
        attempt = self._busy.pop(task, None)
        if attempt is not None:
            self._ended(attempt)
