"""The desk for the config: what it plans, what it applies, and that it does nothing by half."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from pathlib import Path

import pytest

from empath.address import Domain
from empath.bus import Bus
from empath.config.model import Config
from empath.config.origin import Origin
from empath.config.renewal import RenewalRefused
from empath.control import ledger
from empath.control.config_apply import Wish, finish
from empath.control.config_desk import ConfigDesk
from empath.control.link import (
    ApplyConfig,
    GetConfig,
    ListConfigHistory,
    ListRecord,
    NotFound,
    PlanConfig,
    QueueImpact,
    RecordItem,
    RequestRefused,
    RequestUnclear,
    RollBackConfig,
)
from empath.control.standing_config import StandingConfig
from empath.events import ConfigRefused, ConfigReloaded, SpoolFault
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.config_at_desk import at_desk

BASE = '[delivery.retry]\nbase = "{}"\n'
ROUTE = '[[route]]\ndomain = "*"\nhost = "mx.test:587"\nusername = "u"\npassword = "{}"\n'


async def test_a_reload_swaps_before_any_part_takes_what_it_built(tmp_path: Path) -> None:
    """A part finds the new config in force when it takes what it built for it."""
    async with at_desk(tmp_path) as at:
        before = at.standing.current()
        applied = await at.reload(BASE.format("10m"))
        [taken] = at.taken
        assert taken is at.standing.current()
        assert taken.delivery.retry.base == 600
        assert before.delivery.retry.base == 300
        assert applied.version == 2
        assert [(one.key, one.old, one.new) for one in applied.plan.changes] == [
            ("delivery.retry.base", '"5m"', '"10m"')
        ]
        [event] = at.told
        assert isinstance(event, ConfigReloaded)
        assert event.changes == ('delivery.retry.base: "5m" -> "10m" (live)',)


async def test_a_part_that_refuses_keeps_everything_as_it_was(tmp_path: Path) -> None:
    """Its sentence is a fault of the config; nothing was taken, recorded or noted."""
    async with at_desk(tmp_path) as at:
        before = at.standing.state
        at.refuse.append(RenewalRefused("listener", "the key does not fit"))
        applied = await at.reload(BASE.format("10m"))
        [fault] = applied.plan.faults
        assert (fault.key, fault.sentence) == ("listener", "the key does not fit")
        assert (applied.version, at.standing.state, at.taken) == (1, before, [])
        assert at.history.versions() == [1]
        [event] = at.told
        assert isinstance(event, ConfigRefused)
        assert event.sentences == (f"{at.file}: listener: the key does not fit",)
        at.refuse.append(RenewalRefused("listener", "the key does not fit"))
        plan = await at.desk.plan(None)
        assert [one.sentence for one in plan.faults] == ["the key does not fit"]


async def test_reloads_at_the_same_time_come_one_after_the_other(tmp_path: Path) -> None:
    """The second is planned against what the first put in force."""
    async with at_desk(tmp_path) as at:

        async def put(minutes: int) -> list[tuple[str, str]]:
            wish = Wish("root", "edit", text=BASE.format(f"{minutes}m"), write=True)
            done = await at.desk.change(wish)
            return [(one.old, one.new) for one in done.plan.changes]

        found = await asyncio.gather(put(6), put(7), put(8))
        assert found == [[('"5m"', '"6m"')], [('"6m"', '"7m"')], [('"7m"', '"8m"')]]
        assert at.standing.state.version == 4
        assert at.file.read_text() == BASE.format("8m")


async def test_a_plan_tells_what_happens_to_queued_mail(tmp_path: Path) -> None:
    """The queue is looked at only where something would change, and never for a reload."""
    impact = QueueImpact(
        destination=Domain("x.test"),
        what="route",
        messages=3,
        recipients=4,
        sentence="would go elsewhere",
        warning=False,
        examples=(),
    )
    async with at_desk(tmp_path) as at:
        at.impact = (impact,)
        plan = await at.desk.answer(PlanConfig(), "root")
        assert (plan.impact, plan.examined, at.asked) == ((), 0, [])
        plan = await at.desk.answer(PlanConfig(text=BASE.format("9m")), "root")
        assert (plan.impact, plan.examined) == ((impact,), 7)
        [(old, new)] = at.asked
        assert (old.delivery.retry.base, new.delivery.retry.base) == (300, 540)
        await at.reload(BASE.format("9m"))
        assert len(at.asked) == 1


async def test_an_empty_text_is_not_taken_for_a_wish(tmp_path: Path) -> None:
    """Neither planned nor applied nor written; back to an empty version that ran one can go."""
    async with at_desk(tmp_path) as at:
        await at.reload(BASE.format("10m"))
        plan = await at.desk.answer(PlanConfig(text=""), "root")
        applied = await at.desk.answer(ApplyConfig(text=""), "root")
        for one in (plan, applied.plan):
            assert [fault.sentence[:12] for fault in one.faults] == ["is empty now"]
        assert (applied.version, at.file.read_text()) == (2, BASE.format("10m"))
        assert isinstance(at.told[-1], ConfigRefused)
        back = await at.desk.answer(RollBackConfig(version=1, dry_run=True), "root")
        assert (back.plan.faults, len(back.plan.changes)) == ((), 1)
        back = await at.desk.answer(RollBackConfig(version=1), "root")
        assert (back.version, at.file.read_text()) == (3, "")


async def test_an_engine_on_built_in_defaults_has_no_file_to_reload(tmp_path: Path) -> None:
    """That is said, with the file that a restart would take; another text can be planned."""
    async with at_desk(tmp_path) as at:
        standing = StandingConfig(Origin(None), Config(), text="", at=0.0)
        desk = ConfigDesk(
            standing=standing,
            history=at.history,
            renewals=(),
            impact=at.look,
            spool=at.store,
            bus=Bus(),
            clock=HandClock(),
        )
        taken = re.escape(str(Path.cwd() / "empath.toml"))
        for asked, what in (
            (PlanConfig(), "read"),
            (ApplyConfig(), "read"),
            (ApplyConfig(text=BASE.format("9m")), "write"),
        ):
            with pytest.raises(RequestRefused, match=f"no file to {what}.* take {taken}, or"):
                await desk.answer(asked, "root")
        plan = await desk.answer(PlanConfig(text=BASE.format("9m")), "root")
        assert "delivery.retry.base" in [one.key for one in plan.changes]


async def test_a_record_that_cannot_be_written_refuses_the_reload(tmp_path: Path) -> None:
    """The config in force, the file and the history stay; the sentence says what to do."""
    async with at_desk(tmp_path) as at:
        shutil.rmtree(at.history.folder)
        at.history.folder.write_text("in the way")
        state = at.standing.state
        with pytest.raises(RequestRefused, match="so nothing was changed: make room"):
            await at.desk.answer(ApplyConfig(text=BASE.format("10m")), "root")
        assert (at.standing.state, at.file.read_text(), at.taken) == (state, "", [])
        [event] = at.told
        assert isinstance(event, ConfigRefused)
        at.history.folder.unlink()
        assert (await at.reload(BASE.format("10m"))).plan.faults == ()


async def test_a_file_that_cannot_be_written_refuses_the_edit(tmp_path: Path) -> None:
    """What was prepared in the history is dropped again."""
    async with at_desk(tmp_path) as at:
        at.file.unlink()
        at.file.mkdir()
        with pytest.raises(RequestRefused, match=r"cannot be written .*, so nothing was changed"):
            await at.desk.answer(ApplyConfig(text=BASE.format("10m")), "root")
        assert at.standing.state.version == 1
        assert {path.name for path in at.history.folder.iterdir()} == {"000001.json", "key"}


async def test_a_secret_is_told_apart_and_never_told(tmp_path: Path) -> None:
    """Plan, event, view and history show fingerprints that differ where the secrets do."""
    async with at_desk(tmp_path, ROUTE.format("hunter2")) as at:
        applied = await at.reload(ROUTE.format("correct horse"))
        [change] = applied.plan.changes
        assert change.key == 'route["*"].password'
        assert change.old != change.new
        view = await at.desk.answer(GetConfig(), "root")
        history = await at.desk.answer(ListConfigHistory(), "root")
        assert "mx.test:587" in view.text
        for told in map(repr, (applied, view, history, at.published)):
            assert "hunter2" not in told
            assert "correct horse" not in told
        back = await at.desk.answer(RollBackConfig(), "root")
        assert [(one.old, one.new) for one in back.plan.changes] == [(change.new, change.old)]


async def test_comments_alone_are_a_version_without_changes(tmp_path: Path) -> None:
    """So that the text that is kept is the one the file has; the same text again is none."""
    async with at_desk(tmp_path) as at:
        assert (await at.reload("# why\n")).version == 2
        assert (await at.reload()).version == 2
        assert at.history.versions() == [2, 1]
        assert [one.record.action for one in await notes(at.store)] == ["reload"]


async def notes(store: Store) -> tuple[RecordItem, ...]:
    """The record of operators."""
    return (await ledger.listed(store, 50, None)).items


async def test_a_damaged_record_is_told_and_stepped_over(tmp_path: Path) -> None:
    """A rollback without a number goes to the newest one before that can be read."""
    async with at_desk(tmp_path) as at:
        for minutes in ("7m", "8m", "9m"):
            await at.reload(BASE.format(minutes))
        (at.history.folder / "000003.json").write_text("{")
        found = await at.desk.answer(ListConfigHistory(), "root")
        assert ([one.version for one in found.versions], found.unreadable) == ([4, 2, 1], (3,))
        with pytest.raises(NotFound, match=r"no version 3 .* or its record cannot be read"):
            await at.desk.answer(RollBackConfig(version=3), "root")
        await at.desk.answer(RollBackConfig(), "root")
        assert at.file.read_text() == BASE.format("7m")


async def test_only_so_many_are_kept(tmp_path: Path) -> None:
    """reload.keep counts what one can go back to, the one in force included."""
    async with at_desk(tmp_path) as at:
        for minutes in range(6, 10):
            await at.reload(f"[reload]\nkeep = 2\n{BASE.format(f'{minutes}m')}")
        assert at.history.versions() == [5, 4]
        with pytest.raises(NotFound, match="There is no version 1"):
            await at.desk.answer(RollBackConfig(version=1), "root")


async def test_the_start_is_a_version_if_the_file_was_changed_meanwhile(tmp_path: Path) -> None:
    """What an operator did while no engine ran is in the history, with what it changed."""
    async with at_desk(tmp_path) as at:
        assert at.standing.state.version == 1
    async with at_desk(tmp_path) as at:
        assert at.standing.state.version == 1
    async with at_desk(tmp_path, BASE.format("9m")) as at:
        assert (at.standing.state.version, at.standing.state.actor) == (2, "start")
        found = await at.desk.answer(ListConfigHistory(limit=1), "root")
        [one] = found.versions
        assert [each.key for each in one.changes] == ["delivery.retry.base"]
        assert found.running == 2


async def test_a_start_goes_on_without_a_history(tmp_path: Path) -> None:
    """A full disk keeps no engine from starting: it is an alarm, and there is no version."""
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "config").write_text("in the way")
    async with at_desk(tmp_path) as at:
        assert at.standing.state.version == 0
        assert any(isinstance(event, SpoolFault) for event in at.published)
        with pytest.raises(NotFound, match="no earlier config"):
            await at.desk.answer(RollBackConfig(), "root")


async def test_a_file_that_says_something_else_is_drift(tmp_path: Path) -> None:
    """Until it says the same again, is reloaded, or is overwritten by what is in force."""
    async with at_desk(tmp_path) as at:
        assert not (await at.desk.answer(GetConfig(), "root")).drift
        at.file.write_text("# by hand\n")
        assert (await at.desk.answer(GetConfig(), "root")).drift
        [item] = at.desk.attention()
        assert "is not what is in force" in item.sentence
        at.file.unlink()
        assert await at.desk.shown.look_for_drift()
        at.file.write_text("")
        assert not await at.desk.shown.look_for_drift()
        assert at.desk.attention() == ()


async def test_an_answer_is_bounded(tmp_path: Path) -> None:
    """A limit below one is unclear."""
    async with at_desk(tmp_path) as at:
        with pytest.raises(RequestUnclear, match="limit is a number from 1 to 1000"):
            await at.desk.answer(ListConfigHistory(limit=0), "root")
        with pytest.raises(RequestUnclear, match="not about the config"):
            await at.desk.answer(ListRecord(), "root")


async def test_what_has_begun_to_be_written_is_finished_though_the_client_went(
    tmp_path: Path,
) -> None:
    """The config is in force then; only nobody is told."""
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.append("written")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(finish(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        assert await task is True
    assert done == ["written"]
    assert await finish(lambda: None) is False


async def test_whoever_looks_in_any_turn_of_the_loop_sees_one_config(tmp_path: Path) -> None:
    """State, what the parts took and what was told change in the same turn, and it is measured."""
    async with at_desk(tmp_path) as at:
        seen: set[tuple[int, int, int]] = set()

        async def look() -> None:
            while True:
                seen.add((at.standing.state.version, len(at.taken), len(at.told)))
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            await asyncio.sleep(0)
            applied = await at.reload(BASE.format("10m"))
            await asyncio.sleep(0)
            looking.cancel()
        assert seen == {(1, 0, 0), (2, 1, 1)}
        assert applied.held == 0  # of this clock, which only tests move
        before = at.standing.state
        assert (await at.reload("[delivery.retr")).plan.faults
        assert (at.standing.state, len(at.taken)) == (before, 1)
