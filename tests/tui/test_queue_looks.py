"""Orders, columns, views, the filter's line and the sentence below, by their keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.control.link import ExplainMessage, ListQueue, RequestRefused, WhyItem, WhyReply
from empath.query import BadQuery, parse_query
from tests.fakes.clock import HandClock
from tests.fakes.console import command, item, page_of, press, running, settle
from tests.fakes.demo_engine import matches
from tests.fakes.eventually import eventually
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.screens.queue_rows import COLUMNS, columns_for
from tui.settings import SavedView, read_settings
from tui.widgets.columns import fit
from tui.widgets.why_line import broken


@pytest.fixture
def link() -> MemoryLink:
    """A relay with twenty messages of different sizes."""
    engine = MemoryLink()
    engine.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 21))
    engine.matching = matches
    return engine


def lines_of(folder: Path, form: str) -> int:
    """The lines of the one file that was exported."""
    (path,) = folder.glob(f"queue-*.{form}")
    return len(path.read_text().splitlines())


def make_unwritable(folder: Path) -> None:
    """Put a folder where the next export of this second would go."""
    (path,) = folder.glob("queue-*.csv")
    path.unlink()
    path.mkdir()


def heading(console: Console) -> str:
    """The heading of the table."""
    return next(line for line in page_of(console).splitlines() if line.startswith("  ID"))


async def test_the_order_by_every_key(link: MemoryLink, clock: HandClock) -> None:
    """The menu, its reverse, the columns beside, and a click on a heading each ask the engine."""

    def asked() -> str:
        return link.asked_of(ListQueue)[-1].sort

    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "s")
        assert "largest first" in page_of(console)
        await press(pilot, "s")
        assert asked() == "-size"
        assert "SIZE↓" in heading(console)
        assert "· largest first" in page_of(console)
        await press(pilot, "S")
        assert (asked(), "SIZE↑" in heading(console)) == ("size", True)
        await press(pilot, "less_than_sign")
        assert asked() == "-tries"
        await press(pilot, "greater_than_sign", "greater_than_sign")
        assert asked() == "from"
        await press(pilot, "s", "down", "enter")
        assert asked() == "destination"
        await press(pilot, "s", "S")
        assert asked() == "-destination"
        await press(pilot, "s", "escape")
        assert asked() == "-destination"
        await pilot.click("#queue", offset=(heading(console).index("NEXT"), 0))
        await settle()
        assert asked() == "next"


async def test_columns_are_chosen_and_kept(
    link: MemoryLink, clock: HandClock, tmp_path: Path
) -> None:
    """C ticks columns for this list or the view it shows; they are in the settings' file then."""
    kept = tmp_path / "console.toml"
    async with running(link, clock, settings_file=kept) as (console, pilot):
        await press(pilot, "2")
        assert "DESTINATION" not in heading(console)
        await press(pilot, "c", "space", "escape")
        assert "STATE" in heading(console)
        steps = [column.name for column in COLUMNS].index("destination") - 1
        await press(pilot, "c", "down", "space", *["down"] * steps, "space", "enter")
        assert "STATE" not in heading(console)
        assert "DESTINATION" in heading(console)
        await press(pilot, "apostrophe", "3", "c", *["down"] * 4, "space", "enter")
        assert "TRY" not in heading(console)
        await eventually(lambda: "3" in read_settings(kept)[0].views.get("queue", {}))
        settings = read_settings(kept)[0]
        assert "destination" in settings.columns["queue"]
        assert "tries" not in settings.views["queue"]["3"].columns
        await press(pilot, "apostrophe", "1")
        assert "TRY" in heading(console)
        await press(pilot, "c", "d")
        assert "STATE" in heading(console)
        await eventually(lambda: "queue" not in read_settings(kept)[0].columns)


async def test_wide_shows_more(link: MemoryLink, clock: HandClock) -> None:
    """W shows columns that a terminal of this width leaves out, and again hides them."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        assert "CLIENT" not in heading(console)
        await press(pilot, "w")
        assert "CLIENT" in heading(console)
        await press(pilot, "w")
        assert "CLIENT" not in heading(console)


@pytest.mark.parametrize(
    ("width", "there", "not_there"),
    [
        (70, {"id", "age", "to", "note"}, {"state", "next", "size", "from"}),
        (80, {"state", "next", "tries"}, {"size", "from"}),
        (120, {"size", "from"}, {"priority", "client"}),
        (140, {"priority", "client", "note"}, {"subject"}),
        (200, {"priority", "client", "tls", "subject", "reply"}, {"note"}),
    ],
)
def test_columns_follow_the_width(width: int, there: set[str], not_there: set[str]) -> None:
    """A narrow terminal shows what an operator needs first, a wide one everything."""
    beside = 3  # the cursor, the mark, the scrollbar
    shown = {column.name for column, _ in fit(columns_for((), wide=False), width - beside)}
    assert there <= shown
    assert not (not_there & shown)


async def test_views_by_digit_and_name(link: MemoryLink, clock: HandClock, tmp_path: Path) -> None:
    """A digit behind ' shows a view; what is shown can be kept under one, and called by name."""
    kept = tmp_path / "console.toml"
    async with running(link, clock, settings_file=kept) as (console, pilot):
        await press(pilot, "2", "apostrophe")
        assert "older than a day" in page_of(console)
        await press(pilot, "2")
        assert link.asked_of(ListQueue)[-1].query == "state:held"
        assert "Queue › state:held  '2 held" in page_of(console)
        console.show_queue("dest:d1.example")
        await press(pilot, "S")
        await command(pilot, "save-view 6 stuck at one")
        assert "'6 now shows stuck at one." in page_of(console)
        view = read_settings(kept)[0].views["queue"]["6"]
        assert view == SavedView("stuck at one", "dest:d1.example", "age")
        await press(pilot, "escape")
        await command(pilot, "view stuck")
        assert console.store.queue.matched == 7
        await command(pilot, "view nonesuch")
        assert "There is no view called nonesuch" in page_of(console)
        await command(pilot, "save-view x")
        assert "Say under which digit" in page_of(console)


