"""Which keys of a config hold secrets, by the model and, where it knows none, by their names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final

from empath.config.fields import Setting, settings_of
from empath.config.keys import NAMES
from empath.config.locate import KeyPath
from empath.config.model import Config, Section
from empath.config.units import Secret

REFERENCES: Final = ("file", "env", "credential")
"""How a config says where a secret is, instead of the secret."""

_TELLING: Final = re.compile(r"(?i)pass|pwd|pw(?![a-z])|secret|token")
_NEAR: Final = 0.75


def is_secret(path: KeyPath) -> bool:
    """Does *path*, places for the names of tables, hold a secret, or lie within one?

    A key that the model does not have does if it reads like one: a slip of the finger must not
    show a password.
    """
    return _holds(tuple(part for part in path if isinstance(part, str)))


@lru_cache(2048)
def _holds(parts: tuple[str, ...]) -> bool:
    section: type[Section] | None = Config
    for part in parts:
        setting = None if section is None else _setting(section, part)
        if setting is None:
            if _reads_like_one(part):
                return True
            section = None
            continue
        if setting.kind is Secret:
            return True
        section = setting.section or setting.repeated
    return False


def named(document: dict[str, Any], path: KeyPath) -> KeyPath:
    """*path* with the name of a table for its place, where it has one: that stays its own when
    tables are put before it.
    """
    if len(path) < 2 or path[0] not in NAMES or not isinstance(path[1], int):
        return path
    try:
        name = document[path[0]][path[1]].get(NAMES[path[0]])
    except (LookupError, AttributeError, TypeError):
        return path
    return (path[0], name.lower(), *path[2:]) if isinstance(name, str) else path


def _setting(section: type[Section], name: str) -> Setting | None:
    return next((each for each in settings_of(section) if each.name == name), None)


def _reads_like_one(name: str) -> bool:
    return _TELLING.search(name) is not None or bool(
        difflib.get_close_matches(name.lower(), secret_names(), n=1, cutoff=_NEAR)
    )


def secrets_in(section: Section) -> Iterator[str]:
    """The text of every secret in a config: to look for where it must not stand."""
    for setting in settings_of(type(section)):
        value = getattr(section, setting.name)
        match value:
            case Secret():
                yield value.reveal()
            case Section():
                yield from secrets_in(value)
            case tuple() if setting.repeated is not None:
                for inner in value:
                    yield from secrets_in(inner)
            case _:
                pass


@cache
def secret_names() -> tuple[str, ...]:
    """The names of all settings that are secrets."""
    return tuple(sorted(set(_names(Config))))


def _names(section: type[Section]) -> Iterator[str]:
    for setting in settings_of(section):
        inner = setting.section or setting.repeated
        if inner is not None:
            yield from _names(inner)
        elif setting.kind is Secret:
            yield setting.name
