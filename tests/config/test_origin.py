"""Where a config comes from: read the same way at the start and at every reload."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.config.model import Config, Mode
from empath.config.origin import BUILT_IN, Origin, digest_of
from empath.config.problem import ConfigUnusable


def test_a_file_is_read_with_its_text_and_digest(tmp_path: Path) -> None:
    """The digest names the text; relative paths start beside the file."""
    file = tmp_path / "empath.toml"
    file.write_text('[spool]\npath = "spool"\n')
    origin = Origin(file)
    reading = origin.read()
    assert (reading.text, reading.digest) == (file.read_text(), digest_of(file.read_text()))
    assert reading.config.spool.path == tmp_path / "spool"
    assert (origin.name, origin.text()) == (str(file), reading.text)
    assert origin.parse(reading.text) == reading
    assert str(file) in repr(origin)


def test_without_a_file_there_are_the_defaults() -> None:
    """An empty text, in whatever folder this is."""
    origin = Origin(None)
    assert (origin.name, origin.text(), origin.read().text) == (BUILT_IN, "", "")
    assert origin.read().config.mode is Mode.DEV


def test_the_name_of_the_machine_is_asked_once(tmp_path: Path) -> None:
    """A reload while the DNS is down does not change the greeting."""
    origin = Origin(None)
    first = origin.read().config.hostname
    assert origin.parse("[log]\n").config.hostname is first
    assert origin.parse('hostname = "mx.example.org"').config.hostname == "mx.example.org"


def test_what_the_command_makes_of_a_config_it_makes_of_every_one(tmp_path: Path) -> None:
    """`empath dev` stays in dev mode, whatever the file says later."""

    def relay(config: Config) -> Config:
        return msgspec.structs.replace(config, mode=Mode.RELAY)

    origin = Origin(None, adapt=relay)
    assert origin.parse('mode = "dev"').config.mode is Mode.RELAY


def test_a_secret_may_not_come_into_a_file_that_others_read(tmp_path: Path) -> None:
    """A text that is to be written is judged by the file that it would be written to."""
    file = tmp_path / "empath.toml"
    text = '[[route]]\ndomain = "*"\nhost = "h:587"\nusername = "u"\npassword = "p"\n'
    assert Origin(file).parse(text).config.route
    file.write_text("")
    file.chmod(0o644)
    with pytest.raises(ConfigUnusable, match="can be read by others"):
        Origin(file).parse(text)
    file.chmod(0o600)
    assert Origin(file).parse(text).config.route[0].password.reveal() == "p"
