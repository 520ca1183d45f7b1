"""Breakers, suspensions and why mail waits, asked over a real spool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from empath.address import Domain
from empath.config.model import Config, Destination, Mode
from empath.control.link import (
    BounceMessages,
    CloseBreaker,
    DeleteMessages,
    ExplainMessage,
    HoldMessages,
    ListGates,
    ListUnreached,
    NotFound,
    OpenBreaker,
    QueueChange,
    ReleaseMessages,
    RequestUnclear,
    RerouteDestination,
    ResetBreaker,
    ResumeDestination,
    RetryMessages,
    SuspendDestination,
    ViewMessage,
    WhyItem,
)
from empath.control.still_kept import HELD_NOTE
from empath.delivery.gates import Gates
from empath.delivery.progress import Position
from empath.envelope import Lot, MessageId, Priority
from empath.events import AttemptEnded, DestinationGated, RecipientResult
from empath.policy.limiter import ClassRates, Rate
from empath.policy.patience import Stage
from empath.policy.verdict import Hold
from empath.policy.why import moment
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply
from empath.spool.face import Ruling
from tests.fakes.operator_desk import Desk, desk

NET = Domain("example.net")
STRANGER = MessageId("0197a8c0f3e41b2c")


async def attempted(
    engine: Desk, outcomes: Sequence[Outcome], *, stage: str = "DONE", wait: float = 300
) -> None:
    """One attempt at everything that is due came to *outcomes*."""
    (lot,) = await engine.store.due(engine.clock.now(), limit=9, per_destination=9)
    assert engine.store.begin(lot)
    await engine.store.record(lot, *_report(lot, outcomes, stage, engine.clock.now(), wait))


def _report(
    lot: Lot, outcomes: Sequence[Outcome], stage: str, now: float, wait: float
) -> tuple[list[Ruling], AttemptEnded]:
    rulings, results = [], []
    for waiting, outcome in zip(lot.recipients, outcomes, strict=True):
        again = now + wait if isinstance(outcome, Deferred) else None
        rulings.append(Ruling(waiting.number, outcome, again))
        word = type(outcome).__name__.lower()
        results.append(
            RecipientResult(
                waiting.number,
                waiting.recipient.address,
                word,
                str(outcome.reply),
                again,
                outcome.reply.ours,
            )
        )
    server = "" if stage == "DNS" else "mx.example.net [192.0.2.9]:25"
    event = AttemptEnded(
        now,
        lot.id,
        lot.destination,
        server,
        stage,
        0.1,
        lot.size,
        0.2,
        tuple(results),
        uncertain=any(isinstance(each, Deferred) and each.uncertain for each in outcomes),
    )
    return rulings, event


async def why(engine: Desk, id: MessageId) -> WhyItem:
    """Why its first recipient is where it is."""
    return (await engine.link.ask(ExplainMessage(id=id))).recipients[0]


async def test_due_mail_waits_for_its_turn(tmp_path: Path) -> None:
    """Nothing holds it, and the sentence says so."""
    async with desk(tmp_path) as engine:
        one = await why(engine, await engine.accept())
        assert "goes when normal mail to example.net has its turn" in one.sentence
        assert (one.next_event, one.next_at) == ("attempt", engine.clock.now())


async def test_a_gate_that_holds_is_named(tmp_path: Path) -> None:
    """Concurrency, rate and class rate come from the engine with reason, time and setting."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        engine.figures.holds = (
            Hold("bulk mail goes at 2/s (delivery.class_rate.bulk)", 1_790_000_000.5),
        )
        one = await why(engine, message)
        assert "because bulk mail goes at 2/s (delivery.class_rate.bulk)" in one.sentence
        assert one.next_at == 1_790_000_000.5


