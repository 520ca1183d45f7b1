"""`empathctl config`: the file is read, checked and changed, and nothing invalid is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from empath.cli.ctl import commands
from empath.cli.exit_codes import ExitCode
from empath.config.load import load_config
from empath.config.problem import ConfigUnusable
from empath.config.schema import schema
from tests.fakes.command_line import config as ctl
from tests.fakes.command_line import in_folder
from tests.fakes.programs import ROOT

TEXT = """\
# Ours.
mode = "relay"
hostname = "mx.example.org"  # as in the DNS

[[route]]
domain = "example.org"
host = "a.example:25"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """./empath.toml, in a folder of its own."""
    return in_folder(tmp_path, TEXT, monkeypatch)


def test_set_changes_the_file_and_says_when_that_takes_effect(file: Path) -> None:
    """The line comes, all others stay; the difference is shown with its effect."""
    result = ctl("set", "delivery.retry.base", "10m")
    assert result.exit_code == ExitCode.OK
    assert result.stdout.splitlines() == [
        "SETTING              WAS   BECOMES  TAKES EFFECT",
        'delivery.retry.base  "5m"  "10m"    live',
        'Written. "empathctl config reload" puts it in force where an engine runs.',
    ]
    assert file.read_text() == TEXT.rstrip("\n") + '\n\n[delivery.retry]\nbase = "10m"\n'


def test_what_needs_a_restart_says_so(file: Path) -> None:
    """A reload would not put it in force."""
    result = ctl("set", "mode", "dev")
    assert result.stdout.splitlines()[1:] == [
        'mode     "relay"  "dev"    restart',
        "Written. An engine that runs takes it up when it is started again.",
    ]
    assert file.read_text() == TEXT.replace('"relay"', '"dev"')


def test_what_is_not_valid_is_not_written(file: Path) -> None:
    """Every mistake is told with its line, and the file is as it was."""
    result = ctl("set", "delivery.retry.base", "0s")
    assert result.exit_code == ExitCode.CONFIG
    assert result.stderr.splitlines() == [
        (
            'empath.toml:10: delivery.retry.base: must be at least 1s (got "0s"); durations are'
            ' written "90s", "5m", "2h"'
        ),
        "Nothing was written.",
    ]
    assert file.read_text() == TEXT


def test_a_number_that_is_none_is_told_as_such(file: Path) -> None:
    """TOML knows `nan`, which does not even equal itself."""
    for written in ("nan", "inf", "-inf"):
        result = ctl("set", "--", "delivery.retry.factor", written)
        assert result.exit_code == ExitCode.CONFIG
        assert result.stderr == (
            "empath.toml:10: delivery.retry.factor: must be a number of ordinary size\n"
            "Nothing was written.\n"
        )


def test_a_disk_that_refuses_is_no_fault_of_the_config(file: Path) -> None:
    """It ends with the code that a refused reload has; the file is as it was."""
    long = file.rename(file.parent / f"{'a' * 245}.toml")  # no room for a name beside it
    result = ctl("set", "delivery.port", "26", "--config", long.name)
    assert result.exit_code == ExitCode.REFUSED
    assert result.stderr == f"{long.name} cannot be written: File name too long\n"
    assert long.read_text() == TEXT


def test_a_dry_run_writes_nothing(file: Path) -> None:
    """It shows the difference only."""
    result = ctl("set", "delivery.rate", "100/m", "--dry-run")
    assert result.stdout.splitlines()[1].split() == ["delivery.rate", "0", '"100/m"', "live"]
    assert len(result.stdout.splitlines()) == 2
    assert file.read_text() == TEXT


def test_unset_gives_the_default_back(file: Path) -> None:
    """A setting or a whole table goes."""
    assert ctl("unset", "route[0]", "--dry-run").exit_code == ExitCode.OK
    assert file.read_text() == TEXT
    result = ctl("unset", "route[example.org]")
    assert 'route["example.org"]' in result.stdout
    assert file.read_text() == TEXT[: TEXT.index("[[route]]")].rstrip("\n") + "\n"
    result = ctl("unset", "delivery.rate")
    assert result.exit_code == ExitCode.REFUSED
    assert result.stderr == (
        "delivery.rate is not written in the file; it has its default already\n"
    )


def test_a_file_that_is_broken_can_be_mended(file: Path) -> None:
    """An edit that makes the config valid is written, though the old one means nothing."""
    file.write_text(TEXT.replace('"relay"', '"rely"'))
    assert ctl("set", "delivery.port", "26").exit_code == ExitCode.CONFIG
    result = ctl("set", "mode", "relay")
    assert result.stdout == "empath.toml changed, and is valid again.\n"
    assert file.read_text() == TEXT


