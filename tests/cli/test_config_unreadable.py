"""A config or socket that one may not open is the file's fault, not the command line's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.cli.exit_codes import ExitCode

# Imports first: another user may not read where Python is.
AS_NOBODY = """
import os, sys
from typer.testing import CliRunner
from empath.cli import ctl, main
program = {"empathctl": ctl.commands, "empath": main.commands}[sys.argv[1]]
CliRunner().invoke(program, sys.argv[2:])
os.geteuid() or os.setgroups([]) or os.setgid(65534) or os.setuid(65534)
result = CliRunner().invoke(program, sys.argv[2:])
sys.stderr.write(result.stderr)
sys.exit(result.exit_code)
"""


@pytest.fixture
def in_the_open() -> Iterator[Path]:
    """A folder that everybody sees into, as those of tests are not."""
    with tempfile.TemporaryDirectory(prefix="empath-unreadable-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("empathctl", "config", "reload", "-c"), ExitCode.CONFIG, "cannot be read: Permission"),
        (("empathctl", "config", "check"), ExitCode.CONFIG, "cannot be read: Permission denied"),
        (("empathctl", "-c"), ExitCode.CONFIG, "cannot be read: Permission denied"),
        (("empathctl", "system", "status", "--socket"), ExitCode.UNREACHABLE, "You may not use"),
        (("empath", "check", "-c"), ExitCode.CONFIG, "cannot be read: Permission denied"),
    ],
)
def test_what_may_not_be_opened_is_told_by_whoever_opens_it(
    in_the_open: Path, words: tuple[str, ...], code: ExitCode, said: str
) -> None:
    """With the code for that; and the engine of a config that may not be read is looked for."""
    file = in_the_open / "empath.toml"
    file.write_text('mode = "dev"\n')
    file.chmod(0)
    rest = () if len(words) > 2 else ("system", "status")
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words, str(file), *rest],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"XDG_STATE_HOME": str(in_the_open)},
    )
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    if "reload" in words:
        assert "An engine that was started before the file was changed answers at" in done.stderr
