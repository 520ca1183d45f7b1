"""The questions before changes: what they show, what they want filled in or typed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from textual.widgets import Button

from empath.control.link import (
    BounceMessages,
    Changed,
    DeleteMessages,
    HoldMessages,
    PrioritizeMessages,
    QueueChange,
    RerouteMessages,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle, write
from tests.fakes.demo_engine import matches
from tests.fakes.memory_link import MemoryLink


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages, newest first."""
    engine = MemoryLink()
    engine.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 21))
    engine.matching = matches
    return engine


def made(link: MemoryLink) -> list[QueueChange]:
    """The changes that were asked for, without the dry runs before them."""
    return [each for each in link.asked_of(QueueChange) if not each.dry_run]


async def test_a_bounce_names_status_and_reason(link: MemoryLink, clock: HandClock) -> None:
    """B wants a status of class 5 and takes a reason; it always asks, with Cancel in front."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "B")
        assert "Bounce this message?" in page_of(console)
        await press(pilot, "ctrl+u")
        await write(pilot, "4.7.1")
        assert "✖ Status: a status of class 5, such as 5.7.1" in page_of(console)
        await press(pilot, "ctrl+u")
        await write(pilot, "5.1.6")
        await press(pilot, "enter")
        await write(pilot, "moved away")
        await press(pilot, "enter", "enter")
        assert not made(link)
        await press(pilot, "B", "ctrl+u")
        await write(pilot, "5.1.6")
        await press(pilot, "enter")
        await write(pilot, "moved away")
        await press(pilot, "enter", "right", "right", "enter")
        (request,) = made(link)
        assert isinstance(request, BounceMessages)
        assert (request.ids, request.status) == ((item(1).id,), "5.1.6")
        assert request.reason == "moved away"


async def test_mail_goes_to_another_server(link: MemoryLink, clock: HandClock) -> None:
    """T takes a server and a time; a time that is none is refused at its blank."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "T")
        await write(pilot, "backup.example:2525")
        assert "⏎ in a field does it" in page_of(console)
        await press(pilot, "down", "2", "x")
        assert "✖ For: a time such as 30m, 2h or 1d; empty for good" in page_of(console)
        await press(pilot, "enter")
        assert not made(link)
        await press(pilot, "backspace", "h", "enter")
        (request,) = made(link)
        assert isinstance(request, RerouteMessages)
        assert (request.to, request.seconds) == ("backup.example:2525", 7200.0)
        await press(pilot, "T", "enter")
        assert (made(link)[1].to, made(link)[1].seconds) == ("", None)  # type: ignore[attr-defined]


async def test_another_class_is_chosen(link: MemoryLink, clock: HandClock) -> None:
    """P offers the five classes; one message takes the key alone, several want y."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "P", "escape", "P", "b")
        await press(pilot, "space", "space", "P", "c")
        assert "Set the priority of 2 messages: critical?" in page_of(console)
        assert "empathctl queue priority" in page_of(console)
        await press(pilot, "y")
        one, two = made(link)
        assert isinstance(one, PrioritizeMessages)
        assert isinstance(two, PrioritizeMessages)
        assert (one.priority, two.priority, len(two.ids)) == ("bulk", "critical", 2)


async def test_holding_instead(link: MemoryLink, clock: HandClock) -> None:
    """Who is about to delete may hold instead, and that is what is done."""
    async with running(link, clock) as (_, pilot):
        await press(pilot, "2", "D", "right", "enter")
        (request,) = made(link)
        assert isinstance(request, HoldMessages)


async def test_the_whole_queue_wants_the_relays_name(link: MemoryLink, clock: HandClock) -> None:
    """To delete everything that waits, its number is not enough: the host's name is typed."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "asterisk", "D")
        page = page_of(console)
        assert "the whole queue" in page
        assert "Type mx1.example.org to confirm" in page
        assert "20 recipients will NOT get this mail" in page
        assert "d1.example 7 · d2.example 7 · d0.example 6" in page
        await press(pilot, *"20", "enter")
        assert not made(link)
        assert "✖ 20 is typed, it takes mx1.example.org." in page_of(console)
        await press(pilot, "ctrl+u")
        await write(pilot, "mx1.example.org")
        await press(pilot, "enter")
        (request,) = made(link)
        assert isinstance(request, DeleteMessages)
        assert (request.selection, request.expect) == ("s-1", 20)


async def test_nothing_is_done_before_the_engine_has_counted(
    link: MemoryLink, clock: HandClock
) -> None:
    """Until the dry run is in, yes does nothing; when it says no, its sentence is shown."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space", "space")
        link.wait_for[HoldMessages] = asyncio.Event()
        await press(pilot, "H")
        assert "counting …" in page_of(console)
        await press(pilot, "y")
        assert not made(link)
        link.wait_for.pop(HoldMessages).set()
        await settle()
        await press(pilot, "y")
        assert len(made(link)) == 1
        link.refuse(HoldMessages, "The spool is full: free some space.")
        await press(pilot, "space", "space", "H", "y")
        assert "✖ The spool is full: free some space." in page_of(console)
        assert len(made(link)) == 1


async def test_what_cannot_be_changed_is_said(link: MemoryLink, clock: HandClock) -> None:
    """Where a change would touch nothing, yes stays off and says why."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space", "space")
        link.set_queue([])
        await press(pilot, "H")
        assert "nothing here can be changed so now" in page_of(console)
        await press(pilot, "y", "escape")
        assert not made(link)


