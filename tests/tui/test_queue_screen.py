"""The queue screen, by its keys."""

from __future__ import annotations

import pytest

from empath.control.link import (
    Changed,
    DeleteMessages,
    HoldMessages,
    ListQueue,
    QueueChange,
    QueueItem,
    ReleaseMessages,
    RetryMessages,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import matches
from tests.fakes.endless_queue import EndlessQueue
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.screens.change_dialog import ChangeDialog
from tui.screens.queue import QueueScreen
from tui.widgets.virtual_table import VirtualTable


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages, newest first."""
    engine = MemoryLink()
    engine.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 21))
    engine.matching = matches
    return engine


def made(link: MemoryLink, kind: type[QueueChange]) -> list[QueueChange]:
    """The changes of one kind that were asked for, without the dry runs before them."""
    return [request for request in link.asked_of(kind) if not request.dry_run]


@pytest.mark.parametrize(
    ("key", "kind", "word"),
    [
        ("R", RetryMessages, "made due"),
        ("H", HoldMessages, "held"),
        ("U", ReleaseMessages, "released"),
    ],
)
async def test_one_message_is_changed_without_a_question(
    link: MemoryLink, clock: HandClock, key: str, kind: type, word: str
) -> None:
    """R, H and U act on the message under the cursor at once, and say what was done."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down", key)
        assert [request.ids for request in link.asked_of(kind)] == [(item(2).id,)]
        assert f"{word} 1 message" in page_of(console)


async def test_a_retry_that_changes_nothing_says_why(link: MemoryLink, clock: HandClock) -> None:
    """What the engine notes of a change stands behind what was done."""
    nothing = Changed(messages=0, recipients=0, in_flight=0, note="held ones are released with U")
    link._change = lambda chosen, expect: nothing  # type: ignore[method-assign]
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "R")
        assert "made due 0 messages · held ones are released with U" in page_of(console)


async def test_many_messages_are_asked_about(link: MemoryLink, clock: HandClock) -> None:
    """Marks make an action about all of them, after y; n leaves everything as it was."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space", "space", "space")
        assert "3 marked" in page_of(console)
        await press(pilot, "H")
        assert isinstance(console.screen, ChangeDialog)
        assert "Hold 3 messages?" in page_of(console)
        await press(pilot, "n")
        assert not made(link, HoldMessages)
        await press(pilot, "H", "y")
        (request,) = made(link, HoldMessages)
        assert set(request.ids) == {item(1).id, item(2).id, item(3).id}
        assert "held 3 messages" in page_of(console)
        assert "marked" not in page_of(console)


async def test_what_is_in_flight_is_told(link: MemoryLink, clock: HandClock) -> None:
    """The result says how many were being delivered and were left alone."""
    link._change = lambda chosen, expect: Changed(messages=3, recipients=5, in_flight=1)  # type: ignore[method-assign]
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "H")
        assert "held 3 messages (5 recipients) · 1 in flight left alone" in page_of(console)


async def test_deleting_always_asks_and_cancel_is_the_default(
    link: MemoryLink, clock: HandClock
) -> None:
    """D shows what it is about and what it means; enter alone does not delete."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "D")
        page = page_of(console)
        assert "Delete this message?" in page
        assert "user1@d1.example" in page
        assert "nobody is told" in page
        assert f"empathctl queue delete {item(1).id}" in page
        await press(pilot, "enter")
        assert not made(link, DeleteMessages)
        await press(pilot, "D", "right", "right", "enter")
        assert [each.ids for each in made(link, DeleteMessages)] == [(item(1).id,)]


async def test_deleting_many_wants_their_number_typed(link: MemoryLink, clock: HandClock) -> None:
    """Above ten messages y is not enough: their number must be typed."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", *["space"] * 12, "D")
        assert "Type the number of messages (12)" in page_of(console)
        await press(pilot, "y", "backspace", "enter", "1", "1", "enter")
        assert not made(link, DeleteMessages)
        await press(pilot, "backspace", "2", "enter")
        (request,) = made(link, DeleteMessages)
        assert len(request.ids) == 12


async def test_the_engines_no_is_shown(link: MemoryLink, clock: HandClock) -> None:
    """When the engine refuses, its sentence is shown and the console goes on."""
    link.refuse(RetryMessages, "The spool is full: free some space.")
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "R")
        assert "✖ The spool is full: free some space." in page_of(console)


async def test_keys_that_are_off_say_why(link: MemoryLink, clock: HandClock) -> None:
    """A read-only console greys changing keys, and pressing one says why."""
    async with running(link, clock, read_only=True) as (console, pilot):
        await press(pilot, "2", "D")
        assert not link.asked_of(DeleteMessages)
        assert "This console is read-only." in page_of(console)
        assert "READ-ONLY" in page_of(console)


async def test_an_empty_queue_has_nothing_to_act_on(clock: HandClock) -> None:
    """With no message there is no dialog and no request, only a sentence."""
    async with running(MemoryLink(), clock) as (console, pilot):
        await press(pilot, "2")
        assert "The queue is empty." in page_of(console)
        await press(pilot, "D")
        assert "There is no message to act on." in page_of(console)


async def test_a_filter_is_applied_by_the_engine(link: MemoryLink, clock: HandClock) -> None:
    """What is typed behind / goes to the engine; keys typed there act on nothing."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "slash", *"dest:d1.example", "enter")
        assert link.asked_of(ListQueue)[-1].query == "dest:d1.example"
        page = page_of(console)
        assert "7 of 20 match" in page
        assert "Queue › dest:d1.example" in page
        assert "user2@d2.example" not in page
        assert not link.asked_of(DeleteMessages)
        await press(pilot, "escape")
        assert "20 messages" in page_of(console)


