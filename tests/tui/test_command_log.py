"""The log of a session, `@`: what was asked of the engine, and what became of it."""

from __future__ import annotations

import asyncio

import pytest

from empath.control.link import FlushQueue, HoldMessages
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle, write
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.command_log import CommandLog
from tui.screens.queue import QueueScreen


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages."""
    engine = MemoryLink()
    engine.set_queue(item(n) for n in range(1, 21))
    return engine


def lines(console: Console) -> list[str]:
    """What `y` copies."""
    return console.command_log.commands.splitlines()


async def test_what_was_filled_in_is_in_the_line(link: MemoryLink, clock: HandClock) -> None:
    """The line of a re-route has the server that it was sent to."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "T")
        await write(pilot, "127.0.0.1:25601")
        await press(pilot, "enter", "enter", "enter")
        assert lines(console) == [
            f"empathctl queue reroute {item(1).id} --to 127.0.0.1:25601",
        ]


async def test_what_a_destination_was_given_is_in_the_line(clock: HandClock) -> None:
    """Rate, time and reason stand as they were sent."""
    async with running(DemoEngine(clock), clock) as (console, pilot):
        await press(pilot, "3", "L", "backspace", "backspace", "backspace")
        await write(pilot, "7/s")
        await settle()
        await press(pilot, "enter", "S")
        await press(pilot, "enter")
        assert lines(console) == [
            "empathctl destination limit bigmail.example 7/s --for 1h",
            "empathctl destination suspend bigmail.example --for 1h",
        ]


async def test_all_that_were_marked_are_in_the_line(link: MemoryLink, clock: HandClock) -> None:
    """However many: a line that is copied is whole."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space", "space", "space", "space", "H", "y")
        ids = " ".join(item(number).id for number in range(1, 5))
        assert lines(console) == [f"empathctl queue hold {ids}"]


async def test_each_request_of_a_change_has_its_line(clock: HandClock) -> None:
    """Trying a destination now through an open breaker asks for two things."""
    async with running(DemoEngine(clock), clock) as (console, pilot):
        await press(pilot, "3", "F")
        assert lines(console) == [
            "empathctl breaker probe bigmail.example",
            "empathctl queue flush bigmail.example",
        ]


async def test_what_was_not_sent_has_no_line(link: MemoryLink, clock: HandClock) -> None:
    """A question that was answered with no leaves no command."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "D", "escape", "at")
        page = page_of(console)
        assert "○ delete  not done: told not to" in page
        assert "empathctl" not in page


async def test_a_job_that_was_ended_is_told_with_what_it_came_to(
    link: MemoryLink, clock: HandClock
) -> None:
    """The result is that of its end, not of the moment when it was asked to end."""
    link.book.large = 10
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "asterisk", "H", "y", "r")
        link.book.go_on(5)
        link.book.ends_later = True
        await press(pilot, "X")
        assert [done.role for done in console.command_log.items] == ["good", "warn"]
        assert "ends after its present lot, 5 messages so far" in page_of(console)
        link.book.end(8)
        await press(pilot, "1", "r")
        said = "hold the whole queue: cancelled after 8 messages · u undoes"
        assert said in page_of(console)
        assert [done.said for done in console.command_log.items] == [said, said]
        assert lines(console) == []


async def test_a_job_that_nobody_knows_any_more_is_no_success(
    link: MemoryLink, clock: HandClock
) -> None:
    """After an engine that died in the middle of it, the log does not say that it was done."""
    link.book.large = 10
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "asterisk", "H", "y")
        link.book.jobs.clear()
        await press(pilot, "r")
        (done,) = console.command_log.items
        assert "is not known" in done.said
        assert done.role == "warn"


async def test_who_leaves_a_message_sees_what_became_of_it(clock: HandClock) -> None:
    """A change that is answered when its screen is gone is told on the one that is in front."""
    link = DemoEngine(clock)
    link.set_queue([one for one in link.queue if one.id == link.detail])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        waiting = link.wait_for[HoldMessages] = asyncio.Event()
        await press(pilot, "H", "2")
        assert isinstance(console.screen, QueueScreen)
        waiting.set()
        await settle()
        assert "✓ held 1 message" in page_of(console)
        assert lines(console) == [f"empathctl queue hold {link.detail}"]


async def test_the_time_is_that_of_the_change(link: MemoryLink, clock: HandClock) -> None:
    """Not that of the question before it."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "D")
        clock.advance(2.0)
        await press(pilot, "y")
        (done,) = console.command_log.items
        assert done.said.startswith("deleted 1 message")
        assert done.at == console.store.now


def test_a_dry_run_is_no_change() -> None:
    """What only counted has no line."""
    done = CommandLog().begin(0.0, "flush")
    done.asking(FlushQueue(dry_run=True), 7.0)
    assert (done.at, done.commands) == (0.0, [])
