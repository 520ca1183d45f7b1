"""`empathctl config`: what it shows of an engine's config, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    ApplyConfig,
    ConfigFault,
    ConfigVersion,
    GetConfig,
    PlanConfig,
    RollBackConfig,
)
from tests.fakes.command_line import NOW, Ctl
from tests.fakes.memory_config import CHANGE, PLAN, RESTART

FAULT = ConfigFault(
    file="/etc/empath.toml", line=41, key="delivery.retry.base", sentence="must be at least 1s"
)


async def test_show_has_the_settings_and_what_is_to_be_known_of_them(ctl: Ctl) -> None:
    """File, version, who and when, what waits and that the file differs, as comments."""
    done = await ctl.run("config", "show", "--written")
    assert done.exit_code == ExitCode.OK
    assert done.stdout.splitlines() == [
        "# /etc/empath.toml, version 1",
        "# in force since 2026-09-21 14:13:20 UTC, by start",
        '# waits for a restart: log.format = "json"',
        "# The file says something else: empathctl config diff",
        "",
        'mode = "relay"',
    ]
    assert ctl.link.asked_of(GetConfig)[-1].written_only


async def test_reload_tells_what_changed_and_the_version(ctl: Ctl) -> None:
    """The reason goes on record."""
    done = await ctl.run("config", "reload", "--reason", "slow")
    assert done.exit_code == ExitCode.OK
    assert "delivery.retry.base" in done.stdout
    assert "Version 2 is in force, with 2 changes." in done.stdout
    assert ctl.link.asked_of(ApplyConfig)[-1].reason == "slow"
    ctl.link.config.plan = msgspec.structs.replace(PLAN, changes=(), pending=(RESTART,))
    done = await ctl.run("config", "reload")
    assert "Version 3 is in force." in done.stdout
    assert "log.format" in done.stdout


async def test_a_dry_run_only_plans(ctl: Ctl) -> None:
    """Reload and rollback alike."""
    done = await ctl.run("config", "reload", "--dry-run")
    assert (done.exit_code, "delivery.retry.base" in done.stdout) == (ExitCode.OK, True)
    assert ctl.link.asked_of(ApplyConfig) == []
    await ctl.run("config", "rollback", "3", "--dry-run")
    [asked] = ctl.link.asked_of(RollBackConfig)
    assert (asked.version, asked.dry_run, ctl.link.config.version) == (3, True, 1)


async def test_faults_are_written_as_a_check_writes_them(ctl: Ctl) -> None:
    """On standard error, each with its line; the code is that of a config that cannot be used."""
    ctl.link.config.plan = msgspec.structs.replace(PLAN, faults=(FAULT,), changes=(), pending=())
    line = "/etc/empath.toml:41: delivery.retry.base: must be at least 1s\n"
    for command in ("diff", "reload", "rollback"):
        done = await ctl.run("config", command)
        assert (done.exit_code, done.stdout) == (ExitCode.CONFIG, "")
        assert done.stderr.startswith(line)
        assert ("Nothing was changed" in done.stderr) == (command != "diff")
        done = await ctl.run("config", command, "--json")
        assert done.exit_code == ExitCode.CONFIG
        assert json.loads(done.stdout)
    assert ctl.link.config.version == 1


async def test_diff_sends_the_text_of_another_file(ctl: Ctl, tmp_path: Path) -> None:
    """Without one the engine reads its own; a file that cannot be read ends it."""
    await ctl.run("config", "diff")
    other = tmp_path / "other.toml"
    other.write_text("[log]\n")
    await ctl.run("config", "diff", str(other))
    assert [one.text for one in ctl.link.asked_of(PlanConfig)] == [None, "[log]\n"]
    done = await ctl.run("config", "diff", str(tmp_path / "none.toml"))
    assert (done.exit_code, "cannot be read" in done.stderr) == (ExitCode.CONFIG, True)
    other.write_bytes(b"\xff")
    done = await ctl.run("config", "diff", str(other))
    assert (done.exit_code, "is not UTF-8" in done.stderr) == (ExitCode.CONFIG, True)


async def test_history_marks_what_is_in_force(ctl: Ctl) -> None:
    """With --changes, what each version changed."""
    second = ConfigVersion(
        version=2, at=NOW, actor="ada", reason="slow", source="reload", changes=(CHANGE,)
    )
    ctl.link.config.versions = (second, *ctl.link.config.versions)
    ctl.link.config.version = 2
    _, newest, oldest = (await ctl.run("config", "history")).stdout.splitlines()
    assert newest.split() == ["2*", "2026-09-21", "14:13:20", "UTC", "reload", "ada", "1", "slow"]
    assert oldest.split()[0] == "1"
    shown = (await ctl.run("config", "history", "--changes")).stdout
    assert '  delivery.retry.base: "5m" -> "10m" (live)' in shown.splitlines()
