"""A config on trial: watched by the engine, gone back from by itself, kept by an operator."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.config.renewal import RenewalRefused
from empath.control.config_apply import Wish
from empath.control.ledger import listed
from empath.control.link import (
    AppliedConfig,
    ApplyConfig,
    ConfigWatchView,
    GetWatch,
    KeepConfig,
    ListConfigHistory,
    ReadConfigText,
    RequestRefused,
    RequestUnclear,
    RollBackConfig,
)
from empath.events import ConfigRefused, ConfigWatched
from empath.policy.probation import Health
from tests.fakes.config_at_desk import AtDesk, at_desk

BASE = '[delivery.retry]\nbase = "{}"\n'


async def put(at: AtDesk, base: str, watch: float | None = 60) -> AppliedConfig:
    """Put a config in force, on trial."""
    request = ApplyConfig(text=BASE.format(base), watch=watch)
    applied: AppliedConfig = await at.desk.answer(request, "ada")
    return applied


async def view(at: AtDesk) -> ConfigWatchView:
    """What an operator sees of the trial."""
    seen: ConfigWatchView = await at.desk.answer(GetWatch(), "ada")
    return seen


def watched(at: AtDesk) -> list[tuple[int, str]]:
    """What was published of trials."""
    return [
        (event.version, event.outcome) for event in at.published if isinstance(event, ConfigWatched)
    ]


async def seconds(at: AtDesk, number: int) -> None:
    """So many looks, a second apart."""
    for _ in range(number):
        at.clock.advance(1)
        await at.desk.trial.look()


async def test_a_trial_that_passes_leaves_the_config_in_force(tmp_path: Path) -> None:
    """Until then one sees how long it still is, what it goes back to and what was seen."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        assert not (await view(at)).watching
        applied = await put(at, "9m")
        assert applied.watched_until == at.clock.now() + 60
        at.health = Health(delivered=3)
        await seconds(at, 59)
        seen = await view(at)
        assert (seen.watching, seen.version, seen.back_to, seen.actor) == (True, 2, 1, "ada")
        assert seen.ends_at - seen.now == 1
        assert seen.sentence == "0 of 3 recipients tried since failed."
        [item] = at.desk.attention()
        assert (item.severity, item.subject) == ("warning", "config")
        assert item.sentence.startswith("Version 2 is on trial for 1 s more. 0 of 3")
        await seconds(at, 1)
        seen = await view(at)
        assert (seen.watching, seen.outcome, seen.version) == (False, "passed", 2)
        assert watched(at) == [(2, "watched"), (2, "passed")]
        assert at.standing.state.version == 2
        assert not (at.history.folder / "watch.json").exists()


async def test_a_breach_goes_back_by_itself_and_says_why(tmp_path: Path) -> None:
    """In the file, the history, the record and an event; nobody need look."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        at.health = Health(delivered=100)
        await put(at, "9m")
        at.health = Health(delivered=105, failed=5)
        await seconds(at, 1)
        why = "5 of 10 recipients tried failed (50%); few were before."
        assert at.standing.current().delivery.retry.base == 300
        assert at.file.read_text() == BASE.format("5m")
        history = await at.desk.answer(ListConfigHistory(), "ada")
        newest = history.versions[0]
        assert (newest.version, newest.source, newest.actor, newest.reason) == (
            3,
            "rollback",
            "config watch",
            why,
        )
        record = (await listed(at.store, 10, None)).items[0].record
        assert (record.actor, record.reason) == ("config watch", why)
        assert (record.action, record.detail) == (
            "rollback",
            "to version 1, as version 3, 1 change",
        )
        assert watched(at) == [(2, "watched"), (2, "rolled back")]
        seen = await view(at)
        assert (seen.outcome, seen.sentence) == ("rolled back", f"Back to version 1: {why}")
        await seconds(at, 100)
        assert at.standing.state.version == 3


async def test_a_rollback_after_that_does_not_bring_the_breach_back(tmp_path: Path) -> None:
    """What a trial went back from is stepped over, unless it is named."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        at.health = Health(delivered=100)
        await at.desk.answer(ApplyConfig(text=BASE.format("6m")), "ada")
        await put(at, "9m")
        at.health = Health(delivered=105, failed=5)
        await seconds(at, 1)
        assert at.standing.current().delivery.retry.base == 360
        back = await at.desk.answer(RollBackConfig(dry_run=True), "ada")
        assert (back.plan.base, back.again, back.back_to) == (4, 2, 1), "4 is 2 again"
        named = await at.desk.answer(RollBackConfig(version=3, dry_run=True), "ada")
        assert (named.back_to, named.again) == (3, 0)
        done = await at.desk.answer(RollBackConfig(), "ada")
        assert (done.version, done.again, done.back_to) == (5, 2, 1)
        back = await at.desk.answer(RollBackConfig(dry_run=True), "ada")
        assert (back.again, back.back_to) == (0, 4), "an operator's rollback is no trial's"


