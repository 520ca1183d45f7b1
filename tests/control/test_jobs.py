"""Selections, jobs and undo, asked over a real spool."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from empath.config.units import Duration
from empath.control.jobs import AT_ONCE, RUNNING_MOST
from empath.control.link import (
    BounceMessages,
    CancelJob,
    Changed,
    DeleteMessages,
    FlushQueue,
    HoldMessages,
    LinkReadOnly,
    ListJobs,
    ListQueue,
    ListRecord,
    NotFound,
    PrioritizeMessages,
    QueueChange,
    ReleaseMessages,
    RequestRefused,
    RequestUnclear,
    RerouteMessages,
    RetryMessages,
    SelectMessages,
    UndoJob,
    ViewMessage,
)
from empath.control.selections import LASTS, MOST
from empath.events import SpoolFault
from empath.query import parse_query
from empath.spool.jobs import CUT_SHORT
from tests.fakes.ended_job import ended
from tests.fakes.eventually import eventually
from tests.fakes.mail import TAKEN, record
from tests.fakes.operator_desk import Desk, desk

NET = "dest:example.net"


async def fill(engine: Desk, count: int, domain: str = "example.net") -> None:
    """Have so many messages accepted."""
    drafts = (engine.accept(f"u{number}@{domain}") for number in range(count))
    await asyncio.gather(*drafts)


async def test_a_selection_is_frozen(tmp_path: Path) -> None:
    """What comes later is never in it, what has gone is left alone, what changed is still in."""
    async with desk(tmp_path) as engine:
        await fill(engine, 5)
        chosen = await engine.link.ask(SelectMessages(query="state:queued"))
        assert (chosen.messages, chosen.recipients, chosen.query) == (5, 5, "state:queued")
        assert chosen.oldest_at is not None
        assert chosen.octets > 0
        await fill(engine, 3)
        (first,) = await engine.store.due(engine.clock.now(), limit=1, per_destination=1)
        assert engine.store.begin(first) is not None
        await record(engine.store, first, TAKEN)
        await engine.store.hold(
            parse_query("rcpt:~u1@"), actor="another", reason="his", at=engine.clock.now()
        )
        held = HoldMessages(selection=chosen.id, expect=5, reason="mine")
        done = await engine.link.ask(held)
        assert done.messages in (2, 3)
        released = await engine.link.ask(ReleaseMessages(selection=chosen.id))
        assert released.messages == 4
        states = [item.state for item in (await engine.link.ask(ListQueue())).items]
        assert sorted(states) == ["held"] + ["queued"] * 6


async def test_a_selection_means_the_recipients_of_its_filter(tmp_path: Path) -> None:
    """Of a message with recipients elsewhere only those that were selected are changed."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("a@example.net", "b@example.com")  # noqa: A001
        chosen = await engine.link.ask(SelectMessages(query=NET))
        assert (chosen.messages, chosen.recipients) == (1, 1)
        dry = await engine.link.ask(HoldMessages(selection=chosen.id, dry_run=True))
        assert dry.preview is not None
        assert [each.destination for each in dry.preview.destinations] == ["example.net"]
        await engine.link.ask(HoldMessages(selection=chosen.id))
        view = await engine.link.ask(ViewMessage(id=id))
        assert {each.address: each.state for each in view.recipients} == {
            "a@example.net": "held",
            "b@example.com": "queued",
        }


async def test_a_selection_has_only_what_waits(tmp_path: Path) -> None:
    """Finished messages are in none, however they are named: nothing can be done to them."""
    async with desk(tmp_path) as engine:
        await fill(engine, 2)
        (lot,) = await engine.store.due(engine.clock.now(), limit=1, per_destination=1)
        assert engine.store.begin(lot) is not None
        await record(engine.store, lot, TAKEN)
        for query in ("state:delivered", f"id:{lot.id}"):
            assert (await engine.link.ask(SelectMessages(query=query))).messages == 0
        everything = await engine.link.ask(SelectMessages(query="!state:held"))
        assert (everything.messages, everything.recipients) == (1, 1)


