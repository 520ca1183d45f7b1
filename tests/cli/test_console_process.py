"""The console beside the engine on one terminal: whatever becomes of it, the engine goes on."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.cli.console_process import console_command
from empath.cli.exit_codes import ExitCode
from tests.fakes.own_terminal import OwnTerminal
from tests.fakes.programs import LOOPBACK, ROOT, answers, free_port, until


class Dev:
    """`empath dev` on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.spool = folder / "spool"
        self.terminal = OwnTerminal(
            "empath", "dev", "--port", str(self.port), "--spool", str(self.spool)
        )

    def console_is_up(self) -> int:
        """Wait until the console has drawn; its pid."""
        # The console's own name for its first screen, in the row of its tabs.
        self.terminal.read_until("Overview", within=30)
        [child] = self.terminal.children()
        return child

    def send(self) -> None:
        """Send one message."""
        with smtplib.SMTP(LOOPBACK, self.port, timeout=10) as client:
            client.sendmail("a@example.test", ["b@example.test"], "Subject: x\r\n\r\nx\r\n")


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    """A dev relay with its console."""
    relay = Dev(tmp_path)
    with relay.terminal:
        yield relay


def echoes(terminal: OwnTerminal) -> bool:
    """Is the terminal as a shell wants it?"""
    flags = terminal.settings()[3]
    return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)


def test_the_engine_keeps_its_hands_off_the_consoles_terminal(dev: Dev) -> None:
    """While the console holds the terminal, mail flows and no log line gets between."""
    dev.console_is_up()
    dev.send()
    dev.terminal.read_until("example.test")
    assert "INFO    accepted" not in dev.terminal.text
    assert not echoes(dev.terminal)


def test_a_signal_ends_engine_and_console_and_restores_the_terminal(dev: Dev) -> None:
    """SIGTERM drains the engine, takes the console with it, and leaves a usable terminal."""
    child = dev.console_is_up()
    os.kill(dev.terminal.pid, signal.SIGTERM)
    assert dev.terminal.wait() == ExitCode.OK
    assert not Path(f"/proc/{child}").exists()
    assert not answers(dev.port)
    assert not (dev.spool / "empath.sock").exists()


def test_a_console_that_dies_leaves_engine_and_terminal_well(dev: Dev) -> None:
    """After kill -9 of the console the terminal is as before and mail is still accepted."""
    child = dev.console_is_up()
    os.kill(child, signal.SIGKILL)
    dev.terminal.read_until("the console ended with status -9")
    dev.terminal.read_until("the dev relay keeps running at")
    assert echoes(dev.terminal)
    assert b"\x1b[?1049l" in dev.terminal.output
    dev.send()
    dev.terminal.read_until("INFO    accepted")
    dev.terminal.press("\x03")
    assert dev.terminal.wait() == ExitCode.OK


def test_a_closed_terminal_stops_the_engine_in_order(dev: Dev) -> None:
    """SIGHUP, as when the window is closed, is an orderly stop: the socket is taken away."""
    dev.console_is_up()
    dev.terminal.hang_up()
    until("it stops", lambda: not answers(dev.port), within=20)
    assert dev.terminal.wait() == ExitCode.OK
    assert not (dev.spool / "empath.sock").exists()


def test_without_a_terminal_the_engine_runs_alone(tmp_path: Path) -> None:
    """In a script `empath dev` says that it runs without its console, and where it listens."""
    port = free_port()
    command = [sys.executable, "-m", "empath", "dev", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--spool", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as relay:
        assert relay.stdout is not None
        line = relay.stdout.readline()
        relay.send_signal(signal.SIGINT)
        _, said = relay.communicate(timeout=20)
    assert line.startswith(f"listening on {LOOPBACK}:{port}")
    socket = tmp_path / "empath.sock"
    assert f"captured mail: empathctl --socket {socket} queue list" in line
    assert said.startswith("This is no terminal, so the engine runs without its console.\n")
    assert relay.returncode == ExitCode.OK


def test_the_console_is_ours_whatever_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another `tui` in the working folder is never run: the child looks beside this package."""
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui/__main__.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    arguments, environ = console_command(Path("/run/empath.sock"), child=True)
    assert arguments[1:] == ["-P", "-m", "tui", "--attach", "/run/empath.sock", "--child"]
    shown = subprocess.run(
        [*arguments[:4], "--help"], env=environ, capture_output=True, text=True, check=False
    )
    assert "empath console" in shown.stdout
    assert "hijacked" not in shown.stdout + shown.stderr


def test_a_recording_needs_no_engine() -> None:
    """The options of `empath console` go to the console; one that plays a file has no socket."""
    arguments, _ = console_command(None, "--replay=file", "--theme=light")
    assert arguments[3:] == ["tui", "--replay=file", "--theme=light"]


def test_a_console_that_is_left_lets_the_engine_run_on(dev: Dev) -> None:
    """Leaving the console keeps the relay: the journal speaks again and says how to stop."""
    dev.console_is_up()
    dev.terminal.press("q")
    dev.terminal.read_until("Stop the relay too?")
    dev.terminal.press("q")
    dev.terminal.read_until("the dev relay keeps running at")
    assert "the console ended with status" not in dev.terminal.text
    assert echoes(dev.terminal)
    dev.send()
    dev.terminal.read_until("INFO    accepted")
    dev.terminal.press("\x03")
    assert dev.terminal.wait() == ExitCode.OK


def test_a_console_may_take_the_engine_with_it(dev: Dev) -> None:
    """Answering that the relay stops too ends both, in order, with exit code 0."""
    dev.console_is_up()
    dev.terminal.press("q")
    dev.terminal.read_until("Stop the relay too?")
    dev.terminal.press("\t\t\r")
    assert dev.terminal.wait() == ExitCode.OK
    assert "keeps running" not in dev.terminal.text
    assert not (dev.spool / "empath.sock").exists()
    assert echoes(dev.terminal)
