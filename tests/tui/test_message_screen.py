"""One message in detail, by its keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from empath.address import Domain, EmailAddress
from empath.control.link import (
    DeleteMessages,
    HoldMessages,
    ListJobs,
    ListParts,
    ReadContent,
    ReleaseMessages,
    RetryMessages,
    WhyItem,
    WhyReply,
)
from empath.envelope import MessageId
from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.demo_message import CONTENT
from tui.screens.message import MessageScreen


@pytest.fixture
def engine(clock: HandClock) -> DemoEngine:
    """A relay with one message of a rich history, which its queue shows alone."""
    relay = DemoEngine(clock)
    relay.set_queue([one for one in relay.queue if one.id == relay.detail])
    return relay


async def test_it_shows_envelope_timeline_transcript_and_headers(
    engine: DemoEngine, clock: HandClock
) -> None:
    """Everything known about a message is on one screen at 120x36."""
    engine.whys.clear()  # the reason takes lines of the envelope
    async with running(engine, clock, size=NORMAL) as (console, pilot):
        await press(pilot, "2", "enter")
        page = page_of(console)
        assert "Timeline · 4 attempts" in page
        assert "Transcript · attempt 4" in page
        assert "< 451 4.7.1 Greylisted, please try again in 300 seconds" in page
        assert "✓ delivered cy@bigmail.example" in page
        assert "From: Shop Billing <billing@shop.example>" in page


async def test_the_transcript_is_that_of_the_attempt_under_the_cursor(
    engine: DemoEngine, clock: HandClock
) -> None:
    """Moving in the timeline shows what was said in that attempt, or why nothing was kept."""
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter", "up", "up")
        assert "Transcript · attempt 2" in page_of(console)
        assert "* timed out after 30 s" in page_of(console)
        await press(pilot, "g")
        assert "Not an attempt: nothing was said." in page_of(console)


async def test_enter_reads_what_was_said_and_the_way_back_is_shift_tab(
    engine: DemoEngine, clock: HandClock, tmp_path: Path
) -> None:
    """Enter goes from an attempt to its transcript, shift+tab back; E writes the message down."""
    async with running(engine, clock, state=tmp_path) as (console, pilot):
        await press(pilot, "2", "enter")
        assert console.focused is not None
        assert console.focused.id == "moments"
        await press(pilot, "enter")
        assert console.focused.id == "transcript-lines"
        await press(pilot, "shift+tab")
        assert console.focused.id == "moments"
        await press(pilot, "E")
        assert "saved to" in page_of(console)
        saved = (tmp_path / f"{engine.detail}.eml").read_bytes()
        assert saved == engine.contents[engine.detail].encode()


async def test_raw_content_is_read_in_ranges_and_shown_as_dots(
    engine: DemoEngine, clock: HandClock
) -> None:
    """W reads the first 64 kB only, m the next; control octets are dots."""
    engine.contents[engine.detail] = CONTENT + "\x1b[2J" + "x" * 100_000
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter", "w")
        assert [request.offset for request in engine.asked_of(ReadContent)] == [0]
        assert "‹Raw 66kB of 100kB›" in page_of(console)
        await press(pilot, "m")
        assert [request.offset for request in engine.asked_of(ReadContent)] == [0, 65536]
        await press(pilot, "m", "G")
        assert len(engine.asked_of(ReadContent)) == 2
        assert "·[2Jxxx" in page_of(console)
        await press(pilot, "h")
        assert "Subject: Your November invoice" in page_of(console)


async def test_a_small_terminal_shows_one_pane_at_a_time(
    engine: DemoEngine, clock: HandClock
) -> None:
    """At 80x24 tab goes from pane to pane, and nothing is squeezed."""
    async with running(engine, clock, size=SMALL) as (console, pilot):
        await press(pilot, "2", "enter")
        assert "Timeline" in page_of(console)
        assert "Envelope" not in page_of(console)
        titles = []
        for _ in range(4):
            await press(pilot, "tab")
            titles.append(page_of(console).splitlines()[2].strip("─ "))
        assert titles == [
            "Transcript · attempt 4",
            "Text  Raw  ‹Headers›  Parts",
            "Envelope",
            "Timeline · 4 attempts",
        ]


async def test_it_can_be_changed_here(engine: DemoEngine, clock: HandClock) -> None:
    """H holds it at once, D asks first; both are about this message alone."""
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter", "H")
        assert [request.ids for request in engine.asked_of(HoldMessages)] == [(engine.detail,)]
        assert "held 1 message" in page_of(console)
        await press(pilot, "D", "y")
        deletes = [each for each in engine.asked_of(DeleteMessages) if not each.dry_run]
        assert [request.ids for request in deletes] == [(engine.detail,)]


async def test_a_message_that_is_gone_says_so(clock: HandClock) -> None:
    """When the engine has no such message its sentence stands where the envelope would."""
    relay = DemoEngine(clock, messages=50)
    relay.views.clear()
    async with running(relay, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        assert "There is no message" in page_of(console)
        await press(pilot, "H")
        assert not relay.asked_of(HoldMessages)
        await press(pilot, "q")
        assert "LAST REP" in page_of(console)


async def test_brackets_walk_the_list(clock: HandClock) -> None:
    """] opens the next message of the queue, [ the one before; at the end it says so."""
    relay = DemoEngine(clock, messages=3)
    first, second = relay.queue[0].id, relay.queue[1].id
    async with running(relay, clock) as (console, pilot):
        await press(pilot, "2", "enter", "right_square_bracket")
        assert f" {second}" in page_of(console)
        await press(pilot, "left_square_bracket")
        assert f" {first}" in page_of(console)
        await press(pilot, "left_square_bracket")
        assert "no further message" in page_of(console)


async def test_why_it_waits_and_how_it_is_encrypted_stand_first(
    engine: DemoEngine, clock: HandClock
) -> None:
    """Two keys from the overview: the sentence, once for all it holds for, and TLS of the last
    attempt.
    """
    told = [
        WhyItem(
            address=EmailAddress(f"{name}@bigmail.example"),
            destination=Domain("bigmail.example"),
            state="deferred",
            sentence=f"{name}@bigmail.example is tried again at noon.",
            next_event="retry",
            next_at=clock.now() + 60,
        )
        for name in ("ada", "di")
    ]
    engine.whys[engine.detail] = WhyReply(id=engine.detail, recipients=tuple(told), total=2)
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        page = page_of(console)
        assert "why       ada@bigmail.example is tried" in page
        assert "the same" in page
        assert "di@bigmail.example is tried" not in page
        assert "451" in page
        assert "1.3 ○" in page
        await press(pilot, "tab", "tab", "tab", "G")
        assert "goes over ✓ TLSv1.3" in page_of(console)


async def test_everything_of_it_can_be_copied(engine: DemoEngine, clock: HandClock) -> None:
    """The last reply, the dialogue under the cursor, who and what it is, and the command."""
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        screen = console.screen
        assert isinstance(screen, MessageScreen)
        copies = dict(screen.copies())
        assert copies["last reply"].startswith("451 4.7.1")
        assert "RCPT TO:<ada@bigmail.example>" in copies["transcript"]
        assert copies["id"] == engine.detail
        assert copies["empathctl"] == f"empathctl queue view {engine.detail}"
        assert json.loads(copies["JSON"])["id"] == engine.detail
        await press(pilot, "y")
        assert "transcript" in page_of(console)


async def test_its_inside_is_read_only_when_it_is_looked_at(
    engine: DemoEngine, clock: HandClock
) -> None:
    """Opening a message reads no body, which would be on record; b does, a shows the parts."""
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        assert not engine.asked_of(ListParts)
        await press(pilot, "b")
        assert len(engine.asked_of(ListParts)) == 1
        assert "your invoice 881 over 42.00 EUR is attached." in page_of(console)
        await press(pilot, "a")
        assert "text/plain  utf-8" in page_of(console)


async def test_every_change_of_the_queue_is_here(engine: DemoEngine, clock: HandClock) -> None:
    """R, U, B, T and P are about this message alone; u takes the last one back."""
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter", "R", "U")
        assert [one.ids for one in engine.asked_of(RetryMessages)] == [(engine.detail,)]
        assert [one.ids for one in engine.asked_of(ReleaseMessages)] == [(engine.detail,)]
        for key, title in (("B", "Bounce"), ("T", "Reroute"), ("P", "Priority")):
            await press(pilot, key)
            assert title.lower() in page_of(console).lower()
            await press(pilot, "escape")
        await press(pilot, "u")
        assert engine.asked_of(ListJobs)


async def test_neighbours_are_read_where_they_are_not_here(clock: HandClock) -> None:
    """At the edge of what the list holds ] asks for the page behind it."""
    relay = DemoEngine(clock, messages=300)
    async with running(relay, clock) as (console, pilot):
        await press(pilot, "2", "enter")
        here = relay.queue[99].id
        console.push_screen(MessageScreen(here))
        await settle()
        await press(pilot, "right_square_bracket")
        assert f" {relay.queue[100].id} · 101 of 300" in page_of(console)
        stranger = MessageId("0197a8c0f3e41b2c")
        console.push_screen(MessageScreen(stranger, tab="events"))
        await settle()
        await press(pilot, "left_square_bracket")
        assert "not in the list it was opened from" in page_of(console)
