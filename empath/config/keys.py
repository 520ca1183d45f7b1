"""Keys as an operator writes them: ``delivery.retry.base``, ``route["example.org"].host``.

`parse_key` reads one, `follow` finds its declaration in the model, `value_at` its value in a
config, `show_key` writes it.  What can go wrong is a `BadKey`, with what was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from empath.config.fields import Setting, settings_of
from empath.config.locate import KeyPath, show_path
from empath.config.model import Config, Section
from empath.safe_text import safe_text

NAMES: Final = {"listener": "bind", "route": "domain", "destination": "domain"}
"""The setting that names a table of each repeated section; tables of others have a place only."""

_PART: Final = re.compile(
    r"""\.?(?P<bare>[A-Za-z0-9_-]+)
    |\.?"(?P<quoted>(?:[^"\\]|\\.)*)"
    |\[(?P<place>[0-9]{1,6})\]
    |\["(?P<name>(?:[^"\\]|\\.)*)"\]
    |\[(?P<plain>[^\]"]+)\]""",
    re.VERBOSE,
)


class BadKey(ValueError):
    """No setting is meant by this key, or a table that is not written so; the message says what to
    write instead.
    """


def show_key(path: KeyPath) -> str:
    """The path as an operator reads it, a table by its name where it has one."""
    if len(path) > 1 and path[0] in NAMES and isinstance(path[1], str):
        rest = "".join(f".{safe_text(str(part), 80)}" for part in path[2:])
        name = safe_text(path[1].replace("\\", "\\\\").replace('"', '\\"'))
        return f'{path[0]}["{name}"]{rest}'
    return show_path(path)


def parse_key(text: str) -> KeyPath:
    """Read a key; brackets hold the name of a table, or its place.  Raises `BadKey`.

    The quotes round a name may be missing: a shell takes them away.
    """
    path: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or (at == 0 and text[0] in ".["):
            raise BadKey(
                f'"{safe_text(text, 80)}" is not a key: keys are written delivery.retry.base,'
                ' route["example.org"].host or priority.rule[0].give'
            )
        kind, part = match.lastgroup, match[match.lastgroup or 0]
        if kind in ("quoted", "name"):
            part = re.sub(r"\\(.)", r"\1", part)
        if kind in ("bare", "quoted") and path and _is_repeated(tuple(path)):
            raise BadKey(f"{show_key(tuple(path))} has more than one table: write {_forms(path)}")
        path.append(int(part) if kind == "place" else part)
        at = match.end()
    if not path:
        raise BadKey("the key is empty: keys are written delivery.retry.base")
    follow(tuple(path))
    return tuple(path)


def _forms(path: Sequence[str | int]) -> str:
    shown = show_path(tuple(path))
    return f'{shown}["example.org"] or {shown}[0]' if path[-1] in NAMES else f"{shown}[0]"


def _is_repeated(path: KeyPath) -> bool:
    try:
        setting, table = follow(path)
    except BadKey:
        return False
    return setting.repeated is not None and not table


def follow(path: KeyPath) -> tuple[Setting, bool]:
    """The declaration at *path*, and whether one table of a repeated section is meant.

    Raises `BadKey`.
    """
    section: type[Section] | None = Config
    setting: Setting | None = None
    table = False
    for number, part in enumerate(path):
        here = show_key(path[:number])
        if setting is not None and setting.repeated is not None and not table:
            if isinstance(part, str) and setting.name not in NAMES:
                raise BadKey(f"a table of {here} has a place, not a name: {_forms(path[:number])}")
            section, table = setting.repeated, True
            continue
        if section is None:
            raise BadKey(f"{here} is one setting, there is nothing within it")
        settings = {item.name: item for item in settings_of(section)}
        if part not in settings:
            raise BadKey(
                f"{show_key(path[: number + 1])}: {unknown_setting(str(part), section, settings)}"
            )
        setting, table = settings[str(part)], False
        section = setting.section
    assert setting is not None, "an empty path names nothing"
    return setting, table


def value_at(config: Config, path: KeyPath) -> Any:
    """The value of a setting, or a table, of *config*.  Raises `BadKey` when there is no such."""
    value: Any = config
    for part in placed(config, path):
        value = value[part] if isinstance(part, int) else getattr(value, part)
    return value


def placed(config: Config, path: KeyPath) -> KeyPath:
    """The path with the places of tables for their names.  Raises `BadKey`."""
    follow(path)
    value: Any = config
    at: KeyPath = ()
    for number, part in enumerate(path):
        if isinstance(value, tuple):
            place = table_place(path[: number + 1], names_of(path[:number], value))
            value, at = value[place], (*at, place)
        else:
            value, at = getattr(value, str(part)), (*at, part)
    return at


def names_of(path: KeyPath, tables: Sequence[Any]) -> list[str]:
    """What names each table of the repeated section at *path*; empty where nothing does."""
    name = NAMES.get(str(path[-1]))
    return ["" if name is None else str(getattr(table, name)) for table in tables]


def table_place(path: KeyPath, names: Sequence[str]) -> int:
    """Where among tables with these *names* the one at *path* stands.  Raises `BadKey`."""
    wanted = path[-1]
    if isinstance(wanted, int):
        if wanted < len(names):
            return wanted
        raise BadKey(f"there is no {show_key(path)}: there are {len(names)}, counted from 0")
    for place, name in enumerate(names):
        if name.lower() == wanted.lower():
            return place
    there = f"there are {', '.join(names)}" if names else "there is none at all"
    raise BadKey(f"there is no {show_key(path)}: {safe_text(there, 300)}")


def probably_meant(key: str, settings: Mapping[str, Setting]) -> str | None:
    """Which of *settings* a key that is none of them was to be, as far as its letters tell."""
    return next(iter(difflib.get_close_matches(key, settings, n=1, cutoff=0.6)), None)


def unknown_setting(key: str, kind: type[Section], settings: Mapping[str, Setting]) -> str:
    """The sentence for a key that *kind* does not have: what was probably meant, or what it has."""
    if meant := probably_meant(key, settings):
        return f'there is no such setting; did you mean "{meant}"?'
    if homes := [show_path(path) for path in every_key() if path[-1] == key]:
        return f"there is no such setting here; it belongs to {' or '.join(homes)}"
    return f"there is no such setting; {_section_name(kind)} has {', '.join(settings)}"


def _section_name(kind: type[Section]) -> str:
    return "the top level" if kind is Config else f"a {_heading(kind)} table"


def _heading(kind: type[Section], section: type[Section] = Config, path: KeyPath = ()) -> str:
    """How the heading of such a table is written; empty where *section* has none."""
    for setting in settings_of(section):
        at = (*path, setting.name)
        inner = setting.section or setting.repeated
        if inner is kind:
            return f"[[{show_path(at)}]]" if setting.repeated else f"[{show_path(at)}]"
        if inner is not None and (found := _heading(kind, inner, at)):
            return found
    return ""


def every_key(section: type[Section] = Config, path: KeyPath = ()) -> list[KeyPath]:
    """Every key path that the model knows, in its order, names and places left out."""
    found: list[KeyPath] = []
    for setting in settings_of(section):
        at = (*path, setting.name)
        found.append(at)
        inner = setting.section or setting.repeated
        if inner is not None:
            found += every_key(inner, at)
    return found
