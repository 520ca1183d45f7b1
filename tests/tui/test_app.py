"""The console as a whole: screens, connection, quitting, size, keys."""

from __future__ import annotations

from typing import TypeVar

import msgspec
import pytest

from empath.control.link import (
    FlushQueue,
    GetStatus,
    HoldMessages,
    LinkIncompatible,
    ListQueue,
    Ping,
    Request,
    StopEngine,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import command, item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.eventually import eventually
from tests.fakes.memory_link import PONG, STATUS, MemoryLink
from tui.actions import ACTIONS
from tui.connection import STALE_AFTER, Phase
from tui.feed import Pace
from tui.screens.dialogs import LeaveDialog, TooSmall
from tui.screens.message import MessageScreen
from tui.screens.queue import QueueScreen
from tui.widgets.virtual_table import VirtualTable

R = TypeVar("R")


async def test_digits_go_to_screens(clock: HandClock) -> None:
    """1 to 4 open overview, queue, destinations and events."""
    engine = DemoEngine(clock, messages=50)
    async with running(engine, clock) as (console, pilot):
        for key, word in (("2", "LAST REP"), ("3", "counted 1s ago"), ("4", "● following")):
            await press(pilot, key)
            assert word in page_of(console)
        await press(pilot, "1")
        assert "Needs attention · 4" in page_of(console)


@pytest.mark.parametrize("away", ["", "1"])
async def test_a_digit_goes_to_the_list_and_not_to_what_was_opened_from_it(
    clock: HandClock, away: str
) -> None:
    """2 shows the queue, also where a message of it was left open, from there and elsewhere."""
    async with running(DemoEngine(clock, messages=50), clock) as (console, pilot):
        await press(pilot, "2", "enter")
        assert isinstance(console.screen, MessageScreen)
        await press(pilot, *away, "2")
        assert isinstance(console.screen, QueueScreen)
        assert "LAST REP" in page_of(console)


async def test_a_filter_by_name_is_seen_where_a_message_was_left_open(clock: HandClock) -> None:
    """`:queue FILTER` shows the list, and what is wrong with the filter; `:view` works there."""
    engine = DemoEngine(clock, messages=50)
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        engine.refuse(ListQueue, "There is no field foo.")
        await command(pilot, "queue foo:bar")
        assert "There is no field foo." in page_of(console)
        engine.refuse(ListQueue, "")
        await command(pilot, "view held")
        assert console.store.queue.query == "state:held"


async def test_a_lost_engine_is_offline_and_comes_back(clock: HandClock) -> None:
    """OFFLINE dims, says why and keeps what is known; changes are off until a fresh snapshot."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.cut("No engine answers at /run/empath.sock: start it with empath serve.")
        await settle()
        page = page_of(console)
        assert "✖ OFFLINE" in page
        assert "up –" in page, "whether it is up, nobody knows"
        assert "start it with empath serve" in page
        assert "ada@bigmail.example" in page
        await press(pilot, "H")
        assert not link.asked_of(HoldMessages)
        assert "changes wait" in page_of(console)
        link.mend()
        await press(pilot, "ctrl+r")
        assert console.store.phase is Phase.LIVE
        assert "● live" in page_of(console)
        await press(pilot, "H")
        assert len(link.asked_of(HoldMessages)) == 1


async def test_the_console_waits_for_an_engine_that_is_not_there(clock: HandClock) -> None:
    """Started before the engine, the console shows why and connects when it can."""
    link = MemoryLink()
    link.cut("Nothing listens yet.")
    async with running(link, clock) as (console, pilot):
        assert "Nothing listens yet." in page_of(console)
        link.mend()
        await press(pilot, "ctrl+r")
        assert console.store.phase is Phase.LIVE


async def test_silence_is_stale(clock: HandClock) -> None:
    """Without replies for three ticks the first line says STALE, and for how long."""
    async with running(MemoryLink(), clock) as (console, _):
        clock.advance(5)
        console._tick()
        await settle()
        assert "▲ STALE 5s" in page_of(console)


async def test_stale_data_is_dimmed_as_soon_as_it_is(clock: HandClock) -> None:
    """After three seconds of silence what is shown is dimmed without waiting for a tick."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        table = console.screen.query_one(VirtualTable)
        console._mind_phase()
        assert not table.dimmed
        clock.advance(STALE_AFTER + 0.1)
        console._mind_phase()
        await eventually(lambda: table.dimmed)


async def test_another_protocol_is_shown_and_only_looked_at(clock: HandClock) -> None:
    """An engine of another version is INCOMPATIBLE: looking works, changing does not."""
    link = MemoryLink()
    link.set_queue([item(1)])
    other = msgspec.structs.replace(PONG, protocol=99)
    link.status = msgspec.structs.replace(link.status, pong=other)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        assert "INCOMPATIBLE" in page_of(console)
        assert "ada@bigmail.example" in page_of(console)
        await press(pilot, "H")
        assert not link.asked_of(HoldMessages)


async def test_an_engine_that_cannot_be_read_is_incompatible(clock: HandClock) -> None:
    """When answers cannot be read at all, that is said with its remedy, and tried again."""

    class OtherVersion(MemoryLink):
        async def ask(self, request: Request[R]) -> R:
            if isinstance(request, Ping):
                return await super().ask(request)
            raise LinkIncompatible("The engine speaks version 9: use the one installed with it.")

    async with running(OtherVersion(), clock) as (console, _):
        assert console.store.phase is Phase.INCOMPATIBLE
        assert "speaks version 9" in page_of(console)


async def test_the_status_is_asked_every_tick(clock: HandClock) -> None:
    """While the console runs it asks how the engine is, and shows what changed."""
    link = MemoryLink()
    pace = Pace(status=0.02, data=3600, least=0)
    async with running(link, clock, pace=pace) as (console, _):
        link.status = msgspec.structs.replace(link.status, messages=4711)
        await eventually(lambda: "queue 4,711" in page_of(console))
        assert len(link.asked_of(GetStatus)) > 1


async def test_leaving_a_child_console_asks_about_the_relay(clock: HandClock) -> None:
    """Q in a console that came with its relay asks; Cancel has the focus and stays."""
    link = MemoryLink()
    async with running(link, clock, child=True) as (console, pilot):
        await press(pilot, "q")
        assert isinstance(console.screen, LeaveDialog)
        assert "Stop the relay too?" in page_of(console)
        await press(pilot, "enter")
        assert not isinstance(console.screen, LeaveDialog)
        assert console.is_running
        assert not link.asked_of(StopEngine)


@pytest.mark.parametrize(
    ("keys", "stopped"), [(("right", "right", "enter"), 1), (("right", "enter"), 0)]
)
async def test_leaving_stops_the_relay_or_leaves_it(
    clock: HandClock, keys: tuple[str, ...], stopped: int
) -> None:
    """Stop relay tells the engine to stop, Leave it running does not; both end with 0."""
    link = MemoryLink()
    async with running(link, clock, child=True) as (console, pilot):
        await press(pilot, "ctrl+q", *keys)
        assert len(link.asked_of(StopEngine)) == stopped
        assert console.return_code == 0
    assert link.closed


async def test_the_line_leaves_as_the_key_does(clock: HandClock) -> None:
    """`:q` asks what ^Q asks."""
    async with running(MemoryLink(), clock, child=True) as (console, pilot):
        await press(pilot, "ctrl+q")
        assert "Leave it running" in page_of(console)
        await press(pilot, "escape")
        assert "Leave it running" not in page_of(console)
        await press(pilot, "colon", "q", "enter")
        assert "Leave it running" in page_of(console)


async def test_a_relay_that_does_not_stop_keeps_the_console(clock: HandClock) -> None:
    """When stopping is refused the console says so and stays."""
    link = MemoryLink()
    link.refuse(StopEngine, "A reload is under way: try again.")
    async with running(link, clock, child=True) as (console, pilot):
        await press(pilot, "ctrl+q", "right", "right", "enter")
        assert "The relay was not stopped. A reload is under way" in page_of(console)


async def test_an_attached_console_just_leaves(clock: HandClock) -> None:
    """A console for a daemon is left with ^C and enter; the daemon is not touched."""
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "ctrl+c")
        assert "Leave the console?" in page_of(console)
        await press(pilot, "enter")
        assert console.return_code == 0
    assert not link.asked_of(StopEngine)


