"""Reading `empath.toml`: each mistake has its line, its key and its remedy, all at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.load import find_config, load_config, machine_name, parse_config
from empath.config.model import Config, Mode, Tls
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.units import ByteSize, Duration, Secret, parse_network

HOME = {"HOME": "/home/ada"}


def read(text: str, *, shared: bool = False, **environ: str) -> Config:
    """The config in *text*, as if it stood in /etc/empath/empath.toml."""
    return parse_config(
        text,
        file="empath.toml",
        directory=Path("/etc/empath"),
        environ=HOME | environ,
        shared=shared,
    )


def problems(text: str, *, shared: bool = False, **environ: str) -> list[str]:
    """What an operator is told about *text*, line by line."""
    with pytest.raises(ConfigUnusable) as raised:
        read(text, shared=shared, **environ)
    return str(raised.value).splitlines()


def test_an_empty_file_is_a_whole_config() -> None:
    """Without a word the config is a dev relay on loopback, its spool in the home folder."""
    config = read("")
    assert config.mode is Mode.DEV
    assert [listener.bind for listener in config.listener] == ["127.0.0.1:1025"]
    assert config.spool.path == Path("/home/ada/.local/state/empath")


def test_every_unit_is_read_into_its_type() -> None:
    """Durations, sizes, networks, servers, domains and paths come out as what they are."""
    config = read(
        """
        mode = "relay"
        hostname = "mx.example.org"
        [[listener]]
        bind = "[::1]:2525"
        [relay]
        networks = ["192.0.2.0/24", "2001:db8::1"]
        domains = ["Example.ORG", "bücher.example"]
        [inbound]
        message_size = "25MB"
        content_rate = 0
        [spool]
        path = "queue"
        [delivery]
        idle_timeout = 0
        retry.factor = 3
        [[route]]
        domain = "*"
        host = "smtp.example.com:587"
        tls = "starttls"
        username = "ada"
        password = "correct horse"
        """
    )
    assert config.listener[0].bind.port == 2525
    assert config.relay.networks == tuple(map(parse_network, ("192.0.2.0/24", "2001:db8::1/128")))
    assert config.relay.domains == ("example.org", "xn--bcher-kva.example")
    assert config.inbound.message_size == ByteSize(25_000_000)
    assert config.inbound.content_rate == 0
    assert config.spool.path == Path("/etc/empath/queue")
    assert config.delivery.idle_timeout == Duration(0)
    assert isinstance(config.delivery.idle_timeout, Duration)
    assert config.delivery.retry.factor == 3.0
    assert config.delivery.retry.base == Duration(300)
    assert config.route[0].tls is Tls.STARTTLS
    assert config.route[0].password == Secret("correct horse")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # Unknown keys
        (
            'hostnam = "mx.example.org"',
            'empath.toml:1: hostnam: there is no such setting; did you mean "hostname"?',
        ),
        (
            "[delivery]\n\nconect_timeout = 3",
            (
                "empath.toml:3: delivery.conect_timeout: there is no such setting; did you mean"
                ' "connect_timeout"?'
            ),
        ),
        (
            '[delivery]\nmin_free = "1GB"',
            (
                "empath.toml:2: delivery.min_free: there is no such setting here; it belongs to"
                " spool.min_free"
            ),
        ),
        (
            "[dns]\nzzz = 1",
            (
                "empath.toml:2: dns.zzz: there is no such setting; a [dns] table has servers,"
                " timeout,"
                " cache_entries, cache_ttl, negative_ttl"
            ),
        ),
        # Bounds
        (
            '[delivery.retry]\nbase = "0s"',
            (
                'empath.toml:2: delivery.retry.base: must be at least 1s (got "0s"); durations are'
                ' written "90s", "5m", "2h"'
            ),
        ),
        (
            '[inbound]\nmessage_size = "1KB"',
            (
                'empath.toml:2: inbound.message_size: must be at least 64KiB (got "1KB"); sizes are'
                ' written "64KiB", "50MB", "1GiB"'
            ),
        ),
        (
            "delivery.port = 65536",
            "empath.toml:1: delivery.port: must be at most 65535 (got 65536)",
        ),
        (
            "[delivery.retry]\njitter = 0.75",
            "empath.toml:2: delivery.retry.jitter: must be at most 0.5 (got 0.75)",
        ),
        (
            "[spool]\nmin_free = -1",
            (
                'empath.toml:2: spool.min_free: must be at least 0B (got "-1B"); sizes are written'
                ' "64KiB", "50MB", "1GiB"'
            ),
        ),
        # Types
        (
            'inbound.recipients = "20"',
            'empath.toml:1: inbound.recipients: must be a whole number (got text "20")',
        ),
        (
            "inbound.recipients = true",
            "empath.toml:1: inbound.recipients: must be a whole number (got true)",
        ),
        (
            "inbound.recipients = 200.5",
            "empath.toml:1: inbound.recipients: must be a whole number (got 200.5)",
        ),
        (
            "inbound.recipients = 0x" + "f" * 5000,
            "empath.toml:1: inbound.recipients: is too large a number",
        ),
        (
            "delivery.retry.factor = nan",
            "empath.toml:1: delivery.retry.factor: must be a number of ordinary size",
        ),
        (
            "delivery.retry.factor = 1979-05-27",
            "empath.toml:1: delivery.retry.factor: must be a number (got a date or time)",
        ),
        (
            "delivery.connect_timeout = 30",
            (
                'empath.toml:1: delivery.connect_timeout: durations are written "90s", "5m", "2h"'
                " (got 30)"
            ),
        ),
        (
            'delivery.connect_timeout = "30"',
            (
                'empath.toml:1: delivery.connect_timeout: durations are written "90s", "5m", "2h",'
                ' "5d" (got "30")'
            ),
        ),
        (
            "inbound.message_size = 1.5",
            (
                'empath.toml:1: inbound.message_size: sizes are written "64KiB", "50MB", "1GiB"'
                " (got 1.5)"
            ),
        ),
        ("hostname = 5", "empath.toml:1: hostname: must be text in quotes (got 5)"),
        ("hostname = {}", "empath.toml:1: hostname: must be text in quotes (got a table)"),
        (
            'relay.domains = "example.org"',
            (
                'empath.toml:1: relay.domains: must be a list, written ["…", "…"]'
                ' (got text "example.org")'
            ),
        ),
        (
            'listener = "127.0.0.1:25"',
            (
                "empath.toml:1: listener: must be a list, written [[listener]]"
                ' (got text "127.0.0.1:25")'
            ),
        ),
        (
            "[listener]\nbind = '127.0.0.1:25'",
            "empath.toml:1: listener: must be a list, written [[listener]] (got a table)",
        ),
        ("[[delivery]]", "empath.toml:1: delivery: must be a table, [delivery] (got a list)"),
        # Choices and words
        (
            'mode = "rely"',
            'empath.toml:1: mode: must be one of "dev", "relay" (got text "rely")',
        ),
        (
            '[[listener]]\nbind = "127.0.0.1"',
            (
                'empath.toml:2: listener[0].bind: a server is written "host:port", for example'
                ' "smtp.example.com:25" (got "127.0.0.1")'
            ),
        ),
        (
            '[relay]\nnetworks = [\n  "10.0.0.0/8",\n  "10.0.0.300",\n]',
            (
                'empath.toml:4: relay.networks[1]: networks are written "192.0.2.0/24",'
                ' "2001:db8::/32" (got "10.0.0.300")'
            ),
        ),
        (
            'relay.domains = ["exa mple.org"]',
            (
                "empath.toml:1: relay.domains[0]: the domain is neither a host name nor an address"
                ' literal (got "exa mple.org")'
            ),
        ),
        (
            'hostname = "mx\\u001b[31m.example"',
            (
                "empath.toml:1: hostname: holds characters that cannot be shown, such as a line"
                " break"
                " or escape"
            ),
        ),
        # Paths
        (
            'spool.path = ""',
            "empath.toml:1: spool.path: must be a path (got an empty one or one with a NUL)",
        ),
        (
            'spool.path = "~nobody-of-that-name/x"',
            (
                "empath.toml:1: spool.path: there is no home folder for"
                ' "~nobody-of-that-name/x"; write'
                " the whole path"
            ),
        ),
        # What must be written
        (
            '[[route]]\nhost = "smtp.example.com:25"',
            (
                'empath.toml:1: route[0].domain: is missing: recipient domain, ".example.org"'
                " for its"
                ' subdomains, or "*" for all mail'
            ),
        ),
        # Broken TOML
        (
            "mode = dev\n",
            "empath.toml:1: is not valid TOML: Invalid value (column 8)",
        ),
        (
            'mode = "dev"\nhostname = ',
            "empath.toml:2: the file ends in the middle of something: Invalid value",
        ),
        (
            'mode = "dev"\nmode = "dev" # twice\n',
            "empath.toml:2: is not valid TOML: Cannot overwrite a value (column 13)",
        ),
        (
            'mode = "dev"\n[relay]\ndomains = [\n  "a.example",\n',
            "empath.toml:4: the file ends in the middle of something: Invalid value",
        ),
        (
            "a = " + "[" * 5000,
            "empath.toml: its brackets are nested too deeply",
        ),
        (
            "a = " + "9" * 5000,
            "empath.toml: holds a number with thousands of digits",
        ),
    ],
)
def test_each_mistake_has_its_line_and_its_remedy(text: str, told: str) -> None:
    """One mistake makes one line: file, line, key path, what is wrong, what to write."""
    assert problems(text) == [told]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """One run finds every mistake, so that nobody mends a config line by line."""
    told = problems(
        'mode = "rely"\n'
        "[[listener]]\n"
        'bind = "nowhere"\n'
        "[delivery]\n"
        "port = 0\n"
        "ports = 25\n"
        "[[route]]\n"
        'domain = "*"\n'
        'hos = "smtp.example.com:25"\n'
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["empath.toml:1", "mode"],
        ["empath.toml:3", "listener[0].bind"],
        ["empath.toml:5", "delivery.port"],
        ["empath.toml:6", "delivery.ports"],
        ["empath.toml:7", "route[0].host"],
        ["empath.toml:9", "route[0].hos"],
    ]


@given(st.dictionaries(st.sampled_from(["mode", "listener", "spool", "route", "zz"]), st.text()))
def test_whatever_the_values_are_the_answer_is_a_config_or_problems(table: dict[str, str]) -> None:
    """No text in any key makes anything but a config or `ConfigUnusable`."""
    text = "".join(f"{key} = {value!r}\n" for key, value in table.items())
    told: tuple[ConfigProblem, ...] = ()
    config: Config | None = None
    try:
        config = read(text)
    except ConfigUnusable as error:
        told = error.problems
    assert (config is None) == bool(told)


# Secrets


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """`{ file = "…" }` reads the file without the line break at its end."""
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    config = read(route(f'{{ file = "{secret}" }}'))
    assert config.route[0].password.reveal() == "correct horse"


def test_a_secret_may_come_from_the_environment() -> None:
    """`{ env = "…" }` reads a variable."""
    config = read(route('{ env = "SMARTHOST" }'), SMARTHOST="correct horse")
    assert config.route[0].password.reveal() == "correct horse"


def route(password: str) -> str:
    """A config whose line 6 holds a password."""
    return (
        '[[route]]\ndomain = "*"\nhost = "smtp.example.com:587"\ntls = "starttls"\n'
        f'username = "ada"\npassword = {password}\n'
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_secret_in_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """SMTP-RULES 3.3: a secret's file is its owner's alone, or Empath does not start."""
    secret = tmp_path / "password"
    secret.write_text("hunter2")
    secret.chmod(mode)
    assert problems(route(f'{{ file = "{secret}" }}')) == [
        (
            f"empath.toml:6: route[0].password: {secret} can be read by others than its owner; run"
            f' "chmod 600 {secret}"'
        )
    ]


def test_a_secret_in_a_config_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """SMTP-RULES 3.3: the same holds for the config itself, but only when it holds a secret."""
    path = tmp_path / "empath.toml"
    path.write_text(route('"hunter2"'))
    path.chmod(0o644)
    with pytest.raises(ConfigUnusable) as raised:
        load_config(path, environ=HOME)
    assert str(raised.value) == (
        f"{path}:6: route[0].password: {path} can be read by others while it holds a secret; run"
        f' "chmod 600 {path}", or keep the secret in a file of its own'
    )
    path.chmod(0o600)
    assert load_config(path, environ=HOME).route[0].password.reveal() == "hunter2"
    path.write_text(route('{ env = "SMARTHOST" }'))
    path.chmod(0o644)
    assert load_config(path, environ=HOME | {"SMARTHOST": "x"}).route[0].password


@pytest.mark.parametrize(
    "text",
    [
        '{ fle = "hunter2" }',
        '["hunter2"]',
        '{ file = "/nowhere/hunter2", env = "hunter2" }',
        '"hunter2\\u0000"',
        '"hunter2\\r\\nhunter2"',
        "{ env = 'UNSET' }",
    ],
)
def test_a_secret_in_the_wrong_form_is_not_shown(text: str) -> None:
    """P8: an error about a secret never holds what was written there."""
    [told] = problems(route(text))
    assert told.startswith("empath.toml:6: route[0].password: ")
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no file {path}"),
        (b"", "{path} is empty"),
        (b"\xff\xfe", "{path} is not UTF-8 text"),
        (b"x" * 70_000, "{path} is too long for a secret"),
    ],
)
def test_a_secrets_file_that_is_unfit_is_named(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """A file that is missing, empty, no text or absurdly long is refused by name."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    assert problems(route(f'{{ file = "{path}" }}')) == [
        "empath.toml:6: route[0].password: " + sentence.format(path=path)
    ]


