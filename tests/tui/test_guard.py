"""A fault of the console itself: one sentence, and everything goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import pytest
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from empath.control.link import GetStatus, HoldMessages, ListQueue, Request
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.guard import sentence_of

R = TypeVar("R")

SAID = "The console met a fault and goes on"


class FaultyLink(MemoryLink):
    """Its answers to *kind* raise what nobody expects of a link."""

    kind: type[Request[Any]] | None = None

    async def ask(self, request: Request[R]) -> R:
        if self.kind is not None and isinstance(request, self.kind):
            raise RuntimeError("broken")
        return await super().ask(request)


class Knock(Message):
    """Has a widget raise."""


class Broken(Widget):
    """Raises when it is mounted, and when it is knocked at."""

    def on_mount(self) -> None:
        """Raise."""
        raise RuntimeError("mounting")

    def on_knock(self) -> None:
        """Raise."""
        raise RuntimeError("handling")


class BrokenBox(ModalScreen[None]):
    """A box whose first key raises, and whose second closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "fail", show=False),
        Binding("f9", "fail", show=False, priority=True),
        Binding("c", "app.pop_screen", show=False),
    ]

    def action_fail(self) -> None:
        """Raise."""
        raise RuntimeError("key")


class BrokenPicture(Widget):
    """Cannot be painted."""

    def render(self) -> str:
        """Raise."""
        raise RuntimeError("painting")


@pytest.fixture
def link() -> FaultyLink:
    """A relay with three messages."""
    engine = FaultyLink()
    engine.set_queue(item(n) for n in range(1, 4))
    return engine


async def works(console: Console, pilot: Any) -> bool:
    """Keys still go places."""
    await press(pilot, "3")
    gone = console.current_mode
    await press(pilot, "2")
    return (gone, console.current_mode) == ("destinations", "queue")


async def test_a_change_that_raises_is_said_and_ends(link: FaultyLink, clock: HandClock) -> None:
    """In the status line, and in the log as what became of it; the next change works."""
    async with running(link, clock, faulty=True) as (console, pilot):
        await press(pilot, "2")
        link.kind = HoldMessages
        await press(pilot, "H")
        assert f"{SAID}: RuntimeError in " in page_of(console)
        (done,) = console.command_log.items
        assert (done.title, done.role, done.ended) == ("hold", "bad", True)
        assert done.said.startswith(SAID)
        link.kind = None
        await press(pilot, "H")
        assert console.command_log.items[-1].said.startswith("held 1 message")
        assert await works(console, pilot)
    assert console.return_code in (None, 0)


async def test_an_action_that_raises_at_once_is_said(link: FaultyLink, clock: HandClock) -> None:
    """One that waits for nothing is no other."""
    async with running(link, clock, faulty=True) as (console, pilot):
        feed = console.feed
        del console.feed
        await press(pilot, "r")
        console.feed = feed
        assert f"{SAID}: AttributeError in tui/app.py:" in page_of(console)
        assert await works(console, pilot)


async def test_keys_go_on_behind_one_that_raises(link: FaultyLink, clock: HandClock) -> None:
    """Also those that were typed before it had raised."""
    for key in ("x", "f9"):
        async with running(link, clock, faulty=True) as (console, pilot):
            console.push_screen(BrokenBox())
            await settle()
            await pilot.press(key, key, "c", "3")
            await settle()
            assert console.current_mode == "destinations"
            assert len(console.met) == 2
            (told,) = console.command_log.items
            assert told.title == "a fault of the console"
            assert await works(console, pilot)


def by_worker(console: Console) -> None:
    """A worker raises."""

    async def work() -> None:
        raise RuntimeError("working")

    console.run_worker(work())


def by_timer(console: Console) -> None:
    """A timer raises."""

    def ring() -> None:
        raise RuntimeError("ringing")

    console.set_timer(0.01, ring)


def by_callback(console: Console) -> None:
    """What a screen was asked to do later raises."""

    def call() -> None:
        raise RuntimeError("calling")

    console.screen.call_after_refresh(call)
    console.screen.call_later(call)
    console.call_later(call)


def by_picture(console: Console) -> None:
    """A widget cannot be painted, and is gone again after a while."""
    picture = BrokenPicture()
    console.screen.mount(picture)
    console.set_timer(0.2, picture.remove)


@pytest.mark.parametrize("fail", [by_worker, by_timer, by_callback, by_picture])
async def test_whatever_raises_the_console_goes_on(
    link: FaultyLink, clock: HandClock, fail: Callable[[Console], None]
) -> None:
    """Worker, timer, callback, painting: said once, and keys and data go on."""
    async with running(link, clock, faulty=True) as (console, pilot):
        await press(pilot, "2")
        fail(console)
        await settle()
        assert SAID in page_of(console)
        assert await works(console, pilot)
        asked = len(link.asked_of(ListQueue))
        await press(pilot, "r")
        assert len(link.asked_of(ListQueue)) > asked


async def test_a_widget_that_raises_goes_on_too(link: FaultyLink, clock: HandClock) -> None:
    """Its next message is handled, and what is around it as well."""
    async with running(link, clock, faulty=True) as (console, pilot):
        broken = Broken()
        await console.screen.mount(broken)
        broken.post_message(Knock())
        broken.post_message(Knock())
        await settle()
        assert [str(fault) for fault in console.met] == ["mounting", "handling", "handling"]
        assert await works(console, pilot)


async def test_a_fault_before_anything_is_shown_is_one_sentence(
    link: FaultyLink, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no line to say it in: the console ends with it, without a traceback."""
    console = Console(link, clock=clock)
    del console.feed
    await console.run_async(headless=True)
    assert console.return_code == 1
    said = capsys.readouterr().err
    assert "The console met a fault and cannot go on: AttributeError in" in said.replace("\n", " ")
    assert "Traceback" not in said
    assert "self" not in said.replace("no attribute", "")


async def test_the_feed_begins_again_after_a_fault(link: FaultyLink, clock: HandClock) -> None:
    """Without it nothing would ever be shown again."""
    async with running(link, clock, faulty=True) as (console, pilot):
        link.kind = GetStatus
        link.cut("No engine answers.")
        link.mend()
        await press(pilot, "ctrl+r")
        link.kind = None
        await press(pilot, "ctrl+r")
        assert "● live" in page_of(console)


def test_a_fault_names_our_own_code_and_no_values() -> None:
    """Type, place, what it says, in one line; what comes from a peer is made safe."""
    assert sentence_of(ValueError("a b")) == "ValueError: a b"
    assert "\x1b" not in sentence_of(ValueError("\x1b"))
    assert sentence_of(AssertionError()) == "AssertionError"
