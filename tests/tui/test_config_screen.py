"""The Config screen, by its keys."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.control.link import (
    ApplyConfig,
    CheckConfig,
    RollBackConfig,
)
from tests.fakes.clock import HandClock
from tests.fakes.config_past import FAULT, SECOND, editor_of, with_a_past
from tests.fakes.console import SMALL, page_of, press, running
from tests.fakes.memory_config import FIRST, PLAN, TEXT
from tests.fakes.memory_link import MemoryLink
from tui.screens.config import ConfigScreen


@pytest.fixture
def link() -> MemoryLink:
    """An engine whose file is what is in force, with one change in its past."""
    return with_a_past()


async def test_what_was_changed_and_when_is_two_keys_away(
    link: MemoryLink, clock: HandClock
) -> None:
    """5 and h: who, when, what, why; the changes of the version under the cursor beside it."""
    for size in ((120, 36), SMALL):
        async with running(link, clock, size=size) as (console, pilot):
            await press(pilot, "5", "h")
            page = page_of(console)
            for said in ("09-21 14:15", "ada", "delivery.retry", '"5m" → "10m"'):
                assert said in page
            await press(pilot, "down", "enter")
            assert "Version 1 against what is in force" in page_of(console)
            await press(pilot, "escape", "1")
            assert console.current_mode == "overview"


async def test_the_text_is_only_looked_at_until_it_is_edited(
    link: MemoryLink, clock: HandClock
) -> None:
    """Letters and digits are keys before ``e`` and after escape, text between; ^Z takes back."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "j", "j")
        assert editor_of(console).line == 2
        assert "delivery.retry" in page_of(console)
        await press(pilot, "e", "2", "x")
        assert editor_of(console).text.split("\n")[2] == "2x[delivery.retry]"
        assert "editing · esc leaves" in page_of(console)
        footer = page_of(console).splitlines()[-1]
        assert all(
            key in footer
            for key in ("F5 diff", "F6 apply…", "^S check", "esc leave the text", "F1 help")
        )
        assert not any(text in footer for text in ("e edit", "h history", "x problems", "? help"))
        await press(pilot, "ctrl+z", "ctrl+z")
        assert editor_of(console).text == TEXT.text
        assert " no draft" in page_of(console)
        await press(pilot, "escape")
        assert "e edit" in page_of(console).splitlines()[-1]
        await press(pilot, "2")
        assert console.current_mode == "queue"


async def test_help_follows_the_cursor(link: MemoryLink, clock: HandClock) -> None:
    """Kind, default, effect, sentence; what it is in force, in the file and in the draft."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "G", "k")
        page = page_of(console)
        for said in (
            "Key · delivery.retry.base",
            "duration, 1s to 1d",
            "a change is live",
            'running  "5m"',
            'file     "10m"',
            "last changed in version 2 by ada",
        ):
            assert said in page
        await press(pilot, "f8")
        assert console.screen.focused is not None
        assert console.screen.focused.id == "help-lines"
        await press(pilot, "f8")
        assert console.screen.focused is editor_of(console)


async def test_faults_show_at_their_lines_as_one_types(link: MemoryLink, clock: HandClock) -> None:
    """In the gutter, behind the line and in the list; enter there goes to the line."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e")
        link.config.faults = (FAULT, msgspec.structs.replace(FAULT, line=None, key="x"))
        await press(pilot, "a")
        page = page_of(console)
        assert link.asked_of(CheckConfig)[-1].text == "a" + TEXT.text
        assert '4 ●base = "10m"  # slow' in page
        assert "◀ must be at least 1s" in page
        assert "Problems · 2" in page
        assert "✖ 2 faults" in page
        await press(pilot, "escape", "x", "enter")
        assert editor_of(console).line == 3
        await press(pilot, "ctrl+s")
        assert "Draft kept · 2 faults, x lists them." in page_of(console)
        link.config.plan = msgspec.structs.replace(PLAN, faults=(FAULT,))
        await press(pilot, "f6")
        assert "1 fault: nothing can be put in force." in page_of(console)
        assert not link.asked_of(ApplyConfig)


async def test_a_draft_survives_tab_and_console(
    link: MemoryLink, clock: HandClock, tmp_path: Path
) -> None:
    """Another tab and back, another console: it is there, and says so."""
    async with running(link, clock, state=tmp_path) as (console, pilot):
        await press(pilot, "5", "e", "a", "escape", "2", "5")
        assert editor_of(console).text == "a" + TEXT.text
    async with running(link, clock, state=tmp_path) as (console, pilot):
        await press(pilot, "5")
        assert editor_of(console).text == "a" + TEXT.text
        assert "Your draft of last time is here" in page_of(console)
        assert "Config › draft" in page_of(console)
        await press(pilot, "e", "ctrl+z")
        await press(pilot, "backspace", "delete")
        assert not console.screen.work.changed  # type: ignore[attr-defined] - it is the screen
    async with running(link, clock, state=tmp_path) as (console, pilot):
        await press(pilot, "5")
        assert "no draft" in page_of(console)


