"""A config as the text of a file: whole, in order, without secrets."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import ServerId
from empath.config.document import document
from empath.config.fields import settings_of
from empath.config.load import parse_config
from empath.config.model import Config, Mode, Route
from empath.config.units import Secret
from tests.fakes.configs import configs
from tests.fakes.identities import authority_file

_FOLDER = tempfile.TemporaryDirectory(prefix="empath-document-")
PRIVATE = Path(_FOLDER.name) / "private.pem"
PRIVATE.touch(mode=0o600)
PRIVATE.write_bytes(authority_file().read_bytes())


def read(text: str) -> Config:
    """The config in *text*, wherever it stands."""
    return parse_config(text, file="empath.toml", directory=Path("/"), environ={"HOME": "/h"})


@given(configs(with_secrets=False, private_file=PRIVATE), st.booleans())
def test_what_is_written_from_a_config_is_read_as_the_same(
    config: Config, written_only: bool
) -> None:
    """Whole or without defaults, the text means the config it came from."""
    assert read(document(config, written_only=written_only)) == config


@given(configs())
def test_no_secret_is_written(config: Config) -> None:
    """A password leaves a comment with its fingerprint, whatever characters it has."""
    lines = document(config).splitlines()
    told = [line for line in lines if "password" in line]
    assert told == [
        f"# password = •••• {route.password.fingerprint}"
        if route.password
        else "# password is not set"
        for route in config.route
    ]


def test_every_section_of_the_model_is_written_in_its_order() -> None:
    """Who looks for a setting finds it where the manual has it."""
    text = document(Config())
    sections = [item.name for item in settings_of(Config) if item.section or item.repeated]
    headings = [line.strip("[]") for line in text.splitlines() if line.startswith("[")]
    assert [name for name in headings if name in sections] == [
        name for name in sections if name not in {"route", "destination"}
    ]
    assert text.startswith('mode = "dev"\nhostname = "localhost.localdomain"\n\n[[listener]]\n')
    assert '[delivery.retry]\nbase = "5m"\n' in text
    assert "# ca_file is not set\n" in text


def test_without_defaults_only_what_differs_is_written() -> None:
    """Names that depend on the machine are written too: elsewhere they would be others."""
    route = Route(domain="*", host=ServerId("mx:25"), username="ada", password=Secret("hunter2"))
    text = document(Config(mode=Mode.RELAY, route=(route,)), written_only=True)
    assert text == (
        'mode = "relay"\n'
        'hostname = "localhost.localdomain"\n'
        "\n[spool]\n"
        'path = "~/.local/state/empath"\n'
        "\n[[route]]\n"
        'domain = "*"\n'
        'host = "mx:25"\n'
        'username = "ada"\n'
        f"# password = •••• {route.password.fingerprint}\n"
    )


@pytest.mark.parametrize("count", [1, 40])
def test_a_long_list_has_a_line_for_each_item(count: int) -> None:
    """A list that does not fit in a line is written one item a line."""
    domains = ", ".join(f'"d{number}.example"' for number in range(count))
    config = read(f"relay.domains = [{domains}]")
    text = document(config, written_only=True)
    assert ('domains = [\n  "d0.example",\n' in text) == (count == 40)
    assert read(text) == config