async def test_a_filter_is_completed_and_judged_while_typed(
    link: MemoryLink, clock: HandClock
) -> None:
    """Tab completes fields and values; a beginning of a field filters nothing yet."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "slash", "s", "t")
        assert "state:" in page_of(console)
        assert all(request.query != "st" for request in link.asked_of(ListQueue))
        await press(pilot, "tab", "d")
        assert "state:deferred  state:delivered  state:deleted" in page_of(console)
        await press(pilot, "e", "f", "tab")
        assert "/ state:deferred" in page_of(console)
        assert "20 of 20 match" in page_of(console)
        await press(pilot, *"age:5")
        assert 'age is compared with "<" or ">", as in "age:>1h"' in page_of(console)
        await press(pilot, "escape")
        assert "20 messages" in page_of(console)


async def test_the_engines_no_to_a_filter_is_shown(link: MemoryLink, clock: HandClock) -> None:
    """What an engine of another version does not understand is told in the list's place."""

    def newer(row: object, query: str) -> bool:
        try:
            return not parse_query(query).terms
        except BadQuery as error:
            raise RequestRefused(str(error)) from error

    link.matching = newer  # type: ignore[assignment]
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2")
        console.show_queue("colour:red")
        await settle()
        assert '"colour:" is not a field' in page_of(console)


async def test_why_the_message_under_the_cursor_is_there(
    link: MemoryLink, clock: HandClock
) -> None:
    """The engine's sentence stands below the table; it is asked for once a message, not a row."""
    two = item(2, recipient="user2@d2.example")
    link.whys[two.id] = WhyReply(
        id=two.id,
        total=3,
        recipients=(
            WhyItem(
                address=two.recipient,
                destination=two.destination,
                state="deferred",
                sentence="the breaker of d2.example is open",
                next_event="probe",
                next_at=clock.now() + 3660,
            ),
        ),
    )
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "down")
        page = page_of(console)
        assert "▌6000002  Hello · news@shop.example → user2@d2.example · 1.0kB" in page
        why = "▲ the breaker of d2.example is open · probe +1m00s · 2 more otherwise"
        assert why in page
        await press(pilot, "up", "down", "r")
        assert [each.id for each in link.asked_of(ExplainMessage)].count(two.id) == 1
        clock.advance(11)
        console.store.connection.heard(clock.monotonic())
        await press(pilot, "r")
        assert [each.id for each in link.asked_of(ExplainMessage)].count(two.id) == 2
        link.refuse(ExplainMessage, "That message is gone.")
        await press(pilot, "down")
        assert "why    That message is gone." in page_of(console)


async def test_a_low_terminal_tells_why_in_one_line(link: MemoryLink, clock: HandClock) -> None:
    """At 24 lines the sentence stays and the other line goes."""
    async with running(link, clock, size=(80, 24)) as (console, pilot):
        await press(pilot, "2")
        assert "▌3000001  nobody waits for it any more" in page_of(console)
        assert "Hello ·" not in page_of(console)


async def test_what_is_listed_goes_into_a_file(
    link: MemoryLink, clock: HandClock, tmp_path: Path
) -> None:
    """E asks for the form, reads every page of the filter or the marked ones, names the file."""
    async with running(link, clock, size=(200, 40), state=tmp_path) as (console, pilot):
        console.show_queue("dest:d1.example")
        await settle()
        await press(pilot, "e", "j")
        await eventually(lambda: "7 messages written to" in page_of(console))
        assert lines_of(tmp_path, "jsonl") == 7
        await press(pilot, "e", "escape", "space", "space")
        console.front.perform_by_id("queue.export", "csv")  # type: ignore[union-attr]
        await eventually(lambda: "2 messages written to" in page_of(console))
        assert lines_of(tmp_path, "csv") == 3
        make_unwritable(tmp_path)
        await press(pilot, "e", "c")
        await eventually(lambda: "was not written" in page_of(console))
        titles = [title for title, _ in console.front.copies()]  # type: ignore[union-attr]
        assert titles[:2] == ["id", "sender"]


async def test_a_message_is_saved_as_it_is(
    link: MemoryLink, clock: HandClock, tmp_path: Path
) -> None:
    """Upper-case E writes the message under the cursor as a file of its own."""
    first = item(1, recipient="user1@d1.example")
    link.contents[first.id] = "Subject: Hello\r\n\r\nHello.\r\n"
    async with running(link, clock, size=(200, 40), state=tmp_path) as (console, pilot):
        await press(pilot, "2", "E")
        await eventually(lambda: "saved to" in page_of(console))
        assert (tmp_path / f"{first.id}.eml").read_bytes() == link.contents[first.id].encode()
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "E")
        assert "There is no folder for files." in page_of(console)


def test_a_long_sentence_takes_up_to_three_lines() -> None:
    """It is broken at blanks and indented; each line fits but the last, which is cut if it must."""
    pieces = [("   why    ", "muted"), ("✖ ", "bad"), ("word " * 20 + "end", "text")]
    lines = ["".join(text for text, _ in line) for line in broken(pieces, 50, 3)]
    assert len(lines) == 3
    assert all(len(line) <= 50 for line in lines[:2])
    assert [line[:10] for line in lines] == ["   why    ", " " * 10, " " * 10]
    whole = " ".join(line[10:].strip() for line in lines)
    assert whole == "✖ " + "word " * 20 + "end"
    assert not [*broken([], 50, 3)]
