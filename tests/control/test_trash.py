"""The trash, asked over a real spool: list, restore, empty, and what `why` says meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from empath.control.jobs import AT_ONCE
from empath.control.link import (
    DeleteMessages,
    EmptyTrash,
    ExplainMessage,
    GetSpool,
    GetStatus,
    HoldMessages,
    ListJobs,
    ListQueue,
    ListRecord,
    ListTrash,
    NotFound,
    ReadContent,
    Request,
    RequestRefused,
    RequestUnclear,
    RestoreTrash,
    UndoJob,
)
from empath.envelope import MessageId
from tests.fakes.ended_job import ended
from tests.fakes.operator_desk import Desk, desk

NET = "dest:example.net"
STRANGER = MessageId("0123456789abcdef")


async def deleted(engine: Desk, count: int) -> tuple[list[MessageId], str]:
    """So many messages in the trash, and the job that deleted them."""
    ids = [await engine.accept(f"u{number}@example.net") for number in range(count)]
    done = await engine.link.ask(DeleteMessages(query=NET, reason="junk"))
    assert done.messages == count
    return ids, done.undo


async def test_deleted_messages_are_listed_and_restored(tmp_path: Path) -> None:
    """By id: the rest stays where it is; record and timeline say who had them back."""
    async with desk(tmp_path) as engine:
        ids, job = await deleted(engine, 3)
        trash = await engine.link.ask(ListTrash())
        assert (trash.messages, trash.cursor) == (3, "")
        (first,) = (item for item in trash.items if item.id == ids[0])
        assert (first.recipient, first.recipients, first.job) == ("u0@example.net", 1, job)
        assert first.gone_at - first.deleted_at == 86400
        report = await engine.link.ask(GetSpool())
        assert (report.trash_messages, report.trash_octets) == (3, trash.octets)
        assert (await engine.link.ask(ReadContent(id=ids[0]))).text.endswith("Hello\r\n")
        dry = await engine.link.ask(RestoreTrash(ids=(ids[0],), dry_run=True))
        assert dry.preview is not None
        assert (dry.preview.messages, dry.preview.recipients) == (1, 1)
        done = await engine.link.ask(RestoreTrash(ids=(ids[0], STRANGER), reason="not junk"))
        assert (done.messages, done.recipients, done.unknown) == (1, 1, (STRANGER,))
        assert [item.id for item in (await engine.link.ask(ListQueue())).items] == [ids[0]]
        assert (await engine.link.ask(ListTrash())).messages == 2
        last = (await engine.link.ask(ListRecord())).items[0].record
        assert (last.action, last.messages, last.reason) == ("restore", 1, "not junk")
        assert [event.action for event in engine.acted][-1] == "restore"


async def test_a_message_that_is_named_twice_is_restored_once(tmp_path: Path) -> None:
    """Its recipients are counted once, in the answer and in the figures of the queue."""
    async with desk(tmp_path) as engine:
        ids, _ = await deleted(engine, 2)
        done = await engine.link.ask(RestoreTrash(ids=(ids[0], ids[0], STRANGER, STRANGER)))
        assert (done.messages, done.recipients, done.unknown) == (1, 1, (STRANGER,))
        assert (await engine.link.ask(GetStatus())).queued == 1


async def test_no_job_has_the_number_zero(tmp_path: Path) -> None:
    """A slip of the pen does not stand for all that was ever deleted."""
    async with desk(tmp_path) as engine:
        await deleted(engine, 1)
        with pytest.raises(RequestUnclear, match='"job-0" is not the name of a job'):
            await engine.link.ask(RestoreTrash(job="job-0", dry_run=True))


async def test_a_job_is_restored_as_it_is_undone(tmp_path: Path) -> None:
    """`trash restore job-1` and `job undo job-1` are the same."""
    async with desk(tmp_path) as engine:
        _, job = await deleted(engine, 3)
        done = await engine.link.ask(RestoreTrash(job=job))
        assert done.messages == 3
        assert {each.state for each in (await engine.link.ask(ListJobs())).items} == {
            "done",
            "undone",
        }
        with pytest.raises(NotFound, match="Not in the trash"):
            await engine.link.ask(RestoreTrash(job=job))


async def test_what_was_restored_one_by_one_is_not_undone_again(tmp_path: Path) -> None:
    """A job whose messages are all back, or gone for good, cannot be undone."""
    async with desk(tmp_path) as engine:
        ids, job = await deleted(engine, 2)
        await engine.link.ask(RestoreTrash(ids=(ids[0],)))
        assert (await engine.link.ask(UndoJob(id=job, dry_run=True))).preview is not None
        await engine.link.ask(EmptyTrash(expect=1))
        with pytest.raises(RequestRefused, match="cannot be undone"):
            await engine.link.ask(UndoJob(id=job))


async def test_the_trash_is_emptied(tmp_path: Path) -> None:
    """For good, when it holds as many as expected; what is deleted meanwhile stays."""
    async with desk(tmp_path) as engine:
        ids, _ = await deleted(engine, 3)
        with pytest.raises(RequestRefused, match="The trash holds 3 messages, not 2"):
            await engine.link.ask(EmptyTrash(expect=2))
        dry = await engine.link.ask(EmptyTrash(dry_run=True))
        assert dry.preview is not None
        assert dry.preview.messages == 3
        done = await engine.link.ask(EmptyTrash(expect=3, reason="tidy"))
        assert (done.messages, done.undo) == (3, "")
        assert (await engine.link.ask(ListTrash())).items == ()
        with pytest.raises(NotFound):
            await engine.link.ask(RestoreTrash(ids=tuple(ids)))
        last = (await engine.link.ask(ListRecord())).items[0].record
        assert (last.action, last.target, last.messages) == ("empty", "the trash", 3)


async def test_a_great_trash_is_restored_and_emptied_in_the_background(tmp_path: Path) -> None:
    """Both are jobs; the list is read in pages."""
    count = AT_ONCE + 5
    async with desk(tmp_path) as engine:
        await asyncio.gather(*(engine.accept(f"u{each}@example.net") for each in range(count)))
        for action in ("restore", "empty"):
            done = await engine.link.ask(DeleteMessages(query=NET))
            assert (await ended(engine, done.job)).messages == count
            seen, cursor = 0, ""
            while True:
                page = await engine.link.ask(ListTrash(cursor=cursor, limit=400))
                seen += len(page.items)
                cursor = page.cursor
                if not cursor:
                    break
            assert seen == page.messages == count
            again: Request[Any] = (
                RestoreTrash(job=done.job) if action == "restore" else EmptyTrash()
            )
            begun = await engine.link.ask(again)
            job = await ended(engine, begun.job)
            assert (job.state, job.messages) == ("done", count)
        assert (await engine.link.ask(ListTrash())).messages == 0
        assert (await engine.link.ask(ListQueue())).matched == 0


async def test_why_names_who_held_what_was_deleted_and_restored(tmp_path: Path) -> None:
    """Who deleted it is named while it is deleted; who held it, once it is back."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("u@example.net")  # noqa: A001
        await engine.link.acting("ada").ask(HoldMessages(ids=(id,), reason="odd"))
        await engine.link.acting("bob").ask(DeleteMessages(ids=(id,)))
        (gone,) = (await engine.link.ask(ExplainMessage(id=id))).recipients
        assert "bob" in gone.sentence
        await engine.link.acting("eve").ask(RestoreTrash(ids=(id,)))
        (back,) = (await engine.link.ask(ExplainMessage(id=id))).recipients
        assert "ada" in back.sentence
        assert "odd" in back.sentence


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (RestoreTrash(), "either the ids"),
        (RestoreTrash(ids=(STRANGER,), job="job-1"), "either the ids"),
        (RestoreTrash(ids=(STRANGER,)), f"Not in the trash: {STRANGER}"),
        (RestoreTrash(job="job-77"), "Not in the trash: job-77"),
        (RestoreTrash(job="x"), "such as job-12"),
        (ListTrash(limit=0), "from 1 to 1000"),
        (ListTrash(cursor="x"), "the page before"),
        (EmptyTrash(expect=1), "holds 0 messages"),
    ],
)
async def test_what_cannot_be_is_refused(tmp_path: Path, request_: Request[Any], why: str) -> None:
    """With a sentence."""
    async with desk(tmp_path) as engine:
        with pytest.raises(RequestRefused, match=why) as refusal:
            await engine.link.ask(request_)
        assert isinstance(refusal.value, RequestUnclear | NotFound) or "holds" in why
