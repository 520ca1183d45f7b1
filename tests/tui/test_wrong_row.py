"""No key acts on another row than the one seen: each way the list can move in between."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Key

from empath.control.link import DeleteMessages, HoldMessages, QueueChange, SelectMessages
from empath.envelope import MessageId
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import matches
from tests.fakes.memory_link import MemoryLink
from tui.app import Console


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages, newest first."""
    engine = MemoryLink()
    engine.set_queue(item(n) for n in range(1, 21))
    engine.matching = matches
    return engine


def held(link: MemoryLink) -> list[tuple[MessageId, ...]]:
    """What was held, by ids."""
    return [each.ids for each in link.asked_of(HoldMessages) if not each.dry_run]


async def later(console: Console, clock: HandClock, link: MemoryLink) -> None:
    """Let the list follow the queue as it does when nobody works on it."""
    clock.advance(10)
    console.store.fold_status(link.status)
    console.store.connection.heard(clock.monotonic())
    console.poke()
    await settle()


async def test_mail_that_comes_in_above(link: MemoryLink, clock: HandClock) -> None:
    """New mail pushes rows down; the cursor goes with its message."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.set_queue([item(0), *link.queue])
        await later(console, clock, link)
        await press(pilot, "H")
        assert held(link) == [(item(1).id,)]


async def test_more_mail_comes_in_than_fits(link: MemoryLink, clock: HandClock) -> None:
    """The cursor is never pushed off the screen: the list goes along with it, then stands still."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "g")
        link.set_queue([*(item(-n) for n in range(42, 0, -1)), *link.queue])
        await later(console, clock, link)
        await later(console, clock, link)
        assert console.store.selection.cursor == item(1).id
        page = page_of(console)
        (line, _) = [line for line in page.splitlines() if "▌" in line]  # in the list, and below
        assert item(1).id[-7:] in line
        assert "row 43" in page
        assert "order stands" in page
        await press(pilot, "H")
        assert held(link) == [(item(1).id,)]


async def test_the_message_seen_is_delivered(link: MemoryLink, clock: HandClock) -> None:
    """When the message under the cursor has gone, the one in its place is not acted on at once."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.set_queue(link.queue[1:])
        await later(console, clock, link)
        assert console.store.selection.cursor == item(2).id
        await press(pilot, "H")
        assert held(link) == []
        assert "The message that was here has left the queue" in page_of(console)
        clock.advance(2)
        await press(pilot, "H")
        assert held(link) == [(item(2).id,)]


async def test_moving_there_is_seeing_it(link: MemoryLink, clock: HandClock) -> None:
    """Who moves the cursor knows where it is: then the key acts at once."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.set_queue(link.queue[1:])
        await later(console, clock, link)
        await press(pilot, "down", "H")
        assert held(link) == [(item(3).id,)]


async def test_the_message_seen_goes_while_the_order_stands(
    link: MemoryLink, clock: HandClock
) -> None:
    """A struck-through row stays under the cursor; the engine says that it is no longer there."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down", "down")
        link.set_queue([one for one in link.queue if one.id != item(3).id])
        await press(pilot, "r", "H")
        assert held(link) == [(item(3).id,)]
        assert "held 0 messages · 1 no longer there" in page_of(console)


async def test_the_order_is_renewed_without_the_message(link: MemoryLink, clock: HandClock) -> None:
    """After o, a message that has left is not silently followed by its neighbour."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down", "down")
        link.set_queue([one for one in link.queue if one.id != item(3).id])
        await press(pilot, "o", "H")
        assert held(link) == []
        assert "this is another one" in page_of(console)


async def test_the_list_moves_behind_a_question(link: MemoryLink, clock: HandClock) -> None:
    """What a question is about was fixed when it was asked."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "D")
        link.set_queue([item(0), *link.queue[1:]])
        await later(console, clock, link)
        await press(pilot, "right", "right", "enter")
        (request,) = [each for each in link.asked_of(DeleteMessages) if not each.dry_run]
        assert request.ids == (item(1).id,)


async def test_mail_that_comes_to_match_later(link: MemoryLink, clock: HandClock) -> None:
    """What arrives after everything was marked is neither marked nor changed."""
    async with running(link, clock) as (_, pilot):
        await press(pilot, "2", "asterisk")
        link.set_queue([item(0), *link.queue])
        await press(pilot, "H", "y")
        (request,) = [each for each in link.asked_of(QueueChange) if not each.dry_run]
        assert (request.ids, request.query, request.selection) == ((), "", "s-1")
        assert request.expect == 20


async def test_the_list_changes_while_all_is_being_marked(
    link: MemoryLink, clock: HandClock
) -> None:
    """A selection that comes back under another filter marks nothing there."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        waiting = link.wait_for[SelectMessages] = asyncio.Event()
        await pilot.press("asterisk")
        console.show_queue("state:held")
        await settle()
        waiting.set()
        await settle()
        assert not console.store.selection.any


async def test_a_click_on_a_row_that_moved_only_points(link: MemoryLink, clock: HandClock) -> None:
    """The mouse points at what is under it now; it changes nothing."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.set_queue([item(0), *link.queue])
        await later(console, clock, link)
        await pilot.click("#queue", offset=(10, 3))
        assert console.store.selection.cursor == item(2).id
        assert held(link) == []


async def test_the_engine_is_another_one(link: MemoryLink, clock: HandClock) -> None:
    """After a reconnect the cursor is still on its message, or the key says that it is gone."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down")
        link.cut()
        await settle()
        link.mend()
        link.set_queue([item(0), *link.queue])
        console.reconnect()
        await settle()
        await press(pilot, "H")
        assert held(link) in ([(item(2).id,)], [])
        assert console.store.selection.cursor == item(2).id


async def test_keys_typed_ahead_go_into_the_question(link: MemoryLink, clock: HandClock) -> None:
    """A question is there as soon as its key is pressed, about what was under the cursor then."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        screen = console.front
        assert screen is not None
        for name in ("queue.delete", "queue.sort", "queue.columns", "queue.saved-views"):
            screen.perform_by_id(name)
            assert console.screen is not screen
            await settle()
            await press(pilot, "escape")
        for key, character in (("apostrophe", "'"), ("5", "5")):
            console.post_message(Key(key, character))
        await settle()
        assert console.store.queue.sort == "age"
        await press(pilot, "g", "s", "a")
        screen.perform_by_id("queue.hold")
        screen.store.selection.cursor = item(9).id
        await settle()
        assert held(link) == [(item(1).id,)]
