"""The `empath` command: what it says, and the code it ends with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from empath.cli.exit_codes import ExitCode
from empath.cli.main import commands
from empath.version import VERSION
from tests.fakes.programs import LOOPBACK, ROOT, free_port


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder that is also the home folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


def empath(*arguments: str) -> Result:
    """What the command says and ends with."""
    return CliRunner().invoke(commands, arguments, prog_name="empath")


def test_help_names_every_command_and_exit_code() -> None:
    """`empath --help` reads by itself: commands, options, and what the exit codes mean."""
    said = " ".join(empath("--help").output.split())
    for word in ("serve", "console", "dev", "check", "--config", "--version", "completion"):
        assert word in said
    for code in ExitCode:
        assert f"{code.value} {code.meaning}" in said


@pytest.mark.parametrize("command", ["serve", "console", "dev", "check"])
def test_every_command_explains_itself(command: str) -> None:
    """Each command's help says in its first line what it does."""
    result = empath(command, "--help")
    assert result.exit_code == ExitCode.OK
    assert "--config" in result.output
    assert len(result.output.splitlines()[2].strip()) > 20


def test_the_version_is_told() -> None:
    """`empath --version` names the version."""
    assert empath("--version").output == f"empath {VERSION}\n"


@pytest.mark.parametrize("command", [(), ("serve",), ("check",)])
def test_without_a_config_one_sentence_says_what_to_do(command: tuple[str, ...]) -> None:
    """No config is no traceback: the sentence names the three ways out."""
    result = empath(*command)
    assert result.exit_code == ExitCode.CONFIG
    assert result.output.splitlines() == [
        (
            "empath.toml: there is no config here: name one with --config FILE, make"
            ' ./empath.toml, or run "empath dev", which needs none'
        )
    ]


def test_a_wrong_command_line_is_a_usage_error() -> None:
    """What the command does not know ends with the code for usage."""
    assert empath("sevre").exit_code == ExitCode.USAGE
    assert empath("dev", "--port", "99999").exit_code == ExitCode.USAGE


def test_check_tells_every_mistake(tmp_path: Path) -> None:
    """`empath check` lists the problems on standard error and ends with the config's code."""
    (tmp_path / "empath.toml").write_text('mode = "rely"\nhostnam = "x"\n')
    result = empath("check")
    assert result.exit_code == ExitCode.CONFIG
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        'empath.toml:1: mode: must be one of "dev", "relay" (got text "rely")',
        'empath.toml:2: hostnam: there is no such setting; did you mean "hostname"?',
    ]


@pytest.mark.parametrize("before", [True, False])
def test_the_config_may_stand_before_or_behind_the_command(tmp_path: Path, *, before: bool) -> None:
    """`empath --config F check` and `empath check --config F` are the same."""
    other = tmp_path / "other.toml"
    other.write_text('hostname = "mx.example.org"\n')
    option = ("--config", str(other))
    result = empath(*option, "check") if before else empath("check", *option)
    assert result.exit_code == ExitCode.OK
    assert "hostname   mx.example.org" in result.output


def test_check_sums_up_a_good_config(tmp_path: Path) -> None:
    """A config that is right is told back, so that one sees what it says; no secret is shown."""
    path = tmp_path / "empath.toml"
    path.write_text(
        'mode = "relay"\nhostname = "mx.example.org"\n'
        '[relay]\ndomains = ["example.org"]\n'
        '[[route]]\ndomain = "*"\nhost = "smtp.example.com:587"\n'
        'username = "ada"\npassword = "hunter2"\n'
    )
    path.chmod(0o600)
    result = empath("check")
    assert result.output.splitlines() == [
        f"{path}: ok",
        "  mode       relay: delivers what it accepts",
        "  hostname   mx.example.org",
        "  listener   127.0.0.1:1025 without TLS",
        "  relay for  127.0.0.0/8, ::1/128",
        "  relay to   example.org",
        "  route      * to smtp.example.com:587",
        f"  spool      {tmp_path}/.local/state/empath",
    ]


