"""Every action of the console is done by a test with a Pilot: a whole run fails that did not.

A test tells which actions ran in it, and not merely said why they are off, by its report, which
also comes from the processes that share a run.  Which are missing is asked at the end, of a run
of everything that was not stopped early.
"""

from __future__ import annotations

from typing import Final

import pytest

DID: Final = "did"
"""What a report calls an action that ran in its test."""

_did: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what was done by a test that passed."""
    if report.when == "teardown" and report.passed:
        _did.update(str(value) for name, value in report.user_properties if name == DID)


def _missing(config: pytest.Config) -> list[str]:
    """The actions that no test did; none when not everything was asked for."""
    option = config.option
    narrowed = (option.keyword, option.markexpr, option.deselect, option.ignore, option.collectonly)
    if config.args != config.getini("testpaths") or any(narrowed) or hasattr(config, "workerinput"):
        return []
    import tui.app  # noqa: F401 - declares the actions
    from tui.actions import ACTIONS

    every = {act.id for scope in ACTIONS.scopes for act in ACTIONS.of(scope)}
    return sorted(every - _did)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that left an action out."""
    if exitstatus == pytest.ExitCode.OK and _missing(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Name what was left out."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED and (missing := _missing(config)):
        terminalreporter.section("ACTIONS THAT NO TEST HAS DONE", red=True, bold=True)
        terminalreporter.line(", ".join(missing))
