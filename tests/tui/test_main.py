"""The console's command line."""

from __future__ import annotations

import subprocess
import sys


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_a_terminal_it_says_so() -> None:
    """In a pipe there is nothing to draw on: one sentence, exit 2, no traceback."""
    done = run("--attach", "x.sock")
    assert done.returncode == 2
    assert done.stderr == "The console needs a terminal; for scripts there is empathctl.\n"


def test_it_wants_to_know_the_socket() -> None:
    """Without --attach the usage is shown."""
    done = run()
    assert done.returncode == 2
    assert "--attach" in done.stderr
