"""The Config screen, by its keys."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.address import Domain
from empath.control.link import (
    ApplyConfig,
    CheckConfig,
    ConfigChange,
    ConfigFault,
    ConfigVersion,
    KeepConfig,
    PlanConfig,
    QueueImpact,
    RollBackConfig,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import SMALL, page_of, press, running, settle
from tests.fakes.memory_config import CHANGE, FIRST, PLAN, TEXT, VIEW, WATCH
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.screens.config import ConfigScreen
from tui.screens.config_dialogs import ApplyDialog
from tui.screens.dialogs import Ask
from tui.widgets.toml_editor import TomlEditor

FAULT = ConfigFault(
    file="/etc/empath.toml", line=4, key="delivery.retry.base", sentence="must be at least 1s"
)
SECOND = ConfigVersion(
    version=2,
    at=1_790_000_100.0,
    actor="ada(uid 1000) pid 7",
    reason="slow",
    source="edit",
    changes=(CHANGE,),
)


@pytest.fixture
def link() -> MemoryLink:
    """An engine whose file is what is in force, with one change in its past."""
    engine = MemoryLink()
    config = engine.config
    config.version = 2
    config.versions = (SECOND, FIRST)
    config.texts[1] = 'mode = "relay"\n'
    config.view = msgspec.structs.replace(VIEW, version=2, drift=False, pending=(), digest="d1")
    config.text = msgspec.structs.replace(TEXT, version=2)
    config.plan = msgspec.structs.replace(PLAN, changes=(), pending=())
    return engine


def editor_of(console: Console) -> TomlEditor:
    """The text of the screen in front."""
    screen = console.screen
    assert isinstance(screen, ConfigScreen)
    return screen.editor


def wanting(link: MemoryLink) -> None:
    """The engine finds one change in whatever is planned."""
    link.config.plan = msgspec.structs.replace(PLAN, changes=(CHANGE,), pending=())


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
        await press(pilot, "ctrl+z", "ctrl+z")
        assert editor_of(console).text == TEXT.text
        assert " no draft" in page_of(console)
        await press(pilot, "escape", "2")
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


async def test_changes_are_grouped_by_effect_with_the_mail_they_touch(
    link: MemoryLink, clock: HandClock
) -> None:
    """F5 asks about the queue; once more it shows the texts line by line."""
    impact = QueueImpact(
        destination=Domain("x.example"),
        what="route",
        messages=12,
        recipients=14,
        sentence="would go elsewhere",
        warning=True,
        examples=(),
    )
    restart = ConfigChange(key="log.format", old='"text"', new='"json"', effect="restart")
    changes = (CHANGE, restart)
    link.config.plan = msgspec.structs.replace(PLAN, changes=changes, impact=(impact,), examined=90)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e", "a")
        page = page_of(console)
        for said in ("Live · 1", "Restart · 1", 'delivery.retry.base  "5m" → "10m"'):
            assert said in page
        assert not link.asked_of(PlanConfig)
        await press(pilot, "f5")
        page = page_of(console)
        assert "x.example  12 messages would go elsewhere" in page
        assert "90 messages looked at" in page
        await press(pilot, "f5")
        assert '-mode = "relay"' in page_of(console)
        assert '+amode = "relay"' in page_of(console)


async def test_a_draft_is_put_in_force_on_trial(link: MemoryLink, clock: HandClock) -> None:
    """The dialog says what it does; its time and reason go with it; then the draft is no more."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e", "a", "f6")
        assert isinstance(console.screen, ApplyDialog)
        page = page_of(console)
        assert 'delivery.retry.base "5m" → "10m"' in page
        assert "empathctl config apply draft.toml" in page
        await press(pilot, "up", *"why", "up", "end", "backspace", "backspace", "3")
        assert console.screen.query_one("#yes").disabled, "3 seconds are no trial"
        await press(pilot, "0", "f6")
        asked = link.asked_of(ApplyConfig)[-1]
        assert (asked.text, asked.watch, asked.reason) == ("a" + TEXT.text, 30.0, "why")
        assert asked.expect == PLAN.digest
        page = page_of(console)
        assert "◐ on trial 30 s" in page
        assert "Version 3 is in force, on trial" in page
        assert "Config › draft" not in page
        assert editor_of(console).text == TEXT.text
        await press(pilot, "K")
        assert link.asked_of(KeepConfig)
        assert "Version 3 stays in force." in page_of(console)
        await press(pilot, "K")
        assert "No config is on trial." in page_of(console)