def test_what_the_file_says_already_changes_nothing(file: Path) -> None:
    """Neither the same value, nor the default written out, is a difference."""
    assert ctl("set", "mode", "relay").stdout == "Nothing changes: the file says so already.\n"
    result = ctl("set", "delivery.port", "25")
    assert result.stdout.startswith("empath.toml changed, and means the same")
    assert "port = 25" in file.read_text()


def test_a_secret_is_not_taken_from_the_command_line(file: Path) -> None:
    """P8: who lists processes would see it; typed or in a file of its own it is taken."""
    ctl("set", "route[example.org].tls", "starttls")
    for key, value in (
        ("route[example.org].password", "hunter2"),
        ("route[x]", '{ host = "a:25", username = "ada", password = "hunter2" }'),
    ):
        result = ctl("set", key, value)
        assert result.exit_code == ExitCode.USAGE
        assert "hunter2" not in result.output
    file.write_text(file.read_text() + 'username = "ada"\npassword = "hunter1"\n')
    result = ctl("set", "route[example.org].password", "-", typed="hunter2\n")
    assert result.exit_code == ExitCode.OK
    assert "hunter" not in result.output
    assert "••••" in result.stdout
    assert 'password = "hunter2"' in file.read_text()
    before = file.read_text()
    result = ctl("set", "route[example.org].password", "-", typed="•••• 12\n")
    assert (result.exit_code, file.read_text()) == (3, before)
    assert "is a placeholder" in result.stderr
    (file.parent / "password").write_text("hunter3")
    (file.parent / "password").chmod(0o600)
    assert ctl("set", "route[example.org].password", '{ file = "password" }').exit_code == 0
    assert 'password = { file = "password" }' in file.read_text()
    assert "hunter" not in ctl("get", "route", "--json").stdout


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ('{ env = "ONLY_THE_SERVICE" }', "the environment variable ONLY_THE_SERVICE"),
        ('{ credential = "smarthost" }', 'the credential "smarthost"'),
    ],
)
def test_a_secret_that_only_the_engine_has_is_in_nobodys_way(
    file: Path, monkeypatch: pytest.MonkeyPatch, source: str, what: str
) -> None:
    """Other settings are read and changed without it; check, and who names it, are warned."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    warning = (
        "empath.toml:10: route[0].password: warning: only the engine can tell whether it has"
        f" {what}\n"
    )
    unset = TEXT + 'tls = "starttls"\n'
    new = f'{{ host = "b.example:25", tls = "starttls", username = "ada", password = {source} }}'
    added = ctl("set", "route[example.net]", new, "--dry-run")
    assert added.exit_code == ExitCode.OK
    assert f"route[1].password: {warning.split(': ', 2)[2]}" in added.stderr
    file.write_text(unset + f'username = "ada"\npassword = {source}\n')
    for arguments in (
        ("get", "delivery.port"),
        ("set", "delivery.port", "26"),
        ("unset", "delivery.port"),
    ):
        result = ctl(*arguments)
        assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    result = ctl("check")
    assert (result.exit_code, result.stdout) == (ExitCode.OK, "empath.toml: ok\n")
    assert result.stderr == warning
    with pytest.raises(ConfigUnusable):
        load_config(file)  # the engine does


def test_get_tells_the_value_and_what_it_is(file: Path) -> None:
    """One setting is explained; of a table each setting has a line."""
    assert ctl("get", "delivery.retry.base").stdout.splitlines() == [
        'delivery.retry.base = "5m"',
        "  Wait after the first deferral.",
        "  A change takes effect: live",
        '  default: "5m"',
    ]
    assert ctl("get", "hostname").stdout.splitlines()[-1] == "  default: the name of the machine"
    assert ctl("get", "route[0].host").stdout.splitlines()[-1] == "  must be written"
    lines = ctl("get", "route").stdout.splitlines()
    assert lines[:3] == [
        'route["example.org"].domain = "example.org"',
        'route["example.org"].host = "a.example:25"',
        'route["example.org"].tls = –',
    ]


def test_get_is_json_for_scripts(file: Path) -> None:
    """Values have the types of JSON, and the line where the file says so."""
    assert json.loads(ctl("get", "route[example.org].host", "--json").stdout) == {
        "key": 'route["example.org"].host',
        "value": "a.example:25",
        "line": 7,
        "effect": "live",
        "default": None,
        "required": True,
        "what": 'Next hop as "host:port".',
        "text": 'route["example.org"].host = "a.example:25"',
    }
    found = json.loads(ctl("get", "delivery.retry", "--json").stdout)
    assert {item["key"]: item["value"] for item in found} == {
        "delivery.retry.base": "5m",
        "delivery.retry.factor": 2.0,
        "delivery.retry.cap": "1d",
        "delivery.retry.jitter": 0.1,
        "delivery.retry.attempts": 25,
        "delivery.retry.expiry": "5d",
        "delivery.retry.delay_notice": "4h",
    }


def test_get_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no config the defaults hold; to change one there must be a file."""
    monkeypatch.chdir(tmp_path)
    assert ctl("get", "delivery.port").stdout.startswith("delivery.port = 25\n")
    result = ctl("set", "delivery.port", "26")
    assert result.exit_code == ExitCode.CONFIG
    assert "there is no config here" in result.stderr


