"""A config file that no longer leads to its engine: the engine is found, asked, and tells of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.cli.running import engine_of, listening
from empath.control.link import GetConfig
from tests.fakes.engine import Empath
from tests.fakes.programs import ROOT, until

AS_NOBODY = """\
import contextlib, encodings.idna, encodings.utf_8_sig, io, os, zoneinfo
from empath.cli.ctl import main
with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
    main()
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
main()
"""
"""`empathctl` of a user that may not even enter the folder of the interpreter: what it loads late
it has loaded once before.
"""


@pytest.fixture(scope="module")
def empath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empath]:
    """An engine that captures mail."""
    engine = Empath(tmp_path_factory.mktemp("found") / "engine")
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def refused(empath: Empath) -> int:
    """How many reloads were refused, as the metrics of the engine count them."""
    lines = subprocess.run(
        ["curl", "-s", "--unix-socket", empath.socket, "http://empath/metrics"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout.splitlines()
    name = 'empath_config_reloads_total{result="refused"} '
    return int(float(next(line.removeprefix(name) for line in lines if line.startswith(name))))


@pytest.mark.tools("curl")
@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"", "is empty now"),
        (None, "there is no such file"),
        (b'[spool]\npath = "elsewhere"\n[log]\nlevel = "loud"\n', "log.level: must be one of"),
        (b"#" * (1024 * 1024 + 1), "is longer than 1 MiB"),
    ],
    ids=["no text", "empty", "gone", "another spool and a fault", "too long"],
)
def test_what_the_command_finds_wrong_the_engine_logs_and_counts(
    empath: Empath, written: bytes | None, sentence: str
) -> None:
    """The command cannot read where the engine is; the refusal is the engine's all the same."""
    before, text, log = refused(empath), empath.config.read_bytes(), len(empath.said())
    version = empath.ask(GetConfig()).version
    try:
        if written is None:
            empath.config.unlink()
        else:
            empath.config.write_bytes(written)
        done = empath.ctl("config", "reload")
    finally:
        empath.config.write_bytes(text)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"Asking the engine that was started with {empath.config}" in done.stderr
    assert sentence in done.stderr
    assert refused(empath) == before + 1
    until("the log has it", lambda: sentence in empath.said()[log:], within=10)
    assert empath.ask(GetConfig()).version == version


def test_another_spool_in_the_file_waits_for_the_restart(empath: Empath) -> None:
    """The engine that runs is asked, not the folder that it will have: the change is pending."""
    text = empath.config.read_text()
    try:
        empath.config.write_text(text.replace(str(empath.spool), str(empath.folder / "moved")))
        done = empath.ctl("config", "reload")
        assert (done.returncode, "spool.path" in done.stdout) == (0, True)
        assert [one.key for one in empath.ask(GetConfig()).pending] == ["spool.path"]
    finally:
        empath.config.write_text(text)
    assert empath.ctl("config", "reload").returncode == 0
    assert empath.ask(GetConfig()).pending == ()


@pytest.mark.parametrize("hidden", ["another spool", "no TOML", "gone"])
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("system", "status"), "hostname"),
        (("queue", "list"), ""),
        (("events",), "engine"),
        (("top", "--once"), "empath"),
        (("spool", "stats"), "spool"),
        (("record",), ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_finds_the_engine_that_config_finds(
    empath: Empath, command: tuple[str, ...], says: str, hidden: str
) -> None:
    """Whoever has hidden the engine by an edit of its file can still look at it."""
    text = empath.config.read_text()
    try:
        if hidden == "gone":
            empath.config.unlink()
        elif hidden == "no TOML":
            empath.config.write_text(f"{text}\nx =\n")
        else:
            empath.config.write_text(text.replace(str(empath.spool), str(empath.folder / "moved")))
        done = empath.ctl(*command)
    finally:
        empath.config.write_text(text)
    assert (done.returncode, says in done.stdout) == (0, True), done.stderr


def test_the_console_finds_the_engine_that_the_commands_find(empath: Empath) -> None:
    """It is looked for before the terminal is: here only the terminal is missing."""
    text = empath.config.read_text()
    try:
        empath.config.unlink()
        done = subprocess.run(
            [sys.executable, "-m", "empath", "console", "--config", empath.config],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd=ROOT,
        )
    finally:
        empath.config.write_text(text)
    assert f"Asking the engine that was started with {empath.config}" in done.stderr
    assert "The console needs a terminal" in done.stderr


def test_only_the_engine_of_that_file_is_found(empath: Empath, tmp_path: Path) -> None:
    """Through a link too; for a file that none was started with there is none."""
    link = tmp_path / "link.toml"
    link.symlink_to(empath.config)
    assert engine_of(empath.config, "empath.sock") == empath.socket
    assert engine_of(link, "empath.sock") == empath.socket
    assert engine_of(tmp_path / "other.toml", "empath.sock") is None


def test_the_table_of_sockets_is_read_with_care(tmp_path: Path) -> None:
    """Only sockets with that name, a whole path, and somebody who listens; a blank may be in it."""
    table = tmp_path / "unix"
    table.write_text(
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0: 00000002 00000000 00010000 0001 01 11 /a b/empath.sock\n"
        "0: 00000003 00000000 00000000 0001 03 12 /connected/empath.sock\n"
        "0: 00000002 00000000 00010000 0001 01 13 relative/empath.sock\n"
        "0: 00000002 00000000 00010000 0001 01 14 @abstract/empath.sock\n"
        "0: 00000002 00000000 nonsense 0001 01 15 /odd/empath.sock\n"
        "0: 00000002 00000000 00010000 0001 01 16\n"
    )
    assert list(listening(table, "empath.sock")) == [Path("/a b/empath.sock")]
    assert list(listening(tmp_path / "none", "empath.sock")) == []


@pytest.mark.tools("root")
def test_whoever_may_not_read_secrets_is_told_of_the_socket_only(
    tmp_path: Path,
) -> None:
    """An operator's command does not need the password of the smarthost to find the engine."""
    tmp_path.chmod(0o755)
    config, secret = tmp_path / "empath.toml", tmp_path / "private" / "password"
    secret.parent.mkdir(mode=0o700)
    secret.write_text("hunter2")
    secret.chmod(0o600)
    spool = tmp_path / "private" / "below" / "spool"
    config.write_text(
        f'[spool]\npath = "{spool}"\n[delivery.tls]\nca_file = "{secret.parent / "ca"}"\n'
        '[[route]]\ndomain = "*"\nhost = "a.example:25"\ntls = "starttls"\nusername = "ada"\n'
        f'password = {{ file = "{secret}" }}\n'
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.name.startswith(("pytest", "popen")):
            folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, "-c", config, "system", "ping"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )
    assert done.stderr == (
        f"You may not use the control socket {spool}/empath.sock: run this as the user Empath runs"
        " as or as root.\n"
    )
    assert done.returncode == 6
