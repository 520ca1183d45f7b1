"""`empathctl config set` and `unset` with several settings: checked and written once, or not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import trustme

from empath.cli.exit_codes import ExitCode
from tests.fakes.command_line import config as ctl
from tests.fakes.command_line import in_folder

TEXT = """\
mode = "relay"
hostname = "mx.example.org"

# Who hands us mail.
[[listener]]
bind = "127.0.0.1:2525" # ours

[[route]]
domain = "example.org"
host = "a.example:587"
tls = "starttls"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """./empath.toml with a certificate and a password beside it."""
    path = in_folder(tmp_path, TEXT, monkeypatch)
    made = trustme.CA().issue_cert("mx.example.org")
    made.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    for name, data in (("key.pem", made.private_key_pem.bytes()), ("password", b"hunter2")):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
    return path


LISTENER = 'listener["127.0.0.1:2525"]'
TLS = (
    *(f"{LISTENER}.tls", "starttls"),
    *(f"{LISTENER}.certificate", "cert.pem"),
    *(f"{LISTENER}.key", "key.pem"),
)


def test_tls_is_turned_on_and_off_for_a_listener_that_is_there(file: Path) -> None:
    """Certificate, key and the word for it come together, and go together."""
    result = ctl("set", *TLS)
    assert result.exit_code == ExitCode.OK, result.stderr
    added = 'tls = "starttls"\ncertificate = "cert.pem"\nkey = "key.pem"\n'
    assert file.read_text() == TEXT.replace("# ours\n", f"# ours\n{added}")
    assert [line.split()[0] for line in result.stdout.splitlines()[1:4]] == [*TLS[::2]]
    result = ctl(
        *("set", f"{LISTENER}.tls", "none"),
        *("--unset", f"{LISTENER}.certificate", "--unset", f"{LISTENER}.key"),
    )
    assert result.exit_code == ExitCode.OK, result.stderr
    assert file.read_text() == TEXT.replace("# ours\n", '# ours\ntls = "none"\n')


def test_a_login_is_added_to_a_route_and_taken_away(file: Path) -> None:
    """A user name needs its password; `-` is one that is typed."""
    name, password = "route[example.org].username", "route[example.org].password"
    assert ctl("set", name, "ada", password, '{ file = "password" }').exit_code == ExitCode.OK
    assert ctl("set", password, "-", name, "bob", typed="secret\n").exit_code == ExitCode.OK
    route = tomllib.loads(file.read_text())["route"][0]
    assert (route["username"], route["password"]) == ("bob", "secret")
    assert ctl("unset", name, password).exit_code == ExitCode.OK
    assert file.read_text() == TEXT


def test_one_alone_says_how_both_are_changed(file: Path) -> None:
    """Each order of steps is refused, and the refusal names the way."""
    for key, value in zip(TLS[::2], TLS[1::2], strict=True):
        result = ctl("set", key, value)
        assert result.exit_code == ExitCode.CONFIG
        assert result.stderr.endswith(
            "Nothing was written. What needs each other is changed in one go: config set KEY VALUE"
            " KEY VALUE --unset KEY\n"
        )
    result = ctl("set", LISTENER, '{ tls = "starttls" }')
    assert result.exit_code == ExitCode.REFUSED
    assert result.stderr == (
        f"{LISTENER} is there already: set what is in it, all in one go: {LISTENER}.KEY VALUE"
        f" {LISTENER}.KEY VALUE\n"
    )
    assert file.read_text() == TEXT


def test_one_that_is_wrong_leaves_the_others_unwritten(file: Path) -> None:
    """All faults are told at once."""
    result = ctl("set", "log.level", "debug", "delivery.port", "0", "delivery.burst", "-1")
    assert result.exit_code == ExitCode.USAGE  # that looks like an option
    result = ctl("set", "--", "log.level", "debug", "delivery.port", "0", "dns.timeout", "x")
    assert result.exit_code == ExitCode.CONFIG
    told = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in told[:-1]] == ["delivery.port", "dns.timeout"]
    assert told[-1] == "Nothing was written."
    assert file.read_text() == TEXT


def test_places_are_those_that_the_file_has_now(file: Path) -> None:
    """Taking away the first of three tables does not make the second another one."""
    routes = [f'\n[[route]]\ndomain = "{name}.example"\nhost = "{name}:25"\n' for name in "bcd"]
    file.write_text(TEXT + "".join(routes))
    result = ctl("unset", "route[0]", "log.level", "route[2]")
    assert result.exit_code == ExitCode.REFUSED
    assert result.stderr.startswith("log.level is not written in the file")
    assert ctl("unset", "route[0]", "route[2]").exit_code == ExitCode.OK
    left = [route["domain"] for route in tomllib.loads(file.read_text())["route"]]
    assert left == ["b.example", "d.example"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mode", "dev", "log.level"), '"log.level" has no value: give KEY VALUE, as often'),
        (("mode", "-", "log.level", "-"), "Only one value can be read from standard input."),
    ],
)
def test_words_that_make_no_pairs_are_told(file: Path, words: tuple[str, ...], told: str) -> None:
    """And nothing is asked of the file."""
    result = ctl("set", *words)
    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.startswith(told)
    assert file.read_text() == TEXT