async def test_what_left_meanwhile_is_counted(link: MemoryLink, clock: HandClock) -> None:
    """The question says how many of the marked ones have left since; the result says it again."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space", "space", "space")
        link.set_queue([one for one in link.queue if one.id != item(2).id])
        await press(pilot, "H")
        assert "2 messages · 1 left, or cannot be changed so" in page_of(console)
        await press(pilot, "y")
        assert "held 2 messages · 1 no longer there" in page_of(console)


async def test_large_changes_run_as_jobs(link: MemoryLink, clock: HandClock) -> None:
    """A change of many messages shows how far it is, can be cancelled, and undone."""
    link.book.large = 10
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "u")
        assert "There is nothing to undo." in page_of(console)
        await press(pilot, "X")
        assert "Nothing runs that could be cancelled." in page_of(console)
        await press(pilot, "asterisk", "H", "y")
        assert "hold of 20 messages runs as job job-1" in page_of(console)
        link.book.go_on(10)
        console.poke()
        await press(pilot, "r")
        assert "██████████░░░░░░░░░░  50 % · 10 of 20" in page_of(console)
        await press(pilot, "X")
        assert "cancelled after 10 messages" in page_of(console)
        await press(pilot, "r")
        assert "50 %" not in page_of(console)
        await press(pilot, "u")
        assert "Undo this change?" in page_of(console)
        assert "empathctl job undo job-1" in page_of(console)
        await press(pilot, "n", "u", "y")
        assert "undid hold the whole queue: 10 messages" in page_of(console)


async def test_the_end_of_a_job_is_told(link: MemoryLink, clock: HandClock) -> None:
    """When a job has ended the line says what it did."""
    link.book.large = 10
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "asterisk", "R", "y", "r")
        link.book.go_on(20)
        await press(pilot, "r")
        assert "retry the whole queue: done, 20 messages · u undoes" in page_of(console)


async def test_one_message_is_undone_at_once(link: MemoryLink, clock: HandClock) -> None:
    """What this console just did to one message is taken back without a question."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "H", "u")
        assert f"undid hold {item(1).id}: 1 message" in page_of(console)
        assert [job.state for job in link.book.jobs] == ["undone"]


async def test_attempts_cannot_be_undone(link: MemoryLink, clock: HandClock) -> None:
    """After a retry u says so instead of that there is nothing; what was changed before is
    asked about by the next u.
    """
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "H")
        await press(pilot, "R", "u")
        assert "attempts cannot be undone" in page_of(console)
        await press(pilot, "u")
        assert "Undo this change?" in page_of(console)


async def test_an_undo_may_be_a_job_itself(link: MemoryLink, clock: HandClock) -> None:
    """Taking back a large change runs for a while too."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "H")
        answer = link.book.answer

        def as_job(request: object, matching: object) -> object:
            if type(request).__name__ == "UndoJob":
                begun = msgspec.structs.replace(link.book.jobs[0], id="job-9", state="running")
                link.book.jobs.insert(0, begun)
                return Changed(messages=0, recipients=0, in_flight=0, job="job-9")
            return answer(request, matching)  # type: ignore[arg-type]

        link.book.answer = as_job  # type: ignore[assignment]
        await press(pilot, "u")
        assert "runs as job job-9" in page_of(console)


async def test_a_reason_nobody_gave_is_none(link: MemoryLink, clock: HandClock) -> None:
    """Question, request and log agree: the sender of a bounce reads no word of the console's."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "B")
        assert "--status 5.7.0" in page_of(console)
        assert "--reason" not in page_of(console)
        console.screen.query_one("#yes", Button).press()
        await settle()
        await press(pilot, "H", "P", "b")
        assert {type(request) for request in made(link)} == {
            BounceMessages,
            HoldMessages,
            PrioritizeMessages,
        }
        assert [request.reason for request in made(link)] == ["", "", ""]
        assert "--reason" not in console.command_log.commands
        assert "queue bounce" in console.command_log.commands


async def test_one_is_returned_to_its_sender_and_held_instead_is_held(
    link: MemoryLink, clock: HandClock
) -> None:
    """The box speaks of one message as one; in the log stands what was done in place of it."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "B")
        assert "returned to its sender for good" in page_of(console)
        console.screen.query_one("#hold", Button).press()
        await settle()
        (done,) = console.command_log.items
        assert (done.title, done.role) == ("hold", "good")
        assert done.said.startswith("held 1 message")
        await press(pilot, "space", "space", "B")
        assert "returned to their senders for good" in page_of(console)
