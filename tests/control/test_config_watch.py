"""What reloads by itself: SIGHUP, and a file that was changed and left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from empath.config.model import Config
from empath.config.origin import Origin
from empath.config.renewal import RenewalRefused
from empath.control.config_watch import ConfigWatch
from empath.control.standing_config import StandingConfig
from empath.events import ConfigRefused, ConfigReloaded
from empath.observe.figures import Figures
from tests.fakes.config_at_desk import AtDesk, at_desk
from tests.fakes.eventually import eventually

WATCH = "[reload]\nwatch = true\n"


def watching(at: AtDesk) -> ConfigWatch:
    """The watch over that file."""
    return ConfigWatch(at.desk, at.standing, report=lambda *_: None)


async def test_a_change_counts_once_two_looks_find_the_same(tmp_path: Path) -> None:
    """A file is not read while an editor writes it."""
    async with at_desk(tmp_path, WATCH) as at:
        watch = watching(at)
        await watch.look()
        await watch.look()
        assert at.told == []
        at.file.write_text(WATCH + "[delivery")
        await watch.look()
        at.file.write_text(WATCH + '[delivery.retry]\nbase = "9m"\n')
        await watch.look()
        assert at.told == []
        await watch.look()
        [event] = at.told
        assert isinstance(event, ConfigReloaded)
        assert (event.source, at.standing.current().delivery.retry.base) == ("watcher", 540)
        await watch.look()
        assert len(at.told) == 1


async def test_a_faulty_file_is_refused_once(tmp_path: Path) -> None:
    """Not at every look; a file that is gone is refused as well."""
    async with at_desk(tmp_path, WATCH) as at:
        watch = watching(at)
        at.file.write_text("[delivery")
        for _ in range(4):
            await watch.look()
        assert [type(event) for event in at.told] == [ConfigRefused]
        at.file.unlink()
        for _ in range(4):
            await watch.look()
        assert [type(event) for event in at.told] == [ConfigRefused, ConfigRefused]
        assert at.standing.current().reload.watch


async def test_a_file_that_is_right_again_ends_the_refusal(tmp_path: Path) -> None:
    """It is told once, as a reload without a change; the figure is 1 again, the version stays."""
    async with at_desk(tmp_path, WATCH) as at:
        watch, figures = watching(at), Figures()
        at.file.write_text("[delivery")
        await watch.look()
        await watch.look()
        at.file.write_text(WATCH)
        for _ in range(4):
            await watch.look()
        refused, reloaded = at.told
        figures(refused)
        assert not figures.reload_well
        figures(reloaded)
        assert figures.reload_well
        assert isinstance(reloaded, ConfigReloaded)
        assert (reloaded.source, reloaded.version, reloaded.changes) == ("watcher", 1, ())
        at.file.write_text(WATCH)
        await watch.look()
        await watch.look()
        assert len(at.told) == 2


async def test_without_watch_a_change_is_only_told(tmp_path: Path) -> None:
    """It needs attention and nothing is reloaded."""
    async with at_desk(tmp_path) as at:
        watch = watching(at)
        at.file.write_text("# changed\n")
        await watch.look()
        await watch.look()
        assert (at.standing.drift, at.told) == (True, [])


async def test_a_file_with_faults_is_not_said_to_be_a_reload_away(tmp_path: Path) -> None:
    """Whether somebody tried to put it in force or not; mended it is, and reloaded it is past."""
    async with at_desk(tmp_path) as at:
        at.file.write_text("nonsense = 1\n")
        assert await at.desk.shown.look_for_drift()
        [item] = at.desk.attention()
        assert "has faults, so that it cannot be" in item.sentence
        assert (await at.reload()).plan.faults
        assert at.desk.attention() == (item,)
        at.file.write_text("# good\n")
        assert await at.desk.shown.look_for_drift()
        [item] = at.desk.attention()
        assert "`empathctl config reload` puts it in force" in item.sentence
        at.refuse.append(RenewalRefused("listener[0].certificate", "cannot be used"))
        assert (await at.reload()).plan.faults
        assert "has faults" in at.desk.attention()[0].sentence
        at.refuse.clear()
        assert not (await at.reload()).plan.faults
        assert at.desk.attention() == ()


async def test_hang_ups_at_once_are_one_reload(tmp_path: Path) -> None:
    """And the next one is one more."""
    async with at_desk(tmp_path) as at, asyncio.TaskGroup() as group:
        watch = watching(at)
        running = group.create_task(watch.run())
        watch.hang_up()
        watch.hang_up()
        await eventually(lambda: len(at.told) == 1)
        watch.hang_up()
        await eventually(lambda: len(at.told) == 2)
        running.cancel()


async def test_a_bug_is_reported_and_the_watch_goes_on(tmp_path: Path) -> None:
    """Whatever goes wrong in one turn."""
    async with at_desk(tmp_path) as at, asyncio.TaskGroup() as group:
        bugs: list[str] = []
        watch = ConfigWatch(at.desk, at.standing, report=lambda task, error: bugs.append(task))
        at.renew = at.look  # type: ignore[assignment, method-assign]
        at.desk._renewals = (at.renew,)  # type: ignore[assignment]
        running = group.create_task(watch.run())
        watch.hang_up()
        await eventually(lambda: bugs == ["config watch"])
        watch.hang_up()
        await eventually(lambda: len(bugs) == 2)
        running.cancel()


async def test_an_engine_without_a_file_has_nothing_to_watch(tmp_path: Path) -> None:
    """Looking does nothing."""
    async with at_desk(tmp_path) as at:
        bare = StandingConfig(Origin(None), Config(), text="", at=0.0)
        watch = ConfigWatch(at.desk, bare, report=lambda *_: None)
        await watch.look()
        await watch.look()
        assert at.told == []
        assert "built-in" in repr(watch)