async def test_a_selection_ends(tmp_path: Path) -> None:
    """After fifteen minutes, or when many came after it, its name means nothing any more."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        first = await engine.link.ask(SelectMessages())
        engine.clock.advance(LASTS - 1)
        assert (await engine.link.ask(HoldMessages(selection=first.id, dry_run=True))).preview
        engine.clock.advance(1)
        with pytest.raises(NotFound, match="15 minutes"):
            await engine.link.ask(DeleteMessages(selection=first.id))
        second = await engine.link.ask(SelectMessages())
        names = {(await engine.link.ask(SelectMessages())).id for _ in range(MOST)}
        assert len(names | {first.id, second.id}) == MOST + 2
        with pytest.raises(NotFound, match="no selection"):
            await engine.link.ask(DeleteMessages(selection=second.id))


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (HoldMessages(selection="{}", expect=3), "2 messages are in the selection, not 3"),
        (HoldMessages(selection="{}", query=NET), "a selection alone"),
        (HoldMessages(selection="s-none"), "no selection s-none"),
        (UndoJob(), "You have changed nothing lately"),
        (UndoJob(id="x"), "such as job-12"),
        (UndoJob(id="job-99"), "There is no job-99"),
        (CancelJob(id="99"), "There is no job-99"),
        (ListJobs(limit=0), "from 1 to 100"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    tmp_path: Path, request_: QueueChange, why: str
) -> None:
    """With a sentence, and nothing is changed."""
    async with desk(tmp_path) as engine:
        await fill(engine, 2)
        chosen = await engine.link.ask(SelectMessages(query=NET))
        if isinstance(request_, QueueChange):
            name = request_.selection.format(chosen.id)
            fields = {field: getattr(request_, field) for field in request_.__struct_fields__}
            request_ = type(request_)(**{**fields, "selection": name.replace("{}", chosen.id)})
        with pytest.raises(RequestRefused, match=why):
            await engine.link.ask(request_)
        assert engine.acted == []


async def test_a_link_that_may_only_look_selects_and_changes_nothing(tmp_path: Path) -> None:
    """Listing jobs is looking; cancel and undo are not, nor is selecting: there is room for few
    selections, and an operator's would have to go.
    """
    async with desk(tmp_path) as engine:
        await engine.accept()
        looking = engine.link.acting("eve", read_only=True)
        assert (await looking.ask(ListJobs())).items == ()
        for request in (UndoJob(), CancelJob(id="job-1"), SelectMessages()):
            with pytest.raises(LinkReadOnly):
                await looking.ask(request)


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (HoldMessages(query=NET, reason="spam"), f"hold {NET}"),
        (DeleteMessages(query=NET), f"delete {NET}"),
        (PrioritizeMessages(query=NET, priority="bulk"), f"priority bulk {NET}"),
        (RerouteMessages(query=NET, to="mx.test:26"), f"reroute to mx.test:26 {NET}"),
    ],
)
async def test_a_small_change_is_a_job_that_can_be_undone(
    tmp_path: Path, request_: QueueChange, what: str
) -> None:
    """By its name or as the last one, once; record and job say who, what and what came of it."""
    async with desk(tmp_path) as engine:
        await fill(engine, 3)
        before = (await engine.link.ask(ListQueue(sort="age"))).items
        ada = engine.link.acting("ada(uid 1) pid 7")
        done = await ada.ask(request_)
        assert (done.messages, done.job) == (3, "")
        (job,) = (await engine.link.ask(ListJobs())).items
        assert (job.id, job.what, job.state, job.undoable) == (done.undo, what, "done", True)
        assert (job.done, job.total, job.messages, job.recipients) == (3, 3, 3, 3)
        with pytest.raises(NotFound, match="You have changed nothing"):
            await engine.link.acting("bob(uid 2) pid 8").ask(UndoJob())
        dry = await ada.ask(UndoJob(dry_run=True))
        assert dry.preview is not None
        assert (dry.preview.messages, dry.preview.recipients) == (3, 3)
        back = await engine.link.acting("ada(uid 1) pid 9").ask(UndoJob(reason="a slip"))
        assert (back.messages, back.recipients, back.note) == (3, 3, "")
        assert (await engine.link.ask(ListQueue(sort="age"))).items == before
        undone, first = (await engine.link.ask(ListJobs())).items
        assert (undone.what, undone.undoable) == (f"undo {job.id}: {what}", False)
        assert (first.state, first.undoable) == ("undone", False)
        with pytest.raises(RequestRefused, match="undone already"):
            await ada.ask(UndoJob(id=job.id))
        with pytest.raises(RequestRefused, match="make the change again"):
            await ada.ask(UndoJob(id=undone.id))
        records = [each.record for each in (await engine.link.ask(ListRecord())).items]
        assert [(each.action, each.actor, each.messages, each.reason) for each in records] == [
            ("undo", "ada(uid 1) pid 9", 3, "a slip"),
            (records[1].action, "ada(uid 1) pid 7", 3, request_.reason),
        ]
        assert len(engine.acted) == 6


async def test_a_release_is_undone(tmp_path: Path) -> None:
    """Released mail is held again, for the reason it was held for."""
    async with desk(tmp_path) as engine:
        id = await engine.accept(hold="looks odd")  # noqa: A001
        done = await engine.link.ask(ReleaseMessages(ids=(id,)))
        assert (await engine.link.ask(UndoJob(id=done.undo))).messages == 1
        (recipient,) = (await engine.link.ask(ViewMessage(id=id))).recipients
        assert (recipient.state, recipient.hold_reason) == ("held", "looks odd")


async def test_what_was_delivered_meanwhile_is_told(tmp_path: Path) -> None:
    """The note counts what an undo leaves alone."""
    async with desk(tmp_path) as engine:
        await fill(engine, 3)
        done = await engine.link.ask(PrioritizeMessages(query=NET, priority="high"))
        lots = await engine.store.due(engine.clock.now(), limit=2, per_destination=9)
        for lot in lots:
            assert engine.store.begin(lot) is not None
        await record(engine.store, lots[0], TAKEN)
        back = await engine.link.ask(UndoJob(id=done.undo))
        assert (back.messages, back.in_flight) == (1, 1)
        assert back.note == (
            "1 recipient was delivered or changed meanwhile and 1 recipient was being delivered:"
            " left alone"
        )


@pytest.mark.parametrize("request_", [RetryMessages(query=NET), FlushQueue()])
async def test_an_attempt_is_not_undone(
    tmp_path: Path, request_: RetryMessages | FlushQueue
) -> None:
    """A small retry is no job; a great one is, and says that it cannot be taken back."""
    async with desk(tmp_path) as engine:
        await fill(engine, 2)
        assert (await engine.link.ask(request_)).undo == ""
        assert (await engine.link.ask(ListJobs())).items == ()
        await fill(engine, AT_ONCE)
        great = await engine.link.ask(request_)
        job = await ended(engine, great.job)
        assert (job.state, job.messages, job.undoable) == ("done", AT_ONCE + 2, False)
        with pytest.raises(RequestRefused, match="an attempt cannot be taken back"):
            await engine.link.ask(UndoJob(id=job.id))


async def test_a_bounce_is_not_undone(tmp_path: Path) -> None:
    """The senders have been told."""
    async with desk(tmp_path) as engine:
        await fill(engine, AT_ONCE + 1)
        great = await engine.link.ask(BounceMessages(query=NET, reason="gone"))
        assert (await ended(engine, great.job)).messages == AT_ONCE + 1
        with pytest.raises(RequestRefused, match="the senders have been told"):
            await engine.link.ask(UndoJob(id=great.job))


async def test_a_great_change_runs_beside_everything_else(tmp_path: Path) -> None:
    """It is answered at once with the name of its job; the loop is never held for long."""
    count = 2 * AT_ONCE
    async with desk(tmp_path) as engine:
        await fill(engine, count)
        lags: list[float] = []

        async def watch() -> None:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(0.001)
                lags.append(time.perf_counter() - began)

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            done = await engine.link.ask(HoldMessages(query=NET, reason="busy"))
            assert (done.messages, done.undo) == (0, "")
            assert f"{done.job} does it: {count:,} messages" == done.note
            await fill(engine, 5, "later.test")
            job = await ended(engine, done.job)
            back = await engine.link.ask(UndoJob(id=done.job))
            undone = await ended(engine, back.job)
            watching.cancel()
        assert (job.done, job.total, job.messages, job.undoable) == (count, count, count, True)
        assert (undone.state, undone.messages) == ("done", count)
        lags.sort()
        assert lags[len(lags) * 9 // 10] < 0.1
        status = await engine.store.stats()
        assert status.messages == count + 5
        assert sum(status.recipients.values()) == count + 5
        queue = await engine.link.ask(ListQueue(query="state:queued", limit=1))
        assert queue.matched == count + 5
        record_ = (await engine.link.ask(ListRecord())).items[1].record
        assert (record_.action, record_.messages, record_.finished) == ("hold", count, True)


async def test_a_job_is_cancelled_between_two_lots(tmp_path: Path) -> None:
    """What was done stays, is counted, and can be undone; the rest was not touched."""
    count = 2 * AT_ONCE
    async with desk(tmp_path) as engine:
        await fill(engine, count)
        done = await engine.link.ask(HoldMessages(query=NET))
        item = await engine.link.ask(CancelJob(id=done.job))
        assert item.state == "running"
        job = await ended(engine, done.job)
        assert job.state == "cancelled"
        assert 0 < job.messages < count
        held = await engine.link.ask(ListQueue(query="state:held", limit=1))
        assert held.matched == job.messages
        with pytest.raises(RequestRefused, match="does not run: it is cancelled"):
            await engine.link.ask(CancelJob(id=done.job))
        back = await engine.link.ask(UndoJob())
        if back.job:
            await ended(engine, back.job)
        held = await engine.link.ask(ListQueue(query="state:held", limit=1))
        assert held.matched == 0
        actions = [each.record.action for each in (await engine.link.ask(ListRecord())).items]
        assert actions == ["undo", "cancel", "hold"]


async def test_an_engine_that_stops_cuts_a_job_short(tmp_path: Path) -> None:
    """The next start says so; what was done until then can be undone, and nothing is lost."""
    count = 2 * AT_ONCE
    async with desk(tmp_path) as engine:
        await fill(engine, count)
        begun = await engine.link.ask(HoldMessages(query=NET, reason="busy"))
    async with desk(tmp_path) as engine:
        job = await ended(engine, begun.job)
        assert (job.state, job.note, job.undoable) == ("failed", CUT_SHORT, True)
        held = (await engine.link.ask(ListQueue(query="state:held", limit=1))).matched
        assert held < count
        if held:
            back = await engine.link.acting(job.actor).ask(UndoJob())
            assert (back.job and (await ended(engine, back.job)).messages) or back.messages == held
        waiting = await engine.link.ask(ListQueue(query="state:queued", limit=1))
        assert waiting.matched == count
        record_ = (await engine.link.ask(ListRecord())).items[-1].record
        assert (record_.action, record_.finished) == ("hold", False)


async def test_a_spool_that_refuses_ends_a_job(tmp_path: Path) -> None:
    """The job failed, with the spool's sentence; who looks is told of the fault."""
    async with desk(tmp_path) as engine:
        await fill(engine, 2 * AT_ONCE)
        await engine.link.ask(HoldMessages(query=NET))
        await engine.store.close()
        await eventually(lambda: any(isinstance(each, SpoolFault) for each in engine.published))


