"""Places as a whole, asked over a real spool: the queue by age, destinations, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from empath.address import Domain, EmailAddress, ServerId
from empath.config.model import Destination, Mode
from empath.config.units import Rate
from empath.control.link import (
    GetLatency,
    GetShape,
    HoldMessages,
    LimitDestination,
    ListSenders,
    ListUpcoming,
    OpenBreaker,
    RequestUnclear,
    RerouteDestination,
    Shape,
    SuspendDestination,
    ViewDestination,
    ViewMessage,
)
from empath.delivery.gates import Gates
from empath.envelope import MessageId, Priority
from empath.events import AttemptEnded, MessageAccepted, RecipientResult, TlsFailure, TlsSession
from empath.policy.override import Override
from empath.spool.surveyor import LEAST
from tests.fakes.operator_desk import Desk, desk

NET, ORG = Domain("example.net"), Domain("example.org")
MINUTE = 60.0


def attempt(
    at: float,
    *results: tuple[str, str],
    name: Domain = NET,
    stage: str = "DONE",
    tls: TlsSession | None = None,
    failures: tuple[TlsFailure, ...] = (),
) -> AttemptEnded:
    """One attempt as it is published."""
    return AttemptEnded(
        at=at,
        id=MessageId.compose(1_700_000_000_000, 1),
        destination=name,
        server="mx:25",
        stage=stage,
        seconds=0.2,
        size=1,
        latency=3.0,
        results=tuple(
            RecipientResult(n, EmailAddress("a@b.test"), result, reply)
            for n, (result, reply) in enumerate(results)
        ),
        tls=tls,
        tls_policy="opportunistic",
        tls_source="default",
        tls_failures=failures,
    )


async def aged(engine: Desk) -> None:
    """Three messages for example.net, the first an hour old, and a held one for example.org."""
    await engine.accept("a@example.net")
    engine.clock.advance(60 * MINUTE)
    await engine.accept("b@example.net", "c@example.net")
    await engine.accept("d@example.org", hold="look at it", sender=None)


def names(shape: Shape) -> Sequence[str]:
    """The rows of a shape by name."""
    return [row.name for row in shape.rows]


async def test_the_queue_by_age_and_destination(tmp_path: Path) -> None:
    """Bins by age, or by the time until the next attempt, in which held mail has no place."""
    async with desk(tmp_path) as engine:
        await aged(engine)
        shape = await engine.link.ask(GetShape())
        assert names(shape) == [NET, ORG]
        assert shape.rows[0].bins == (2, 0, 0, 0, 1, 0, 0, 0)
        assert shape.total.bins == (3, 0, 0, 0, 1, 0, 0, 0)
        assert (shape.total.total, shape.destinations, shape.matched) == (4, 2, 2)
        assert shape.rows[0].oldest_at == engine.clock.now() - 60 * MINUTE
        assert (shape.classes["normal"], shape.states["held"]) == (4, 1)
        assert shape.age == 0.0
        assert shape.rows[0].oldest_at is not None
        expiry = engine.config.delivery.retry.expiry
        assert shape.expires_at == shape.rows[0].oldest_at + expiry
        engine.clock.advance(LEAST / 2)
        later = await engine.link.ask(GetShape(basis="next"))
        assert (later.at, later.age) == (shape.at, LEAST / 2)
        assert [sum(row.bins) for row in later.rows] == [3, 0]
        by_sender = await engine.link.ask(GetShape(by="sender"))
        assert [(row.name, row.total) for row in by_sender.rows] == [("example.org", 3), ("", 1)]


async def test_rows_in_order_piece_by_piece(tmp_path: Path) -> None:
    """Any column sorts; a cursor goes on behind its row, wherever that is by then."""
    async with desk(tmp_path) as engine:
        ask = engine.link.ask
        for count, name in enumerate(("a.test", "b.test", "c.test", "d.test"), start=1):
            await engine.accept(*(f"u{number}@{name}" for number in range(count)))
        first = await ask(GetShape(limit=2))
        assert names(first) == ["d.test", "c.test"]
        rest = await ask(GetShape(limit=2, cursor=first.cursor))
        assert (names(rest), rest.cursor) == (["b.test", "a.test"], "")
        assert names(await ask(GetShape(cursor="9 c.test"))) == ["b.test", "a.test"]
        assert names(await ask(GetShape(cursor="3 gone.test"))) == ["a.test"]
        assert names(await ask(GetShape(sort="name", limit=1))) == ["a.test"]
        assert names(await ask(GetShape(sort="-bin0", limit=1))) == ["d.test"]
        assert names(await ask(GetShape(sort="bin0", basis="next", limit=1))) == ["a.test"]
        assert names(await ask(GetShape(query="B.t"))) == ["b.test"]
        assert names(await ask(GetShape(query="!b.t", sort="name"))) == [
            "a.test",
            "c.test",
            "d.test",
        ]
        engine.figures.open = {Domain("b.test"): 3, Domain("c.test"): 1}
        busy = await ask(GetShape(sort="-conn"))
        assert [(row.name, row.connections) for row in busy.rows][:3] == [
            ("b.test", 3),
            ("c.test", 1),
            ("d.test", 0),
        ]
        for wrong in (GetShape(sort="mood"), GetShape(limit=0), GetShape(cursor="x")):
            with pytest.raises(RequestUnclear):
                await ask(wrong)


async def test_what_holds_a_destination_stands_in_its_row(tmp_path: Path) -> None:
    """Breaker, suspension, limit and re-route; with *quiet* also where nothing waits."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        await engine.accept("a@example.net")
        assert (await ask(GetShape())).rows[0].breaker == ""
        await ask(OpenBreaker(destination=NET, seconds=60, reason="too slow"))
        await ask(LimitDestination(destination=NET, per_second=0.5))
        row = (await ask(GetShape())).rows[0]
        assert (row.breaker, row.until, row.reason) == ("open", now + 60, "ada: too slow")
        assert row.gate == "limited to 30/m"
        await ask(SuspendDestination(destination=NET, seconds=90, reason="moving"))
        row = (await ask(GetShape())).rows[0]
        assert (row.gate, row.until, row.reason) == ("suspended", now + 90, "ada: moving")
        total = (await ask(GetShape())).total
        assert total.next_at == row.next_at == now + 90, "nothing goes before its place opens"
        await ask(RerouteDestination(destination=ORG, to=("mx.example.com",)))
        engine.bus.publish(attempt(now, ("delivered", "250 OK"), name=Domain("idle.test")))
        assert names(await ask(GetShape())) == [NET]
        quiet = await ask(GetShape(quiet=True, sort="-gate"))
        assert names(quiet) == [NET, ORG, "idle.test"]
        assert quiet.rows[1].gate == "re-routed to mx.example.com:25"
        assert (quiet.rows[2].delivered, quiet.rows[2].total, quiet.rows[2].oldest_at) == (
            1,
            0,
            None,
        )


