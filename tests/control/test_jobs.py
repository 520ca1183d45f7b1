"""Jobs and undo, asked over a real spool."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from empath.config.units import Duration
from empath.control.jobs import AT_ONCE, GONE, RUNNING_MOST, JobRunner, Step, Steps
from empath.control.ledger import Ledger
from empath.control.link import (
    BounceMessages,
    CancelJob,
    Changed,
    DeleteMessages,
    FlushQueue,
    HoldMessages,
    JobItem,
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
    UndoJob,
    ViewMessage,
)
from empath.events import SpoolFault, TaskFailed
from empath.spool.jobs import CUT_SHORT, Job
from tests.fakes.ended_job import ended
from tests.fakes.eventually import eventually
from tests.fakes.mail import TAKEN, record
from tests.fakes.operator_desk import desk, fill

NET = "dest:example.net"


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


async def test_a_job_that_met_a_bug_says_how_far_it_was(tmp_path: Path) -> None:
    """What it had changed stays on its record, and can be taken back."""
    async with desk(tmp_path) as engine:
        runner = JobRunner(spool=engine.store, bus=engine.bus, clock=engine.clock)
        job = Job(
            action="hold", target="all", actor="ada", total=2000, started_at=1.0, undoable=True
        )

        async def steps() -> Steps:
            yield Step(500, 400, 450)
            raise KeyError("x")

        async def end(_: Job) -> None: ...

        async with asyncio.TaskGroup() as group:
            running = group.create_task(runner.run())
            number = await engine.store.begin_job(job)
            runner.start(number, job, steps(), end)
            await eventually(lambda: any(isinstance(e, TaskFailed) for e in engine.published))
            item = await until_failed(runner)
            running.cancel()
        assert (item.done, item.messages, item.recipients) == (500, 400, 450)
        assert item.undoable
        assert item.note == "ended on an error of its own: KeyError: 'x'"


async def until_failed(runner: JobRunner) -> JobItem:
    """The newest job, once it is written down that it failed."""
    async with asyncio.timeout(5):
        while True:
            (item,) = await runner.listed(1)
            if item.note:
                return item
            await asyncio.sleep(0)


async def test_a_job_whose_operator_went_away_says_so(tmp_path: Path) -> None:
    """It ends between two lots; what was done until then stays, and is counted."""
    async with desk(tmp_path) as engine:
        runner = JobRunner(spool=engine.store, bus=engine.bus, clock=engine.clock)
        ledger = Ledger(spool=engine.store, bus=engine.bus, clock=engine.clock, actor="ada")
        job = Job(action="hold", target="all", actor="ada", total=900, started_at=1.0)
        halfway = asyncio.Event()

        async def steps(_: int) -> Steps:
            yield Step(500, 400, 450)
            halfway.set()
            await asyncio.Event().wait()

        engine.clock.advance(60)
        asked = runner.carry_out(job, steps, ledger, reason="")
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(asked)
            await halfway.wait()
            (running,) = await runner.listed(1)
            assert (running.state, running.done) == ("running", 500)
            asking.cancel()
        (item,) = await runner.listed(1)
        assert (item.state, item.messages, item.note) == ("failed", 400, GONE)
        assert item.ended_at == engine.clock.now()
