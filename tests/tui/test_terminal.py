"""The console as a program on a real pseudo-terminal, judged by the bytes that come out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.programs import until

PROGRAM = Path(__file__).resolve().parents[1] / "fakes" / "pty_console.py"


class Terminal:
    """A terminal with a console on it; it reads only while it is asked to."""

    def __init__(self, mode: str, stats: Path, environ: dict[str, str] | None = None) -> None:
        self.stats = stats
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                size = struct.pack("HHHH", 36, 120, 0, 0)
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)
                values = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
                for name in ("NO_COLOR", "COLUMNS", "LINES"):
                    values.pop(name, None)
                values.update(environ or {})
                os.execve(sys.executable, [sys.executable, str(PROGRAM), mode, str(stats)], values)
            os._exit(127)

    def read(self, seconds: float, until: str = "") -> bytes:
        """Read for so long, or until this text has come."""
        got = bytearray()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    got += os.read(self.fd, 65536)
                except OSError:
                    break
            if until and until.encode() in got:
                break
        return bytes(got)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def lateness(self) -> tuple[float, int]:
        """How late the loop was in the last half second, and what was dropped so far."""
        worst, dropped = self.stats.read_text().split()
        return float(worst), int(dropped)

    def ended(self, seconds: float = 20.0) -> int | None:
        """The program's exit status, once it has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        return None

    def close(self) -> None:
        """End the program, however it stands."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Start a console in a mode; it is ended after the test."""
    terminals: list[Terminal] = []

    def begin(mode: str, environ: dict[str, str] | None = None) -> Terminal:
        terminals.append(Terminal(mode, tmp_path / "stats", environ))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


# What may leave the console: text, cursor and colour sequences, mode switches, the questions
# Textual asks a terminal, and the name of a mouse pointer's shape.
_SEQUENCE = re.compile(rb"\x1b\[[0-9;?<>=]*\$?[A-Za-z]|\x1b\]22;[a-z-]{1,20}\x07|\x1b[=>78M]")


def test_hostile_mail_reaches_the_terminal_harmless(start: object) -> None:
    """Subjects, replies, names and bodies full of escape sequences come out as plain text."""
    terminal: Terminal = start("hostile")  # type: ignore[operator]
    got = bytearray(terminal.read(30, until="bigmail"))
    assert b"bigmail" in got
    # Queue, a message, its transcript, headers, raw content, back, destinations, events.
    for keys, shown in (
        ("2", "why "),
        ("\r", "attempt 4"),
        ("h", "Headers"),
        ("w", "Raw"),
        ("q", "LAST REPLY"),
        ("D", "Delete this message?"),
        ("\x1b", "re-orders"),
        ("3", "minutes since arrival"),
        ("4", "following"),
        ("?", "Keys"),
    ):
        terminal.press(keys)
        page = terminal.read(30, until=shown)
        assert shown.encode() in page, keys
        got += page + terminal.read(0.15)
    got += terminal.read(1.0)
    # Reading may have ended within a sequence.
    whole = re.sub(rb"\x1b[0-9;?<>=\[]*\Z", b"", bytes(got))
    text = _SEQUENCE.sub(b"", whole).decode("utf-8", errors="ignore")
    assert "[red]markup[/" in text
    assert "\\x1b]52" in text
    # No string of a peer ends in the terminal as a command: no OSC, no C1, no bidi.
    assert b"UFdORUQ=\x07" not in got
    assert b"\x1b]52" not in got
    assert b"\x1b]0" not in got
    left = {c for c in text if ord(c) < 32 or 0x7F <= ord(c) < 0xA0} - {"\r", "\n"}
    assert not left
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufe0f]", text)


def test_a_stalled_terminal_leaves_the_loop_alive(start: object) -> None:
    """While nobody reads, the loop goes on at full pace; then everything is painted again."""
    terminal: Terminal = start("busy")  # type: ignore[operator]
    assert b"Overview" in terminal.read(30, until="Overview")
    terminal.read(1.0)
    # From here on nobody reads.  Only a loop that lives writes down how it is, twice.
    until("frames are dropped", lambda: terminal.lateness()[1] > 0, within=20)
    _, before = terminal.lateness()
    until("more are dropped", lambda: terminal.lateness()[1] > before, within=20)
    late, _ = terminal.lateness()
    assert late < 0.5
    painted = terminal.read(20, until="Needs attention")
    assert b"Needs attention" in painted
    terminal.press("\x11")
    assert b"Leave the console?" in terminal.read(20, until="Leave the console?")
    terminal.read(0.25)
    terminal.press("\r")
    assert terminal.ended() == 0


def colours_in(got: bytes) -> set[int]:
    """The codes of all sequences that set a colour, in what was sent; 38 and 48 are those of more
    than sixteen.
    """
    found: set[int] = set()
    for sequence in re.findall(rb"\x1b\[([0-9;]*)m", got):
        codes = [int(code or b"0") for code in sequence.split(b";")]
        found |= {code for code in codes if 30 <= code <= 49 or 90 <= code <= 107}
    return found


def shown_on(terminal: Terminal) -> bytes:
    """What is sent for the overview, the queue, its palette and the log of events."""
    got = terminal.read(30, until="bigmail")
    assert b"bigmail" in got
    for keys, shown in (("2", "REPLY"), ("\x10", "What to do"), ("\x1b", ""), ("4", "WHAT")):
        terminal.press(keys)
        page = terminal.read(20 if shown else 0.5, until=shown)
        assert shown.encode() in page, keys
        got += page + terminal.read(0.2)
    return got


def test_no_colour_when_none_is_wanted(start: object) -> None:
    """With NO_COLOR set no sequence that sets a colour is sent, on any screen."""
    terminal: Terminal = start("hostile", {"NO_COLOR": "1"})  # type: ignore[operator]
    got = shown_on(terminal)
    assert not colours_in(got)
    assert b"\x1b[1m" in got or b"\x1b[7m" in got


def test_sixteen_colours_are_those_of_the_terminal(start: object) -> None:
    """On a terminal of sixteen colours only those are sent."""
    terminal: Terminal = start("hostile", {"TERM": "xterm", "COLORTERM": ""})  # type: ignore[operator]
    colours = colours_in(shown_on(terminal))
    assert colours
    assert not colours & {38, 48}


def test_without_unicode_nothing_but_ascii_is_sent(start: object) -> None:
    """In a locale of another encoding every octet that is sent is ASCII, and signs have words."""
    terminal: Terminal = start("hostile", {"LC_ALL": "en_GB.ISO-8859-1"})  # type: ignore[operator]
    got = shown_on(terminal)
    assert got.isascii()
    assert b"deferred" in got


def test_being_told_to_end_gives_the_terminal_back(start: object) -> None:
    """SIGTERM ends the console in order: main screen, cursor and keys are as they were."""
    terminal: Terminal = start("busy")  # type: ignore[operator]
    terminal.read(30, until="Overview")
    terminal.read(0.5)
    os.kill(terminal.pid, signal.SIGTERM)
    got = terminal.read(20, until="\x1b[?1049l") + terminal.read(0.25)
    assert b"\x1b[?1049l" in got
    assert b"\x1b[?25h" in got
    assert terminal.ended() == 0
