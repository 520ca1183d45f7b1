"""Captured mail is kept to `dev.keep` messages."""

from __future__ import annotations

import asyncio
from pathlib import Path

from empath.config.model import Dev, Mode
from empath.control.capture_limit import CaptureLimit
from empath.control.link import ListQueue
from empath.envelope import MessageId, Priority
from empath.events import MessageAccepted
from empath.spool.operating import CAPTURED
from tests.fakes.eventually import eventually
from tests.fakes.operator_desk import Desk, desk


def limit_of(engine: Desk) -> CaptureLimit:
    """What keeps the limit of this engine."""
    return CaptureLimit(
        spool=engine.store, config=lambda: engine.config, bus=engine.bus, clock=engine.clock
    )


async def ids(engine: Desk) -> list[MessageId]:
    """What is in the queue, oldest first."""
    page = await engine.link.ask(ListQueue(sort="age"))
    return [item.id for item in page.items]


async def test_the_oldest_go_first(tmp_path: Path) -> None:
    """Of five captured messages three are kept; mail that an operator holds does not count."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        engine.configure(dev=Dev(keep=3))
        kept = await engine.accept(hold="by hand")
        captured = [await engine.accept(hold=CAPTURED) for _ in range(5)]
        assert await limit_of(engine).look() == 2
        assert await ids(engine) == [kept, *captured[2:]]
        assert await limit_of(engine).look() == 0


async def test_zero_keeps_all(tmp_path: Path) -> None:
    """0 switches the limit off."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        engine.configure(dev=Dev(keep=0))
        for _ in range(3):
            await engine.accept(hold=CAPTURED)
        assert await limit_of(engine).look() == 0


async def test_it_looks_when_mail_is_captured(tmp_path: Path) -> None:
    """It looks at the start and after each capture; in relay mode it deletes nothing."""
    async with desk(tmp_path, mode=Mode.DEV) as engine, asyncio.TaskGroup() as group:
        engine.configure(dev=Dev(keep=1))
        limit = limit_of(engine)
        limit.every = 0.001
        engine.bus.fold(limit)
        for _ in range(3):
            last = await engine.accept(hold=CAPTURED)
        running = group.create_task(limit.run())
        await eventually(lambda: engine.store.waiting == 1)
        assert await ids(engine) == [last]
        newest = await engine.accept(hold=CAPTURED)
        engine.bus.publish(
            MessageAccepted(
                at=engine.clock.now(),
                id=newest,
                reverse_path=None,
                recipients=(),
                size=1,
                client="local",
                helo="",
                protocol="ESMTP",
                priority=Priority.NORMAL,
                subject="",
                held=True,
            )
        )
        await eventually(lambda: engine.store.waiting == 1)
        assert await ids(engine) == [newest]
        running.cancel()