async def test_what_was_before_is_what_it_is_held_against(tmp_path: Path) -> None:
    """The five minutes before the change; what is older counts no more."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        at.health = Health(delivered=1000, failed=9000)
        await seconds(at, 10)
        at.health = Health(delivered=1050, failed=9050)
        await seconds(at, 290)
        await put(at, "9m")
        at.health = Health(delivered=1055, failed=9055)
        await seconds(at, 1)
        assert (await view(at)).sentence == (
            "5 of 10 recipients tried since failed; before it was 50%."
        )
        assert (await view(at)).watching


async def test_what_was_gone_back_from_is_not_usual_afterwards(tmp_path: Path) -> None:
    """The next try is not excused by the failures of the last."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        at.health = Health(delivered=100)
        await seconds(at, 10)
        await put(at, "9m")
        at.health = Health(delivered=100, failed=100)
        await seconds(at, 1)
        await put(at, "8m")
        at.health = Health(delivered=100, failed=110)
        await seconds(at, 1)
        assert [outcome for _, outcome in watched(at)] == ["watched", "rolled back"] * 2
        assert at.standing.current().delivery.retry.base == 300


async def test_a_trial_in_the_place_of_another_is_held_against_the_same(tmp_path: Path) -> None:
    """What was counted while something was on trial is not what was before."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        at.health = Health(delivered=100)
        await seconds(at, 10)
        await put(at, "9m")
        at.health = Health(delivered=160, failed=40)
        await seconds(at, 10)
        assert (await view(at)).watching
        await put(at, "8m")
        at.health = Health(delivered=164, failed=46)
        await seconds(at, 1)
        assert [outcome for _, outcome in watched(at)][-1] == "rolled back"
        assert at.standing.current().delivery.retry.base == 300


async def test_a_trial_that_passed_is_what_was_before(tmp_path: Path) -> None:
    """As far as it was in the five minutes before, and no further."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        await seconds(at, 10)
        at.health = Health(failed=10_000)
        await put(at, "9m", 3600)
        await seconds(at, 3310)
        at.health = Health(delivered=80, failed=10_020)
        await seconds(at, 290)
        assert (await view(at)).outcome == "passed"
        await put(at, "8m")
        at.health = Health(delivered=80, failed=10_021)
        seen = await view(at)
        assert seen.sentence == "1 of 1 recipient tried since failed; before it was 20%."


