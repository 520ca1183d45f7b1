"""Commands whose output cannot be written, or not in this charset."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from empath.cli.exit_codes import ExitCode
from empath.cli.output import escaped
from tests.fakes.command_line import EMPATHCTL, ID, Ctl

EMPATH = EMPATHCTL.with_name("empath")
FULL = Path("/dev/full")
WHOLE = " What the command was to do beside may be done all the same.\n"
NO_ROOM = f"Standard output cannot be written: No space left on device.{WHOLE}"
CLOSED = f"Standard output cannot be written: it is closed.{WHOLE}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with a config."""
    (tmp_path / "empath.toml").write_text('hostname = "mx.example.org"\n')
    return tmp_path


def in_shell(command: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """*command* of a shell, which closes streams and redirects them."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    ["config text", "config show", "config history", "queue list --json", "events --json",
     f"queue view {ID} --raw", "system status", "top --once", "config diff"],
)  # fmt: skip
async def test_a_disk_that_is_full_is_a_sentence_whatever_was_asked(
    ctl: Ctl, arguments: str
) -> None:
    """However deep in a command the output failed, there is no traceback, and a code for it."""
    full = os.open(FULL, os.O_WRONLY)
    asked = await ctl.start(*arguments.split(), stdout=full)
    os.close(full)
    _, errors = await asked.communicate()
    assert (errors.decode(), asked.returncode) == (NO_ROOM, ExitCode.REFUSED)


@pytest.mark.parametrize(
    ("to", "told"), [("> /dev/full", NO_ROOM), (">&-", CLOSED)], ids=["full", "closed"]
)
@pytest.mark.parametrize(
    "command",
    [f"{EMPATH} check", f"{EMPATH} --version", f"{EMPATHCTL} config schema", f"{EMPATHCTL} --help"],
)
def test_a_command_without_an_engine_says_it_too(
    folder: Path, command: str, to: str, told: str
) -> None:
    """The check of a config among them, and help."""
    done = in_shell(f"{command} {to}", folder)
    assert (done.stderr, done.returncode) == (told, ExitCode.REFUSED)


def test_what_cannot_be_told_changes_no_exit_code(folder: Path) -> None:
    """A fault of the config is one, though standard error is full, or closed."""
    for to in ("2> /dev/full", "2>&-", "> /dev/full 2>&-", ">&- 2>&-"):
        done = in_shell(f"{EMPATHCTL} config check missing.toml {to}", folder)
        assert (done.stdout, done.stderr, done.returncode) == ("", "", ExitCode.CONFIG)
    done = in_shell(f"{EMPATHCTL} config check >&- 2>&-", folder)
    assert done.returncode == ExitCode.REFUSED


def test_a_reader_that_has_seen_enough_ends_a_command_in_silence(folder: Path) -> None:
    """As `head` does."""
    done = in_shell(f"{EMPATHCTL} config schema | head -n 1", folder)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_reader_that_is_behind_is_waited_for(folder: Path) -> None:
    """Some programs hand on an output that does not block; nothing of what is written is lost."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with subprocess.Popen([EMPATHCTL, "config", "schema"], stdout=writes, cwd=folder) as asked:
        os.close(writes)
        with os.fdopen(reads, encoding="utf-8") as answer:
            assert "$schema" in json.load(answer)
    assert asked.returncode == ExitCode.OK


def test_what_stands_for_characters_is_read_as_them() -> None:
    """By JSON, beyond the first plane too."""
    for text in ("–", "••••", "é\N{GRINNING FACE}"):
        error = UnicodeEncodeError("ascii", f"a{text}b", 1, 1 + len(text), "not in range")
        shown, end = escaped(error)
        assert (json.loads(f'"{shown}"'), end) == (text, 1 + len(text))
    with pytest.raises(UnicodeDecodeError):
        escaped(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"))


def test_a_character_that_the_charset_lacks_is_escaped(folder: Path) -> None:
    """What a terminal cannot show is not the end of the command, and not lost."""
    done = in_shell(f"{EMPATHCTL} config get delivery", folder, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "delivery.source_address = \\u2013\n" in done.stdout
