"""An engine that is refused, killed, restarted, upgraded or far away, over a real socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from textual.widgets import Button

from empath.control.link import (
    PROTOCOL,
    BounceMessages,
    HoldMessages,
    LinkLost,
    ListQueue,
    Request,
    SuspendDestination,
)
from empath.control.remote import RemoteLink
from empath.control.server import ControlServer
from empath.events import SpoolFault
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.eventually import eventually
from tests.fakes.memory_link import PONG, MemoryLink
from tests.fakes.served_link import ServedLink
from tui.connection import Phase
from tui.feed import Pace
from tui.screens.dialogs import TooSmall
from tui.screens.queue import QueueScreen

R = TypeVar("R")

BRISK = Pace(status=0.05, data=0.05, least=0.0)


class Engine:
    """An engine behind a socket that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "empath.sock"
        self.link = ServedLink()
        self.link.set_queue([item(number) for number in range(1, 4)])
        self._server: ControlServer | None = None

    async def start(
        self, *, pid: int = 4411, version: str = "0.1.0", protocol: int = PROTOCOL
    ) -> None:
        """Answer."""
        pong = msgspec.structs.replace(
            PONG, pid=pid, version=version, protocol=protocol, started_at=float(pid)
        )
        self.link.status = msgspec.structs.replace(self.link.status, pong=pong, sequence=0)
        self._server = ControlServer(self.link, self.path)
        await self._server.open()

    async def kill(self) -> None:
        """Answer no more."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()


async def test_a_socket_that_is_not_there_is_named(tmp_path: Path, clock: HandClock) -> None:
    """Without an engine the console names the socket and what to do, changes nothing, and stays."""
    link = RemoteLink(tmp_path / "none.sock")
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        assert "✖ OFFLINE" in page_of(console)
        assert "No engine answers at /" in page_of(console)
        assert str(tmp_path / "none.sock") in console.store.connection.sentence
        await press(pilot, "H")
        assert "changes wait until it does" in page_of(console)
        assert console.is_running


async def test_a_restarted_engine_is_known_anew(tmp_path: Path, clock: HandClock) -> None:
    """A killed engine dims what is known; of the one that follows nothing old is kept as its own,
    and changes work only from its first snapshot on.
    """
    engine = Engine(tmp_path)
    await engine.start()
    async with running(RemoteLink(engine.path), clock, pace=BRISK) as (console, pilot):
        await eventually(lambda: console.store.phase is Phase.LIVE)
        await pilot.press("2")
        engine.link.bus.publish(SpoolFault(at=clock.now(), sentence="of the first"))
        await eventually(lambda: len(console.store.events) == 1)
        await engine.kill()
        await eventually(lambda: console.store.phase is Phase.OFFLINE)
        assert console.store.outdated
        await pilot.press("H")
        assert not engine.link.asked_of(HoldMessages)
        engine.link = ServedLink()
        engine.link.set_queue([item(9)])
        await engine.start(pid=5522, version="0.2.0")
        console.reconnect()
        await eventually(lambda: console.store.phase is Phase.LIVE)
        assert console.store.connection.pong is not None
        assert console.store.connection.pong.version == "0.2.0"
        assert not len(console.store.events)
        await eventually(lambda: console.store.queue.matched == 1)
        screen = console.screen
        assert isinstance(screen, QueueScreen)
        assert not screen.store.why_no_change()
        await console.link.close()
    await engine.kill()


async def test_an_upgraded_engine_is_only_looked_at(tmp_path: Path, clock: HandClock) -> None:
    """After an upgrade to another protocol the console says so and changes nothing."""
    engine = Engine(tmp_path)
    await engine.start()
    async with running(RemoteLink(engine.path), clock, pace=BRISK) as (console, pilot):
        await eventually(lambda: console.store.phase is Phase.LIVE)
        await engine.kill()
        await eventually(lambda: console.store.phase is Phase.OFFLINE)
        await engine.start(pid=5522, protocol=99)
        console.reconnect()
        await eventually(lambda: console.store.phase is Phase.INCOMPATIBLE)
        assert "another protocol" in console.store.why_no_change()
        await pilot.press("2", "H")
        assert not engine.link.asked_of(HoldMessages)
        await console.link.close()
    await engine.kill()


async def test_a_far_engine_holds_up_no_key(clock: HandClock) -> None:
    """With 200 ms to the engine keys act at once, and are not queued behind answers."""
    link = MemoryLink()
    link.set_queue([item(number) for number in range(1, 60)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.delay = 0.2
        console.poke()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(10):
            await pilot.press("down")
        screen = console.screen
        assert isinstance(screen, QueueScreen)
        assert screen.table.cursor_row == 10
        # Ten keys each behind an answer would take two seconds.
        assert loop.time() - begun < 1.9
        link.delay = 0.0
        await settle()


async def test_a_refused_reading_keeps_what_is_known(clock: HandClock) -> None:
    """When the engine says no to a page, the page that is here stays, and the reason is told."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        link.refuse(ListQueue, "The spool is busy.")
        await press(pilot, "r")
        assert "ada@bigmail.example" in page_of(console)
        assert "▲ The spool is busy." in page_of(console)
        assert console.store.phase is Phase.LIVE
        link.refuse(ListQueue, "")
        await press(pilot, "r")
        assert "The spool is busy." not in page_of(console)


