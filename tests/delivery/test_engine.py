"""The engine: due, choose, start, record, publish."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from empath.address import Domain, ServerId
from empath.bus import Bus
from empath.config.model import Config
from empath.config.units import Duration
from empath.delivery.engine import Engine
from empath.delivery.route import Route, RouteFinder
from empath.envelope import Lot, Waiting
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    Event,
    NotificationSent,
    SpoolFault,
    TaskFailed,
)
from empath.reply import Deferred, Delivered, Failed
from empath.spool.face import SpoolRefused
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import NoDns, finder, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, ScriptedMx, hello

GOOD = (*hello("SIZE 1000"), *ONE_MESSAGE)
REFUSED = (*hello(), "> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no such user")
LATER = (*hello(), "> MAIL", "< 451 4.3.0 later")
HANGING = (*hello(), "> MAIL", Do.HANG)


class Running:
    """An engine at work on a spool in memory, and what it published."""

    def __init__(
        self, spool: MemorySpool, config: Config, *, at: float, routes: RouteFinder | None
    ) -> None:
        self.clock = HandClock(at)
        self.bus = Bus()
        self.published: list[Event] = []
        self.bus.fold(self.published.append)
        self.engine = Engine(
            spool=spool,  # type: ignore[arg-type] - the part an engine uses
            finder=routes or finder(config),
            config=lambda: config,
            bus=self.bus,
            clock=self.clock,
            random=random.Random(1),
        )
        self.engine._recorder.first_pause = 0.01

    def kinds(self) -> list[str]:
        """The names of the events published."""
        return [type(event).__name__ for event in self.published]


@asynccontextmanager
async def running(
    spool: MemorySpool,
    config: Config,
    *,
    at: float = ARRIVED + 1,
    routes: RouteFinder | None = None,
) -> AsyncIterator[Running]:
    """An engine that runs while the block does."""
    parts = Running(spool, config, at=at, routes=routes)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(parts.engine.run())
        try:
            yield parts
        finally:
            task.cancel()


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
    async with running(spool, routed(1)):
        await asyncio.sleep(0.2)
    assert spool.looks <= 2


async def test_mail_that_is_not_due_waits_for_its_time() -> None:
    """By the clock the engine was given; an operator's act wakes it too."""
    spool = MemorySpool(lot(due_at=ARRIVED + 100))
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await asyncio.sleep(0.05)
        assert spool.events == []
        parts.clock.advance(100)
        spool.arrive()
        await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Delivered)


async def test_mail_becomes_due_without_anybody_saying_so() -> None:
    """The engine sleeps no longer than until the next is due."""
    spool = MemorySpool(lot(due_at=ARRIVED + 1.05))
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await asyncio.sleep(0.02)
        parts.clock.advance(0.06)
        await spool.recorded(1)


async def test_a_temporary_refusal_is_tried_again_later() -> None:
    """It is deferred with its reply and transcript, and delivered in the end."""
    spool = MemorySpool(lot())
    async with (
        ScriptedMx(LATER, GOOD) as mx,
        running(spool, routed(mx.port, idle_timeout=Duration(0))) as parts,
    ):
        await spool.recorded(1)
        [event] = spool.events
        assert isinstance(event, AttemptEnded)
        assert event.results[0].result == "deferred"
        assert "< 451 4.3.0 later" in event.transcript
        assert 270 <= (event.results[0].next_at or 0) - parts.clock.now() <= 330
        parts.clock.advance(331)
        spool.arrive()
        await spool.recorded(2)
    assert [type(each.outcome) for each in spool.rulings] == [Deferred, Delivered]


async def test_a_permanent_refusal_sends_one_notification_in_the_same_record() -> None:
    """The sender is told, by a message with the null reverse-path and the original's header."""
    spool = MemorySpool(lot())
    async with ScriptedMx(REFUSED) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: len(parts.published) == 2)
        sent = parts.published[1]
    [notification] = spool.notifications
    assert notification.kind == "failed"
    assert notification.envelope.reverse_path is None
    assert [each.address for each in notification.envelope.recipients] == ["a@sender.test"]
    assert b"Subject: hello" in notification.content
    assert b"no such user" in notification.content
    assert isinstance(sent, NotificationSent)
    assert sent.recipients == ("b@there.test",)
    assert isinstance(spool.rulings[0].outcome, Failed)


async def test_two_refused_together_share_one_notification() -> None:
    """3.3 bounces: one report for all recipients that failed together."""
    refused = (*REFUSED, "> RCPT", "< 550 5.1.1 nor her")
    spool = MemorySpool(lot("b@there.test", "c@there.test"))
    async with ScriptedMx(refused) as mx, running(spool, routed(mx.port)):
        await spool.recorded(1)
    assert len(spool.notifications) == 1
    assert spool.notifications[0].content.count(b"Final-Recipient") == 2


async def test_a_refused_notification_makes_none() -> None:
    """3.3 bounces: never bounce a bounce."""
    spool = MemorySpool(lot(reverse_path=None))
    async with ScriptedMx(REFUSED) as mx, running(spool, routed(mx.port)):
        await spool.recorded(1)
    assert spool.notifications == []


async def test_what_is_given_up_is_told_even_without_a_body() -> None:
    """The smarthost is down and the body gone; the sender hears of it all the same."""
    spool = MemorySpool(lot())
    spool.bodies[lot().id] = None
    async with ScriptedMx() as mx:
        pass
    async with running(spool, routed(mx.port), at=ARRIVED + 6 * 86400):
        await spool.recorded(1)
    assert spool.rulings[0].expired
    assert b"5.4.7" in spool.notifications[0].content