async def test_encryption_of_the_last_attempt_stands_in_the_row(tmp_path: Path) -> None:
    """The version, whether the name was proved; plain text and failure are told as such."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net")
        now = engine.clock.now()
        failure = TlsFailure("mx:25", "verify", "default", "certificate-expired")
        for event, told in (
            (attempt(now, tls=TlsSession("TLSv1.3", "X", verified="chain")), ("TLSv1.3", True)),
            (attempt(now), ("plaintext", False)),
            (attempt(now, stage="STARTTLS", failures=(failure,)), ("failed", False)),
        ):
            engine.bus.publish(event)
            row = (await engine.link.ask(GetShape())).rows[0]
            assert (row.tls, row.verified) == told


async def test_one_destination_in_full(tmp_path: Path) -> None:
    """Its queue and bins, what it may have, what holds it, and what became of its mail."""
    async with desk(tmp_path) as engine:
        await aged(engine)
        section = Destination(domain="example.net", rate=Rate(2.0), burst=4, concurrency=9)
        engine.configure(destination=(section,))
        gates = engine.figures.gates = Gates(lambda: engine.config)
        now = engine.clock.now()
        for gate in gates.asked:
            gate.started(NET, now)
        gates.breakers.failed(NET, now, "421 busy")
        engine.bus.publish(attempt(now, ("delivered", "250 OK"), ("deferred", "421 4.7.0 Busy")))
        engine.bus.publish(attempt(now, ("deferred", "no connection"), stage="CONNECT"))
        view = await engine.link.ask(ViewDestination(destination=NET))
        assert (view.queued, view.bins[0], view.bins[4]) == (3, 2, 1)
        assert view.oldest_at == now - 60 * MINUTE
        expiry = engine.config.delivery.retry.expiry
        assert view.expires_at == view.oldest_at + expiry
        assert (view.most, view.most_source) == (9, '[[destination]] "example.net" concurrency')
        assert view.allowed == 5
        assert view.rate is not None
        assert (view.rate.per_second, view.rate.tokens, view.rate.burst) == (2.0, 3.0, 4)
        assert (view.breaker, view.failures, view.failures_allowed) == ("closed", 1, 5)
        assert view.codes == (("421 4.7.0", 1), ("no connection", 1))
        last = view.outcomes[-1]
        assert (last.delivered, last.deferred, last.failed, last.unreached) == (1, 1, 0, 1)
        assert last.at <= now < last.at + 300
        assert (view.attempts.count, view.latency.count) == (2, 1)
        assert 0.1 < view.attempts.p50 < 0.4
        assert (view.route, view.hosts) == ("", ())
        await engine.link.acting("ada").ask(OpenBreaker(destination=NET, seconds=60, reason="why"))
        view = await engine.link.ask(ViewDestination(destination=NET))
        assert (view.breaker, view.gates[0].since) == ("open", now)
        assert view.holds == ("ada opened its breaker: why",)


async def test_servers_are_told_as_far_as_they_are_known(tmp_path: Path) -> None:
    """Looking asks the DNS nothing; a host that could not be reached says why."""
    async with desk(tmp_path) as engine:
        now = engine.clock.now()
        engine.finder.set_override(NET, Override((ServerId("192.0.2.7:2525"),)))
        engine.figures.dead.note(("192.0.2.7", 2525), "timed out", now)
        view = await engine.link.ask(ViewDestination(destination=NET))
        (host,) = view.hosts
        assert (view.route, host.host, host.port) == ("override", "192.0.2.7", 2525)
        assert host.unreached == "timed out"
        assert engine.resolver.cached() == ()


async def test_nothing_is_known_of_a_stranger(tmp_path: Path) -> None:
    """A destination without mail is shown too, with nothing in it."""
    async with desk(tmp_path) as engine:
        view = await engine.link.ask(ViewDestination(destination=Domain("stranger.test")))
        assert (view.queued, view.outcomes, view.tls, view.rate) == (0, (), None, None)
        assert (view.expires_at, view.latency.count) == (None, 0)


async def test_who_sends_most(tmp_path: Path) -> None:
    """What was accepted lately and what is queued, either first; the null sender is nameless."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.ask, engine.clock.now()
        await engine.accept(sender="ada@example.org")
        await engine.accept(sender=None)
        for _ in range(3):
            engine.bus.publish(
                MessageAccepted(
                    at=now,
                    id=MessageId.compose(1_700_000_000_000, 1),
                    reverse_path=EmailAddress("bob@example.org"),
                    recipients=(),
                    size=1,
                    client="192.0.2.9",
                    helo="",
                    protocol="ESMTP",
                    priority=Priority.NORMAL,
                    subject="",
                )
            )
        lately = await ask(ListSenders())
        assert lately.since == engine.clock.now()  # it has just started
        assert [(each.name, each.accepted, each.queued) for each in lately.items] == [
            ("bob@example.org", 3, 0),
            ("", 0, 1),
            ("ada@example.org", 0, 1),
        ]
        queued = await ask(ListSenders(by="domain", sort="queued", limit=1))
        (first,) = queued.items
        assert (first.name, first.queued, first.accepted, first.oldest_at) == (
            "example.org",
            1,
            3,
            now,
        )
        assert (await ask(ListSenders(by="client"))).items[0].name == "192.0.2.9"