async def test_no_is_no(link: MemoryLink, clock: HandClock) -> None:
    """Escape, Cancel: nothing was asked of the engine; the draft is as it was."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e", "a", "f6", "escape", "f6", "enter", "f7", "escape")
        assert isinstance(console.screen, ConfigScreen)
        assert not link.asked_of(ApplyConfig)
        assert [one.dry_run for one in link.asked_of(RollBackConfig)] == [True]
        assert console.screen.work.changed
        await press(pilot, "D", "escape")
        assert console.screen.work.changed
        await press(pilot, "D", "right", "enter")
        assert not console.screen.work.changed
        assert editor_of(console).text == TEXT.text
        await press(pilot, "D")
        assert "There is no draft" in page_of(console)


async def test_one_goes_back_to_the_version_under_the_cursor(
    link: MemoryLink, clock: HandClock
) -> None:
    """After a question that says what that changes; without a cursor there, to the one before."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "h", "down", "f7")
        assert isinstance(console.screen, Ask)
        assert "Go back to version 1?" in page_of(console)
        await press(pilot, "y")
        planned, done = link.asked_of(RollBackConfig)
        assert (planned.dry_run, done.dry_run, done.version) == (True, False, 1)
        assert "Back: version 3 is in force." in page_of(console)
        await press(pilot, "escape", "f7")
        assert "Go back to the version before?" in page_of(console)


async def test_how_a_trial_ended_badly_is_told(link: MemoryLink, clock: HandClock) -> None:
    """For ten minutes; stuck as long as it is."""
    link.config.watch = msgspec.structs.replace(
        WATCH,
        version=2,
        outcome="rolled back",
        sentence="Back to version 1: 5 of 10 failed.",
        ends_at=WATCH.now - 60,
    )
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5")
        assert "▲ rolled back  Back to version 1: 5 of 10 failed." in page_of(console)
        clock.advance(900)
        console.paint_soon()
        await settle()
        assert "rolled back" not in page_of(console)
        wanting(link)
        link.config.watch = msgspec.structs.replace(
            link.config.watch, watching=True, back_to=1, outcome="stuck", sentence="no room"
        )
        await press(pilot, "r")
        assert "✖ stuck  no room" in page_of(console)
        screen = console.screen
        assert isinstance(screen, ConfigScreen)
        assert screen.goal() == 1, "F7 goes there, whatever the history's cursor is on"


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


async def test_drift_is_told_and_the_file_can_be_put_in_force(
    link: MemoryLink, clock: HandClock
) -> None:
    """Where there is no draft F6 is a reload of the file; without drift there is nothing to do."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "f6")
        assert "There is nothing to put in force" in page_of(console)
        wanting(link)
        link.config.view = msgspec.structs.replace(link.config.view, drift=True)
        await press(pilot, "r")
        assert "▲ drift" in page_of(console)
        await press(pilot, "f6")
        assert "Put the file in force?" in page_of(console)
        await press(pilot, "f6")
        assert link.asked_of(ApplyConfig)[-1].text is None


async def test_a_file_that_changes_under_a_draft_is_told(
    link: MemoryLink, clock: HandClock
) -> None:
    """The draft stays; without one the new text shows by itself."""
    other = msgspec.structs.replace(TEXT, text="# other\n", digest="d2", version=2)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "e", "a", "escape")
        link.config.text = other
        link.config.view = msgspec.structs.replace(link.config.view, digest="d2")
        await press(pilot, "r")
        assert "The file has changed since this draft was begun" in page_of(console)
        assert editor_of(console).text == "a" + TEXT.text
        await press(pilot, "D", "right", "enter")
        assert editor_of(console).text == "# other\n"


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
