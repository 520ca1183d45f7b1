"""Putting a config in force from the Config screen, and going back."""

from __future__ import annotations

import msgspec
import pytest

from empath.address import Domain
from empath.control.link import (
    ApplyConfig,
    ConfigChange,
    ConfigText,
    KeepConfig,
    PlanConfig,
    QueueImpact,
    RollBackConfig,
)
from tests.fakes.clock import HandClock
from tests.fakes.config_past import editor_of, wanting, with_a_past
from tests.fakes.console import page_of, press, running, settle
from tests.fakes.memory_config import CHANGE, PLAN, TEXT, WATCH
from tests.fakes.memory_link import MemoryLink
from tui.screens.config import ConfigScreen
from tui.screens.config_dialogs import ApplyDialog
from tui.screens.dialogs import Ask


@pytest.fixture
def link() -> MemoryLink:
    """An engine whose file is what is in force, with one change in its past."""
    return with_a_past()


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
        assert "empathctl config apply FILE --watch 1m" in page
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
        assert "Back to version 1: as version 3 it is in force." in page_of(console)
        await press(pilot, "escape", "f7")
        assert "Go back to version 2?" in page_of(console)


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


async def test_a_file_that_changes_behind_the_question_is_asked_about_again(
    link: MemoryLink, clock: HandClock
) -> None:
    """What was not shown is not put in force, and the console goes on; the next yes does it."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        for keys in ((), ("e", "a", "escape")):
            await press(pilot, "5", *keys, "f6")
            asked = len(link.asked_of(ApplyConfig))
            changed_by_hand(link)
            console.poke()
            await press(pilot, "f6")
            assert len(link.asked_of(ApplyConfig)) == asked
            assert "Asked again" in page_of(console)
            assert "the file changed while this was asked; nothing was done" in page_of(console)
            await press(pilot, "f6")
            assert len(link.asked_of(ApplyConfig)) == asked + 1
            assert "is in force" in page_of(console)


async def test_an_edit_behind_the_way_back_is_not_overwritten_unseen(
    link: MemoryLink, clock: HandClock
) -> None:
    """The box comes again and says that somebody changed the file; only the next yes does it."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "f7")
        assert "was changed since by somebody else" not in page_of(console)
        changed_by_hand(link)
        await press(pilot, "y")
        assert all(request.dry_run for request in link.asked_of(RollBackConfig))
        assert "Asked again" in page_of(console)
        assert "was changed since by somebody else" in page_of(console)
        await press(pilot, "y")
        assert not link.asked_of(RollBackConfig)[-1].dry_run
        assert "Back to version 1" in page_of(console)


async def test_question_and_log_have_the_command_of_the_trial(
    link: MemoryLink, clock: HandClock
) -> None:
    """With the time and the reason in the fields; a draft stands in no file that it could name."""
    wanting(link)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "5", "f6")
        assert "empathctl config reload --watch 1m" in page_of(console)
        await press(pilot, "shift+tab", "a")
        assert "--watch 1m --reason a" in page_of(console)
        await press(pilot, "shift+tab", "end", "backspace", "backspace", "0")
        assert "empathctl config reload --reason a" in page_of(console)
        await press(pilot, "f6", "f6")
        await press(pilot, "f6")
        assert console.command_log.commands.splitlines() == [
            "empathctl config reload --reason a",
            "empathctl config reload --watch 1m",
        ]
        await press(pilot, "e", "a", "escape", "f6")
        assert "empathctl config apply FILE --watch 1m" in page_of(console)


def changed_by_hand(link: MemoryLink) -> None:
    """Somebody writes to the file."""
    config = link.config
    assert isinstance(config.text, ConfigText)
    digest = config.text.digest + "x"
    config.text = msgspec.structs.replace(
        config.text, text=config.text.text + "# x\n", digest=digest
    )
    config.view = msgspec.structs.replace(config.view, digest=digest, drift=True)