def test_check_tells_every_mistake_of_any_file(file: Path) -> None:
    """Each has its line; for scripts they are JSON."""
    assert ctl("check").stdout == "empath.toml: ok\n"
    other = file.parent / "other.toml"
    other.write_text('mode = "rely"\n[delivery]\nport = 0\n')
    result = ctl("check", "other.toml")
    assert result.exit_code == ExitCode.CONFIG
    assert [line[:13] for line in result.stderr.splitlines()] == ["other.toml:1:", "other.toml:3:"]
    faults = json.loads(ctl("check", "other.toml", "--json").stdout)
    assert [(fault["line"], fault["key"]) for fault in faults] == [
        (1, "mode"),
        (3, "delivery.port"),
    ]
    other.write_text("\n")
    assert ctl("check", "other.toml").stdout == (
        "other.toml: ok, but empty: every setting has its default\n"
    )
    assert json.loads(ctl("check", "--json").stdout) == []


@pytest.mark.parametrize(
    ("key", "value"), [("foo.bar", "1"), ("delivery", "5"), ('route["a.example"]', "mx:25")]
)
def test_what_nothing_in_the_file_could_take_is_a_slip_of_the_command_line(
    file: Path, key: str, value: str
) -> None:
    """Whether there is no such setting, or several, or a table is given as a word."""
    assert ctl("set", key, value).exit_code == ExitCode.USAGE
    assert file.read_text() == TEXT


def test_check_looks_into_certificates(file: Path) -> None:
    """What no listener could use is found before a reload."""
    for name in ("c.pem", "k.pem"):
        (file.parent / name).touch(mode=0o600)
    listener = (
        '[[listener]]\nbind = "127.0.0.1:{}"\ntls = "starttls"\ncertificate = "c.pem"\n'
        'key = "k.pem"\n'
    )
    file.write_text(TEXT + listener.format(1) + listener.format(2))
    result = ctl("check")
    assert result.exit_code == ExitCode.CONFIG
    used = f"cannot use certificate {file.parent / 'c.pem'} with key"
    first, second = result.stderr.splitlines()
    assert first.startswith(f"empath.toml:11: listener[0].certificate: {used}")
    assert second.startswith(f"empath.toml:16: listener[1].certificate: {used}")
    faults = json.loads(ctl("check", "--json").stdout)
    assert [(fault["line"], fault["key"]) for fault in faults] == [
        (11, "listener[0].certificate"),
        (16, "listener[1].certificate"),
    ]
    result = ctl("set", "delivery.port", "26")
    assert result.stderr.splitlines() == [first, second, "Nothing was written."]


def test_check_and_set_look_into_the_authorities(file: Path) -> None:
    """A file of no certificates is refused before each reload would be, over any change."""
    junk = file.parent / "junk.pem"
    junk.write_text("junk\n")
    result = ctl("set", "delivery.tls.ca_file", "junk.pem")
    assert result.exit_code == ExitCode.CONFIG
    told = f"delivery.tls.ca_file: {junk} holds no certificate in PEM; "
    assert told in result.stderr
    assert result.stderr.endswith("\nNothing was written.\n")
    file.write_text(TEXT + '[delivery.tls]\nca_file = "junk.pem"\n')
    assert told in ctl("check").stderr


def test_another_file_can_be_named(file: Path) -> None:
    """--config stands before the command or behind it."""
    other = file.parent / "other.toml"
    other.write_text("delivery.port = 26\n")
    for arguments in (
        ["--config", "other.toml", "config", "get", "delivery.port"],
        ["config", "get", "delivery.port", "--config", "other.toml"],
    ):
        result = CliRunner().invoke(commands, arguments)
        assert result.stdout.startswith("delivery.port = 26\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("get", "hostnam"), 'hostnam: there is no such setting; did you mean "hostname"?'),
        (("get", "route[x].host"), 'there is no route["x"]: there are example.org'),
        (("set", "route.host", "x"), "route has more than one table: write"),
        (("unset", ""), "the key is empty"),
    ],
)
def test_a_key_that_means_nothing_is_told(
    file: Path, arguments: tuple[str, ...], told: str
) -> None:
    """The command line is wrong, and what to write instead is said."""
    result = ctl(*arguments)
    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.startswith(told)


def test_the_schema_can_be_printed() -> None:
    """It is the one in docs/."""
    assert json.loads(ctl("schema").stdout) == schema()
    assert ctl("schema").stdout == (ROOT / "docs/empath.schema.json").read_text()