async def test_only_so_many_jobs_run_at_once(tmp_path: Path) -> None:
    """One more is refused before anything of it is done."""
    async with desk(tmp_path) as engine:
        await fill(engine, 2 * AT_ONCE)
        asked = (engine.link.ask(FlushQueue()) for _ in range(RUNNING_MOST + 2))
        done = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in done if isinstance(each, RequestRefused)]
        assert refused
        assert all("run already" in str(each) for each in refused)
        for each in done:
            if isinstance(each, Changed):
                assert (await ended(engine, each.job)).state == "done"
        noted = (await engine.link.ask(ListRecord())).items
        assert len(noted) == RUNNING_MOST + 2 - len(refused)


async def test_without_a_trash_a_delete_is_for_good(tmp_path: Path) -> None:
    """With `spool.trash_for` 0 nothing is kept and nothing can be undone."""
    async with desk(tmp_path) as engine:
        id = await engine.accept()  # noqa: A001
        spool = engine.config.spool
        values = {name: getattr(spool, name) for name in spool.__struct_fields__}
        engine.configure(spool=type(spool)(**{**values, "trash_for": Duration(0)}))
        done = await engine.link.ask(DeleteMessages(ids=(id,)))
        assert (done.messages, done.undo) == (1, "")
        assert not (await engine.link.ask(ViewMessage(id=id))).body_stored
        with pytest.raises(NotFound):
            await engine.link.ask(UndoJob())


async def test_a_change_of_nothing_is_no_job(tmp_path: Path) -> None:
    """What matches nothing leaves nothing to undo."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net")
        done = await engine.link.ask(HoldMessages(query="dest:nowhere.test"))
        assert (done.messages, done.undo, done.job) == (0, "", "")
        assert (await engine.link.ask(ListJobs())).items == ()
        with pytest.raises(RequestUnclear, match="expect"):
            await engine.link.ask(HoldMessages(query=NET, expect=-1))