async def test_a_text_that_is_no_filter_is_explained(link: MemoryLink, clock: HandClock) -> None:
    """A wrong field is named at once with what there is, and nothing is asked with it."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "slash", *"colour:3")
        assert '"colour:" is not a field' in page_of(console)
        await press(pilot, "enter")
        assert all(request.query != "colour:3" for request in link.asked_of(ListQueue))
        await press(pilot, "escape")
        assert "20 messages" in page_of(console)


async def test_rows_do_not_move_under_the_cursor(link: MemoryLink, clock: HandClock) -> None:
    """While the operator works, new mail changes no row; o shows the queue as it is."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down", "down")
        link.set_queue([item(0, recipient="new@d0.example"), *link.queue])
        await press(pilot, "r")
        assert "new@d0.example" not in page_of(console)
        assert "order stands (+1), o re-orders" in page_of(console)
        await press(pilot, "o")
        assert "new@d0.example" in page_of(console)
        assert console.store.selection.cursor == item(3).id


async def test_messages_that_left_are_struck_through(link: MemoryLink, clock: HandClock) -> None:
    """A message that was delivered meanwhile keeps its row, marked as left, until o."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down", "down")
        link.set_queue([one for one in link.queue if one.id != item(5).id])
        await press(pilot, "r")
        (line,) = [text for text in page_of(console).splitlines() if "user5@" in text]
        assert "✖ left" in line
        await press(pilot, "o")
        assert "user5@" not in page_of(console)


async def test_an_untouched_list_follows_the_queue(link: MemoryLink, clock: HandClock) -> None:
    """While nobody works on it, new mail shows by itself, and the cursor keeps its message."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        assert "● following" in page_of(console)
        link.set_queue([item(0, recipient="new@d0.example"), *link.queue])
        clock.advance(10)
        console.poke()
        await settle()
        assert "new@d0.example" in page_of(console)
        assert console.store.selection.cursor == item(1).id


async def test_the_order_turns_round(link: MemoryLink, clock: HandClock) -> None:
    """S asks for the oldest first, and again for the newest."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "S")
        assert link.asked_of(ListQueue)[-1].sort == "age"
        assert "oldest first" in page_of(console)


async def test_a_million_messages_cost_a_page(clock: HandClock) -> None:
    """The last of a million rows shows after one key, and few rows were ever asked for."""
    link = EndlessQueue(1_000_000, clock.now())
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "G")
        page = page_of(console)
        assert "user999999@" in page
        assert "row 1,000,000" in page
        await press(pilot, "g", "pagedown")
        assert "user40@" in page_of(console)
        assert len(link.asked_of(ListQueue)) < 20
        assert isinstance(console.screen, QueueScreen)
        assert len(console.store.queue.items) <= 400


async def test_a_click_points_and_a_double_click_opens(link: MemoryLink, clock: HandClock) -> None:
    """The mouse points at a row; clicking it twice opens it."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        await pilot.click("#queue", offset=(10, 4))
        assert console.store.selection.cursor == item(4).id
        await pilot.click("#queue", offset=(10, 4), times=2)
        await settle()
        assert "There is no message" in page_of(console)
        assert "Envelope" in page_of(console)


@pytest.mark.parametrize("keys", [("s", "down", "down", "enter"), ("S",), ("o",), ("G",)])
async def test_a_pause_ends_where_other_rows_are_wanted(
    clock: HandClock, keys: tuple[str, ...]
) -> None:
    """Another order, or the far end of the list, is read and shown; no row stays unread."""
    async with running(EndlessQueue(5000, clock.now()), clock) as (console, pilot):
        await press(pilot, "2", "p", "down")
        assert "paused" in page_of(console)
        await press(pilot, *keys)
        await settle()
        assert not console.paused
        assert "The pause has ended" in page_of(console)
        table = console.screen.query_one(VirtualTable)
        first, last = table.visible_rows
        assert len(console.store.queue.ids_between(first, last)) >= last - first
        assert all(f" {row.id[-7:]}" in page_of(console) for row in shown(console, first, last))


def shown(console: Console, first: int, last: int) -> list[QueueItem]:
    """The messages of the rows on screen."""
    pages = console.store.queue
    return [pages.items[each] for each in pages.ids_between(first, last)]
