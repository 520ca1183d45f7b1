"""The JSON Schema of the config: what it says, and what it lets through."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from empath.config.document import document
from empath.config.fields import settings_of
from empath.config.keys import every_key
from empath.config.model import Config, Effect
from empath.config.schema import schema, schema_text
from tests.fakes.configs import configs

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(schema())


def mistakes(text: str) -> list[str]:
    """The keys at which the schema refuses *text*."""
    return [
        ".".join(map(str, error.absolute_path))
        for error in VALIDATOR.iter_errors(tomllib.loads(text))
    ]


def test_the_committed_schema_is_what_the_model_says() -> None:
    """docs/empath.schema.json is written by the model; write it anew when this fails."""
    assert (ROOT / "docs/empath.schema.json").read_text() == schema_text()


def test_the_schema_is_one() -> None:
    """It is valid by the meta-schema of draft 2020-12."""
    Draft202012Validator.check_schema(schema())


def test_every_setting_is_in_the_schema_with_its_effect() -> None:
    """No key of the model is missing, and each says when a change takes effect."""
    for path in every_key():
        at: Any = schema()
        for part in path:
            at = at.get("items", at)["properties"][part]
        inner = at.get("properties") or at.get("items", {}).get("properties")
        assert at["description"]
        assert inner or at["x-effect"] in [str(effect) for effect in Effect], path
    assert list(schema()["properties"]) == [setting.name for setting in settings_of(Config)]


@given(configs(with_secrets=False))
def test_the_schema_lets_every_config_through(config: Config) -> None:
    """What may be written is not underlined in an editor."""
    assert mistakes(document(config)) == []


def test_defaults_are_valid_by_their_own_schema() -> None:
    """A default is written in the form that its setting asks for."""

    def check(at: Any) -> int:
        found = 0
        for inner in at.get("properties", {}).values():
            found += check(inner.get("items", inner))
            if "default" in inner:
                form = {**inner, "$defs": schema()["$defs"]}
                assert Draft202012Validator(form).is_valid(inner["default"]), inner
                found += 1
        return found

    assert check(schema()) > 50


def test_the_config_that_comes_with_empath_is_valid() -> None:
    """As it stands, and with its examples uncommented."""
    text = (ROOT / "empath.toml").read_text()
    assert mistakes(text) == []
    assert mistakes(re.sub(r"^# (\w+ = |\[\[)", r"\1", text, flags=re.M)) == []


def examples() -> list[Any]:
    """Every example of a config in the documents."""
    found = []
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        blocks = re.findall(r"^```toml\n(.*?)^```", path.read_text(), re.M | re.S)
        found += [pytest.param(text, id=f"{path.name}-{n}") for n, text in enumerate(blocks)]
    return found


@pytest.mark.parametrize("text", examples())
def test_every_documented_example_is_valid(text: str) -> None:
    """What a document shows can be copied into an editor that knows the schema."""
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('hostnam = "x"', ""),
        ("delivery.port = 0", "delivery.port"),
        ("delivery.port = 65536", "delivery.port"),
        ('delivery.port = "25"', "delivery.port"),
        ('mode = "rely"', "mode"),
        ('delivery.retry.base = "5 weeks"', "delivery.retry.base"),
        ("delivery.retry.base = 5", "delivery.retry.base"),
        ('delivery.rate = "5/year"', "delivery.rate"),
        ("delivery.rate = -1", "delivery.rate"),
        ('inbound.message_size = "5 apples"', "inbound.message_size"),
        ('[[listener]]\nbind = "127.0.0.1"', "listener.0.bind"),
        ('[[route]]\nhost = "a:25"', "route.0"),
        (
            '[[route]]\ndomain = "*"\nhost = "a:25"\npassword = { fle = "x" }',
            "route.0.password",
        ),
        ('relay.networks = ["lan"]', "relay.networks.0"),
        ('listener = "x"', "listener"),
    ],
)
def test_a_mistake_is_underlined(text: str, where: str) -> None:
    """What the schema can tell, it tells at its key."""
    assert mistakes(text) == [where]


def test_the_file_is_json_that_people_can_read() -> None:
    """It is indented, and text is not escaped."""
    text = schema_text()
    assert json.loads(text) == schema()
    assert "\\u" not in text.replace("\\\\u", "")