async def test_a_damaged_body_is_quarantined_with_an_alarm() -> None:
    """SMTP-RULES 2: never sent; held, and an event that says so."""
    spool = MemorySpool(lot())
    spool.bodies[lot().id] = None
    async with ScriptedMx((*hello(), "> QUIT")) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: bool(parts.published))
        assert isinstance(parts.published[0], BodyDamaged)
    assert spool.quarantined == ["its file is missing"]
    assert mx.contents == []


async def test_a_full_disk_sends_nothing_twice() -> None:
    """The result is kept and recorded when there is room; only then is it published."""
    spool = MemorySpool(lot())
    spool.refuse = 3
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: len(parts.published) == 4)
        assert parts.kinds() == ["SpoolFault"] * 3 + ["AttemptEnded"]
    assert mx.connections == 1
    assert len(mx.contents) == 1
    assert isinstance(spool.rulings[0].outcome, Delivered)


class BuggyFinder(RouteFinder):
    """Fails for one domain as only a bug does."""

    async def find(self, destination: object) -> Route | Deferred | Failed:
        if destination == "bug.test":
            raise KeyError("a bug")
        return await super().find(destination)  # type: ignore[arg-type]


async def test_a_bug_in_one_attempt_is_reported_and_hurts_nobody_else() -> None:
    """The lot is given back with a delay, and the engine goes on."""
    bad, good = lot("b@bug.test", number=1), lot("b@fine.test", number=2)
    spool = MemorySpool(bad, good)
    async with ScriptedMx(GOOD) as mx:
        config = routed(mx.port)
        routes = BuggyFinder(resolver=NoDns(), config=lambda: config)
        async with running(spool, config, routes=routes) as parts:
            await spool.recorded(1)
            await eventually(lambda: len(parts.published) == 2)
            [failed] = [each for each in parts.published if isinstance(each, TaskFailed)]
    assert failed.task == f"delivery of {bad.id} to bug.test"
    assert "a bug" in failed.error
    assert spool.given_back == [(bad, ARRIVED + 301)]


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
            await asyncio.sleep(0.05)
            assert parts.engine.active == 5
            assert sorted(parts.engine.connections().values()) == [1, 2, 2]
    assert mx.connections == 5


async def test_a_slow_destination_does_not_hold_up_another() -> None:
    """3.4: stops answering: other destinations unharmed."""
    slow = [lot("b@slow.test", number=n) for n in range(50)]
    spool = MemorySpool(*slow, lot("b@quick.test", number=99))
    async with ScriptedMx(HANGING) as hanging, ScriptedMx(GOOD) as mx:
        config = routed(mx.port, per_destination=1)
        routes = finder(config)
        routes.set_override(Domain("slow.test"), [ServerId(f"127.0.0.1:{hanging.port}")])
        async with running(spool, config, routes=routes):
            await spool.recorded(1)
    assert len(mx.contents) == 1


async def test_lots_in_memory_are_bounded_by_the_window() -> None:
    """`delivery.window` and a share of it for one destination; the rest waits on disk."""
    spool = MemorySpool(*(lot("b@slow.test", number=n) for n in range(300)))
    async with ScriptedMx(HANGING) as mx, running(spool, routed(mx.port, per_destination=1)):
        await eventually(lambda: bool(mx.heard))
        await asyncio.sleep(0.1)
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


async def test_a_delay_is_told_once() -> None:
    """At four hours, and not again."""
    spool = MemorySpool(lot())
    async with ScriptedMx() as mx:
        pass
    async with running(spool, routed(mx.port), at=ARRIVED + 4 * 3600) as parts:
        await spool.recorded(1)
        [again] = spool.waiting
        people = tuple(
            Waiting(each.number, each.recipient, 1, delay_noticed=True) for each in again.recipients
        )
        spool.waiting = [lot(recipients=people)]
        parts.clock.advance(400)
        spool.arrive()
        await spool.recorded(2)
    assert [each.kind for each in spool.notifications] == ["delayed"]


async def test_a_spool_that_cannot_be_read_is_asked_again() -> None:
    """A fault is published, and delivery goes on when it is over."""

    class Faulty(MemorySpool):
        async def content(self, id: object) -> object:  # type: ignore[override]
            raise SpoolRefused("cannot read the database")

    spool = Faulty(lot())
    async with ScriptedMx((*hello(), "> QUIT")) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: bool(spool.given_back))
        assert isinstance(parts.published[0], SpoolFault)
    assert spool.given_back[0][1] == ARRIVED + 301


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


async def test_a_spool_that_cannot_say_what_is_due_is_asked_again() -> None:
    """The fault is published, the engine stays, and mail goes out when the spool answers."""

    class Faulty(MemorySpool):
        async def due(self, now: float, **options: object) -> list[Lot]:  # type: ignore[override]
            if not self.looks:
                self.looks += 1
                raise SpoolRefused("cannot read the database")
            return list(await super().due(now, **options))  # type: ignore[arg-type]

    spool = Faulty(lot())
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: bool(parts.published))
        assert isinstance(parts.published[0], SpoolFault)
        spool.arrive()
        await spool.recorded(1)


async def test_a_lot_that_cannot_even_be_given_back_is_reported() -> None:
    """Its lease ends with the process; the engine goes on with other mail."""

    class Stuck(MemorySpool):
        async def give_back(self, lot: Lot, due_at: float | None = None) -> None:
            raise SpoolRefused("the disk is full")

    spool = Stuck(lot("b@bug.test", number=1), lot("b@fine.test", number=2))
    async with ScriptedMx(GOOD) as mx:
        config = routed(mx.port)
        routes = BuggyFinder(resolver=NoDns(), config=lambda: config)
        async with running(spool, config, routes=routes) as parts:
            await spool.recorded(1)
            await eventually(lambda: parts.kinds().count("TaskFailed") == 2)


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