async def test_latency_by_class(tmp_path: Path) -> None:
    """Every class has a row, the most urgent first, with what waits of it."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        engine.bus.publish(attempt(engine.clock.now(), ("delivered", "250 OK")))
        classes = (await engine.link.ask(GetLatency())).classes
        assert [each.priority for each in classes] == ["critical", "high", "normal", "low", "bulk"]
        assert (classes[2].queued, classes[2].timing.count) == (1, 1)
        assert 2.0 < classes[2].timing.p99 < 4.0


async def test_what_happens_next(tmp_path: Path) -> None:
    """Attempts where nothing keeps them, else the probe; ends of gates; when mail is given up."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        message = await engine.accept("a@example.net")
        await engine.accept("b@example.org")
        await ask(OpenBreaker(destination=NET, seconds=30))
        await ask(SuspendDestination(destination=Domain("x.test"), seconds=40))
        await ask(SuspendDestination(destination=Domain("ever.test")))
        await ask(LimitDestination(destination=ORG, per_second=1.0, seconds=50))
        await ask(RerouteDestination(destination=ORG, to=("mx.example.com",), seconds=60))
        found = await ask(ListUpcoming())
        assert [(each.what, each.subject, each.at - now) for each in found.items[:5]] == [
            ("attempt", ORG, 0),
            ("probe", NET, 30),
            ("suspension ends", "x.test", 40),
            ("limit ends", ORG, 50),
            ("re-route ends", ORG, 60),
        ]
        expiry = next(each for each in found.items if each.what == "expiry")
        assert (expiry.subject, expiry.query) == (message, f"id:{message}")
        assert expiry.at == now + engine.config.delivery.retry.expiry
        assert found.due[0] == 2
        assert len((await ask(ListUpcoming(limit=2))).items) == 2