async def test_going_back_once_too_often_does_not_leave(clock: HandClock) -> None:
    """Esc at the root asks with Cancel as the default, so that esc and enter stay."""
    async with running(MemoryLink(), clock) as (console, pilot):
        await press(pilot, "escape")
        assert "Leave the console?" in page_of(console)
        await press(pilot, "enter")
        assert not isinstance(console.screen, LeaveDialog)
        assert console.is_running


async def test_a_terminal_that_is_too_small_is_told(clock: HandClock) -> None:
    """Below the least size there is one sentence; enlarging brings the screen back."""
    async with running(MemoryLink(), clock, size=(50, 12)) as (console, pilot):
        console._mind_size()
        await settle()
        assert "This terminal is too small." in page_of(console)
        assert isinstance(console.screen, TooSmall)
        await pilot.resize_terminal(80, 24)
        await settle()
        assert not isinstance(console.screen, TooSmall)
        assert "Needs attention" in page_of(console)


async def test_a_destination_leads_to_its_mail_and_can_be_flushed(clock: HandClock) -> None:
    """R makes all mail of the destination due; enter shows it in the queue."""
    engine = DemoEngine(clock, messages=200)
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "3", "down", "R")
        (flush,) = engine.asked_of(FlushQueue)
        assert flush.destination == "corp.example"
        await press(pilot, "enter")
        assert f"dest:{flush.destination}" in page_of(console)
        assert "of 200 match" in page_of(console)