def test_check_only_warns_of_a_secret_that_the_service_is_given(tmp_path: Path) -> None:
    """The engine itself does not start without it."""
    path = tmp_path / "empath.toml"
    path.write_text(
        '[[route]]\ndomain = "example.org"\nhost = "a.example:25"\ntls = "starttls"\n'
        'username = "ada"\npassword = { env = "ONLY_THE_SERVICE" }\n'
    )
    warning = f"{path}:6: route[0].password: warning: only the engine can tell whether it has"
    result = empath("check", "--config", str(path))
    assert result.exit_code == ExitCode.OK
    assert result.stderr == f"{warning} the environment variable ONLY_THE_SERVICE\n"
    result = empath("serve", "--config", str(path))
    assert result.exit_code == ExitCode.CONFIG
    assert "ONLY_THE_SERVICE is not set" in result.stderr


def test_check_opens_certificates(tmp_path: Path) -> None:
    """A certificate that is none is found by `empath check`, not by the first client."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("nonsense")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "empath.toml").write_text(
        '[[listener]]\ntls = "starttls"\ncertificate = "cert.pem"\nkey = "key.pem"\n'
    )
    result = empath("check")
    assert result.exit_code == ExitCode.CONFIG
    [told] = result.stderr.splitlines()
    assert told.startswith(
        "empath.toml:3: listener[0].certificate: cannot use certificate"
        f" {tmp_path / 'cert.pem'} with key"
    )


def test_a_console_without_an_engine_says_where_it_looked(tmp_path: Path) -> None:
    """`empath console` with nothing to attach to ends at once, naming the socket."""
    result = empath("console")
    assert result.exit_code == ExitCode.UNREACHABLE
    assert f"{tmp_path}/.local/state/empath/empath.sock" in result.stderr
    assert empath("console", "--attach", "/nowhere").exit_code == ExitCode.UNREACHABLE


def test_the_console_of_an_engine_opens_with_a_config_that_is_broken(tmp_path: Path) -> None:
    """That is how one rolls back; without an engine, what is wrong with the config is told."""
    config = tmp_path / "empath.toml"
    config.write_text('[log]\nlevel = "loud"\n[spool]\npath = "s"\n')
    done = CliRunner().invoke(commands, ["console", "--config", str(config)])
    assert done.exit_code == ExitCode.CONFIG
    assert "log.level: must be one of" in done.stderr
    (tmp_path / "s").mkdir()
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(tmp_path / "s" / "empath.sock"))
        done = CliRunner().invoke(commands, ["console", "--config", str(config)])
    assert done.exit_code == ExitCode.USAGE  # it found the engine, and there is no terminal


def test_a_console_needs_a_terminal(tmp_path: Path) -> None:
    """In a script `empath console` points to empathctl."""
    path = tmp_path / "empath.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        ended = start("console", "--attach", str(path))
    assert ended.returncode == ExitCode.USAGE
    assert "empathctl" in ended.stderr


def test_dev_does_not_touch_the_queue_of_a_relay(tmp_path: Path) -> None:
    """`empath dev` beside a relay's config asks for a spool of its own."""
    (tmp_path / "empath.toml").write_text('mode = "relay"\nhostname = "mx.example.org"\n')
    result = empath("dev", "--headless")
    assert result.exit_code == ExitCode.CONFIG
    assert "--spool DIR" in result.stderr
    assert not (tmp_path / ".local").exists()


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that must fail, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "empath", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """A start that fails says why in one line, and leaves no control socket behind."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        ended = start("dev", "--headless", "--port", str(port), "--spool", "queue")
    assert ended.returncode == ExitCode.LISTENER
    [sentence] = ended.stderr.splitlines()
    assert str(port) in sentence
    assert not (tmp_path / "queue/empath.sock").exists()


def test_a_spool_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A spool path through a file is refused by name, with the spool's code."""
    (tmp_path / "file").touch()
    ended = start("dev", "--headless", "--port", str(free_port()), "--spool", "file/queue")
    assert ended.returncode == ExitCode.SPOOL
    [sentence] = ended.stderr.splitlines()
    assert "file" in sentence


def test_what_stands_in_the_way_of_the_control_socket_is_named(tmp_path: Path) -> None:
    """A file in the control socket's place is left alone and named."""
    (tmp_path / "queue").mkdir(mode=0o700)
    (tmp_path / "queue/empath.sock").write_text("mine")
    ended = start("dev", "--headless", "--port", str(free_port()), "--spool", "queue")
    assert ended.returncode == ExitCode.LISTENER
    assert "queue/empath.sock" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "queue/empath.sock").read_text() == "mine"
