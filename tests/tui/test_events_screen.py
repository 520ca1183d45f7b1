"""The Events screen: following, choosing, looking for words, going by time, marks, files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from empath.address import Domain, EmailAddress
from empath.control.link import EventFilter, RequestUnclear
from empath.envelope import MessageId
from empath.events import AttemptEnded, ListenerOpened, RecipientResult, SpoolFault
from tests.fakes.clock import HandClock
from tests.fakes.console import SMALL, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine, prime
from tests.fakes.memory_link import MemoryLink
from tui.event_lines import EventLine, line_of
from tui.export import exported
from tui.feed import SAMPLED_ABOVE
from tui.screens.events import EventsScreen
from tui.screens.message import MessageScreen
from tui.screens.queue import QueueScreen
from tui.store import EventRing
from tui.widgets.event_log import EventLog, RingRows


def fault(number: int, at: float = 0.0) -> SpoolFault:
    """An event that shows its number."""
    return SpoolFault(at=at or 1_790_000_000.0 + number, sentence=f"fault number {number}")


def delivered(at: float) -> AttemptEnded:
    """A delivery."""
    address = EmailAddress("bob@mail.example")
    return AttemptEnded(
        at=at,
        id=MessageId("0123456789abcdef"),
        destination=Domain("mail.example"),
        server="",
        stage="DONE",
        seconds=0.1,
        size=100,
        latency=1.0,
        results=(RecipientResult(number=0, address=address, result="delivered", reply="250 ok"),),
    )


async def test_the_end_is_followed_until_somebody_moves_up(clock: HandClock) -> None:
    """Moving up stops following and counts what comes; G goes to the end and follows again."""
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4")
        link.push(*(fault(number) for number in range(60)))
        await settle()
        clock.advance(2)
        console.paint_soon()
        await settle()
        assert "fault number 59" in page_of(console)
        await press(pilot, "up", "up")
        assert "+0 new below" in page_of(console)
        link.push(fault(60), fault(61))
        await settle()
        page = page_of(console)
        assert "■ stands at" in page
        assert "+2 new below, G follows" in page
        clock.advance(2)
        await press(pilot, "G")
        assert "fault number 61" in page_of(console)
        assert "● following" in page_of(console)


async def test_space_stands_still_and_goes_on(clock: HandClock) -> None:
    """Space stands still where the end is, and follows again."""
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4")
        link.push(fault(1))
        await settle()
        await press(pilot, "space")
        link.push(fault(2))
        await settle()
        assert "+1 new below" in page_of(console)
        await press(pilot, "space")
        assert "● following" in page_of(console)


async def test_a_filter_is_the_engines_work(clock: HandClock) -> None:
    """What is typed after `f` goes to the engine, which sends just that, from its history on."""
    link = MemoryLink()
    link.push(fault(1), ListenerOpened(at=clock.now(), address="127.0.0.1:1025"))
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4", "f", *"kind:listening", "enter")
        assert link.followed[-1] == EventFilter(kinds=("listening",), rate=SAMPLED_ABOVE)
        page = page_of(console)
        assert "127.0.0.1:1025" in page
        assert "fault number" not in page
        assert "Events › kind:listening" in page
        link.push(fault(2))
        await settle()
        assert "fault number" not in page_of(console)
        await press(pilot, "escape")
        assert "fault number 2" in page_of(console)


async def test_a_filter_that_is_none_says_why(clock: HandClock) -> None:
    """A wrong filter is not used, and is told beside what was typed."""
    async with running(MemoryLink(), clock) as (console, pilot):
        await press(pilot, "4", "f", *"kind:defered", "enter")
        assert 'did you mean "deferred"?' in page_of(console)
        await press(pilot, "escape", "colon", *"events kind:no", "enter")
        assert 'There is no kind of event "no"' in page_of(console)
        await press(pilot, "colon", *"events dest:a.example", "enter")
        screen = console.screen
        assert isinstance(screen, EventsScreen)
        assert screen.only.destination == "a.example"


async def test_what_is_typed_stays_in_view_beside_its_fault(clock: HandClock) -> None:
    """In 80 columns a long fault is cut, with a mark; enter says more of it below."""
    async with running(MemoryLink(), clock, size=SMALL) as (console, pilot):
        await press(pilot, "4", "f", *"kind:zz")
        line = next(one for one in page_of(console).splitlines() if one.startswith(" f kind:zz"))
        assert "✖ There is no kind of event" in line
        assert line.rstrip().endswith("…")
        await press(pilot, *" dest:a.b")
        assert "kind:zz dest:a.b" in page_of(console)
        await press(pilot, "enter")
        assert 'no kind of event "zz"; there are failed, expired' in page_of(console)


async def test_an_engine_that_cannot_choose_is_asked_for_all(clock: HandClock) -> None:
    """With an engine from before filters were pushed, the console chooses by itself."""

    class Old(MemoryLink):
        def events(self, after: int | None = None, only: EventFilter | None = None):  # type: ignore[no-untyped-def] # as the link's
            if only is not None:
                raise RequestUnclear('events has no field "rate"; there is after')
            return super().events(after)

    link = Old()
    link.push(fault(1), ListenerOpened(at=clock.now(), address="127.0.0.1:1025"))
    async with running(link, clock) as (console, pilot):
        assert len(console.store.events) == 2
        await press(pilot, "4", "f", *"kind:listening", "enter")
        assert "127.0.0.1:1025" in page_of(console)
        assert "fault number" not in page_of(console)


async def test_levels_leave_routine_out_in_the_engine(clock: HandClock) -> None:
    """`l` goes round: everything, no routine, trouble only; esc takes it back."""
    link = MemoryLink()
    link.push(delivered(clock.now()), ListenerOpened(at=clock.now(), address="[::1]:25"), fault(1))
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4", "l")
        only = link.followed[-1]
        assert only is not None
        assert "delivered" not in only.kinds
        assert "listening" in page_of(console)
        assert "delivered" not in page_of(console)
        await press(pilot, "l")
        page = page_of(console)
        assert "listening" not in page
        assert "fault number 1" in page
        await press(pilot, "escape")
        assert "✓ delivered" in page_of(console)


async def test_words_are_looked_for(clock: HandClock) -> None:
    """`/` goes to the last event with the words, n to older ones, N back; none is told."""
    link = MemoryLink()
    link.push(*(fault(number) for number in (1, 12, 3, 14)))
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4", "slash", *"number 1", "enter")
        log = console.screen.query_one(EventLog)
        seen = [log.line.detail if log.line else ""]
        for key in ("n", "N"):
            await press(pilot, key)
            seen.append(log.line.detail if log.line else "")
        assert seen == ["fault number 12", "fault number 1", "fault number 12"]
        assert not log.following
        await press(pilot, "n", "n")
        assert 'No other event has "number 1".' in page_of(console)


async def test_time_is_gone_through(clock: HandClock) -> None:
    """Comma and full stop go a minute, < and > an hour."""
    link = MemoryLink()
    link.push(*(fault(number, 1_790_000_000.0 + 60 * number) for number in range(121)))
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4")
        log = console.screen.query_one(EventLog)
        seen = []
        for key in ("comma", "less_than_sign", "greater_than_sign", "full_stop"):
            await press(pilot, key)
            assert log.line is not None
            seen.append(int(log.line.detail.split()[-1]))
        assert seen == [119, 59, 119, 120]


async def test_marked_events_are_written_to_a_file(clock: HandClock, tmp_path: Path) -> None:
    """`e` writes the marked events, or all, as JSON lines; `:export csv` writes a table."""
    link = MemoryLink()
    link.push(*(fault(number) for number in range(3)))
    async with running(link, clock, state=tmp_path) as (console, pilot):
        await press(pilot, "4", "m", "e")
        assert "1 event written to" in page_of(console)
        (file,) = tmp_path.glob("events-*.jsonl")  # noqa: ASYNC240 - of a test
        (row,) = map(json.loads, file.read_text().splitlines())
        assert row["detail"] == "fault number 2"
        await press(pilot, "escape", "colon", *"export csv", "enter")
        (file,) = tmp_path.glob("events-*.csv")  # noqa: ASYNC240 - of a test
        assert len(list(csv.DictReader(file.read_text().splitlines()))) == 3


def test_a_spreadsheet_is_given_no_formula() -> None:
    """What a peer says never becomes a formula of the spreadsheet that opens the file."""
    line = EventLine(1, 0.0, "✖", "bad", "refused", "", '=HYPERLINK("x")', "+1,2\n", "")
    table = list(csv.reader(exported([line], "csv").decode().splitlines()))
    assert table[1][4] == '\'=HYPERLINK("x")'
    assert exported([line], "jsonl").count(b"\n") == 1


async def test_an_event_leads_to_its_message_and_destination(clock: HandClock) -> None:
    """Enter opens the message, d the queue of the destination; others say why not."""
    engine = DemoEngine(clock, messages=30)
    async with running(engine, clock) as (console, pilot):
        prime(engine, console.store)
        await press(pilot, "4")
        engine.push(delivered(clock.now()))
        await settle()
        clock.advance(2)
        console.paint_soon()
        await settle()
        screen = console.screen
        assert isinstance(screen, EventsScreen)
        titles = [title for title, _ in screen.copies()]
        assert titles == ["message id", "the line", "empathctl command", "destination", "JSON"]
        await press(pilot, "enter")
        assert isinstance(console.screen, MessageScreen)
        await press(pilot, "escape", "d")
        assert isinstance(console.screen, QueueScreen)
        assert console.store.queue.query == "dest:mail.example"
        engine.push(fault(1))
        await settle()
        await press(pilot, "4", "G", "enter")
        assert "This event is not about a message." in page_of(console)


# Two thousand a second.


class _Counting(RingRows):
    """Counts how often a line is looked at."""

    looked = 0

    def _passes(self, line: EventLine) -> bool:
        self.looked += 1
        return super()._passes(line)


def test_a_filter_looks_at_each_event_once() -> None:
    """However many are kept, a new event costs one look and not one for each that is there."""
    ring = EventRing()
    rows = _Counting(ring)
    rows.narrow(level=2)
    for number in range(1, 2001):
        ring.add(line_of(number, fault(number)))
        if number % 100 == 0:
            assert len(rows) == number
    assert rows.looked == 2000


async def test_a_flood_draws_no_more_than_the_screen(clock: HandClock) -> None:
    """2,000 events between two paintings cost the rows on screen, not 2,000 rows."""
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4")
        log = console.screen.query_one(EventLog)
        rows = log.ring_rows
        drawn = 0
        row = rows.row

        def counted(index: int) -> object:
            nonlocal drawn
            drawn += 1
            return row(index)

        rows.row = counted  # type: ignore[method-assign,assignment] # counts
        for number in range(2000):
            console.store.events.add(line_of(number + 1, fault(number)))
        clock.advance(2)
        console.paint_soon()
        await settle()
        assert drawn <= 6 * log.size.height


@pytest.mark.parametrize("level", [0, 1])
async def test_what_is_on_screen_stays_when_old_events_go(clock: HandClock, level: int) -> None:
    """When the oldest lines are dropped, the lines in view do not move."""
    ring = EventRing(limit=5000)
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "4")
        log = console.screen.query_one(EventLog)
        log.ring_rows.level = level
        log.use(ring)
        for number in range(1, 7000):
            ring.add(line_of(number, fault(number)))
        log.paint(10.0)
        log.go(6000)
        await settle()
        first, _ = log.visible_rows
        shown = log.ring_rows.line(first).sequence
        for number in range(7000, 7200):
            ring.add(line_of(number, fault(number)))
        assert ring.dropped
        log.paint(12.0)
        await settle()
        first, _ = log.visible_rows
        assert log.ring_rows.line(first).sequence == shown
