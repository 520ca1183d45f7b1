"""The inbox: captured mail, by its keys."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.control.link import (
    DeleteMessages,
    ListParts,
    ListQueue,
    ReadPart,
    ReleaseCaptured,
    UndoJob,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, item, page_of, press, running, settle
from tests.fakes.dev_relay import HELD, dev, remember
from tui.app import Console
from tui.screens.inbox import InboxScreen
from tui.widgets.preview import PreviewLines


def screen_of(console: Console) -> InboxScreen:
    """The inbox."""
    assert isinstance(console.screen, InboxScreen)
    return console.screen


async def test_captured_mail_is_listed_beside_what_is_in_it(clock: HandClock) -> None:
    """The list on the left; facts, checks, links, code and the text on the right."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6")
        page = page_of(console)
        assert "6 Inbox" in page
        assert "Captured · 3" in page
        assert "user0@x.test" in page
        assert "482913" in page
        assert "▲ no List-Unsubscribe" in page
        assert "1 https://shop.test/reset?t=9f3c" in page
        assert "‹HTML as text›" in page
        assert "Hi Bob, your one-time code: 482 913" in page
        assert "nothing leaves this machine" in page
        [asked] = link.asked_of(ListParts)
        assert asked.id == link.queue[0].id
        await press(pilot, "down")
        assert link.asked_of(ListParts)[-1].id == link.queue[1].id


async def test_a_message_is_looked_at_in_several_ways(clock: HandClock) -> None:
    """B goes from HTML as text to text to source, w shows it raw, h its headers, a its parts."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "b")
        assert "Plain text here" in page_of(console)
        await press(pilot, "b")
        assert "<h1>Reset</h1>" in page_of(console)
        await press(pilot, "b")
        assert "Hi Bob" in page_of(console)
        await press(pilot, "w")
        assert "raw ·[31m body" in page_of(console)
        await press(pilot, "h")
        assert "From: Shop Billing" in page_of(console)
        await press(pilot, "a")
        assert "text/html" in page_of(console)
        assert [one.form for one in link.asked_of(ReadPart)] == ["text", "text", "source"]


async def test_a_long_text_is_read_as_it_is_scrolled(clock: HandClock) -> None:
    """A piece at a time: the next one comes near the end, or with m."""
    link = dev(1)
    link.inside.texts[link.queue[0].id, "2 text"] = "a line of text\n" * 9000
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6")
        assert "‹HTML as text 66kB›" in page_of(console)
        assert [one.offset for one in link.asked_of(ReadPart)] == [0]
        await press(pilot, "m")
        assert [one.offset for one in link.asked_of(ReadPart)] == [0, 65536]
        screen_of(console).preview.lines.focus()
        await press(pilot, "G")
        assert [one.offset for one in link.asked_of(ReadPart)] == [0, 65536, 131072]
        await press(pilot, "m")
        assert "That is all of it." in page_of(console)


async def test_new_mail_appears_and_the_cursor_stays(clock: HandClock) -> None:
    """Mail that comes stands above, marked as new until it is looked at."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "down")
        kept = screen_of(console).selection.cursor
        clock.advance(5)
        fresh = item(-5, state="held", recipient="new@x.test", subject="Fresh")
        link.set_queue([msgspec.structs.replace(fresh, last_reply=HELD), *link.queue])
        remember(link, fresh.id)
        console.poke()
        await settle()
        page = page_of(console)
        assert screen_of(console).selection.cursor == kept
        assert "● 1 new" in page
        assert "Captured · 4" in page
        await press(pilot, "g")
        assert "● 1 new" not in page_of(console)


