"""Changing one setting in the text of a config, so that all other lines stay as they are.

Pure.  `set_value` and `unset` return the new text; comments, order and layout are kept.  Each way
of writing a change is tried until one says, read as TOML, the old config with that one change: a
text whose layout is too unusual is refused (`EditRefused`), never damaged.  Whether the new value
is allowed is for `parse_config` to say.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from empath.config.fields import REQUIRED, Setting, element_of, settings_of
from empath.config.keys import NAMES, BadKey, follow, show_key, table_place
from empath.config.layout import Block, add_setting, add_table, blocks, remove_table
from empath.config.list_lines import change_list
from empath.config.locate import KeyPath, show_path
from empath.config.model import Section
from empath.config.spelling import spell
from empath.config.splice import add_beside, add_within, exchange, take_all, take_out
from empath.config.toml import read_toml
from empath.config.toml_fault import toml_fault
from empath.config.units import ByteSize, Duration, Rate, Secret

_LITERAL: Final = (bool, int, float, Duration, ByteSize, Rate)
"""Kinds that may be written without quotes in the file; others are text."""


class EditRefused(ValueError):
    """The text cannot be edited so; the message says why and what to do."""


def set_value(text: str, path: KeyPath, written: str) -> str:
    """*text* with the setting or table at *path* as *written*, in the file's form or bare.

    A table of a repeated section that does not exist is made.  Raises `BadKey`, `EditRefused`.
    """
    setting, table = follow(path)
    if (setting.section or setting.repeated) and not table:
        form = f'{show_path(path)}["…"]' if setting.repeated else f"{show_path(path)}.…"
        raise BadKey(f"{show_key(path)} is no single setting: name one in it, {form}")
    raw = _raw(setting, table, written)
    before = _parsed(text)
    at = _concrete(before, path)
    wanted = copy.deepcopy(before)
    if table:
        if _exists(before, at):
            raise EditRefused(
                f"{show_key(path)} is there already: set what is in it, all in one go:"
                f" {show_key(path)}.KEY VALUE {show_key(path)}.KEY VALUE"
            )
        _new_table(wanted, at, _named(path, raw))
    else:
        for number, part in enumerate(at):
            if isinstance(part, int) and not _exists(before, at[: number + 1]):
                _new_table(wanted, at[: number + 1], _named(path[: number + 1], {}))
        _inner(wanted, at[:-1])[at[-1]] = raw
    if wanted == before:
        return text
    return _first_right(wanted, _ways_to_set(text, before, wanted, at))


def unset(text: str, path: KeyPath) -> str:
    """*text* without the setting or table at *path*.  Raises `BadKey`, `EditRefused`."""
    follow(path)
    before = _parsed(text)
    at = _concrete(before, path)
    if not _exists(before, at):
        default = "" if isinstance(at[-1], int) else "; it has its default already"
        raise EditRefused(f"{show_key(path)} is not written in the file{default}")
    wanted = copy.deepcopy(before)
    del _inner(wanted, at[:-1])[at[-1]]
    if isinstance(at[-1], int) and not _inner(wanted, at[:-1]):
        del _inner(wanted, at[:-2])[at[-2]]  # the last of its like
    return _first_right(wanted, _ways_to_unset(text, before, wanted, at))


def _parsed(text: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except ValueError as error:
        fault = toml_fault("", text, error)
    place = f", line {fault.line}" if fault.line else ""
    key = f"{fault.key}: " if fault.key else ""
    raise EditRefused(f"mend the file first{place}: {key}{fault.sentence}")


def _raw(setting: Setting, table: bool, written: str) -> Any:
    """What TOML makes of *written*; text where it is not in the file's form."""
    kind = element_of(setting.kind) if not table else None
    stripped = written.strip()
    try:
        value = read_toml(f"value = {stripped}") if "\n" not in stripped else {}
    except ValueError:
        value = {}
    literal = value.get("value") if len(value) == 1 else None
    if table:
        if not isinstance(literal, dict):
            raise BadKey('a table is written { host = "mx.example.org:25", tls = "starttls" }')
        return literal
    if kind is not None:
        if isinstance(literal, list):
            return literal
        return [item.strip().strip('"') for item in stripped.split(",") if item.strip()]
    if setting.kind is Secret and isinstance(literal, dict):
        return literal
    if isinstance(literal, str) or (setting.kind in _LITERAL and literal is not None):
        return literal
    return written


