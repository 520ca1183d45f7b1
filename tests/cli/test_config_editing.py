"""`empathctl config text|apply|watch|keep|describe`: editing the config of an engine that runs."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from empath.cli.exit_codes import ExitCode
from empath.control.link import ApplyConfig, ConfigFault, DescribeConfig, KeepConfig
from tests.fakes.command_line import Ctl
from tests.fakes.memory_config import PLAN, TEXT, WATCH

FAULT = ConfigFault(file="/etc/empath.toml", line=4, key="log.level", sentence="must be a word")


async def test_the_text_comes_as_the_file_has_it(ctl: Ctl) -> None:
    """Comments and all, so that it can be edited and put back; an earlier version too."""
    done = await ctl.run("config", "text")
    assert done.stdout == TEXT.text
    done = await ctl.run("config", "text", "--json")
    assert json.loads(done.stdout)["digest"] == "d1"
    ctl.link.config.version = 2
    ctl.link.config.texts[1] = "# first\n"
    assert (await ctl.run("config", "show", "--version", "1")).stdout == "# first\n"
    done = await ctl.run("config", "show", "--version", "1", "--written")
    assert done.exit_code == ExitCode.USAGE
    done = await ctl.run("config", "show", "--version", "7")
    assert (done.exit_code, done.stdout) == (ExitCode.REFUSED, "")


async def test_a_text_is_applied_and_watched(ctl: Ctl, tmp_path: Path) -> None:
    """Until when is said, and what can be done meanwhile."""
    draft = tmp_path / "draft.toml"
    draft.write_text("# draft\n")
    done = await ctl.run("config", "apply", str(draft), "--watch", "90s", "--reason", "why")
    assert done.exit_code == ExitCode.OK
    assert "It is watched until 2026-09-21 15:14:50 UTC" in done.stdout
    asked = ctl.link.asked_of(ApplyConfig)[-1]
    assert (asked.text, asked.watch, asked.reason) == ("# draft\n", 90.0, "why")
    done = await ctl.run("config", "watch")
    assert done.stdout.splitlines() == [
        "Version 2 by root is on trial for 90 s more; version 1 would come back.",
        "No mail was tried since.",
    ]
    done = await ctl.run("config", "keep", "--reason", "fine")
    assert "Version 2: kept" in done.stdout
    assert ctl.link.asked_of(KeepConfig)[-1].reason == "fine"
    assert json.loads((await ctl.run("config", "watch", "--json")).stdout)["outcome"] == "kept"


async def test_a_reload_is_watched_too(ctl: Ctl) -> None:
    """The file as it stands is put on trial."""
    done = await ctl.run("config", "reload", "--watch", "90s")
    assert done.exit_code == ExitCode.OK
    assert "It is watched until" in done.stdout
    asked = ctl.link.asked_of(ApplyConfig)[-1]
    assert (asked.text, asked.watch) == (None, 90.0)
    done = await ctl.run("config", "reload", "--watch", "soon")
    assert done.exit_code == ExitCode.USAGE


async def test_nothing_is_applied_for_a_file_or_a_time_that_cannot_be_read(
    ctl: Ctl, tmp_path: Path
) -> None:
    """Gone, no UTF-8, no duration: each is one sentence."""
    strange = tmp_path / "strange.toml"
    strange.write_bytes(b"\xff\xfe")
    for words in ((str(tmp_path / "none"),), (str(strange),)):
        done = await ctl.run("config", "apply", *words)
        assert done.exit_code == ExitCode.CONFIG
    done = await ctl.run("config", "apply", str(strange), "--watch", "soon")
    assert done.exit_code == ExitCode.USAGE
    assert ctl.link.asked_of(ApplyConfig) == []


async def test_faults_of_a_text_end_with_their_code(ctl: Ctl, tmp_path: Path) -> None:
    """Each with its line; as JSON they are in the reply too."""
    draft = tmp_path / "draft.toml"
    draft.write_text("# draft\n")
    ctl.link.config.plan = msgspec.structs.replace(PLAN, faults=(FAULT,))
    ctl.link.config.faults = (FAULT,)
    for words in (("apply", str(draft)), ("diff", "--quick", str(draft))):
        for more in ((), ("--json",)):
            done = await ctl.run("config", *words, *more)
            assert done.exit_code == ExitCode.CONFIG
            assert f"{draft}:4: log.level: must be a word" in done.stderr


async def test_a_quick_look_shows_the_changes(ctl: Ctl) -> None:
    """A line each; none is said too."""
    done = await ctl.run("config", "diff", "--quick")
    assert done.stdout.splitlines()[0] == 'delivery.retry.base: "5m" -> "10m" (live)'
    ctl.link.config.plan = msgspec.structs.replace(PLAN, changes=())
    assert (await ctl.run("config", "diff", "--quick")).stdout == "No setting changes.\n"


async def test_a_setting_is_described_with_its_values(ctl: Ctl) -> None:
    """What it is, in force and in the file, and what it means."""
    done = await ctl.run("config", "describe", "delivery.retry.base")
    assert done.stdout.splitlines() == [
        "delivery.retry.base  duration, 1s to 1d",
        "  Wait before the second attempt; it doubles each time.",
        '  default "5m"; a change takes effect: live',
        '  delivery.retry.base = "5m"; the file: "10m"',
    ]
    assert ctl.link.asked_of(DescribeConfig)[-1].key == "delivery.retry.base"
    assert json.loads((await ctl.run("config", "describe", "--json")).stdout)["keys"]


async def test_without_a_trial_that_is_said(ctl: Ctl) -> None:
    """One sentence, no table of nothing."""
    assert (await ctl.run("config", "watch")).stdout == f"{WATCH.sentence}\n"
