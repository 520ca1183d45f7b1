"""Real programs for tests and benches, such as Postfix's smtp-sink and smtp-source.

Each is started on loopback, watched for being ready, and stopped by its pid; nothing here
outlives its ``with`` block.  A program that does not come up raises `NotReady` with what it
wrote, so that a test's failure shows the program's own words.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[2]
"""The root of the source tree."""
SEARCH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
"""Where programs are looked for: Debian keeps servers out of a plain user's PATH."""
LOOPBACK: Final = "127.0.0.1"


class NotReady(AssertionError):
    """A program did not come up, or something did not happen, in time."""


def program(name: str) -> str:
    """Where *name* is.  Raises `NotReady` when it is not installed."""
    path = shutil.which(name, path=SEARCH)
    if path is None:
        raise NotReady(f"{name} is not installed")
    return path


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
    return port


def until(
    what: str,
    happened: Callable[[], bool],
    *,
    within: float,
    every: float = 0.02,
    process: subprocess.Popen[bytes] | None = None,
) -> float:
    """Wait for another process: look until *happened*, return the seconds it took.

    Raises `NotReady` after *within* seconds, with *what* was waited for, or when *process* ends.
    """
    start = time.monotonic()
    while not happened():
        if time.monotonic() - start > within:
            raise NotReady(f"{what}: not within {within:g} s")
        if process is None:
            # A port that opens or a line in a file wakes nobody: it has to be looked for.
            time.sleep(every)  # noqa: TID251 - and there is no loop here, nor an end to wait for
            continue
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise NotReady(f"{what}: the program ended with {process.wait(every)}")
    return time.monotonic() - start


def answers(port: int) -> bool:
    """Does anybody accept connections at *port*?"""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def until_port_answers(
    port: int, *, within: float, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait until somebody listens at *port*; not longer than *process* runs."""
    what = f"a listener at {LOOPBACK}:{port}"
    until(what, lambda: answers(port), within=within, process=process)


class Running:
    """A program in a process of its own; a context manager that ends it."""

    def __init__(self, command: Sequence[str | Path], *, log: Path | None = None) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, while it runs and after."""
        assert self.process is not None
        return self.process.pid

    def start(self, **options: Any) -> None:
        """Start it; its output goes to the log."""
        with contextlib.ExitStack() as stack:
            output: Any = subprocess.DEVNULL
            if self.log is not None:
                output = stack.enter_context(self.log.open("ab"))
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=options.pop("stdout", output),
                stderr=output,
                cwd=ROOT,
                **options,
            )

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(errors="replace") if self.log and self.log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, within: float) -> int:
        """Wait for its end and return the exit code."""
        assert self.process is not None
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{self.command[:4]} did not end within {within:g} s") from None

    def stop(self, within: float = 15) -> None:
        """End it: asked first, then killed."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(within)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class SmtpSink(Running):
    """Postfix's smtp-sink, which takes mail, throws it away and counts it."""

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        user = ("-u", "nobody") if os.geteuid() == 0 else ()
        super().__init__(
            [program("smtp-sink"), *user, "-c", *options, f"{LOOPBACK}:{self.port}", "1024"]
        )
        self._counts = (0, 0, 0)
        self._reader: threading.Thread | None = None

    def start(self, **options: Any) -> None:
        """Start it and wait until it listens."""
        super().start(stdout=subprocess.PIPE, **options)
        self._reader = threading.Thread(target=self._count, daemon=True)
        self._reader.start()
        until_port_answers(self.port, within=10, process=self.process)

    def _count(self) -> None:
        """Follow the running counters that it writes."""
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as output:
            while chunk := os.read(output.fileno(), 65536):
                found = re.findall(rb"(\d+)\D+(\d+)\D+(\d+)\D*[\r\n]", chunk)
                if found:
                    self._counts = tuple(int(number) for number in found[-1])  # type: ignore[assignment]

    def stop(self, within: float = 15) -> None:
        """End it, and the thread that reads from it."""
        super().stop(within)
        if self._reader is not None:
            self._reader.join(within)

    @property
    def sessions(self) -> int:
        """Sessions that have ended."""
        return self._counts[0]

    @property
    def messages(self) -> int:
        """Messages acknowledged."""
        return self._counts[2]


def smtp_source(
    port: int,
    *,
    messages: int,
    size: int = 4096,
    senders: int = 20,
    reuse: bool = False,
    sender: str = "a@example.test",
    recipient: str = "b@example.test",
    within: float = 120,
) -> float:
    """Send with Postfix's smtp-source; every message must be accepted.  Returns the seconds."""
    options = ["-s", str(senders), "-m", str(messages), "-l", str(size), "-C", "10"]
    if reuse:
        options.append("-d")
    start = time.monotonic()
    done = subprocess.run(
        [program("smtp-source"), *options, "-f", sender, "-t", recipient, f"{LOOPBACK}:{port}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    if done.returncode:
        raise NotReady(f"smtp-source: {done.stderr.strip()}")
    return time.monotonic() - start