# The file itself


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'mode = "d\xe9v"\n', ":1: is not UTF-8 text; save it as UTF-8"),
        (b"#\n#\n# \xff", ":3: is not UTF-8 text; save it as UTF-8"),
        (b"#" * (1024 * 1024 + 1), ": is longer than 1 MiB, so it is hardly a config"),
    ],
)
def test_a_file_that_cannot_be_a_config_is_refused(
    tmp_path: Path, content: bytes, told: str
) -> None:
    """Octets that are not UTF-8 are found at their line; a huge file is not even parsed."""
    path = tmp_path / "empath.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigUnusable) as raised:
        load_config(path)
    assert str(raised.value) == f"{path}{told}"


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe (which would wait for ever) are told apart."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, told in (
        (tmp_path / "none.toml", "there is no such file"),
        (tmp_path, "is a folder; name the file in it"),
        (pipe, "is not a regular file"),
    ):
        with pytest.raises(ConfigUnusable) as raised:
            load_config(path)
        assert str(raised.value) == f"{path}: {told}"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Editors on Windows put one in front of UTF-8."""
    path = tmp_path / "empath.toml"
    path.write_bytes(b'\xef\xbb\xbfhostname = "mx.example.org"\n')
    assert load_config(path).hostname == "mx.example.org"


def test_relative_paths_start_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Empath is started from changes nothing about where the spool is."""
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "empath.toml"
    path.write_text('spool.path = "queue"')
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("etc/empath.toml")).spool.path == tmp_path / "etc" / "queue"


