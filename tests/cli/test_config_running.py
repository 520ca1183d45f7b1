"""`empathctl config`: what it shows of an engine's config, and how it ends."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from empath.cli.config_running import stepped_over
from empath.cli.ctl import commands
from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    AppliedConfig,
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


async def test_a_rollback_says_to_which_version_it_goes(ctl: Ctl) -> None:
    """Also where nobody named one, and what was stepped over on the way."""
    link = ctl.link.config
    link.version, link.plan = 4, msgspec.structs.replace(link.plan, base=4)
    dry = await ctl.run("config", "rollback", "--dry-run")
    assert dry.stdout.startswith("Back to version 3:\n")
    done = await ctl.run("config", "rollback")
    assert "Version 5 is in force: version 3 again, with 2 changes." in done.stdout
    link.plan = msgspec.structs.replace(link.plan, base=7)
    done = await ctl.run("config", "rollback")
    assert "is version 4: the records of 5 to 6 are damaged or gone." in done.stderr


@pytest.mark.parametrize(
    ("again", "back_to", "said"),
    [
        (0, 66, []),
        (0, 65, ["version 65: the record of 66 is damaged or gone."]),
        (
            65,
            64,
            [
                "Version 67 is version 65 again, since a trial failed",
                "66 is gone to by number only.",
            ],
        ),
        (
            64,
            62,
            ["65 to 66 are gone to by number only.", "version 62: the record of 63 is damaged"],
        ),
    ],
)
def test_a_rollback_says_why_it_steps_over_versions(
    again: int, back_to: int, said: list[str]
) -> None:
    """A trial that failed, or a record that cannot be read: each for what it is."""
    plan = msgspec.structs.replace(PLAN, base=67)
    applied = AppliedConfig(version=68, plan=plan, back_to=back_to, again=again)
    sentences = "\n".join(stepped_over(applied))
    assert all(one in sentences for one in said), sentences
    assert ("damaged" in sentences, bool(sentences)) == ("damaged" in "".join(said), bool(said))


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


async def test_faults_of_a_draft_are_told_at_its_lines(ctl: Ctl, tmp_path: Path) -> None:
    """Under the name that it was given by, however it is asked; the engine's file has others."""
    draft = tmp_path / "draft.toml"
    draft.write_text("[log]\n")
    ctl.link.config.plan = msgspec.structs.replace(PLAN, faults=(FAULT,))
    ctl.link.config.faults = (FAULT,)
    for words in (("diff",), ("diff", "--quick"), ("apply",)):
        for file, typed in ((str(draft), ""), ("-", "[log]\n")):
            name = "standard input" if typed else file
            done = await ctl.run("config", *words, file, stdin=typed)
            assert done.exit_code == ExitCode.CONFIG
            told = f"{name}:41: delivery.retry.base: must be at least 1s"
            assert done.stderr.splitlines()[0] == told
        told_json = (await ctl.run("config", *words, str(draft), "--json")).stdout
        assert "/etc/empath.toml:41" not in told_json
        assert json.dumps(str(draft)) in told_json
    done = await ctl.run("config", "diff")
    assert done.stderr.startswith("/etc/empath.toml:41: ")


async def test_history_marks_what_is_in_force(ctl: Ctl) -> None:
    """With --changes, what each version changed; what is damaged is told on standard error."""
    second = ConfigVersion(
        version=2, at=NOW, actor="ada", reason="slow", source="reload", changes=(CHANGE,)
    )
    [first] = ctl.link.config.versions
    third = msgspec.structs.replace(second, version=3, source="rollback", back_to=1)
    ctl.link.config.versions = (third, second)
    assert "rollback to 1" in (await ctl.run("config", "history")).stdout
    assert "rollback to 1 by ada" in (await ctl.run("config", "history", "--changes")).stdout
    ctl.link.config.versions = (second, first)
    ctl.link.config.version, ctl.link.config.unreadable = 2, (1,)
    done = await ctl.run("config", "history")
    assert done.stderr.startswith("Version 1 is kept, but its record is damaged")
    _, newest, oldest = done.stdout.splitlines()
    assert newest.split() == ["2*", "2026-09-21", "14:13:20", "UTC", "reload", "ada", "1", "slow"]
    assert oldest.split()[0] == "1"
    shown = (await ctl.run("config", "history", "--changes")).stdout
    assert '  delivery.retry.base: "5m" -> "10m" (live)' in shown.splitlines()


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        (None, "There is no ./empath.toml here", ExitCode.UNREACHABLE),
        ("\n", "empath.toml is empty, so the default spool", ExitCode.UNREACHABLE),
        ("# x\n", "empath.toml names no spool but the default", ExitCode.UNREACHABLE),
        ('[spool]\npath = "moved"\n', "empath.toml names the spool ", ExitCode.UNREACHABLE),
        ('[spool]\npath = "mov', "empath.toml:2: ", ExitCode.CONFIG),
    ],
)
def test_a_file_that_hides_the_engine_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str, code: ExitCode
) -> None:
    """Then that an engine may run on at its former spool, and how to name that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if text is not None:
        (tmp_path / "empath.toml").write_text(text)
    for verb in ("reload", "diff", "rollback", "show", "history"):
        done = CliRunner().invoke(commands, ["config", verb])
        assert (done.exit_code, done.stderr[: len(said)]) == (code, said)
        assert "--socket SPOOL/empath.sock" in done.stderr
    named = CliRunner().invoke(commands, ["config", "show", "--socket", "none"])
    assert named.stderr.startswith("No engine answers at none: ")


def test_a_dead_socket_of_a_broken_file_is_told_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its spool can be guessed, and its engine died."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empath.toml").write_text('mode = "rel\n[spool]\npath = "s"\n')
    (tmp_path / "s").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("s/empath.sock")
    done = CliRunner().invoke(commands, ["config", "rollback"])
    assert (done.exit_code, done.stderr[:14]) == (ExitCode.UNREACHABLE, "empath.toml:1:")
    assert "the socket was left by one that died" in done.stderr


async def test_the_changes_of_a_version_are_bounded(ctl: Ctl) -> None:
    """A hundred lines a version at most, and how many more there are, also beyond the reply."""
    many = ConfigVersion(
        version=2,
        at=NOW,
        actor="ada",
        reason="",
        source="edit",
        changes=(CHANGE,) * 103,
        more=2000,
    )
    ctl.link.config.versions = (many,)
    shown = (await ctl.run("config", "history", "--changes")).stdout.splitlines()
    assert len([line for line in shown if line.startswith("  delivery.retry.base")]) == 100
    assert shown[101] == "  and 2,003 more changes"
    assert "2,103" in (await ctl.run("config", "history")).stdout