async def test_captured_mail_is_never_given_up(tmp_path: Path) -> None:
    """In dev mode nothing is tried, so nothing comes to an end by its age."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        captured = await engine.accept("a@example.net", hold="captured in dev mode")
        assert (await engine.link.ask(ViewMessage(id=captured))).expires_at is None
        assert (await engine.link.ask(ListUpcoming())).items == ()
        assert (await engine.link.ask(GetShape())).expires_at is None
        place = await engine.link.ask(ViewDestination(destination=Domain("example.net")))
        assert (place.held, place.expires_at) == (1, None)


async def test_held_mail_is_not_given_up(tmp_path: Path) -> None:
    """It waits for an operator however old it is; what is told is the end of mail that is tried."""
    async with desk(tmp_path) as engine:
        ask, expiry = engine.link.ask, engine.config.delivery.retry.expiry
        held = await engine.accept("a@example.net")
        await ask(HoldMessages(ids=(held,), reason="wait"))
        assert (await ask(ViewMessage(id=held))).expires_at is None
        engine.clock.advance(2 * expiry)
        assert (await ask(ListUpcoming())).items == ()
        assert (await ask(GetShape())).expires_at is None
        view = await ask(ViewDestination(destination=NET))
        assert (view.oldest_at, view.expires_at) == (engine.clock.now() - 2 * expiry, None)
        message = await engine.accept("b@example.net")
        at = engine.clock.now()
        view = await ask(ViewDestination(destination=NET))
        assert (view.oldest_at, view.expires_at) == (at - 2 * expiry, at + expiry)
        assert (await ask(GetShape())).expires_at == at + expiry
        ends = [each for each in (await ask(ListUpcoming())).items if each.what == "expiry"]
        assert [(each.subject, each.at) for each in ends] == [(message, at + expiry)]
