"""The engine: due, choose, start, record, publish."""

from __future__ import annotations

import asyncio

import pytest

from empath.address import Domain, ServerId
from empath.envelope import Lot
from empath.events import (
    AttemptEnded,
)
from empath.policy.override import Override
from empath.reply import Delivered
from tests.fakes.engine_at_work import GOOD, HANGING, running
from tests.fakes.eventually import eventually, turns
from tests.fakes.fixed_route import finder, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, ScriptedMx, hello


async def test_a_due_message_is_delivered_recorded_and_then_published() -> None:
    """What is due goes out at once, and its event follows its record."""
    spool = MemorySpool(lot())
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        parts.bus.fold(lambda event: order.append(len(spool.events)))
        order: list[int] = []
        await spool.recorded(1)
        await eventually(lambda: bool(parts.published))
        [event] = parts.published
        assert order == [1]
        assert isinstance(event, AttemptEnded)
    assert isinstance(spool.rulings[0].outcome, Delivered)
    assert event.stage == "DONE"
    assert event.server == f"127.0.0.1:{mx.port}"
    assert event.transcript == ()
    assert spool.leased == []


async def test_mail_that_arrives_later_goes_out_when_it_arrives() -> None:
    """An engine that sleeps is woken; one connection serves both."""
    spool = MemorySpool(lot(number=1))
    async with (
        ScriptedMx((*GOOD, *ONE_MESSAGE)) as mx,
        running(spool, routed(mx.port)) as parts,
    ):
        await spool.recorded(1)
        spool.arrive(lot(number=2))
        await spool.recorded(2)
        assert "pool" in repr(parts.engine)
    assert mx.connections == 1


async def test_an_idle_engine_does_not_look_again_and_again() -> None:
    """It sleeps until something happens (the loop must not spin)."""
    spool = MemorySpool()
    async with running(spool, routed(1)) as parts:
        await eventually(lambda: spool.looks > 0)
        await turns(500)
        assert spool.looks <= 2
        assert parts.engine._next_look() > asyncio.get_running_loop().time() + 10


async def test_mail_that_is_not_due_waits_for_its_time() -> None:
    """By the clock the engine was given; an operator's act wakes it too."""
    spool = MemorySpool(lot(due_at=ARRIVED + 100))
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: spool.looks > 0)
        await turns()
        assert parts.engine.active == 0
        assert spool.events == []
        parts.clock.advance(100)
        spool.arrive()
        await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Delivered)


async def test_mail_becomes_due_without_anybody_saying_so() -> None:
    """The engine sleeps no longer than until the next is due."""
    spool = MemorySpool(lot(due_at=ARRIVED + 1.05))
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: spool.looks > 0)
        parts.clock.advance(0.06)
        await spool.recorded(1)


async def test_a_lot_an_operator_took_away_is_not_started() -> None:
    """`begin` says None: the message is held, and no server hears of it."""
    spool = MemorySpool(lot(number=1), lot(number=2))
    taken = spool.waiting[0]

    def begin(wanted: object) -> object:
        return None if wanted is taken else wanted

    spool.begin = begin  # type: ignore[method-assign,assignment]
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await spool.recorded(1)
        await eventually(lambda: parts.engine.active == 0)
        assert parts.engine.connections() == {}
    assert mx.connections == 1


async def test_attempts_at_once_are_bounded_for_a_destination_and_in_all() -> None:
    """`delivery.per_destination` and `delivery.concurrency`."""
    lots = [lot(f"b@{domain}.test", number=n) for n in range(4) for domain in "xyz"]
    spool = MemorySpool(*lots)
    async with ScriptedMx(*[HANGING] * 5) as mx:
        config = routed(mx.port, per_destination=2, concurrency=5)
        async with running(spool, config) as parts:
            await eventually(lambda: len(mx.heard) == 10)
            await turns()
            assert parts.engine.active == 5
            assert sorted(parts.engine.connections().values()) == [1, 2, 2]
    assert mx.connections == 5


async def test_a_slow_destination_does_not_hold_up_another() -> None:
    """3.4-15b: stops answering: other destinations unharmed."""
    slow = [lot("b@slow.test", number=n) for n in range(50)]
    spool = MemorySpool(*slow, lot("b@quick.test", number=99))
    async with ScriptedMx(HANGING) as hanging, ScriptedMx(GOOD) as mx:
        config = routed(mx.port, per_destination=1)
        routes = finder(config)
        routes.set_override(Domain("slow.test"), Override((ServerId(f"127.0.0.1:{hanging.port}"),)))
        async with running(spool, config, routes=routes):
            await spool.recorded(1)
    assert len(mx.contents) == 1


async def test_lots_in_memory_are_bounded_by_the_window() -> None:
    """`delivery.window` and a share of it for one destination; the rest waits on disk."""
    spool = MemorySpool(*(lot("b@slow.test", number=n) for n in range(300)))
    async with ScriptedMx(HANGING) as mx, running(spool, routed(mx.port, per_destination=1)):
        await eventually(lambda: bool(mx.heard))
        await turns(500)
        assert len(spool.leased) <= 8
        assert spool.looks < 20


async def test_draining_waits_for_what_runs_and_starts_nothing() -> None:
    """What is under way ends, what waited is given back."""
    spool = MemorySpool(*(lot(number=n) for n in range(5)))
    slow = (*GOOD[:-1], Do.WAIT, GOOD[-1])
    async with (
        ScriptedMx(slow) as mx,
        running(spool, routed(mx.port, per_destination=1)) as parts,
        asyncio.TaskGroup() as group,
    ):
        await eventually(lambda: bool(mx.contents))
        group.create_task(parts.engine.drain(5))
        await eventually(lambda: len(spool.given_back) == 3)
        spool.arrive(lot(number=9))
        mx.go.set()
        await eventually(lambda: parts.engine.active == 0)
    assert len(spool.rulings) == 1
    assert mx.connections == 1


async def test_draining_cuts_off_what_takes_too_long() -> None:
    """Nothing is recorded of it: the message stays queued."""
    spool = MemorySpool(lot())
    async with ScriptedMx(HANGING) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: len(mx.heard) == 2)
        await parts.engine.drain(0.05)
        assert parts.engine.active == 0
    assert spool.rulings == []
    assert len(spool.leased) == 1


@pytest.mark.parametrize("count", [200])
async def test_many_messages_to_many_places_all_arrive_once(count: int) -> None:
    """Every message is delivered exactly once, whatever the order."""
    lots = [lot(f"b@d{n % 7}.test", number=n) for n in range(count)]
    spool = MemorySpool(*lots)
    async with ScriptedMx(*[(*hello(), *ONE_MESSAGE * count)] * 21) as mx:
        config = routed(mx.port, per_destination=3, messages_per_connection=1000)
        async with running(spool, config):
            await spool.recorded(count)
    assert len(mx.contents) == count
    assert {each.id for each in spool.events} == {each.id for each in lots}


async def test_mail_taken_in_while_draining_is_given_back() -> None:
    """A look at the queue that was under way when the drain began starts nothing."""

    class Slow(MemorySpool):
        async def due(self, now: float, **options: object) -> list[Lot]:  # type: ignore[override]
            lots = list(await super().due(now, **options))  # type: ignore[arg-type]
            looked.set()
            await go.wait()
            return lots

    looked, go = asyncio.Event(), asyncio.Event()
    spool = Slow(lot())
    async with running(spool, routed(1)) as parts:
        await looked.wait()
        await parts.engine.drain(1)
        go.set()
        await eventually(lambda: bool(spool.given_back))
    assert spool.leased == []
