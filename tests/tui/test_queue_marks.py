"""Marks, ranges, everything a filter matches, and going from match to match."""

from __future__ import annotations

import pytest

from empath.control.link import HoldMessages, ListQueue, QueueChange, SelectMessages
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle, write
from tests.fakes.demo_engine import matches
from tests.fakes.endless_queue import EndlessQueue
from tests.fakes.memory_link import MemoryLink


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages, newest first."""
    engine = MemoryLink()
    engine.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 21))
    engine.matching = matches
    return engine


def made(link: MemoryLink) -> list[QueueChange]:
    """The changes that were asked for, without the dry runs before them."""
    return [each for each in link.asked_of(QueueChange) if not each.dry_run]


async def test_a_range_goes_with_the_cursor(link: MemoryLink, clock: HandClock) -> None:
    """V marks from here to where the cursor goes, back and forth, until V again."""
    async with running(link, clock) as (console, pilot):

        def numbers() -> list[int]:
            marks = console.store.selection.marks
            return sorted(int(one[-2:], 16) for one in marks)

        await press(pilot, "2", "space", "down", "V", "down", "down")
        assert "4 marked, V ends the range" in page_of(console)
        assert numbers() == [1, 3, 4, 5]
        await press(pilot, "up", "up", "up")
        assert numbers() == [1, 2, 3]
        await press(pilot, "V", "down", "down", "down")
        assert numbers() == [1, 2, 3]
        await press(pilot, "ctrl+backslash")
        assert not console.store.selection.any


async def test_a_range_never_holds_what_was_not_read(clock: HandClock) -> None:
    """Rows between whose page is not here are said to be unmarked, not marked unseen."""
    link = EndlessQueue(100_000, clock.now())
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "V", "G")
        assert "have not been read and are not marked" in page_of(console)
        assert len(console.store.selection.marks) <= 200


async def test_all_of_a_filter_is_one_selection(link: MemoryLink, clock: HandClock) -> None:
    """`*` freezes what matches now; what comes later is not marked, and not changed."""
    async with running(link, clock) as (console, pilot):
        console.show_queue("dest:d1.example")
        await settle()
        await press(pilot, "asterisk")
        assert [each.query for each in link.asked_of(SelectMessages)] == ["dest:d1.example"]
        assert "all 7 of the filter marked" in page_of(console)
        link.set_queue([item(0, recipient="new@d1.example"), *link.queue])
        await press(pilot, "o")
        page = page_of(console)
        new = next(line for line in page.splitlines() if "new@d1" in line)
        old = next(line for line in page.splitlines() if "user1@d1" in line)
        assert (new[1], old[1]) == (" ", "*")
        await press(pilot, "H")
        assert "Hold 7 messages?" in page_of(console)
        assert "empathctl queue hold --selection s-1 --expect 7" in page_of(console)
        await press(pilot, "y")
        (request,) = made(link)
        assert isinstance(request, HoldMessages)
        assert (request.ids, request.query) == ((), "")
        assert (request.selection, request.expect) == ("s-1", 7)
        assert "held 7 messages · u undoes" in page_of(console)
        assert not console.store.selection.any


async def test_all_of_nothing_is_nothing(clock: HandClock) -> None:
    """Where nothing matches, nothing is marked, and escape takes a selection off."""
    link = MemoryLink()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "asterisk")
        assert "Nothing matches: nothing is marked." in page_of(console)
        link.set_queue([item(1)])
        await press(pilot, "o", "asterisk")
        assert console.store.selection.frozen is not None
        await press(pilot, "escape")
        assert not console.store.selection.any


async def test_from_match_to_match(link: MemoryLink, clock: HandClock) -> None:
    """Ctrl+g looks for what is typed without filtering; n and N go on, and say when it ends."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "n")
        assert "Nothing is being looked for" in page_of(console)
        await press(pilot, "slash")
        await write(pilot, "user1")
        await press(pilot, "ctrl+g")
        assert console.store.queue.query == ""
        assert console.store.selection.cursor == item(10).id
        await press(pilot, "n")
        assert console.store.selection.cursor == item(11).id
        await press(pilot, "N", "N")
        assert console.store.selection.cursor == item(1).id
        await press(pilot, "N")
        assert "No further match of user1." in page_of(console)


async def test_matches_are_looked_for_beyond_what_is_here(clock: HandClock) -> None:
    """Further pages are read as they are needed, and a limit is told instead of waiting long."""
    link = EndlessQueue(100_000, clock.now())
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "slash")
        await write(pilot, "user345@")
        await press(pilot, "ctrl+g")
        assert "user345@" in page_of(console)
        assert console.store.queue.row_of(str(console.store.selection.cursor)) == 345
        await press(pilot, "n")
        assert "No match in 2,000 rows" in page_of(console)
        assert len(link.asked_of(ListQueue)) < 60
