"""Putting a config in force: what is on record, and what a disk that is full is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from empath.control.link import ApplyConfig, RequestRefused, RollBackConfig
from empath.events import SpoolFault
from tests.fakes.config_at_desk import at_desk

BASE = '[delivery.retry]\nbase = "{}"\n'


async def test_records_that_are_gone_do_not_take_the_numbers_with_them(tmp_path: Path) -> None:
    """What is in force is on record again before it makes way, and its number is used once."""
    async with at_desk(tmp_path) as at:
        for minutes in ("7m", "8m", "9m"):
            await at.reload(BASE.format(minutes))
        for record in at.history.folder.glob("*.json"):
            record.unlink()
        assert (await at.reload(BASE.format("10m"))).version == 5
        assert at.history.versions() == [5, 4]
        back = await at.desk.answer(RollBackConfig(), "root")
        assert (back.version, back.back_to) == (6, 4)
        assert at.file.read_text() == BASE.format("9m")


async def test_a_start_that_could_not_be_recorded_is_told_and_recorded_later(
    tmp_path: Path,
) -> None:
    """It says that the config is in force and not in the history, and what to do."""
    (tmp_path / "spool").mkdir(mode=0o700)
    (tmp_path / "spool" / "config").write_text("in the way")
    async with at_desk(tmp_path, BASE.format("7m")) as at:
        [fault] = [event for event in at.published if isinstance(event, SpoolFault)]
        assert "so what is in force now is not in the history: make room" in fault.sentence
        with pytest.raises(RequestRefused, match="so nothing was changed: make room"):
            await at.reload(BASE.format("8m"))
        (tmp_path / "spool" / "config").unlink()
        assert (await at.reload(BASE.format("8m"))).version == 2
        [first] = [one for one in at.history.latest(9) if one.version == 1]
        assert (first.text, first.actor) == (BASE.format("7m"), "start")
        await at.desk.answer(RollBackConfig(), "root")
        assert at.file.read_text() == BASE.format("7m")


async def test_a_folder_of_records_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    """With what is in force in it."""
    async with at_desk(tmp_path) as at:
        await at.reload(BASE.format("7m"))
        shutil.rmtree(at.history.folder)
        await at.reload(BASE.format("8m"))
        assert at.history.versions() == [3, 2]


async def test_a_text_that_is_in_force_already_makes_no_version(tmp_path: Path) -> None:
    """So that a rollback goes back to what was before; the file may be another by then."""
    async with at_desk(tmp_path, BASE.format("7m")) as at:
        text = BASE.format("8m")
        for _ in range(2):
            applied = await at.desk.answer(ApplyConfig(text=text, watch=60.0), "root")
            assert applied.version == 2
        assert (applied.watched_until, applied.plan.base, at.history.versions()) == (
            None,
            2,
            [2, 1],
        )
        back = await at.desk.answer(RollBackConfig(dry_run=True), "root")
        assert back.back_to == 1
        at.file.write_text("# by hand\n")
        assert (await at.desk.answer(ApplyConfig(text=text), "root")).version == 3
        at.file.unlink()
        assert (await at.desk.answer(ApplyConfig(text=text), "root")).version == 4
        assert at.file.read_text() == text
