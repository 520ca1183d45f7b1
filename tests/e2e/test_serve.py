"""`empath serve` starts, refuses to start, and stops, each time with one clear sentence."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from empath.cli.exit_codes import ExitCode
from empath.control.link import GetStatus, Ping
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, Running, SmtpSink, answers, smtp_source, until


def send(port: int, *, subject: str = "x", size: int = 10) -> None:
    """Send one small message."""
    with smtplib.SMTP(LOOPBACK, port, timeout=30) as client:
        content = f"Subject: {subject}\r\n\r\n" + "x" * size + "\r\n"
        client.sendmail("a@example.test", ["b@example.test"], content)


def refused(relay: Empath, within: float = 20) -> tuple[int, str]:
    """Start an engine that must not come up: its exit code and what it said."""
    Running.start(relay)
    code = relay.wait(within)
    said = relay.said()
    assert "Traceback" not in said, said
    return code, said


def test_the_engine_says_who_it_is(tmp_path: Path) -> None:
    """A running engine answers at its control socket and lists its listeners."""
    with Empath(tmp_path) as relay:
        status = relay.ask(GetStatus())
        assert status.pong.pid == relay.pid
        assert any(str(relay.port) in address for address in status.listeners)


def test_sigterm_ends_the_engine_cleanly(tmp_path: Path) -> None:
    """SIGTERM with nothing to do ends it at once with exit code 0, its socket taken away."""
    with Empath(tmp_path) as relay:
        relay.signal(signal.SIGTERM)
        assert relay.wait(10) == ExitCode.OK
        assert not relay.socket.exists()
        assert not answers(relay.port)


@pytest.mark.tools("smtp-sink")
def test_sigterm_lets_a_running_delivery_finish(tmp_path: Path) -> None:
    """What is on the wire when SIGTERM comes is finished and recorded: one copy, not two."""
    with SmtpSink("-w", "3") as sink:
        with Empath(tmp_path, next_hop=sink.port) as relay:
            send(relay.port)
            until("it is being delivered", lambda: relay.ask(GetStatus()).active == 1, within=10)
            relay.signal(signal.SIGTERM)
            assert relay.wait(20) == ExitCode.OK
            until("the sink has it", lambda: sink.messages == 1, within=2)
        with Empath(tmp_path, next_hop=sink.port, port=relay.port) as relay:
            assert relay.ask(GetStatus()).messages == 0
        assert sink.messages == 1


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_second_signal_stops_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """A second signal does not wait for a slow next hop; the message stays queued."""
    with SmtpSink("-w", "60") as sink, Empath(tmp_path, next_hop=sink.port) as relay:
        send(relay.port)
        until("it is being delivered", lambda: relay.ask(GetStatus()).active == 1, within=10)
        relay.signal(number)
        until("it drains", lambda: not answers(relay.port), within=10)
        relay.signal(number)
        start = time.monotonic()
        relay.wait(10)
        assert time.monotonic() - start < 5
    with SmtpSink(port=sink.port) as sink, Empath(tmp_path, next_hop=sink.port) as relay:
        until("the sink has it", lambda: sink.messages == 1, within=20)


def test_a_hangup_while_it_starts_is_a_reload_once_it_runs(tmp_path: Path) -> None:
    """SIGHUP from the first moment on does not end a service that starts; it is not lost either."""
    relay = Empath(tmp_path)
    Running.start(relay)
    try:
        until("it minds SIGHUP", lambda: _minds(relay.pid, signal.SIGHUP), within=10, every=0.001)
        relay.signal(signal.SIGHUP)
        until("it answers", relay.is_up, within=20)
        until("it has reloaded", lambda: "by SIGHUP" in relay.said(), within=10)
    finally:
        relay.stop()


def _minds(pid: int, number: signal.Signals) -> bool:
    """Has the process a handler for this signal?"""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_an_idle_client_is_told_421_on_drain(tmp_path: Path) -> None:
    """A client without a transaction is told 421 when the engine stops (RFC 5321 3.8)."""
    with Empath(tmp_path) as relay, socket.create_connection((LOOPBACK, relay.port)) as client:
        client.settimeout(10)
        assert client.recv(1000).startswith(b"220")
        relay.signal(signal.SIGTERM)
        assert client.recv(1000).startswith(b"421")
        assert client.recv(1000) == b""
        assert relay.wait(10) == ExitCode.OK


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """A listener's port in use ends the start with a sentence that names it."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        code, said = refused(Empath(tmp_path, port=port))
    assert code == ExitCode.LISTENER
    assert str(port) in said


