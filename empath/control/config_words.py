"""The config as an operator reads it over the link: changes, faults, and the text in force.

Values are as they are written in TOML.  A secret is its fingerprint, everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from empath.config.diff import Difference
from empath.config.model import Config, Section
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.renewal import RenewalRefused
from empath.config.spelling import spell
from empath.control.config_requests import ConfigChange, ConfigFault

_SHOWN: Final = 200
"""Characters of a value in a line of the log."""


def change(difference: Difference) -> ConfigChange:
    """One difference, told."""
    return ConfigChange(
        key=difference.key,
        old=difference.was,
        new=difference.becomes,
        effect=difference.effect.value,
    )


def changes(found: Iterable[Difference]) -> tuple[ConfigChange, ...]:
    """Differences, told."""
    return tuple(map(change, found))


def line(one: ConfigChange) -> str:
    """A change for the log: ``delivery.retry.base: "5m" -> "10m" (live)``."""
    return f"{one.key}: {_short(one.old)} -> {_short(one.new)} ({one.effect})"


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"


def faults(error: ConfigUnusable) -> tuple[ConfigFault, ...]:
    """All that is wrong with a text."""
    return tuple(
        ConfigFault(file=one.file, line=one.line, key=one.key, sentence=one.sentence)
        for one in error.problems
    )


def fault(file: str, error: RenewalRefused) -> ConfigFault:
    """What a part of the engine cannot work with."""
    return ConfigFault(file=file, line=None, key=error.key, sentence=str(error))


def written(one: ConfigFault) -> str:
    """A fault in one line, as ``empath check`` writes it."""
    return str(ConfigProblem(one.file, one.line, one.key, one.sentence))


def config_text(config: Config, *, written_only: bool) -> str:
    """All settings as TOML; with *written_only*, those that are not at their defaults."""
    return "\n".join(_table(config, (), written_only=written_only)).strip() + "\n"


def _table(section: Section, path: tuple[str, ...], *, written_only: bool) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Section) or _is_tables(field, value):
            later.append((field.name, value))
        elif value is not None and not (written_only and value == field.default):
            yield f"{field.name} = {_value(value)}"
    for name, value in later:
        at = (*path, name)
        if isinstance(value, Section):
            lines = list(_table(value, at, written_only=written_only))
            own = bool(lines) and bool(lines[0])
            yield from ([f"\n[{'.'.join(at)}]", *lines] if own else lines)
        else:
            for table in value:
                yield f"\n[[{'.'.join(at)}]]"
                yield from _table(table, at, written_only=written_only)


def _is_tables(field: msgspec.structs.FieldInfo, value: object) -> bool:
    return isinstance(value, tuple) and (
        any(isinstance(one, Section) for one in value) or "Section" in str(field.default_factory)
    )


def _value(value: object) -> str:
    text = spell(value)
    return f'"{text}"' if text.startswith("•") else text
