"""The console as a program: the `:` line, the palette, the log, copying, labels, zoom, themes."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from textual.pilot import Pilot

from empath.control.link import HoldMessages
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.feed import Pace
from tui.screens.command_line import CommandLine, Palette
from tui.screens.events import EventsScreen
from tui.screens.queue import QueueScreen
from tui.settings import Settings, read_settings
from tui.theme import THEMES
from tui.widgets.bars import KeyBar


def queue_of(count: int) -> MemoryLink:
    """An engine with so many messages."""
    link = MemoryLink()
    link.set_queue([item(number) for number in range(1, count + 1)])
    return link


async def typed_keys(pilot: Pilot[int], *keys: str) -> None:
    """Press keys one behind the other, and wait for what comes of all of them."""
    for key in keys:
        await pilot.press(key)
        if len(key) > 1:
            await settle(ahead=0.05)
    await settle()


# The `:` line.


async def test_a_name_is_done_with_what_follows_it(clock: HandClock) -> None:
    """`:queue state:held` goes to the queue with that filter, and nothing else is asked."""
    async with running(queue_of(3), clock) as (console, pilot):
        await typed_keys(pilot, "colon", *"queue state:held", "enter")
        assert isinstance(console.screen, QueueScreen)
        assert console.store.queue.query == "state:held"


async def test_tab_completes_names_and_what_they_take(clock: HandClock) -> None:
    """Tab takes the best completion, again the next one; after a name it completes its values."""
    async with running(DemoEngine(clock, messages=30), clock) as (console, pilot):
        await typed_keys(pilot, "colon", *"thm", "tab")
        line = console.screen
        assert isinstance(line, CommandLine)
        assert line.field.value == "theme "
        await typed_keys(pilot, *"gr", "tab", "enter")
        assert console.theme_name == "grey"


async def test_what_was_typed_is_recalled(clock: HandClock) -> None:
    """Up goes back through what was typed before, down returns to what was being typed."""
    async with running(queue_of(3), clock) as (console, pilot):
        for name in ("queue", "events"):
            await typed_keys(pilot, "colon", *name, "enter")
        await typed_keys(pilot, "colon", "up")
        line = console.screen
        assert isinstance(line, CommandLine)
        assert line.field.value == "events"
        await press(pilot, "up", "down", "down")
        assert line.field.value == ""
        await press(pilot, "up", "up", "enter")
        assert isinstance(console.screen, QueueScreen)


async def test_a_whole_line_says_what_it_will_do(clock: HandClock) -> None:
    """Over a command with what it takes stands what enter does, not that it is unknown."""
    async with running(queue_of(3), clock) as (console, pilot):
        await typed_keys(pilot, "colon", *"queue state:held")
        assert "Nothing is called so." not in page_of(console)
        assert "⏎ queue: " in page_of(console)
        await press(pilot, "escape")
        await typed_keys(pilot, "colon", *"nosuch")
        assert "Nothing is called so." in page_of(console)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("hodl", 'There is no ":hodl" here; did you mean :hold?'),
        ("refresh now", ":refresh takes nothing after its name"),
        ("interval", ":interval wants SECONDS"),
        ("re", '"re" may be'),
    ],
)
async def test_a_line_that_is_none_says_why_and_stays(
    clock: HandClock, typed: str, said: str
) -> None:
    """What cannot be done as typed is one sentence beside the line, which can then be mended."""
    async with running(queue_of(3), clock) as (console, pilot):
        await typed_keys(pilot, "2", "colon", *typed, "enter")
        assert isinstance(console.screen, CommandLine)
        assert said in page_of(console)
        await press(pilot, "escape")
        assert isinstance(console.screen, QueueScreen)


async def test_an_action_that_is_off_shows_its_reason_in_both_lists(clock: HandClock) -> None:
    """The line and the palette list the same actions; one that is off says why, also when done."""
    async with running(queue_of(3), clock, read_only=True) as (console, pilot):
        await typed_keys(pilot, "2", "colon", *"hold")
        assert "off: This console is read-only." in page_of(console)
        await press(pilot, "enter")
        assert "This console is read-only." in page_of(console)
        await typed_keys(pilot, "ctrl+p", *"hold")
        assert isinstance(console.screen, Palette)
        assert "off: This console is read-only." in page_of(console)


# The palette.


async def test_the_palette_finds_by_any_letters_and_does_it(clock: HandClock) -> None:
    """Any letters of a name in their order find it; enter does it."""
    link = queue_of(1)
    async with running(link, clock) as (console, pilot):
        await typed_keys(pilot, "2", "ctrl+p", *"hld", "enter")
        assert len(link.asked_of(HoldMessages)) == 1
        assert isinstance(console.screen, QueueScreen)


async def test_the_palette_asks_for_what_an_action_needs(clock: HandClock) -> None:
    """An action that takes something opens the `:` line at its name."""
    async with running(queue_of(1), clock) as (console, pilot):
        await typed_keys(pilot, "ctrl+p", *"interval", "enter")
        line = console.screen
        assert isinstance(line, CommandLine)
        assert line.field.value == "interval "


# What was done.


async def test_what_was_changed_is_in_the_log_with_its_command(clock: HandClock) -> None:
    """`@` lists every change with its result and the `empathctl` line that does the same."""
    link = queue_of(1)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "H")
        link.refuse(HoldMessages, "The spool is full.")
        await press(pilot, "H")
        await press(pilot, "D", "escape")
        await press(pilot, "at")
        page = page_of(console)
        assert "✓ hold  held 1 message" in page
        assert "✖ hold  The spool is full." in page
        assert "○ delete  not done: told not to" in page
        assert page.count(f"$ empathctl queue hold {link.queue[0].id}") == 2
        await press(pilot, "y")
        assert console.command_log.commands == f"empathctl queue hold {link.queue[0].id}\n"


async def test_a_session_without_changes_has_an_empty_log(clock: HandClock) -> None:
    """Before anything was changed the log says so."""
    async with running(queue_of(1), clock) as (console, pilot):
        await press(pilot, "at")
        assert "Nothing has been changed from here yet." in page_of(console)


# Copying.


class Copying(QueueScreen):
    """A queue that offers things to copy."""

    TAB = "queue"
    offered: list[tuple[str, str]] = [("id", "0123"), ("body", "x" * 80_000)]  # noqa: RUF012 - of this test

    def copies(self) -> list[tuple[str, str]]:
        return self.offered


class Writes:
    """What went to the terminal."""

    def __init__(self, console: Console) -> None:
        self.sent: list[str] = []
        driver = console._driver
        assert driver is not None
        before = driver.write

        def write(data: str) -> None:
            self.sent.append(data)
            before(data)

        driver.write = write  # type: ignore[method-assign] # the terminal of this test


async def test_a_copy_is_sent_to_the_terminal_and_kept(clock: HandClock, tmp_path: Path) -> None:
    """What is copied goes out as OSC 52 and into a private file; nobody says "copied"."""
    async with running(queue_of(1), clock, state=tmp_path) as (console, pilot):
        await console.push_screen(Copying())
        await settle()
        writes = Writes(console)
        await typed_keys(pilot, "y", "1")
        encoded = base64.b64encode(b"0123").decode()
        assert f"\x1b]52;c;{encoded}\x07" in writes.sent
        kept = tmp_path / "clip.txt"
        assert kept.read_text() == "0123"
        assert kept.stat().st_mode & 0o777 == 0o600
        page = page_of(console)
        assert "sent to the terminal (4 octets)" in page
        assert "copied" not in page


async def test_a_long_copy_is_kept_and_not_sent(clock: HandClock, tmp_path: Path) -> None:
    """More than 74 kB encoded is too long for terminals: it is in the file, and that is said."""
    async with running(queue_of(1), clock, state=tmp_path) as (console, pilot):
        await console.push_screen(Copying())
        await settle()
        writes = Writes(console)
        await press(pilot, "y", "down", "enter")
        assert not any("\x1b]52" in sent for sent in writes.sent)
        assert (tmp_path / "clip.txt").stat().st_size == 80_000
        assert "too long for a terminal" in page_of(console)


async def test_with_nothing_to_copy_it_says_so(clock: HandClock) -> None:
    """`y` on a screen that offers nothing says that there is nothing."""
    async with running(queue_of(1), clock) as (console, pilot):
        await press(pilot, "question_mark", "escape", "y")
        assert console.front is not None
        if not console.front.copies():
            assert "There is nothing to copy here." in page_of(console)


# Going, zooming, pace.


async def test_labels_lead_to_rows_panes_and_tabs(clock: HandClock) -> None:
    """After `;` the letter on a row puts the cursor there, and a digit goes to its screen."""
    async with running(queue_of(8), clock) as (console, pilot):
        await press(pilot, "2", "semicolon")
        page = page_of(console)
        assert all(f"\n{letter}" in page for letter in "asdf")
        await press(pilot, "f")
        assert console.store.selection.cursor == console.store.queue.id_at(3)
        await press(pilot, "semicolon", "4")
        assert isinstance(console.screen, EventsScreen)
        await press(pilot, "semicolon", "escape")
        assert isinstance(console.screen, EventsScreen)


async def test_zoom_fills_the_screen_and_gives_it_back(clock: HandClock) -> None:
    """`z` lets the pane with the focus fill the screen between the bars; `z` or esc ends it."""
    async with running(DemoEngine(clock, messages=30), clock) as (console, pilot):
        await press(pilot, "1")
        assert "Flow" in page_of(console)
        for leaving in ("z", "escape"):
            await press(pilot, "z")
            page = page_of(console)
            assert "Flow" not in page
            assert "Needs attention" in page
            assert "● live" in page
            await press(pilot, leaving)
            assert "Flow" in page_of(console)


async def test_the_pace_goes_up_and_down_and_is_kept(clock: HandClock, tmp_path: Path) -> None:
    """`+` and `-` go through 0.5, 1, 2, 5 and 10 seconds; the choice is there next time."""
    file = tmp_path / "console.toml"
    async with running(
        queue_of(1), clock, settings=Settings(), settings_file=file, pace=Pace(data=3600)
    ) as (console, pilot):
        for key, seconds in (("plus", 5.0), ("plus", 10.0), ("plus", 10.0), ("minus", 5.0)):
            await pilot.press(key)
            await pilot.pause()
            assert console.settings.interval == seconds
        await pilot.press("colon", *"interval 0.5", "enter")
        await pilot.pause(0.2)
        assert console.feed.pace.data == 0.5
        assert read_settings(file)[0].interval == 0.5


async def test_an_interval_that_is_none_is_refused(clock: HandClock) -> None:
    """Only the five intervals are taken."""
    async with running(queue_of(1), clock) as (console, pilot):
        await typed_keys(pilot, "colon", *"interval soon", "enter")
        assert "The interval is 0.5, 1, 2, 5 or 10 seconds." in page_of(console)
        assert console.settings.interval == 2.0


async def test_settings_that_cannot_be_kept_are_told(clock: HandClock, tmp_path: Path) -> None:
    """A folder where the file should be is one sentence; the choice holds for this session."""
    async with running(queue_of(1), clock, settings_file=tmp_path) as (console, pilot):
        await typed_keys(pilot, "t")
        assert "The settings were not kept in" in page_of(console)
        assert console.theme_name == "light"


async def test_panes_are_gone_through_with_tab(clock: HandClock) -> None:
    """Tab and shift-tab move the focus from pane to pane."""
    async with running(DemoEngine(clock, messages=30), clock) as (console, pilot):
        await press(pilot, "1")
        first = console.focused
        await press(pilot, "tab")
        second = console.focused
        assert first is not second
        await press(pilot, "shift+tab")
        assert console.focused is first


async def test_every_theme_can_be_put_on(clock: HandClock) -> None:
    """`t` goes round all themes; each is painted at once, in its own styles."""
    async with running(queue_of(3), clock) as (console, pilot):
        await press(pilot, "2")
        seen = []
        for _ in THEMES:
            await press(pilot, "t")
            seen.append(console.theme_name)
            assert console.theme == THEMES[console.theme_name].textual
            assert dict(console.styles_by_role) == dict(THEMES[console.theme_name].styles)
        assert sorted(seen) == sorted(THEMES)
        await press(pilot, "colon", *"theme mauve", "enter")
        assert "There is no such theme; there are dark, light" in page_of(console)


async def test_screens_behind_change_their_theme_too(clock: HandClock) -> None:
    """A screen that was painted before is in the new theme when it comes to the front again."""
    async with running(queue_of(3), clock) as (console, pilot):
        await press(pilot, "2", "4", "t", "2")
        strips = console.screen._compositor.render_strips()
        colours = {segment.style.color for strip in strips for segment in strip if segment.style}
        assert THEMES["light"].styles["text"].color in colours
        assert THEMES["dark"].styles["text"].color not in colours


async def test_what_is_shown_can_be_kept_as_a_picture(clock: HandClock, tmp_path: Path) -> None:
    """F12 writes the screen as SVG into the state folder and names the file."""
    async with running(queue_of(3), clock, state=tmp_path) as (console, pilot):
        await press(pilot, "2", "f12")
        (drawn,) = tmp_path.glob("screen-*.svg")  # noqa: ASYNC240 - of a test
        assert "bigmail.example" in drawn.read_text()
        assert f"written to {drawn}" in page_of(console)


async def test_all_keys_can_be_read(clock: HandClock) -> None:
    """`:keys` lists the keys of every screen, `?` those of the one in front and of everywhere."""
    async with running(queue_of(3), clock, size=(120, 200)) as (console, pilot):
        await press(pilot, "2", "question_mark")
        assert "Everywhere" in page_of(console)
        assert "  Destinations  " not in page_of(console)
        await typed_keys(pilot, "escape", "colon", *"keys", "enter")
        page = page_of(console)
        for title in ("Overview", "Queue", "Message", "Destinations", "Events", "Everywhere"):
            assert f"  {title}  " in page


@pytest.mark.parametrize("keys", ["2/", "3/", "4f", "5e"])
async def test_the_last_line_says_what_esc_leaves(clock: HandClock, keys: str) -> None:
    """While one writes, esc closes the line or leaves the text, by a click on it too."""
    async with running(DemoEngine(clock, messages=30), clock) as (console, pilot):
        await press(pilot, *keys)
        page = page_of(console).splitlines()[-1]
        said = "esc leave the text" if keys == "5e" else "esc close"
        assert said in page
        assert "quit" not in page
        await pilot.click(KeyBar, offset=(page.index(said) + 1, 0))
        await settle()
        assert not console.typing
        assert console.screen is console.front
        assert said not in page_of(console).splitlines()[-1]
