"""Captured mail is kept to `dev.keep` messages."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from empath.config.model import Config, Dev, Mode
from empath.control.capture_limit import CaptureLimit
from empath.control.config_impact import ConfigImpact
from empath.control.link import ListQueue
from empath.envelope import MessageId, Priority
from empath.events import ConfigReloaded, MessageAccepted
from empath.observe.encryption import EncryptionLedger
from empath.policy.impact import Comparison
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


def impact_of(engine: Desk) -> ConfigImpact:
    """Tells what a change of the config would do in this engine."""
    return ConfigImpact(
        spool=engine.store,
        finder=engine.finder,
        encryption=EncryptionLedger(),
        clock=engine.clock,
    )


@pytest.mark.parametrize(("keep", "gone"), [(1, 5), (4, 2), (5, 1), (6, 0), (0, 0)])
async def test_a_plan_counts_what_fewer_would_delete(tmp_path: Path, keep: int, gone: int) -> None:
    """What the plan counts is what is deleted then; mail that is held by hand is neither."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        await engine.accept(hold="by hand")
        for _ in range(6):
            await engine.accept(hold=CAPTURED)
        before = engine.config
        engine.configure(dev=Dev(keep=keep))
        told, _ = await impact_of(engine).impact(before, engine.config)
        assert sum(one.messages for one in told) == gone
        for one in told:
            assert (one.what, one.warning) == ("inbox", True)
            assert one.sentence == (
                f"would be deleted for good: dev.keep leaves the newest {keep} of all"
            )
            assert len(one.examples) == min(gone, 3)
        assert await limit_of(engine).look() == gone


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (Config(dev=Dev(keep=9)), Config(dev=Dev(keep=2)), True),
        (Config(dev=Dev(keep=0)), Config(dev=Dev(keep=2)), True),
        (Config(dev=Dev(keep=2)), Config(dev=Dev(keep=9)), False),
        (Config(dev=Dev(keep=2)), Config(dev=Dev(keep=0)), False),
        (Config(dev=Dev(keep=2)), Config(dev=Dev(keep=2), mode=Mode.RELAY), False),
        (Config(mode=Mode.RELAY), Config(dev=Dev(keep=2)), True),
        (Config(mode=Mode.RELAY), Config(dev=Dev(keep=2), mode=Mode.RELAY), False),
    ],
)
def test_only_a_lower_limit_deletes(old: Config, new: Config, told: bool) -> None:
    """Dev mode that a restart brings counts too; relay mode deletes nothing."""
    assert (Comparison(old, new).surplus is not None) is told


async def test_a_lower_limit_is_in_force_at_once(tmp_path: Path) -> None:
    """It looks after a reload, and waits for no more mail."""
    async with desk(tmp_path, mode=Mode.DEV) as engine, asyncio.TaskGroup() as group:
        limit = limit_of(engine)
        limit.every = 0.001
        engine.bus.fold(limit)
        running = group.create_task(limit.run())
        captured = [await engine.accept(hold=CAPTURED) for _ in range(3)]
        engine.configure(dev=Dev(keep=1))
        engine.bus.publish(
            ConfigReloaded(
                at=engine.clock.now(), path="empath.toml", version=2, source="reload", actor="ada"
            )
        )
        await eventually(lambda: engine.store.waiting == 1)
        assert await ids(engine) == captured[2:]
        running.cancel()


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
