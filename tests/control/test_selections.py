"""Selections, asked over a real spool."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.control.link import (
    CancelJob,
    DeleteMessages,
    HoldMessages,
    LinkReadOnly,
    ListJobs,
    ListQueue,
    NotFound,
    QueueChange,
    ReleaseMessages,
    RequestRefused,
    SelectMessages,
    UndoJob,
    ViewMessage,
)
from empath.control.selections import LASTS, MOST
from empath.query import parse_query
from tests.fakes.mail import TAKEN, record
from tests.fakes.operator_desk import desk, fill

NET = "dest:example.net"


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


async def test_what_is_final_does_not_count_into_a_selection(tmp_path: Path) -> None:
    """Neither as messages nor by its octets: nothing can be done to it."""
    async with desk(tmp_path) as engine:
        await fill(engine, 3)
        await engine.link.ask(DeleteMessages(query=NET))
        chosen = await engine.link.ask(SelectMessages(query="state:deleted"))
        assert (chosen.messages, chosen.recipients, chosen.octets) == (0, 0, 0)