@pytest.mark.parametrize(("size", "small"), [((60, 18), False), ((59, 18), True), ((60, 17), True)])
async def test_sixty_by_eighteen_is_enough(
    clock: HandClock, size: tuple[int, int], small: bool
) -> None:
    """Below 60x18 one sentence takes the place of the screen; at 60x18 every screen is drawn."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock, size=size) as (console, pilot):
        for digit in "1234":
            await press(pilot, digit)
            assert isinstance(console.screen, TooSmall) is small
            assert all(len(line) <= size[0] for line in page_of(console).splitlines())
        await pilot.resize_terminal(100, 30)
        await settle()
        assert not isinstance(console.screen, TooSmall)


async def test_a_question_survives_a_terminal_that_was_too_small(clock: HandClock) -> None:
    """A dialog that was open when the terminal shrank is there when it grows."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "D")
        await pilot.resize_terminal(40, 10)
        await settle()
        assert isinstance(console.screen, TooSmall)
        await press(pilot, "y")
        await pilot.resize_terminal(120, 36)
        await settle()
        assert "Delete this message?" in page_of(console)


async def test_a_change_confirmed_offline_is_not_sent(clock: HandClock) -> None:
    """The box was opened while all was well; what is confirmed then does not lie in wait."""
    for keys, kind in ((("3", "S"), SuspendDestination), (("2", "B"), BounceMessages)):
        link = DemoEngine(clock)
        async with running(link, clock) as (console, pilot):
            await press(pilot, *keys)
            clock.advance(10.0)  # no answer for so long: STALE
            sent = len([one for one in link.asked_of(kind) if not one.dry_run])
            console.screen.query_one("#yes", Button).press()
            await settle()
            assert len([one for one in link.asked_of(kind) if not one.dry_run]) == sent
            assert "Nothing was sent. The engine has not answered for some seconds" in page_of(
                console
            )
            (done,) = console.command_log.items
            assert (done.role, done.commands, done.ended) == ("bad", [], True)


class Stalling(DemoEngine):
    """Goes away with the first change in its hands."""

    async def ask(self, request: Request[R]) -> R:
        if isinstance(request, SuspendDestination) and not request.dry_run:
            raise LinkLost("The engine went away.")
        return await super().ask(request)


async def test_a_change_on_its_way_when_the_engine_goes_is_not_known_to_be_done(
    clock: HandClock,
) -> None:
    """It may have been done or not, and the status line says so."""
    async with running(Stalling(clock), clock) as (console, pilot):
        await press(pilot, "3", "S")
        await press(pilot, "enter")
        assert "It is not known whether this was done" in page_of(console)
        (done,) = console.command_log.items
        assert done.role == "bad"