# Defaults of the machine


def test_the_state_folder_of_the_desktop_is_honoured() -> None:
    """The default spool follows XDG_STATE_HOME, unless that is relative or the path is written."""
    assert read("", XDG_STATE_HOME="/state").spool.path == Path("/state/empath")
    assert read("", XDG_STATE_HOME="state").spool.path == Path("/home/ada/.local/state/empath")
    assert read('spool.path = "~/q"', XDG_STATE_HOME="/state").spool.path == Path("/home/ada/q")


def test_the_machine_has_a_name_to_greet_with() -> None:
    """The default host name has a dot, whatever the machine is called."""
    assert "." in machine_name()
    assert read("").hostname == machine_name()
    assert read('hostname = "mx.example.org"').hostname == "mx.example.org"


# Which file


def test_the_config_is_the_one_named_or_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config wins, then ./empath.toml, then the built-in defaults where none is needed."""
    monkeypatch.chdir(tmp_path)
    named = Path("other.toml")
    assert find_config(named, needed=True) == named
    assert find_config(None, needed=False) is None
    with pytest.raises(ConfigUnusable) as raised:
        find_config(None, needed=True)
    assert str(raised.value) == (
        "empath.toml: there is no config here: name one with --config FILE, make ./empath.toml, or"
        ' run "empath dev", which needs none'
    )
    Path("empath.toml").touch()
    assert find_config(None, needed=True) == Path("empath.toml")


def test_built_in_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`empath dev` runs where there is no config at all."""
    monkeypatch.chdir(tmp_path)
    assert load_config(None, environ=HOME) == read("")
