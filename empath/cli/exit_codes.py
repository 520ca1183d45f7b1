"""The exit codes of `empath` and `empathctl`: one table for both, and for the manual.

A script may rely on them: a code keeps its meaning, a new meaning gets a new code.
Whatever is not 0 comes with one sentence on standard error.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """How a command ended."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIG = 3
    SPOOL = 4
    LISTENER = 5
    UNREACHABLE = 6
    FAULT = 7

    @property
    def meaning(self) -> str:
        """What the code says, in a sentence for the manual."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "Done; the engine stopped as it was asked to.",
    ExitCode.REFUSED: "The engine understood and said no, the disk did, or the check found"
    " something wrong.",
    ExitCode.USAGE: "The command line is wrong.",
    ExitCode.CONFIG: "The config is missing, broken or not allowed.",
    ExitCode.SPOOL: "The spool is in use by another engine, or cannot be opened.",
    ExitCode.LISTENER: "A listener or the control socket cannot be opened (port in use, bad"
    " certificate).",
    ExitCode.UNREACHABLE: "The engine cannot be reached at its control socket.",
    ExitCode.FAULT: "The engine ended on an error of its own; this is a bug.",
}