def _named(path: KeyPath, raw: dict[str, Any]) -> dict[str, Any]:
    """A new table with the setting that names it first."""
    name = NAMES.get(str(path[-2]))
    if name is None or isinstance(path[-1], int):
        return raw
    return {name: path[-1], **raw}


def _concrete(document: dict[str, Any], path: KeyPath) -> KeyPath:
    """The path with places for names; that of a table which is not there is the next free one."""
    value: Any = document
    at: KeyPath = ()
    for number, part in enumerate(path):
        repeated = number > 0 and _holds_tables(path[:number])
        if repeated and isinstance(value, list):
            at = (*at, _place_of(path[: number + 1], value))
        elif not repeated and isinstance(value, dict):
            at = (*at, part)
        else:
            what = "a list of tables" if repeated else "a table"
            raise EditRefused(f"{show_key(path[:number])} must be {what}; mend that first")
        value = _within(value, at[-1])
        if value is None:
            value = [] if _holds_tables(path[: number + 1]) else {}
    return at


def _holds_tables(path: KeyPath) -> bool:
    setting, table = follow(path)
    return setting.repeated is not None and not table


def _place_of(path: KeyPath, tables: list[Any]) -> int:
    naming = NAMES.get(str(path[-2]), "")
    setting, _ = follow(path[:-1])
    default = _default_name(setting.repeated, naming)
    names = [str(table.get(naming, default)) if isinstance(table, dict) else "" for table in tables]
    if isinstance(path[-1], int) and path[-1] == len(tables):
        return path[-1]
    try:
        return table_place(path, names)
    except BadKey:
        if isinstance(path[-1], int):
            raise
        return len(tables)


def _default_name(section: type[Section] | None, naming: str) -> str:
    """The name of a table that does not write it."""
    settings = settings_of(section) if section is not None else ()
    found = [setting.default for setting in settings if setting.name == naming]
    return str(found[0]) if found and found[0] is not REQUIRED else ""


