"""A command on a pseudo-terminal of its own, as an operator has it on the screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.fakes.programs import ROOT, NotReady

_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
# Makes the terminal at 0 the controlling one of the new session, then becomes the command.
_TAKE_TERMINAL: Final = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)

_SIZE: Final = ("COLUMNS", "LINES")
"""What would be believed more than the terminal itself."""


class OwnTerminal:
    """Runs ``python -m MODULE ARGUMENTS`` on a terminal; a context manager that ends it."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        kind: str = "xterm-256color",
        home: Path = Path("/nonexistent"),
        columns: int = 120,
    ) -> None:
        """*kind* is what ``TERM`` says; the console's settings are below *home*."""
        self._columns = columns
        self._home = home
        self._kind = kind
        self._command = [sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", module]
        self._command += arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.master = -1
        self.output = b""

    @property
    def pid(self) -> int:
        """The process of the command."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, self._columns, 0, 0))
        self._process = subprocess.Popen(
            self._command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            # Nobody's own settings of the console change what a test sees.
            env={
                **{name: each for name, each in os.environ.items() if name not in _SIZE},
                "TERM": self._kind,
                "XDG_CONFIG_HOME": str(self._home / "config"),
                "XDG_STATE_HOME": str(self._home / "state"),
            },
            start_new_session=True,
        )
        os.close(slave)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        for child in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait(10)
        self.hang_up()

    @property
    def text(self) -> str:
        """Everything written so far, without the terminal's control sequences."""
        return _SEQUENCE.sub(b"", self.output).decode(errors="replace")

    def settings(self) -> list[Any]:
        """How the terminal is set: raw or cooked, with echo or without."""
        return termios.tcgetattr(self.master)

    def read_until(self, text: str, *, within: float = 20) -> None:
        """Read until *text* was written since the start.  Raises `NotReady`."""
        end = time.monotonic() + within
        while text not in self.text:
            if time.monotonic() > end:
                raise NotReady(f"{text!r} was not written; this was: {self.text[-2000:]}")
            self._read(0.05)

    def press(self, keys: str) -> None:
        """Type, a key at a time, each once the screen has come to rest after the one before."""
        for key in keys:
            self.settle()
            os.write(self.master, key.encode())

    def settle(self) -> None:
        """Read until nothing was written for a quarter of a second, for three at most."""
        end = time.monotonic() + 3
        size = -1
        while size != len(self.output) and time.monotonic() < end:
            size = len(self.output)
            self._read(0.25)

    def children(self) -> list[int]:
        """The processes that the command started and that still run."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [int(pid) for pid in listed.split()]

    def hang_up(self) -> None:
        """Close the terminal."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def wait(self, *, within: float = 20) -> int:
        """Wait for the end of the command, reading on; its exit code.  Raises `NotReady`."""
        assert self._process is not None
        end = time.monotonic() + within
        while (status := self._process.poll()) is None:
            if time.monotonic() > end:
                raise NotReady(f"it has not ended; this was written: {self.text[-2000:]}")
            self._read(0.05)
        self._read(0.0)
        return status

    def _read(self, seconds: float) -> None:
        if self.master < 0:
            select.select([], [], [], seconds)
            return
        while select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return  # nobody has the terminal open any more
            if not got:
                return
            self.output += got
            seconds = 0.0