def test_a_spool_in_use_is_named(tmp_path: Path) -> None:
    """A second engine on the same spool refuses to start; the first goes on."""
    with Empath(tmp_path) as first:
        second = Empath(tmp_path / "second", settings=f'[spool]\npath = "{first.spool}"\n')
        code, said = refused(second)
        assert code == ExitCode.SPOOL
        assert str(first.spool) in said
        assert first.ask(Ping()).pid == first.pid


def test_a_stale_control_socket_is_replaced(tmp_path: Path) -> None:
    """What kill -9 leaves behind does not keep the next start from coming up."""
    with Empath(tmp_path) as relay:
        relay.signal(signal.SIGKILL)
        relay.wait(5)
        assert relay.socket.is_socket()
        relay.start()
        assert relay.ask(Ping()).pid == relay.pid


def test_a_file_in_place_of_the_control_socket_is_left_alone(tmp_path: Path) -> None:
    """What is not a socket of ours is not removed: the start is refused and names it."""
    relay = Empath(tmp_path)
    relay.spool.mkdir(mode=0o700)
    relay.socket.write_text("precious")
    code, said = refused(relay)
    assert code == ExitCode.LISTENER
    assert str(relay.socket) in said
    assert relay.socket.read_text() == "precious"


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A spool path below a file ends the start with a sentence that names it."""
    (tmp_path / "file").write_text("")
    code, said = refused(
        Empath(tmp_path / "x", settings=f'[spool]\npath = "{tmp_path}/file/spool"\n')
    )
    assert code == ExitCode.SPOOL
    assert f"{tmp_path}/file" in said


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    """A config that is not there ends the start with a sentence that names it."""
    relay = Empath(tmp_path)
    relay.config.unlink()
    code, said = refused(relay)
    assert code == ExitCode.CONFIG
    assert str(relay.config) in said


def test_every_mistake_of_a_config_is_told_at_once(tmp_path: Path) -> None:
    """A broken config is refused with file and line of each of its mistakes."""
    relay = Empath(tmp_path, settings='[delivery]\nconcurency = 5\nidle_timeout = "soon"\n')
    lines = relay.config.read_text().splitlines()
    code, said = refused(relay)
    assert code == ExitCode.CONFIG
    for key in ("concurency = 5", 'idle_timeout = "soon"'):
        assert f"{relay.config}:{lines.index(key) + 1}" in said, said
    assert '"concurrency"' in said or "concurrency" in said


def test_check_tells_the_same_without_starting(tmp_path: Path) -> None:
    """`empath check` finds a good config good and a broken one broken."""
    good = Empath(tmp_path / "good", command=("check",))
    assert refused(good)[0] == ExitCode.OK
    bad = Empath(tmp_path / "bad", command=("check",), settings="[inbound]\nerrors = 0\n")
    code, said = refused(bad)
    assert code != ExitCode.OK
    assert "errors" in said
    assert not bad.spool.exists()


def test_a_tool_without_an_engine_says_so(tmp_path: Path) -> None:
    """`empathctl` without a running engine ends with one sentence naming the socket."""
    relay = Empath(tmp_path)
    done = relay.ctl("system", "ping")
    assert done.returncode == ExitCode.UNREACHABLE
    assert str(relay.socket) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.tools("smtp-source")
def test_mail_accepted_before_a_restart_is_there_after_it(tmp_path: Path) -> None:
    """Captured mail is still listed after an orderly stop and a new start."""
    relay = Empath(tmp_path)
    with relay:
        smtp_source(relay.port, messages=50, senders=5)
        relay.signal(signal.SIGTERM)
        assert relay.wait(15) == ExitCode.OK
        relay.start()
        assert relay.ask(GetStatus()).held == 50


def test_the_spool_is_private(tmp_path: Path) -> None:
    """The spool's folder is 0700 and the control socket 0600."""
    with Empath(tmp_path) as relay:
        assert relay.spool.stat().st_mode & 0o777 == 0o700
        assert relay.socket.stat().st_mode & 0o777 == 0o600


def test_help_reads_without_an_engine() -> None:
    """`--help` of both commands works anywhere and names the commands."""
    scripts = Path(sys.executable).parent
    for name, words in (("empath", ("serve", "dev", "check")), ("empathctl", ("queue", "dns"))):
        done = subprocess.run(
            [scripts / name, "--help"], capture_output=True, text=True, timeout=30, check=True,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100"},
        )  # fmt: skip
        assert all(word in done.stdout for word in words)
