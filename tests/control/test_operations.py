"""Bounce, re-route and the record, asked over a real spool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from empath.address import Domain
from empath.config.model import Mode
from empath.control.link import (
    BounceMessages,
    DeleteMessages,
    ExplainMessage,
    FlushQueue,
    GateItem,
    GetStatus,
    HoldMessages,
    ListDnsOverrides,
    ListGates,
    ListQueue,
    ListRecord,
    NotFound,
    OpenBreaker,
    PrioritizeMessages,
    ReleaseMessages,
    Request,
    RequestRefused,
    RequestUnclear,
    RerouteDestination,
    RerouteMessages,
    RestoreRoute,
    SetDnsOverride,
    SuspendDestination,
    ViewMessage,
)
from empath.control.overrides import load_overrides
from empath.delivery.route import Route
from empath.envelope import MessageId
from empath.events import DestinationGated, NotificationSent, OperatorRecord
from tests.fakes.operator_desk import desk

NET = Domain("example.net")
QUERY = "dest:example.net"
LISTENER = "127.0.0.1:2525"
TO_OURSELVES: tuple[Request[Any], ...] = (
    SetDnsOverride(domain=NET, hosts=("mx.example.com", LISTENER)),
    SetDnsOverride(domain=NET, hosts=("localhost:2525",)),
    RerouteDestination(destination=NET, to=("0.0.0.0:2525",)),
    RerouteDestination(destination=NET, to=(LISTENER,), dry_run=True),
    RerouteMessages(query=QUERY, to="[::ffff:127.0.0.1]:2525"),
)


@pytest.mark.parametrize("request_", TO_OURSELVES)
async def test_mail_is_not_sent_to_ourselves(tmp_path: Path, request_: Request[Any]) -> None:
    """RFC 5321 6.3: a re-route to a listener of Empath is refused, however it is spelled."""
    async with desk(tmp_path, listeners=(LISTENER,)) as engine:
        await engine.accept("a@example.net")
        with pytest.raises(RequestRefused, match="is a listener of this Empath"):
            await engine.link.ask(request_)
        assert engine.finder.overrides() == {}
        beside = RerouteDestination(destination=NET, to=("127.0.0.1:2526",))
        assert (await engine.link.ask(beside)).gates


@pytest.mark.parametrize("status", ["5.01.6", "5.1.06", "5.00.0", "4.7.0", "5.7", " 5.7.0", "x"])
async def test_a_status_is_as_rfc_3463_has_it(tmp_path: Path, status: str) -> None:
    """RFC 3463 2: of class 5 here, three numbers, none with a leading zero."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net")
        with pytest.raises(RequestUnclear, match="RFC 3463"):
            await engine.link.ask(BounceMessages(query=QUERY, status=status, dry_run=True))
        done = await engine.link.ask(BounceMessages(query=QUERY, status="5.0.100", dry_run=True))
        assert done.preview is not None


@pytest.mark.parametrize(
    "request_",
    [
        ListRecord(before=2**63),
        ListRecord(before=99999999999999999999),
        ListRecord(before=-1),
        ListQueue(cursor="zzz"),
        ListQueue(cursor="f" * 16),
    ],
    ids=repr,
)
async def test_a_place_in_a_list_that_there_is_not(tmp_path: Path, request_: Request[Any]) -> None:
    """It is refused as unclear, and is no bug of the engine."""
    async with desk(tmp_path) as engine:
        with pytest.raises(RequestUnclear):
            await engine.link.ask(request_)
        assert (await engine.link.ask(ListRecord(before=2**63 - 1))).items == ()
        assert (await engine.link.ask(ListRecord(before=0))).items == ()


async def test_an_expected_count_keeps_to_the_recipients_meant(tmp_path: Path) -> None:
    """With `expect`, the other recipients of a message that matches are left alone too."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("a@example.net", "b@example.com")  # noqa: A001
        done = await engine.link.ask(HoldMessages(query=QUERY, expect=1))
        assert (done.messages, done.recipients) == (1, 1)
        view = await engine.link.ask(ViewMessage(id=id))
        assert [one.state for one in view.recipients] == ["held", "queued"]


async def test_a_bounce_is_told_published_and_explained(tmp_path: Path) -> None:
    """The sender gets the operator's words and code; `why` names who it was."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("bob@example.net")  # noqa: A001
        link = engine.link.acting("ada")
        done = await link.ask(BounceMessages(ids=(id,), status="5.1.6", reason="he moved\x1b"))
        assert (done.messages, done.recipients) == (1, 1)
        sent = [event for event in engine.published if isinstance(event, NotificationSent)]
        assert [(event.id, event.recipients) for event in sent] == [(id, ("bob@example.net",))]
        (acted,) = engine.acted
        assert (acted.action, acted.actor, acted.reason) == ("bounce", "ada", r"he moved\x1b")
        view = await link.ask(ViewMessage(id=id))
        assert view.recipients[0].last_reply.startswith("550 5.1.6 The operator of ")
        (why,) = (await link.ask(ExplainMessage(id=id))).recipients
        assert why.sentence.startswith("bob@example.net was bounced by ada, with “550 5.1.6")
        assert why.sentence.endswith("the sender was told.")
        (queued,) = (await link.ask(ListQueue())).items
        assert (queued.id, queued.reverse_path) == (sent[0].dsn, None)