def _within(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _exists(document: Any, path: KeyPath) -> bool:
    value = document
    for part in path:
        value = _within(value, part)
    return value is not None


def _inner(document: Any, path: KeyPath) -> Any:
    """The container at *path*, tables made on the way where there are none."""
    value = document
    for part in path:
        value = value[part] if isinstance(part, int) else value.setdefault(part, {})
    return value


def _new_table(document: dict[str, Any], at: KeyPath, raw: dict[str, Any]) -> None:
    _inner(document, at[:-2]).setdefault(at[-2], []).append(raw)


Way = Callable[[], str]


def _first_right(wanted: dict[str, Any], ways: Iterator[Way]) -> str:
    """What the first way gives whose text means *wanted*."""
    for way in ways:
        try:
            written = way()
            if _meaning(read_toml(written)) == _meaning(wanted):
                return written
        except (ValueError, LookupError, StopIteration):
            continue  # this layout is not for this way
    raise EditRefused(
        "the file is laid out in a way that cannot be edited safely; change it with an editor"
    )


def _meaning(value: Any) -> Any:
    """The value without tables that say nothing: a heading alone changes no setting."""
    if isinstance(value, list):
        return [_meaning(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return "not a number"  # which does not even equal itself
    if not isinstance(value, dict):
        return value
    inner = {key: _meaning(item) for key, item in value.items()}
    return {key: item for key, item in inner.items() if item != {}}


def _ways_to_set(
    text: str, before: dict[str, Any], wanted: dict[str, Any], at: KeyPath
) -> Iterator[Way]:
    if not _exists(before, at):
        yield from _ways_to_add(text, before, wanted, at)
        return
    new = _at(wanted, at)
    if isinstance(_at(before, at), list) and isinstance(new, list):
        yield lambda: change_list(text, at, _at(before, at), new, _spell)
    yield lambda: exchange(text, at, _spell(new))
    if isinstance(_at(before, at), dict):  # a secret whose source has a heading, or dotted keys
        bare = take_all(text, at)
        yield from _ways_to_add(bare, read_toml(bare), wanted, at)


def _ways_to_add(
    text: str, before: dict[str, Any], wanted: dict[str, Any], at: KeyPath
) -> Iterator[Way]:
    new = next((at[:end] for end in range(1, len(at)) if _is_new_table(before, at[:end])), at)
    written = _spell(_at(wanted, new))
    yield lambda: _add_lines(text, wanted, at)
    if isinstance(new[-1], int):
        tables = new[:-1]
        yield lambda: change_list(text, tables, _at(before, tables), _at(wanted, tables), _spell)
    yield lambda: add_within(text, new, written)
    yield lambda: add_beside(text, new, written)


def _is_new_table(before: dict[str, Any], path: KeyPath) -> bool:
    return isinstance(path[-1], int) and not _exists(before, path)


def _add_lines(text: str, wanted: dict[str, Any], at: KeyPath) -> str:
    """The text with a line more, or a table."""
    lines, newline = _lines(text)
    table = at if isinstance(at[-1], int) else at[:-1]
    heading = tuple(part for part in table if isinstance(part, str))
    if block := _block(lines, table):
        return newline.join(add_setting(lines, block, str(at[-1]), _spell(_at(wanted, at))))
    form = f"[[{show_path(heading)}]]" if isinstance(table[-1], int) else f"[{show_path(heading)}]"
    own = _at(wanted, table) if isinstance(table[-1], int) else {at[-1]: _at(wanted, at)}
    body = [f"{key} = {_spell(value)}" for key, value in own.items()]
    added = newline.join(add_table(lines, heading, form, body))
    return added if added.endswith(newline) else added + newline


def _block(lines: list[str], table: KeyPath) -> Block | None:
    """The lines of the table at this path."""
    heading = tuple(part for part in table if isinstance(part, str))
    like = [block for block in blocks(lines) if block.path == heading]
    places = [part for part in table if isinstance(part, int)]
    place = places[-1] if places else 0
    return like[place] if place < len(like) else None


def _lines(text: str) -> tuple[list[str], str]:
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.split(newline), newline


def _at(document: Any, path: KeyPath) -> Any:
    for part in path:
        document = document[part]
    return document


def _spell(raw: Any) -> str:
    match raw:
        case dict():
            return "{ " + ", ".join(f"{key} = {_spell(item)}" for key, item in raw.items()) + " }"
        case list():
            return "[" + ", ".join(map(_spell, raw)) + "]"
        case _:
            return spell(raw)


def _ways_to_unset(
    text: str, before: dict[str, Any], wanted: dict[str, Any], at: KeyPath
) -> Iterator[Way]:
    gone = at
    if isinstance(at[-1], int):
        yield lambda: _remove_lines(text, at)
        tables = at[:-1]
        if _exists(wanted, tables):
            yield lambda: change_list(
                text, tables, _at(before, tables), _at(wanted, tables), _spell
            )
        else:
            gone = tables
    yield lambda: take_out(text, gone)
    yield lambda: take_all(text, gone)


def _remove_lines(text: str, at: KeyPath) -> str:
    lines, newline = _lines(text)
    heading = tuple(part for part in at if isinstance(part, str))
    return newline.join(remove_table(lines, heading, int(at[-1])))
