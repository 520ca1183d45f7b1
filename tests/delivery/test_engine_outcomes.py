"""What the engine makes of what came of an attempt: records, notifications, faults."""

from __future__ import annotations

from empath.config.model import Config
from empath.config.units import Duration
from empath.delivery.route import Route, RouteFinder
from empath.envelope import Lot, NextHop, Waiting
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    NotificationSent,
    SpoolFault,
    TaskFailed,
)
from empath.reply import Deferred, Delivered, Failed
from empath.spool.face import SpoolRefused
from tests.fakes.engine_at_work import GOOD, LATER, REFUSED, running
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import NoDns, routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ScriptedMx, hello


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

    async def find(
        self, destination: object, hop: NextHop | None = None, config: Config | None = None
    ) -> Route | Deferred | Failed:
        if destination == "bug.test":
            raise KeyError("a bug")
        return await super().find(destination, hop, config)  # type: ignore[arg-type]


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