async def test_each_message_of_a_change_is_told_with_its_recipients(tmp_path: Path) -> None:
    """However they fall, the events add up to what was changed, and a bounce is in the figures."""
    async with desk(tmp_path) as engine:
        two = await engine.accept("a@example.net", "b@example.net")
        one = await engine.accept("c@example.net", "d@example.com")
        done = await engine.link.ask(BounceMessages(query=QUERY, reason="moved"))
        assert (done.messages, done.recipients) == (2, 3)
        assert {event.id: event.recipients for event in engine.acted} == {two: 2, one: 1}
        assert (await engine.link.ask(GetStatus())).bounced == 3


async def test_a_bounce_with_another_class_changes_nothing(tmp_path: Path) -> None:
    """A temporary code cannot return mail for good."""
    async with desk(tmp_path) as engine:
        id = await engine.accept()  # noqa: A001
        with pytest.raises(RequestUnclear, match="class 5"):
            await engine.link.ask(BounceMessages(ids=(id,), status="4.7.0"))
        assert engine.acted == []


async def test_messages_are_rerouted_for_a_time(tmp_path: Path) -> None:
    """View, `why` and timeline tell where they go; `--back` takes it back."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("bob@example.net")  # noqa: A001
        link = engine.link.acting("ada")
        request = RerouteMessages(ids=(id,), to="mx.example.com", seconds=7200, reason="backup")
        await link.ask(request)
        (acted,) = engine.acted
        assert (acted.action, acted.reason) == ("reroute", "to mx.example.com:25: backup")
        (row,) = (await link.ask(ViewMessage(id=id))).recipients
        assert (row.next_hop, row.next_hop_until) == (
            "mx.example.com:25",
            engine.clock.now() + 7200,
        )
        (why,) = (await link.ask(ExplainMessage(id=id))).recipients
        assert "; an operator re-routed it to mx.example.com:25 until 2026-" in why.sentence
        await link.ask(RerouteMessages(ids=(id,)))
        (row,) = (await link.ask(ViewMessage(id=id))).recipients
        assert row.next_hop == ""


@pytest.mark.parametrize(("to", "seconds"), [("a b", None), ("mx:0", None), ("mx.test", -1)])
async def test_a_bad_next_hop_is_refused(tmp_path: Path, to: str, seconds: float | None) -> None:
    """No host name, no port, no time to come: nothing changes."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        with pytest.raises(RequestUnclear):
            await engine.link.ask(RerouteMessages(query=QUERY, to=to, seconds=seconds))
        assert engine.acted == []


