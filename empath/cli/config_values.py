"""Settings of the config file for `empathctl config get` and `check`: as people and scripts read
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from empath.config.config_file import read_text
from empath.config.described import default_of
from empath.config.fields import REQUIRED, Setting, settings_of
from empath.config.keys import follow, names_of, placed, show_key, value_at
from empath.config.load import load_config
from empath.config.locate import KeyPath, locate_keys
from empath.config.model import Section
from empath.config.problem import ConfigUnusable
from empath.config.spelling import as_json, spell
from empath.config.toml import read_toml
from empath.config.units import Secret


class SettingView(Struct, frozen=True, kw_only=True):
    """One setting as the file has it."""

    key: str
    value: Any
    """In the form of the file; null for what is left out, a secret as its fingerprint."""
    line: int | None
    """Where the file says so; None for the default."""
    effect: str
    default: Any
    required: bool
    what: str
    text: str
    """``key = value`` as a line of the file."""


class FaultView(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    file: str
    line: int | None
    key: str
    sentence: str


def faults(error: ConfigUnusable) -> list[FaultView]:
    """Everything that is wrong with a config."""
    return [
        FaultView(file=item.file, line=item.line, key=item.key, sentence=item.sentence)
        for item in error.problems
    ]


def look_up(path: Path | None, key: KeyPath) -> list[SettingView]:
    """The setting at *key* in the file, or each setting in a table.

    Raises `BadKey` and `ConfigUnusable`.
    """
    config = load_config(path, elsewhere=[])  # a secret is not shown anyway
    lines = locate_keys(read_text(path)[0]) if path is not None else {}
    return [
        SettingView(
            key=show_key(at),
            value=as_json(value),
            line=lines.get(placed(config, at)),
            effect=str(setting.effect),
            default=None if setting.default is REQUIRED else as_json(setting.default),
            required=setting.default is REQUIRED,
            what=setting.what,
            text=f"{show_key(at)} = {spell(value)}",
        )
        for at, setting, value in _settings(key, value_at(config, key))
    ]


def explained(key: KeyPath) -> list[str]:
    """What there is to know about one setting, a line each."""
    setting, _ = follow(key)
    default = default_of(setting).replace("`", "")
    told = default if setting.default is REQUIRED else f"default: {default}"
    return [setting.what, f"A change takes effect: {setting.effect}", told]


def _settings(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Setting, Any]]:
    """Every plain setting at or below *path*."""
    setting, table = follow(path)
    if setting.repeated is not None and not table:
        names = names_of(path, value)
        for place, inner in enumerate(value):
            yield from _settings((*path, names[place] or place), inner)
    elif isinstance(value, Section):
        for field in settings_of(type(value)):
            yield from _settings((*path, field.name), getattr(value, field.name))
    else:
        yield path, setting, value


def shows_secret(key: KeyPath, written: str) -> bool:
    """Does this value, meant for *key*, hold a secret in clear?  Raises `BadKey`."""
    setting, table = follow(key)
    try:
        value = read_toml(f"value = {written}")["value"]
    except ValueError:
        value = written
    if setting.kind is Secret:
        return not isinstance(value, dict) and bool(value)
    if not table or setting.repeated is None or not isinstance(value, dict):
        return False
    secrets = [inner.name for inner in settings_of(setting.repeated) if inner.kind is Secret]
    return any(value.get(name) and not isinstance(value[name], dict) for name in secrets)