async def test_behind_a_rate_each_message_has_its_own_time(tmp_path: Path) -> None:
    """Half an attempt a second: of twenty that wait the first is tried with the next token, the
    last 38 seconds after it; the same where the rate is that of the class.
    """
    async with desk(tmp_path) as engine:
        messages = [await engine.accept() for _ in range(20)]
        now = engine.clock.now()
        section = Destination(domain="example.net", rate=0.5, burst=1)
        engine.configure(destination=(section,))
        gates = engine.figures.gates = Gates(lambda: engine.config)
        for gate in gates.asked:
            gate.started(NET, now)
        first, last = await why(engine, messages[0]), await why(engine, messages[-1])
        assert (first.next_event, first.next_at) == ("attempt", now + 2)
        assert "of 20 messages that wait, one goes then, this one first" in first.sentence
        assert (last.next_event, last.next_at) == ("attempt", now + 40)
        assert "and this one after about 19 others, at about" in last.sentence
        engine.figures.gates = Gates(Config)
        classes = ClassRates()
        classes.begin({Priority.NORMAL: Rate(0.5, 1, "delivery.class_rate.normal")}, now)
        classes.started(Priority.NORMAL, now)
        engine.figures.holds = (classes.closed[Priority.NORMAL],)
        assert (await why(engine, messages[-1])).next_at == now + 40


async def test_an_open_breaker_and_a_suspension_are_named(tmp_path: Path) -> None:
    """With who did it, why, and until when; each change is kept, published and wakes the engine."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        link = engine.link.acting("ada (uid 0)")
        listed = await link.ask(OpenBreaker(destination=NET, seconds=60, reason="too slow"))
        assert [(g.gate, g.state, g.until) for g in listed.gates] == [
            ("breaker", "open", engine.clock.now() + 60)
        ]
        one = await why(engine, message)
        assert "because ada (uid 0) opened its breaker: too slow" in one.sentence
        assert one.next_at == engine.clock.now() + 60
        await link.ask(CloseBreaker(destination=NET))
        await link.ask(SuspendDestination(destination=NET, reason="moving"))
        one = await why(engine, message)
        assert "because ada (uid 0) suspended it: moving" in one.sentence
        assert one.next_at is None
        assert "moving" in engine.figures.kept[-1]
        assert (await link.ask(ResumeDestination(destination=NET))).gates == ()
        assert engine.figures.woken == 4
        told = [event for event in engine.published if isinstance(event, DestinationGated)]
        assert [event.action for event in told] == [
            "breaker opened",
            "breaker closed",
            "suspended",
            "resumed",
        ]
        assert {event.actor for event in told} == {"ada (uid 0)"}


async def test_deferred_mail_names_the_last_reply_and_the_next_attempt(tmp_path: Path) -> None:
    """Which server said what, how many attempts there were, and when the next one is."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        await attempted(engine, [Deferred(Reply.of("451 4.7.1 greylisted"))], stage="RCPT")
        one = await why(engine, message)
        assert "1 attempt of 25, the last at mx.example.net [192.0.2.9]:25" in one.sentence
        assert "451 4.7.1 greylisted" in one.sentence
        assert one.next_at == engine.clock.now() + 300


async def test_what_a_server_said_is_told_from_what_we_say_of_it(tmp_path: Path) -> None:
    """A server that said 451 at RCPT stands in quotes; silence behind the content does not, and
    only where it met a recipient it is uncertain.
    """
    async with desk(tmp_path) as engine:
        message = await engine.accept("a@example.net", "b@example.net")
        silence = Reply.own(421, "4.4.2", "no reply to the content within 10m")
        await attempted(
            engine,
            [Deferred(Reply.of("451 4.7.1 greylisted")), Deferred(silence, uncertain=True)],
        )
        one, two = (await engine.link.ask(ExplainMessage(id=message))).recipients
        assert one.sentence.endswith(", with “451 4.7.1 greylisted”.")
        assert two.sentence.endswith(
            ": 421 4.4.2 no reply to the content within 10m (the server may have it all the same)."
        )


