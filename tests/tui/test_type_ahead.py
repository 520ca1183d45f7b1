"""Keys that come faster than the console draws: none acts on what lies below a field."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App

from tests.fakes.clock import HandClock
from tests.fakes.console import item, running, settle
from tests.fakes.memory_link import MemoryLink
from tui.screens.command_line import CommandLine
from tui.screens.queue import QueueScreen

NAMES = {":": "colon", "/": "slash", " ": "space", "\r": "enter", "\x1b": "escape"}


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