async def test_attention_leads_to_the_mail_concerned(clock: HandClock) -> None:
    """Enter on what needs attention shows the mail it is about."""
    engine = DemoEngine(clock, messages=200)
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "down", "down", "enter")
        assert console.store.queue.query == "state:held"
        assert "■ held" in page_of(console)


async def test_pausing_freezes_the_panes_and_not_the_first_line(clock: HandClock) -> None:
    """P keeps what is shown while the first line goes on; p again catches up."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "p")
        link.set_queue([])
        clock.advance(60)
        console.store.fold_status(msgspec.structs.replace(STATUS, messages=0))
        await press(pilot, "r")
        assert "ada@bigmail.example" in page_of(console)
        assert "queue 0" in page_of(console)
        assert "■ paused" in page_of(console)
        await press(pilot, "p")
        assert "■ paused" not in page_of(console)


async def test_help_lists_the_keys_of_the_screen(clock: HandClock) -> None:
    """? shows every key of the screen in front and what it does, out of the registry."""
    async with running(MemoryLink(), clock, size=(120, 60)) as (console, pilot):
        await press(pilot, "2", "question_mark")
        page = page_of(console)
        for act in ACTIONS.of("queue"):
            assert act.help[:30] in page
        await press(pilot, "escape")
        assert "Give up without" not in page_of(console)


async def test_the_first_line_says_what_it_counts(clock: HandClock) -> None:
    """Messages of the queue and recipients deferred stand on one line, each with its unit."""
    link = DemoEngine(clock, messages=30)
    link.status = msgspec.structs.replace(link.status, messages=60, deferred=64)
    async with running(link, clock) as (console, _):
        assert "queue 60 msg  deferred 64 rcpt" in page_of(console).splitlines()[0]
