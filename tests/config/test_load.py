"""Reading `empath.toml`: which file, what is in it, and the defaults of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from empath.config.load import find_config, load_config, machine_name, parse_config
from empath.config.model import Config, Mode, Tls
from empath.config.problem import ConfigUnusable
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
        rate = "100/m"
        class_rate = { bulk = "5/h", low = 2, normal = 0.5 }
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
    assert config.delivery.rate == 100 / 60
    rates = config.delivery.class_rate
    assert (rates.bulk, rates.low, rates.normal, rates.high) == (5 / 3600, 2, 0.5, 0)
    assert config.route[0].tls is Tls.STARTTLS
    assert config.route[0].password == Secret("correct horse")


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


def test_a_link_that_leads_nowhere_is_a_config_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not none at all, with which an engine would run on defaults."""
    monkeypatch.chdir(tmp_path)
    for target, told in (
        ("empath.toml", "empath.toml: cannot be read: Too many levels of symbolic links"),
        ("gone.toml", "empath.toml: "),
    ):
        Path("empath.toml").symlink_to(target)
        for needed in (True, False):
            found = find_config(None, needed=needed)
            assert found == Path("empath.toml")
            with pytest.raises(ConfigUnusable) as raised:
                load_config(found)
            assert str(raised.value).startswith(told)
            assert "no config here" not in str(raised.value)
        Path("empath.toml").unlink()


def test_built_in_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`empath dev` runs where there is no config at all."""
    monkeypatch.chdir(tmp_path)
    assert load_config(None, environ=HOME) == read("")
