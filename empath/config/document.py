"""A whole `Config` as the text of a config file: what is in force, for whoever wants to read it.

Pure.  Sections and settings stand in the order of the model.  A secret is never written: its
fingerprint stands in a comment, so what is written from a config that has none can be read again
and is the same config.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def document(config: Config, *, written_only: bool = False) -> str:
    """*config* as TOML: every setting, or those that differ from their defaults."""
    return "\n".join(_table(Config, config, (), "", written_only)).strip("\n") + "\n"


def _table(
    kind: type[Section], table: Section, path: KeyPath, heading: str, written_only: bool
) -> Iterator[str]:
    """The lines of one table, then those of the tables within."""
    rows = [
        line
        for setting in settings_of(kind)
        if not (setting.section or setting.repeated)
        for line in _row(setting, getattr(table, setting.name), path, written_only)
    ]
    if heading.startswith("[[") or rows:
        yield from ("", heading) if heading else ()
        yield from rows
    for setting in settings_of(kind):
        value, at = getattr(table, setting.name), (*path, setting.name)
        if setting.section is not None:
            yield from _table(setting.section, value, at, f"[{show_path(at)}]", written_only)
        elif setting.repeated is not None and not (written_only and value == setting.default):
            for inner in value:
                yield from _table(setting.repeated, inner, at, f"[[{show_path(at)}]]", written_only)


def _row(setting: Setting, value: Any, path: KeyPath, written_only: bool) -> Iterator[str]:
    at = (*path, setting.name)
    names_table = bool(path) and NAMES.get(str(path[-1])) == setting.name
    if written_only and value == setting.default and at not in MACHINE and not names_table:
        return
    if value is None or value == Secret(""):
        yield f"# {setting.name} is not set"
    elif isinstance(value, Secret):
        yield f"# {setting.name} = {spell(value)}"
    elif isinstance(value, tuple) and len(spell(value)) > _WIDTH - len(setting.name):
        yield f"{setting.name} = ["
        yield from (f"  {spell(item)}," for item in value)
        yield "]"
    else:
        yield f"{setting.name} = {spell(value)}"