async def test_a_search_narrows_the_list(clock: HandClock) -> None:
    """Words look in subject and people; esc takes them back; :inbox searches from anywhere."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "slash", *"user1", "enter")
        assert link.asked_of(ListQueue)[-1].query == "state:held hold:captured user1"
        assert "Inbox › user1" in page_of(console)
        assert "user2@x.test" not in page_of(console)
        await press(pilot, "escape")
        assert "user2@x.test" in page_of(console)
        await press(pilot, "1", "colon", *"inbox nothing", "enter")
        assert "Nothing matches; esc clears the search." in page_of(console)


async def test_mail_is_released_to_a_server(clock: HandClock) -> None:
    """F asks where to, tries it dry, sends, and tells what came of it."""
    link = dev()
    first = link.queue[0].id
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "F")
        assert "Release 1 message to 1 recipient?" in page_of(console)
        link.refuse(ReleaseCaptured, "In dev mode nothing leaves this machine by itself.")
        await press(pilot, "enter", "enter")
        assert "✖ In dev mode nothing leaves this machine" in page_of(console)
        link.refuse(ReleaseCaptured, "")
        await press(pilot, "up", *"mx.x.test:25", "enter", *"me", "enter")
        assert "✖ To: " in page_of(console)
        await press(pilot, *"@me.test", "enter")
        [sent] = link.inside.released
        assert (sent.ids, sent.to, sent.recipients) == ((first,), "mx.x.test:25", ("me@me.test",))
        assert "released 1 message to mx.x.test:25" in page_of(console)
        words = f"{HELD}; released to mx.x.test:25: delivered 250 2.0.0 Ok"
        changed = msgspec.structs.replace(link.queue[0], last_reply=words)
        link.set_queue([changed, *link.queue[1:]])
        console.poke()
        await settle()
        page = page_of(console)
        assert "✓ yes" in page
        assert "to mx.x.test:25: delivered 250 2.0.0 Ok" in page
        await press(pilot, "F")
        assert "mx.x.test:25" in page_of(console)
        await press(pilot, "escape")
        assert len(link.inside.released) == 1


async def test_the_question_says_to_how_many_it_goes(clock: HandClock) -> None:
    """A release goes to all recipients of the envelope, and says so before."""
    link = dev()
    link.set_queue([msgspec.structs.replace(link.queue[0], recipients=3), *link.queue[1:]])
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "F")
        page = page_of(console)
        assert "Release 1 message to 3 recipients?" in page
        assert "empty: user0@x.test and 2 more" in page


async def test_captured_mail_is_deleted_one_or_all(clock: HandClock) -> None:
    """D asks and deletes what is meant; X deletes all, above ten with the number typed."""
    link = dev(12)
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "D")
        assert "it was on its way to nobody" in page_of(console)
        assert "Hold instead" not in page_of(console)
        await press(pilot, "y")
        assert link.asked_of(DeleteMessages)[-1].ids == (link.queue[0].id,)
        await press(pilot, "space", "space", "D", "y")
        assert len(link.asked_of(DeleteMessages)[-1].ids) == 2
        await press(pilot, "X")
        assert "Delete 12 messages?" in page_of(console)
        await press(pilot, "enter")
        assert "✖ Nothing is typed, it takes 12." in page_of(console)
        await press(pilot, "1", "3", "enter")
        assert "✖ 13 is typed, it takes 12." in page_of(console)
        await press(pilot, "backspace", "backspace")
        assert "is typed" not in page_of(console)
        await press(pilot, "1", "2", "enter")
        last = link.asked_of(DeleteMessages)[-1]
        assert (last.query, last.expect) == ("state:held hold:captured", 12)


async def test_tab_goes_from_the_list_to_what_is_in_a_message(clock: HandClock) -> None:
    """Tab gives the facts, then the text the keys that scroll; shift+tab takes them back."""
    async with running(dev(), clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6")
        theirs = console.focused
        await press(pilot, "tab", "tab")
        assert isinstance(console.focused, PreviewLines)
        await press(pilot, "shift+tab", "shift+tab")
        assert console.focused is theirs


async def test_a_deletion_is_taken_back(clock: HandClock) -> None:
    """U here undoes what D did here."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "D", "y", "u")
        assert [each.id for each in link.asked_of(UndoJob)] == ["job-1"]
        assert "undid" in page_of(console)


async def test_a_message_is_saved_and_copied(clock: HandClock, tmp_path: Path) -> None:
    """E writes its octets to a file of its own, again to another; y offers code and links."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "e")
        assert "no folder for files" in page_of(console)
        console._state = tmp_path
        await press(pilot, "E", "e")
        first = link.queue[0].id
        for name in (f"{first}.eml", f"{first}-2.eml"):
            path = tmp_path / name
            assert path.read_bytes() == link.contents[first].encode()
            assert path.stat().st_mode & 0o777 == 0o600
        titles = [title for title, _ in screen_of(console).copies()]
        assert titles[:3] == ["one-time code", "link 1", "link 2"]
        await press(pilot, "y")
        assert "482913" in page_of(console)


async def test_enter_opens_the_message_and_brackets_walk_the_inbox(clock: HandClock) -> None:
    """Everything about one message, and its neighbours in this list."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "enter")
        assert "Inbox › " in page_of(console)
        await press(pilot, "right_square_bracket")
        assert f" {link.queue[1].id} · 2 of 3" in page_of(console)
        await press(pilot, "q")
        assert "Captured · 3" in page_of(console)


async def test_marks_and_search_are_cleared_before_leaving(clock: HandClock) -> None:
    """Esc takes off marks, then the search, then asks whether to leave."""
    link = dev()
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6", "space")
        assert "1 marked" in page_of(console)
        await press(pilot, "ctrl+backslash", "space", "escape")
        assert "1 marked" not in page_of(console)
        await press(pilot, "escape")
        assert "Leave the console?" in page_of(console)


@pytest.mark.parametrize("mode", ["relay", "dev"])
async def test_the_tab_is_there_when_there_is_something_in_it(clock: HandClock, mode: str) -> None:
    """In relay mode the tab is hidden, unless captured mail is left from before."""
    link = dev(0, mode=mode)
    async with running(link, clock, size=SMALL) as (console, pilot):
        await press(pilot, "6")
        page = page_of(console)
        assert ("6 Inbox" in page) == (mode == "dev")
        assert ("No mail is captured" in page) is True
        link.status = msgspec.structs.replace(link.status, captured=2)
        console.store.fold_status(link.status)
        await press(pilot, "6")
        assert "6 Inbox" in page_of(console)


async def test_a_damaged_message_says_so(clock: HandClock) -> None:
    """What the engine refuses to show stands in the place of the text."""
    link = dev(1)
    link.refuse(ListParts, "The body cannot be read: it was cut.")
    async with running(link, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "6")
        assert "it was cut" in page_of(console)
        assert "user0@x.test" in page_of(console)