async def test_a_bounce_is_in_the_operators_words_after_an_attempt_of_ours(tmp_path: Path) -> None:
    """Whose the last attempt's reply was says nothing of the bounce."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        silence = Reply.own(421, "4.4.2", "no reply to the content within 10m")
        await attempted(engine, [Deferred(silence, uncertain=True)])
        await engine.link.acting("ada").ask(BounceMessages(ids=(message,), reason="moved"))
        sentence = (await why(engine, message)).sentence
        assert "was bounced by ada, with “550 5.7.0 " in sentence
        assert "may have it" not in sentence


async def test_a_suspension_without_an_end_holds_mail_that_is_not_due_yet(tmp_path: Path) -> None:
    """It is not tried when it is due, and no time is promised; the operator's breaker behind the
    suspension is named too.
    """
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        await attempted(engine, [Deferred(Reply.of("451 4.7.1 greylisted"))], stage="RCPT")
        ask = engine.link.acting("ada").ask
        await ask(OpenBreaker(destination=NET, seconds=3600, reason="too slow"))
        await ask(SuspendDestination(destination=NET, reason="moving"))
        await ask(RerouteDestination(destination=NET, to=("one.test", "two.test:2525")))
        one = await why(engine, message)
        assert "; and even then example.net is held because ada suspended it: moving; and held" in (
            one.sentence
        )
        assert "because ada opened its breaker: too slow; an operator re-routed it to" in (
            one.sentence
        )
        assert one.sentence.endswith(" one.test:25, two.test:2525.")
        assert (one.next_event, one.next_at) == ("an operator resumes it", None)


async def test_dns_trouble_is_told_from_a_server_that_refuses(tmp_path: Path) -> None:
    """No server spoke: the sentence says that the name could not be looked up."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        await attempted(engine, [Deferred(Reply.of("451 4.4.3 no answer"))], stage="DNS")
        assert "example.net could not be looked up" in (await why(engine, message)).sentence


async def test_each_recipient_has_its_own_sentence(tmp_path: Path) -> None:
    """One delivered, one refused, one waiting: those that wait come first."""
    async with desk(tmp_path) as engine:
        message = await engine.accept("a@example.net", "b@example.net", "c@example.net")
        await attempted(
            engine,
            [
                Delivered(Reply.of("250 2.0.0 Ok")),
                Failed(Reply.of("550 5.1.1 no such user")),
                Deferred(Reply.of("452 4.2.2 full")),
            ],
        )
        reply = await engine.link.ask(ExplainMessage(id=message))
        assert reply.total == 3
        assert [one.address[0] for one in reply.recipients] == ["c", "a", "b"]
        assert [one.state for one in reply.recipients] == ["deferred", "delivered", "failed"]
        assert "was delivered at" in reply.recipients[1].sentence
        assert "was refused for good at" in reply.recipients[2].sentence


async def test_mail_on_its_way_says_since_when(tmp_path: Path) -> None:
    """While an attempt runs nothing else is the reason."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        (lot,) = await engine.store.due(engine.clock.now(), limit=9, per_destination=9)
        engine.store.begin(lot)
        now = engine.clock.now()
        words, server = "waiting for the reply to MAIL", "mx.example.net [192.0.2.9]:25"
        position = Position(Stage.COMMAND, words, server, now - 3, "MAIL", now - 5)
        engine.figures.running[message] = position
        one = await why(engine, message)
        assert one.sentence == (
            "bob@example.net is being delivered to example.net at this moment, for 5 s: waiting"
            " for the reply to MAIL at mx.example.net [192.0.2.9]:25, since"
            " 2026-09-21 14:13:17 UTC (3 s)."
        )
        assert one.next_event == "end of the attempt"
        assert (one.doing, one.since) == (f"{words} at {server}", now - 3)
        view = await engine.link.ask(ViewMessage(id=message))
        assert view.recipients[0].doing == one.doing


async def test_hosts_that_cannot_be_reached_are_listed(tmp_path: Path) -> None:
    """With since when, until when others go first, and why."""
    async with desk(tmp_path) as engine:
        now = engine.clock.now()
        engine.figures.dead.note(("mx.example.net", 25), "connection refused", now - 60)
        engine.figures.dead.note(("mx.example.net", 25), "no answer in time", now)
        (host,) = (await engine.link.ask(ListUnreached())).hosts
        assert (host.host, host.port, host.reason) == ("mx.example.net", 25, "no answer in time")
        assert (host.since, host.last_at, host.until) == (now - 60, now, now + 300)


async def test_dev_mode_has_reached_nobody(tmp_path: Path) -> None:
    """Without delivery there are no hosts."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        assert (await engine.link.ask(ListUnreached())).hosts == ()


async def test_held_and_deleted_mail_names_who_did_it(tmp_path: Path) -> None:
    """An operator's reason stands in the sentence."""
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        link = engine.link.acting("ada (uid 0)")
        await link.ask(HoldMessages(ids=(message,), reason="looks like spam"))
        assert "is held by ada (uid 0): looks like spam" in (await why(engine, message)).sentence
        await link.ask(DeleteMessages(ids=(message,)))
        assert "was deleted by ada (uid 0)" in (await why(engine, message)).sentence


