"""Keys that come faster than the console draws: none acts on what lies below a field."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from textual import events
from textual.app import App
from textual.widgets import Input

from empath.control.link import (
    ExplainMessage,
    ListQueue,
    Ping,
    ReadContent,
    Request,
    RetryMessages,
    SuspendDestination,
    ViewMessage,
)
from empath.events import SpoolFault
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine, matches
from tests.fakes.dev_relay import dev
from tests.fakes.memory_link import MemoryLink
from tui.feed import Pace
from tui.screens.command_line import CommandLine
from tui.screens.gate_dialog import GateDialog
from tui.screens.queue import QueueScreen

NAMES = {
    ":": "colon",
    "/": "slash",
    "]": "right_square_bracket",
    " ": "space",
    "\r": "enter",
    "\x1b": "escape",
}


def burst(console: App[int], text: str) -> None:
    """All keys of *text* as one read of the terminal brings them."""
    for character in text:
        event = events.Key(NAMES.get(character, character), character)
        event.set_sender(console)
        console.post_message(event)


def engine() -> MemoryLink:
    """An engine with three messages."""
    link = MemoryLink()
    link.set_queue([item(number) for number in range(1, 4)])
    return link


async def test_a_command_in_one_read_is_done(clock: HandClock) -> None:
    """What stands behind the colon goes into the line, and enter does it."""
    async with running(engine(), clock) as (console, _):
        burst(console, ":queue state:deferred\r")
        await settle()
        assert console.store.queue.query == "state:deferred"
        assert isinstance(console.screen, QueueScreen)


async def test_a_filter_in_one_read_is_applied(clock: HandClock) -> None:
    """What stands behind the slash goes into the filter of the screen that the digit opened."""
    async with running(engine(), clock) as (console, _):
        burst(console, "2/state:deferred\r")
        await settle()
        assert console.store.queue.query == "state:deferred"


@pytest.mark.parametrize("keys", ["2/state:held\r", "3/bigmail\r", "4fgreylisted\r", "6/hello\r"])
async def test_nothing_behind_enter_goes_into_the_field(clock: HandClock, keys: str) -> None:
    """Enter closes the line of a filter before the next key is looked at, in one read too."""
    async with running(dev() if keys[0] == "6" else DemoEngine(clock), clock) as (console, _):
        burst(console, f"{keys}gj  ")
        await settle()
        assert not console.typing
        assert console.screen.query(Input).first().value == keys[2:-1]


async def test_keys_behind_a_filter_are_about_what_it_lists(clock: HandClock) -> None:
    """Filter, mark the first two, and try them again at a stretch: those that the filter lists."""
    link = engine()
    link.set_queue(item(number, recipient=f"ada@d{number % 2}.example") for number in range(1, 7))
    link.matching = matches
    async with running(link, clock) as (console, _):
        burst(console, "2/dest:d1.example\rgj  R")
        await settle()
        assert console.store.queue.query == "dest:d1.example"
        assert len(console.store.selection.marks) == 2
        (asked,) = link.asked_of(RetryMessages)
        assert {matched.destination for matched in link.queue if matched.id in asked.ids} == {
            "d1.example"
        }


@pytest.mark.parametrize("letters", ["eHpDX", "nosuch eDp"])
async def test_letters_behind_the_colon_do_nothing_below(clock: HandClock, letters: str) -> None:
    """Letters that are keys of the screen below are text, also after escape and another colon."""
    link = engine()
    async with running(link, clock) as (console, _):
        burst(console, f"2:{letters}\r")
        await settle()
        assert isinstance(console.screen, CommandLine)
        burst(console, f"\x1b:{letters}")
        await settle()
        assert isinstance(console.screen, CommandLine)
        assert console.screen.field.value == letters
        assert not console.paused
        assert len(console.command_log) == 0


async def test_a_key_waits_for_the_list_it_is_about(clock: HandClock) -> None:
    """2 R at a stretch tries the first message again, however long its list is on the way."""
    link = engine()
    async with running(link, clock) as (console, _):
        console.patience, link.delay = 20.0, 0.1
        burst(console, "2R")
        await settle()
        assert [each.ids for each in link.asked_of(RetryMessages)] == [(link.queue[0].id,)]


async def test_a_key_waits_for_the_destinations(clock: HandClock) -> None:
    """3 S at a stretch asks about the first destination."""
    link = DemoEngine(clock)
    async with running(link, clock) as (console, _):
        console.patience, link.delay = 20.0, 0.1
        burst(console, "3S")
        await settle()
        assert isinstance(console.screen, GateDialog)
        assert [ask.destination for ask in link.asked_of(SuspendDestination)] == ["bigmail.example"]


async def test_a_key_waits_for_the_message_that_was_opened(clock: HandClock) -> None:
    """Into the first message, w: it is shown as it is stored; on to the next, w: so is that."""
    link = DemoEngine(clock)
    first = next(one for one in link.queue if one.id == link.detail)
    second = msgspec.structs.replace(first, id=item(1).id)
    link.set_queue([first, second])
    link.views[second.id] = msgspec.structs.replace(link.views[first.id], id=second.id)
    link.contents[second.id] = link.contents[first.id]
    async with running(link, clock) as (console, _):
        console.patience, link.delay = 20.0, 0.1  # seconds: a busy machine may be as slow
        for keys, message in (("2\rw", first), ("]w", second)):
            burst(console, keys)
            await settle()
            assert link.asked_of(ReadContent)[-1].id == message.id
            assert "Not read yet" not in page_of(console)


async def test_a_key_does_not_wait_for_ever(clock: HandClock) -> None:
    """Where the engine does not answer, the key says that nothing has been read yet."""
    link = engine()
    async with running(link, clock) as (console, _):
        link.wait_for[ListQueue] = asyncio.Event()
        burst(console, "2R")
        await settle()
        assert link.asked_of(RetryMessages) == []
        assert "Not read yet: the engine has not answered." in page_of(console)


@pytest.mark.parametrize("late", [ViewMessage, ExplainMessage])
async def test_what_was_closed_while_it_was_read_is_no_fault(
    clock: HandClock, late: type[Request[Any]]
) -> None:
    """The answer about a message that nobody looks at any more is dropped; the link stands."""
    link = DemoEngine(clock)
    link.set_queue([one for one in link.queue if one.id == link.detail])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.wait_for[late] = asyncio.Event()
        await press(pilot, "enter", "escape")
        assert isinstance(console.screen, QueueScreen)
        link.wait_for.pop(late).set()
        await settle()
        assert link.asked_of(late)
        assert len(link.asked_of(Ping)) == 1  # another would mean that the link was made anew


async def test_a_slow_engine_is_waited_for_at_every_key(clock: HandClock) -> None:
    """The second key has as long as the first; it is not the burst that has to be quick."""
    link = DemoEngine(clock)
    link.set_queue([one for one in link.queue if one.id == link.detail])
    async with running(link, clock) as (console, _):
        console.patience = 20.0
        link.wait_for[ListQueue] = asyncio.Event()
        burst(console, "2\rw")
        await settle(ahead=0.01)
        assert link.asked_of(ReadContent) == []
        link.wait_for.pop(ListQueue).set()
        await settle()
        assert len(link.asked_of(ReadContent)) == 1


async def test_what_happens_delays_nobody_who_looks(clock: HandClock) -> None:
    """After an event a screen is read again only after a while; another screen is read at once."""
    link = engine()
    seldom = Pace(status=3600, data=3600, least=3600)
    async with running(link, clock, pace=seldom) as (console, _):
        link.push(SpoolFault(at=clock.now(), sentence="It is full."))
        await settle()
        burst(console, "2")
        await settle()
        assert console.store.queue.loaded
