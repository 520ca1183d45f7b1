"""An operator's changes of the queue, over a real spool."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from empath.config.model import Mode
from empath.control.link import (
    DeleteMessages,
    FlushQueue,
    HoldMessages,
    ListDestinations,
    ListQueue,
    NotFound,
    PrioritizeMessages,
    ReleaseMessages,
    RequestRefused,
    RetryMessages,
    ViewMessage,
)
from empath.envelope import MessageId
from tests.fakes.operator_desk import desk

STRANGER = MessageId("0197a8c0f3e41b2c")


async def test_a_change_of_priority(tmp_path: Path) -> None:
    """3.6-3: waiting mail gets another class; list, view, timeline and events tell of it."""
    async with desk(tmp_path) as engine:
        id = await engine.accept()  # noqa: A001
        link = engine.link.acting("ada")
        done = await link.ask(PrioritizeMessages(ids=(id,), priority="critical"))
        assert (done.messages, done.recipients, done.in_flight) == (1, 1, 0)
        (item,) = (await link.ask(ListQueue())).items
        assert item.priority == "critical"
        view = await link.ask(ViewMessage(id=id))
        assert view.priority == "critical"
        (event,) = engine.acted
        assert (event.action, event.actor, event.reason) == ("priority", "ada", "critical")
        assert replace(event, runs=((0, 0),)) in view.timeline


async def test_changes_carry_their_actor(tmp_path: Path) -> None:
    """Hold and release are in the message's timeline and published, with who and why."""
    async with desk(tmp_path) as engine:
        id = await engine.accept()  # noqa: A001
        link = engine.link.acting("root(uid 0) pid 7")
        done = await link.ask(HoldMessages(ids=(id,), reason="spam?\x1b"))
        assert (done.messages, done.recipients, done.in_flight) == (1, 1, 0)
        view = await link.ask(ViewMessage(id=id))
        assert (view.recipients[0].state, view.recipients[0].hold_reason) == ("held", r"spam?\x1b")
        await link.ask(ReleaseMessages(query="state:held"))
        assert (await link.ask(ViewMessage(id=id))).recipients[0].state == "queued"
        await link.ask(RetryMessages(ids=(id,)))
        view = await link.ask(ViewMessage(id=id))
        assert [event.action for event in engine.acted] == ["hold", "release", "retry"]
        assert {event.actor for event in engine.acted} == {"root(uid 0) pid 7"}
        told = [replace(event, runs=((0, 0),)) for event in engine.acted]
        assert list(view.timeline[1:]) == told


async def test_a_change_may_expect_its_count(tmp_path: Path) -> None:
    """With `expect`, nothing changes unless exactly so many match."""
    async with desk(tmp_path) as engine:
        for _ in range(3):
            await engine.accept()
        for wrong in (2, 4):
            with pytest.raises(RequestRefused, match=f"3 messages match, not {wrong}"):
                await engine.link.ask(DeleteMessages(query="dest:example.net", expect=wrong))
        assert engine.acted == []
        done = await engine.link.ask(DeleteMessages(query="dest:example.net", expect=3))
        assert done.messages == 3
        none = await engine.link.ask(DeleteMessages(query="dest:example.net", expect=0))
        assert none.messages == 0


async def test_the_count_is_said_in_words(tmp_path: Path) -> None:
    """One message matches, two match; great numbers have commas."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        with pytest.raises(RequestRefused, match=r"^1 message matches, not 1,650; nothing"):
            await engine.link.ask(DeleteMessages(query="dest:example.net", expect=1650))


async def test_unknown_ids_beside_known_ones_are_told(tmp_path: Path) -> None:
    """The rest is done, and tried dry; what is not in the queue, or finished, is named."""
    async with desk(tmp_path) as engine:
        id, done_with = await engine.accept(), await engine.accept()  # noqa: A001
        await engine.link.ask(DeleteMessages(ids=(done_with,)))
        ids = (STRANGER, id, done_with, STRANGER)
        tried = await engine.link.ask(HoldMessages(ids=ids, dry_run=True))
        assert tried.unknown == (STRANGER, done_with)
        assert tried.preview is not None
        assert tried.preview.messages == 1
        done = await engine.link.ask(HoldMessages(ids=ids))
        assert (done.messages, done.unknown) == (1, (STRANGER, done_with))
        for dry_run in (True, False):
            with pytest.raises(NotFound, match=f"Not in the queue: {STRANGER} and 1 more"):
                await engine.link.ask(HoldMessages(ids=(STRANGER, done_with), dry_run=dry_run))


async def test_a_great_change_does_not_hold_the_loop(tmp_path: Path) -> None:
    """Thousands of messages are changed while the loop goes on turning."""
    async with desk(tmp_path) as engine:
        for _ in range(300):
            await engine.accept()
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            turning = group.create_task(turn())
            done = await engine.link.ask(HoldMessages(query="dest:example.net"))
            turning.cancel()
        assert done.messages == len(engine.acted) == 300
        assert turns > 6


async def test_flush_makes_what_waits_due(tmp_path: Path) -> None:
    """Everything, or what waits for one destination."""
    async with desk(tmp_path) as engine:
        await engine.accept("bob@example.net")
        await engine.accept("eve@example.com")
        assert (await engine.link.ask(FlushQueue())).messages == 2
        domain = (await engine.link.ask(ListDestinations())).items[0].destination
        assert (await engine.link.ask(FlushQueue(destination=domain))).messages == 1


async def test_retrying_held_mail_says_how_it_is_released(tmp_path: Path) -> None:
    """A retry that changes nothing since all is held says so; any other retry says nothing."""
    async with desk(tmp_path) as engine:
        id = await engine.accept(hold="spam")  # noqa: A001
        done = await engine.link.ask(RetryMessages(ids=(id,)))
        assert (done.messages, "queue release" in done.note) == (0, True)
        await engine.accept()
        done = await engine.link.ask(FlushQueue())
        assert (done.messages, done.note) == (1, "")


async def test_nothing_is_released_in_dev_mode(tmp_path: Path) -> None:
    """Captured mail stays on the machine; the sentence says how to deliver."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        id = await engine.accept(hold="captured in dev mode")  # noqa: A001
        with pytest.raises(RequestRefused, match="nothing leaves the machine"):
            await engine.link.ask(ReleaseMessages(ids=(id,)))
        assert (await engine.link.ask(ViewMessage(id=id))).recipients[0].state == "held"