async def test_a_destination_is_rerouted_until_it_ends(tmp_path: Path) -> None:
    """Its mail goes there at once and after a restart; the list says by whom, why, how long."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("bob@example.net")  # noqa: A001
        link, now = engine.link.acting("ada"), engine.clock.now()
        for _ in range(5):
            engine.figures.gates.breakers.failed(NET, now, "dead")
        found = await link.ask(
            RerouteDestination(
                destination=NET,
                to=("mx.example.com", "192.0.2.1:2525"),
                seconds=60,
                reason="moving",
            )
        )
        gate = GateItem(
            destination=NET,
            gate="override",
            state="re-routed to mx.example.com:25, 192.0.2.1:2525",
            until=now + 60,
            reason="moving",
            actor="ada",
            since=now,
        )
        # What failures taught was about the other servers: it holds nothing from the new ones.
        assert found.gates == (gate,)
        (row,) = (await link.ask(ViewMessage(id=id))).recipients
        assert row.next_hop == "mx.example.com:25, 192.0.2.1:2525"
        assert row.next_hop_until == now + 60
        (why,) = (await link.ask(ExplainMessage(id=id))).recipients
        assert "an operator re-routed it to mx.example.com:25" in why.sentence
        (event,) = [
            each
            for each in engine.published
            if isinstance(each, DestinationGated) and "re-routed" in each.action
        ]
        assert (event.actor, event.reason, event.until) == ("ada", "moving", now + 60)
    async with desk(tmp_path) as engine:
        await load_overrides(engine.store, engine.finder)
        assert (await engine.link.ask(ListGates())).gates == (gate,)
        (override,) = (await engine.link.ask(ListDnsOverrides())).overrides
        assert (override.actor, override.reason) == ("ada", "moving")
        route = await engine.finder.find(NET)
        assert isinstance(route, Route)
        assert [target.host for target in route.targets] == ["mx.example.com", "192.0.2.1"]
        engine.clock.advance(60)
        assert (await engine.link.ask(ListGates())).gates == ()


async def test_a_route_is_restored(tmp_path: Path) -> None:
    """What `dns set-override` set is the same thing; without one it is refused."""
    async with desk(tmp_path) as engine:
        with pytest.raises(NotFound, match="no override"):
            await engine.link.ask(RestoreRoute(destination=NET))
        await engine.link.ask(SetDnsOverride(domain=NET, hosts=("mx.example.com",)))
        assert len((await engine.link.ask(ListGates())).gates) == 1
        assert (await engine.link.ask(RestoreRoute(destination=NET))).gates == ()
        assert engine.finder.overrides() == {}


async def test_the_record_says_who_did_what_when_and_why(tmp_path: Path) -> None:
    """Every change of mail and of destinations, newest first, with its reason and expiry."""
    async with desk(tmp_path) as engine:
        ids = [await engine.accept(f"u{number}@example.net") for number in range(7)]
        link, now = engine.link.acting("ada"), engine.clock.now()
        for request in (
            HoldMessages(query=QUERY, reason="odd"),
            ReleaseMessages(ids=tuple(ids), reason="fine"),
            PrioritizeMessages(ids=(ids[0],), priority="high", reason="asked"),
            FlushQueue(reason="now"),
            RerouteMessages(ids=(ids[1],), to="mx.example.com", seconds=60, reason="try"),
            BounceMessages(ids=(ids[1],), reason="no"),
            DeleteMessages(ids=(ids[2],), reason="spam"),
            SuspendDestination(destination=NET, seconds=90, reason="moving"),
            RerouteDestination(destination=NET, to=("b.example",), reason="moved"),
        ):
            await link.ask(request)
        found = [item.record for item in (await link.ask(ListRecord())).items]
        assert {one.actor for one in found} == {"ada"}
        assert {one.at for one in found} == {now}
        assert all(one.finished for one in found)
        shown = [(one.action, one.detail, one.reason, one.messages, one.until) for one in found]
        assert shown == [
            ("reroute", "to b.example:25", "moved", None, None),
            ("suspend", "", "moving", None, now + 90),
            ("delete", "", "spam", 1, None),
            ("bounce", "5.7.0", "no", 1, None),
            ("reroute", "to mx.example.com:25", "try", 1, now + 60),
            ("flush", "", "now", 7, None),
            ("priority", "high", "asked", 1, None),
            ("release", "", "fine", 7, None),
            ("hold", "", "odd", 7, None),
        ]
        assert found[8].target == QUERY
        assert found[7].target == f"{' '.join(ids[:5])} and 2 more"
        assert (found[5].target, found[0].target) == ("all that waits", "example.net")


async def test_the_record_is_read_in_pages(tmp_path: Path) -> None:
    """`before` goes on where a page ended; a refused change is not on record."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        for number in range(3):
            await engine.link.ask(HoldMessages(query=QUERY, reason=str(number)))
        with pytest.raises(NotFound):
            await engine.link.ask(DeleteMessages(ids=(MessageId("0197a8c0f3e41b2c"),)))
        page = (await engine.link.ask(ListRecord(limit=2))).items
        assert [item.record.reason for item in page] == ["2", "1"]
        rest = (await engine.link.ask(ListRecord(limit=2, before=page[-1].number))).items
        assert [item.record.reason for item in rest] == ["0"]
        with pytest.raises(RequestUnclear, match="limit"):
            await engine.link.ask(ListRecord(limit=0))


async def test_a_change_that_was_cut_short_stays_on_record(tmp_path: Path) -> None:
    """It is noted before it begins, as unfinished."""
    async with desk(tmp_path) as engine:
        noted = OperatorRecord(
            at=engine.clock.now(), actor="ada", action="delete", target=QUERY, finished=False
        )
        await engine.store.note(noted)
        (item,) = (await engine.link.ask(ListRecord())).items
        assert not item.record.finished


async def test_a_reroute_leaves_the_breaker_that_an_operator_opened(tmp_path: Path) -> None:
    """That was a decision about the destination: it holds until its time or its closing, both
    when mail is re-routed and when its route is restored.
    """
    async with desk(tmp_path) as engine:
        link = engine.link.acting("ada")
        await link.ask(OpenBreaker(destination=NET, seconds=60, reason="be quiet"))
        moved = await link.ask(RerouteDestination(destination=NET, to=("mx.example.com",)))
        assert [(each.gate, each.actor) for each in moved.gates] == [
            ("breaker", "ada"),
            ("override", "ada"),
        ]
        back = await link.ask(RestoreRoute(destination=NET))
        assert [(each.gate, each.reason) for each in back.gates] == [("breaker", "be quiet")]


async def test_dev_mode_reroutes_no_destination(tmp_path: Path) -> None:
    """There nothing is sent; the sentence says so."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        engine.link._engine = None
        with pytest.raises(RequestRefused, match="dev mode"):
            await engine.link.ask(RerouteDestination(destination=NET, to=("a.example",)))


async def test_dev_mode_returns_nothing_to_senders(tmp_path: Path) -> None:
    """A notification would leave the machine once the mode is changed."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        await engine.accept(hold="captured in dev mode")
        with pytest.raises(RequestRefused, match="In dev mode nothing leaves the machine"):
            await engine.link.ask(BounceMessages(query=QUERY))
