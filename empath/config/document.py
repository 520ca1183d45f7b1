"""A whole `Config` as the text of a config file: what is in force, for whoever wants to read it.

Pure.  Sections and settings stand in the order of the model.  A secret is never written: where it
is stands in its place if the config says so, else what the caller has for it, such as a placeholder
of `empath.config.disguise`; without that its fingerprint stands in a comment.  What is written from
a config without secrets of its own can be read again and is the same config.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from empath.config.fields import Setting, settings_of
from empath.config.keys import NAMES
from empath.config.locate import KeyPath, show_path
from empath.config.model import Config, Section
from empath.config.spelling import spell
from empath.config.units import Secret

MACHINE: Final = frozenset({("hostname",), ("spool", "path")})
"""Settings whose defaults depend on the machine: always written, so that the text says the same
elsewhere."""

_WIDTH: Final = 100


def document(
    config: Config, *, written_only: bool = False, hidden: Callable[[Secret], str] | None = None
) -> str:
    """*config* as TOML: every setting, or those that differ from their defaults.

    *hidden* gives the text that stands for a secret.
    """
    return (
        "\n".join(_table(Config, config, (), "", _Manner(written_only, hidden))).strip("\n") + "\n"
    )


@dataclass(frozen=True, slots=True)
class _Manner:
    written_only: bool
    hidden: Callable[[Secret], str] | None


def _table(
    kind: type[Section], table: Section, path: KeyPath, heading: str, manner: _Manner
) -> Iterator[str]:
    """The lines of one table, then those of the tables within."""
    rows = [
        line
        for setting in settings_of(kind)
        if not (setting.section or setting.repeated)
        for line in _row(setting, getattr(table, setting.name), path, manner)
    ]
    if heading.startswith("[[") or rows:
        yield from ("", heading) if heading else ()
        yield from rows
    for setting in settings_of(kind):
        value, at = getattr(table, setting.name), (*path, setting.name)
        if setting.section is not None:
            yield from _table(setting.section, value, at, f"[{show_path(at)}]", manner)
        elif setting.repeated is not None and not (
            manner.written_only and value == setting.default
        ):
            for inner in value:
                yield from _table(setting.repeated, inner, at, f"[[{show_path(at)}]]", manner)


def _row(setting: Setting, value: Any, path: KeyPath, manner: _Manner) -> Iterator[str]:
    at = (*path, setting.name)
    names_table = bool(path) and NAMES.get(str(path[-1])) == setting.name
    if manner.written_only and value == setting.default and at not in MACHINE and not names_table:
        return
    if value is None or value == Secret(""):
        yield f"# {setting.name} is not set"
    elif isinstance(value, Secret) and value.source is not None:
        where, named = value.source
        yield f"{setting.name} = {{ {where} = {spell(named)} }}"
    elif isinstance(value, Secret) and manner.hidden is not None:
        yield f"{setting.name} = {spell(manner.hidden(value))}"
    elif isinstance(value, Secret):
        yield f"# {setting.name} = {spell(value)}"
    elif isinstance(value, tuple) and len(spell(value)) > _WIDTH - len(setting.name):
        yield f"{setting.name} = ["
        yield from (f"  {spell(item)}," for item in value)
        yield "]"
    else:
        yield f"{setting.name} = {spell(value)}"