async def test_an_operator_keeps_it_before_its_time(tmp_path: Path) -> None:
    """With the reason on record; then nothing takes it back."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        with pytest.raises(RequestRefused, match="No config is on trial"):
            await at.desk.answer(KeepConfig(), "ada")
        await put(at, "9m")
        seen = await at.desk.answer(KeepConfig(reason="looks good"), "bob")
        assert (seen.watching, seen.outcome, seen.actor) == (False, "kept", "bob")
        assert seen.sentence == "bob keeps version 2: looks good"
        at.health = Health(failed=100)
        await seconds(at, 100)
        assert at.standing.state.version == 2
        record = (await listed(at.store, 10, None)).items[0].record
        assert (record.action, record.actor, record.reason) == ("keep", "bob", "looks good")


async def test_a_change_meanwhile_ends_the_trial(tmp_path: Path) -> None:
    """Its own trial goes back to what was in force before the first; without one nothing does."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        await put(at, "9m")
        await put(at, "8m")
        assert ((await view(at)).version, (await view(at)).back_to) == (3, 1)
        at.health = Health(failed=100)
        await seconds(at, 1)
        assert at.file.read_text() == BASE.format("5m")
        await put(at, "7m")
        await at.reload(BASE.format("6m"))
        assert (await view(at)).outcome == "superseded"
        assert watched(at)[-2:] == [(5, "watched"), (5, "superseded")]
        at.health = Health(failed=1000)
        await seconds(at, 100)
        assert at.standing.current().delivery.retry.base == 360


async def test_going_back_that_is_refused_is_tried_again(tmp_path: Path) -> None:
    """It is told once, shown all the while, and done as soon as it can be."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        await put(at, "9m")
        at.health = Health(refusals=3)
        at.refuse.append(RenewalRefused("listener", "the key does not fit"))
        at.refuse.append(RenewalRefused("listener", "the key does not fit"))
        await seconds(at, 1)
        seen = await view(at)
        assert (seen.watching, seen.outcome) == (True, "stuck")
        assert "the key does not fit" in seen.sentence
        assert [item.severity for item in at.desk.attention()] == ["error"]
        await seconds(at, 8)
        assert at.standing.state.version == 2
        await seconds(at, 3)
        assert at.standing.current().delivery.retry.base == 300
        assert watched(at) == [(2, "watched"), (2, "stuck"), (2, "rolled back")]


async def test_an_operator_who_is_quicker_than_the_way_back_wins(tmp_path: Path) -> None:
    """What is on trial is gone back from only while it is in force."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        await put(at, "9m")
        await put(at, "8m", watch=None)
        wish = Wish("config watch", "rollback", text=BASE.format("5m"), instead_of=2)
        with pytest.raises(RequestRefused, match="Version 2 is not in force"):
            await at.desk.change(wish)
        assert at.standing.current().delivery.retry.base == 480
        assert not at.standing.refused
        assert not [event for event in at.published if isinstance(event, ConfigRefused)]


async def test_a_restart_keeps_the_file_and_says_that_nobody_watches(tmp_path: Path) -> None:
    """What a fresh engine counts cannot be held against what the old one did."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        await put(at, "9m")
    async with at_desk(tmp_path, BASE.format("9m")) as at:
        seen = await view(at)
        assert (seen.watching, seen.outcome, seen.version, seen.back_to) == (
            False,
            "restarted",
            2,
            1,
        )
        assert "`empathctl config rollback 1` goes back." in seen.sentence
        assert watched(at) == [(2, "restarted")]
        assert all(at.on_the_loop), "whoever reads events is woken there"
        assert at.standing.current().delivery.retry.base == 540
    async with at_desk(tmp_path, BASE.format("9m")) as at:
        assert watched(at) == [], "it is said once"


async def test_a_text_that_changes_nothing_is_no_trial_of_another(tmp_path: Path) -> None:
    """A reload of what is in force leaves a trial alone; a faulty text begins none."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        assert (await put(at, "0s")).watched_until is None
        await put(at, "9m")
        await at.reload()
        assert (await view(at)).watching
        text = (await at.desk.answer(ReadConfigText(), "ada")).text
        assert text == BASE.format("9m")


@pytest.mark.parametrize("watch", [1.0, 4000.0, -1.0, float("nan")])
async def test_a_watch_has_bounds(tmp_path: Path, watch: float) -> None:
    """Nothing is changed for one that is too short to tell or too long to be meant."""
    async with at_desk(tmp_path, BASE.format("5m")) as at:
        with pytest.raises(RequestUnclear, match="5 to 3600"):
            await put(at, "9m", watch)
        assert at.standing.state.version == 1
        assert msgspec.structs.asdict(await view(at))["watching"] is False