async def test_each_recipient_names_the_operator_who_changed_it(tmp_path: Path) -> None:
    """One message of which each recipient was changed by another person, some twice."""
    async with desk(tmp_path) as engine:
        message = await engine.accept(*(f"{name}@example.net" for name in "abcdef"))

        async def done(request: type[QueueChange], who: str, name: str) -> None:
            query = f"rcpt:{name}@example.net"
            await engine.link.acting(who).ask(request(query=query, reason=f"{who} said so"))

        await done(HoldMessages, "ada", "a")
        await done(HoldMessages, "bob", "b")
        await done(DeleteMessages, "cyd", "c")
        await done(BounceMessages, "dan", "d")
        await done(HoldMessages, "ada", "e")
        await done(BounceMessages, "eve", "e")
        await done(HoldMessages, "fay", "f")
        await done(ReleaseMessages, "ada", "f")
        said = {
            one.address[0]: one.sentence
            for one in (await engine.link.ask(ExplainMessage(id=message))).recipients
        }
        assert "is held by ada: ada said so" in said["a"]
        assert "is held by bob: bob said so" in said["b"]
        assert "was deleted by cyd" in said["c"]
        assert "was bounced by dan" in said["d"]
        assert "was bounced by eve" in said["e"]
        assert "goes when normal mail" in said["f"]


async def test_captured_mail_says_so(tmp_path: Path) -> None:
    """Dev mode is the reason, and the setting is named."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(hold="captured in dev mode")
        assert "captures all mail (mode)" in (await why(engine, message)).sentence


async def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    """Closing what is closed, resuming what runs, explaining what never was: each a sentence."""
    async with desk(tmp_path) as engine:
        ask = engine.link.ask
        with pytest.raises(NotFound, match="no message"):
            await ask(ExplainMessage(id=STRANGER))
        with pytest.raises(NotFound, match="is not open"):
            await ask(CloseBreaker(destination=NET))
        with pytest.raises(NotFound, match="is not suspended"):
            await ask(ResumeDestination(destination=NET))
        for seconds in (0.0, -1.0, 1e12, float("nan")):
            with pytest.raises(RequestUnclear, match="a year"):
                await ask(SuspendDestination(destination=NET, seconds=seconds))
        assert (await ask(ListGates())).gates == ()


async def test_a_reset_forgets_failures_and_what_was_learnt(tmp_path: Path) -> None:
    """As if the destination had never been met."""
    async with desk(tmp_path) as engine:
        gates = engine.figures.gates
        gates.concurrency.answered(NET, well=False)
        for _ in range(5):
            gates.breakers.failed(NET, engine.clock.now(), "421 busy")
        item = (await engine.link.ask(ListGates())).gates[0]
        assert (item.state, item.reason, item.actor) == ("open", "421 busy", "")
        assert (await engine.link.ask(ResetBreaker(destination=NET))).gates == ()
        assert gates.concurrency.allowance(NET) == 5


async def test_a_retry_behind_a_gate_says_what_keeps_it(tmp_path: Path) -> None:
    """Mail that is due and behind an open breaker or a suspension is not tried: the note of
    the retry says until when, and what lets it go; without a gate there is no note.
    """
    async with desk(tmp_path) as engine:
        message = await engine.accept()
        link = engine.link.acting("ada")
        assert not (await link.ask(RetryMessages(ids=(message,)))).note
        await link.ask(OpenBreaker(destination=NET, seconds=60, reason="too slow"))
        opened = (await link.ask(RetryMessages(ids=(message,)))).note
        assert f"breaker of example.net is open until {moment(engine.clock.now() + 60)}" in opened
        assert "`empathctl breaker probe example.net`, tries now" in opened
        await link.ask(SuspendDestination(destination=NET, reason="moving"))
        suspended = (await link.ask(RetryMessages(ids=(message,)))).note
        assert "example.net is suspended; U in Destinations" in suspended
        await link.ask(HoldMessages(ids=(message,), reason="wait"))
        assert (await link.ask(RetryMessages(ids=(message,)))).note == HELD_NOTE
