"""One message in detail, by its keys."""

from __future__ import annotations

import pytest

from empath.control.link import DeleteMessages, HoldMessages, ReadContent
from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.demo_message import CONTENT


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


async def test_raw_content_is_read_in_ranges_and_shown_as_dots(
    engine: DemoEngine, clock: HandClock
) -> None:
    """W reads the first 64 kB only, m the next; control octets are dots."""
    engine.contents[engine.detail] = CONTENT + "\x1b[2J" + "x" * 100_000
    async with running(engine, clock) as (console, pilot):
        await press(pilot, "2", "enter", "w")
        assert [request.offset for request in engine.asked_of(ReadContent)] == [0]
        assert "Raw · 66kB of 100kB" in page_of(console)
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
        assert titles == ["Transcript · attempt 4", "Headers", "Envelope", "Timeline · 4 attempts"]


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
