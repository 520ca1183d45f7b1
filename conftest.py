"""What all tests share: programs of the machine that are needed, and documents that are tests.

A test marked ``tools("smtp-sink")`` needs that program, one marked "root" that user.  Where it
is missing the test is skipped and the run ends by saying so loudly; in CI (the variable ``CI``
is set) a program that is missing fails it.
The Markdown documents are run by sybil; tests/documents.py says what each kind of block means.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import Final

import pytest

from tests.documents import sybil
from tests.fakes.programs import SEARCH

pytest_collect_file = sybil.pytest()
pytest_plugins = ["tests.every_action"]

DEBIAN: Final = {
    "dig": "bind9-dnsutils",
    "nsd": "nsd",
    "ldns-signzone": "ldnsutils",
    "openssl": "openssl",
    "postfix": "postfix",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "swaks": "swaks",
    "tmux": "tmux",
    "unbound": "unbound",
}
"""The Debian package that each program comes in."""

ROOT: Final = "root"
"""Beside programs: the test must be run by root, since what it starts must be."""

_MISSING: Final = "missing"
_missing: set[str] = set()


def _there(name: str) -> bool:
    return os.geteuid() == 0 if name == ROOT else shutil.which(name, path=SEARCH) is not None


def pytest_configure() -> None:
    """Have programs that tests start meet signals as usual, however this run was started.

    A shell's background job and `nohup` ignore Ctrl-C and hang-ups, and so would its programs.
    With a handler that does nothing this process goes on ignoring them, its programs do not.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail or skip a test whose programs are not there."""
    for marker in item.iter_markers("tools"):
        missing = [name for name in marker.args if not _there(name)]
        if not missing:
            continue
        sentence = f"needs {', '.join(missing)}, which is not to be had here"
        if os.environ.get("CI") and missing != [ROOT]:
            pytest.fail(sentence, pytrace=False)
        # With several processes the one that sums up sees reports only.
        item.user_properties += [(_MISSING, name) for name in missing]
        pytest.skip(sentence)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what was missing for the summary."""
    _missing.update(str(value) for name, value in report.user_properties if name == _MISSING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested, and how to have it tested."""
    if not _missing:
        return
    terminalreporter.section("NOT EVERYTHING WAS TESTED", red=True, bold=True)
    if programs := _missing - {ROOT}:
        packages = " ".join(sorted({DEBIAN.get(name, name) for name in programs}))
        terminalreporter.line(
            f"Missing here: {', '.join(sorted(programs))}. On Debian or Ubuntu install with:"
        )
        terminalreporter.line(f"    apt-get install --no-install-recommends {packages}", bold=True)
    if ROOT in _missing:
        terminalreporter.line("Postfix starts as root only: run its tests again as root.")