async def test_a_read_only_console_shows_and_changes_nothing(
    link: MemoryLink, clock: HandClock
) -> None:
    """Editing, applying, going back, keeping: off, with their reason."""
    async with running(link, clock, read_only=True) as (console, pilot):
        await press(pilot, "5")
        assert 'mode = "relay"' in page_of(console)
        for key in ("e", "f6", "f7", "K"):
            await press(pilot, key)
            assert "This console is read-only." in page_of(console)
        assert editor_of(console).read_only
        assert not link.asked_of(ApplyConfig)
        assert not link.asked_of(RollBackConfig)


async def test_a_console_that_watches_checks_the_file_and_no_text(clock: HandClock) -> None:
    """A monitor's socket takes no text of one's own; what is wrong with the file is told."""
    link = MemoryLink(read_only=True)
    link.config.faults = (FAULT,)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5")
        assert link.asked_of(CheckConfig)[-1].text is None
        assert "✖ 1 fault" in page_of(console)


async def test_a_file_that_cannot_be_read_is_one_sentence(
    link: MemoryLink, clock: HandClock
) -> None:
    """Gone, too long, no UTF-8: the history is there all the same."""
    link.config.text = "The config file cannot be read: /etc/empath.toml: there is no such file."
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5")
        page = page_of(console)
        assert "there is no such file" in page
        assert "ada" in page
        await press(pilot, "e")
        assert "there is no such file" in page_of(console)
        assert editor_of(console).read_only


async def test_an_engine_that_goes_away_leaves_the_draft(
    link: MemoryLink, clock: HandClock
) -> None:
    """Typing goes on; what changes is off until it is back."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e", "a")
        link.cut("No engine answers.")
        await press(pilot, "b", "f6")
        assert "The engine does not answer" in page_of(console)
        assert editor_of(console).text.startswith("ab")
        link.mend()
        await press(pilot, "ctrl+r")
        assert editor_of(console).text.startswith("ab")


async def test_hostile_text_is_shown_and_not_obeyed(link: MemoryLink, clock: HandClock) -> None:
    """Escapes and markup in file, faults, versions and values are text."""
    evil = "\x1b]52;c;aGk=\x07[red]\u202e"
    link.config.text = msgspec.structs.replace(TEXT, text=f"# {evil}\nmode = 1\n")
    link.config.faults = (msgspec.structs.replace(FAULT, line=1, sentence=evil),)
    link.config.versions = (
        msgspec.structs.replace(SECOND, actor=evil, reason=evil, source=evil),
        FIRST,
    )
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "h", "x", "f5")
        page = page_of(console)
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "[red]" in page


async def test_unusual_texts_are_shown_as_can_be(link: MemoryLink, clock: HandClock) -> None:
    """Long ones without colours; those whose line ends would be changed are not edited."""

    async def show(text: str, digest: str) -> None:
        link.config.text = msgspec.structs.replace(TEXT, text=text, digest=digest)
        link.config.view = msgspec.structs.replace(link.config.view, digest=digest)
        await press(pilot, "r")

    async with running(link, clock) as (console, pilot):
        await press(pilot, "5")
        assert editor_of(console).language == "toml"
        await show("# x\n" * 2000, "d2")
        assert editor_of(console).language is None
        await show("a = 1\r\nb = 2\nc = 3\r\n", "d3")
        await press(pilot, "e")
        assert "line ends of several kinds" in page_of(console)
        assert editor_of(console).read_only


async def test_what_can_be_copied(link: MemoryLink, clock: HandClock) -> None:
    """The key and line under the cursor, the text, and the difference."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5")
        screen = console.screen
        assert isinstance(screen, ConfigScreen)
        assert screen.copies()[:2] == [("key", "mode"), ("line", 'mode = "relay"')]
        await press(pilot, "e", "a", "escape", "j")
        titles = [title for title, _ in screen.copies()]
        assert titles == ["text of the config", "difference"]


async def test_small_terminals_show_one_pane_at_a_time(link: MemoryLink, clock: HandClock) -> None:
    """Tab goes through them, escape back to the text."""
    async with running(link, clock, size=SMALL) as (console, pilot):
        await press(pilot, "5")
        seen = []
        for _ in range(5):
            seen.append(console.screen.focused.id if console.screen.focused else "")
            await press(pilot, "tab")
        assert seen == ["text", "faults", "help-lines", "change-lines", "versions"]
        await press(pilot, "shift+tab", "escape")
        assert console.screen.focused is editor_of(console)
