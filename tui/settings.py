"""What an operator has chosen for the console, kept in ``~/.config/empath/console.toml``.

Reading is tolerant: what cannot be read is one sentence each, and the default stands in its
place; the console starts whatever the file says.  Writing keeps the operator's comments and
whatever this version does not know, is atomic, and leaves the file readable by its owner only.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui.safety import safe

INTERVALS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between two readings of a screen's data, as ``+`` and ``-`` go through them."""
SLOTS: Final = tuple("123456789")
"""A saved view is called by its digit."""
LARGEST: Final = 256 * 1024
"""Octets of a settings file; a larger one is not read."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A filter, an order and columns under a name."""

    name: str
    query: str = ""
    sort: str = ""
    """Empty leaves the order as it is."""
    columns: tuple[str, ...] = ()
    """Empty leaves the columns as they are."""


@dataclass(slots=True)
class Settings:
    """Everything that is kept from one session to the next."""

    theme: str = ""
    """Empty: chosen by what the terminal can do."""
    interval: float = 2.0
    mouse: bool = True
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The columns of a list by its name, such as ``queue``; one that is not named has its own."""
    sort: dict[str, str] = field(default_factory=dict)
    """The order of a list by its name."""
    views: dict[str, dict[str, SavedView]] = field(default_factory=dict)
    """Saved views: the list's name, then the digit."""
    keymap: dict[str, str] = field(default_factory=dict)
    """Other keys for actions by their id, such as ``queue.hold``; empty takes the key away."""


class SettingsUnwritable(Exception):
    """The settings were not kept; the message names the file and why."""


def settings_file(environ: Mapping[str, str]) -> Path:
    """Where the settings are: below ``$XDG_CONFIG_HOME`` or ``~/.config``."""
    return _folder(environ, "XDG_CONFIG_HOME", ".config") / "console.toml"


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where copies, pictures and exports go: below ``$XDG_STATE_HOME`` or ``~/.local/state``."""
    return _folder(environ, "XDG_STATE_HOME", ".local/state")


def _folder(environ: Mapping[str, str], name: str, otherwise: str) -> Path:
    named = environ.get(name, "")
    # The XDG base directory specification: a relative path is to be ignored.
    base = Path(named) if named.startswith("/") else Path(environ.get("HOME", "/")) / otherwise
    return base / "empath"


# Reading.


def read_settings(path: Path) -> tuple[Settings, list[str]]:
    """The settings in a file, and a sentence for each thing in it that is not as it should be."""
    try:
        if path.stat().st_size > LARGEST:
            return Settings(), [f"{path} is larger than {LARGEST} octets: it was not read."]
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings(), []
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return Settings(), [f"{path} cannot be read: {why}. The defaults stand."]
    settings, faults = parse_settings(text)
    return settings, [f"{path}: {fault}" for fault in faults]


def parse_settings(text: str) -> tuple[Settings, list[str]]:
    """The settings that a text says, and a sentence for each thing that is wrong in it."""
    try:
        values = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        what = str(error).replace(repr("\0"), "the end of the file")
        what = what.replace("Unexpected character: the end", "unexpectedly the end")
        return Settings(), [f"this is no TOML: {safe(what, 200)}. The defaults stand."]
    settings = Settings()
    reader = _Reader(settings)
    for name, value in values.items():
        reader.read(name, value)
    return settings, reader.faults


_WANTED: Final = {
    "theme": "is the name of a theme, in quotes",
    "interval": "is one of 0.5, 1, 2, 5 and 10 seconds",
    "mouse": "is true or false",
    **{name: f"is a table, written as [{name}]" for name in ("columns", "sort", "keymap", "views")},
}
_WORDS: Final[dict[type[object], str]] = {
    list: "a list",
    str: "a text in quotes",
    dict: "a table",
}


class _Reader:
    """Takes what is right, and says what is not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.faults: list[str] = []

    def read(self, name: str, value: Any) -> None:
        settings = self._settings
        match name, value:
            case "theme", str():
                settings.theme = value
            case "interval", int() | float() if _is_interval(value):
                settings.interval = float(value)
            case "mouse", bool():
                settings.mouse = value
            case "columns" | "sort" | "keymap" | "views", dict():
                self._table(name, value)
            case _:
                self._fault(name, _WANTED.get(name, "is no setting of the console"))

    def _table(self, name: str, table: dict[str, Any]) -> None:
        settings = self._settings
        match name:
            case "columns":
                for key, names in self._items(name, table, list):
                    settings.columns[key] = tuple(map(str, names))
            case "views":
                for key, slots in self._items(name, table, dict):
                    settings.views[key] = self._views(key, slots)
            case _:
                kept = settings.sort if name == "sort" else settings.keymap
                kept.update(self._items(name, table, str))

    def _views(self, key: str, slots: Mapping[str, Any]) -> dict[str, SavedView]:
        views: dict[str, SavedView] = {}
        for slot, value in self._items(f"views.{key}", slots, dict):
            if slot not in SLOTS:
                self._fault(f"views.{key}.{slot}", "is not a digit from 1 to 9")
                continue
            texts = [value.get(part, "") for part in ("name", "query", "sort")]
            columns = value.get("columns", [])
            if not all(isinstance(text, str) for text in texts) or not isinstance(columns, list):
                self._fault(f"views.{key}.{slot}", "has a name, a query, a sort, and columns")
                continue
            name, query, sort = texts
            views[slot] = SavedView(name or query, query, sort, tuple(map(str, columns)))
        return views

    def _items(
        self, name: str, table: Mapping[str, Any], kind: type[object]
    ) -> list[tuple[str, Any]]:
        found = []
        for key, value in table.items():
            if isinstance(value, kind):
                found.append((key, value))
            else:
                self._fault(f"{name}.{key}", f"is {_WORDS[kind]}")
        return found

    def _fault(self, name: str, what: str) -> None:
        self.faults.append(f"{safe(name, 60)} {what}; the default stands.")


def _is_interval(value: float) -> bool:
    return not isinstance(value, bool) and math.isfinite(value) and float(value) in INTERVALS


# Writing.


def write_settings(path: Path, settings: Settings) -> None:
    """Keep the settings.  Raises `SettingsUnwritable`."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        private_write(path, settings_text(settings, before).encode())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsUnwritable(f"The settings were not kept in {path}: {why}.") from error


def settings_text(settings: Settings, before: str = "") -> str:
    """The settings as TOML, put into the text that was there *before*; a text that is no TOML is
    left behind.
    """
    try:
        document = tomlkit.parse(before)
    except TOMLKitError:
        document = tomlkit.document()
    default = Settings()
    for name in ("theme", "interval", "mouse"):
        value = getattr(settings, name)
        if value != getattr(default, name) or name in document:
            document[name] = value
    tables: dict[str, dict[str, Any]] = {
        "columns": {key: list(names) for key, names in settings.columns.items()},
        "sort": dict(settings.sort),
        "views": {
            key: {slot: _table(view) for slot, view in sorted(views.items())}
            for key, views in settings.views.items()
            if views
        },
        "keymap": dict(settings.keymap),
    }
    for name, table in tables.items():
        if document.get(name, {}) != table:
            if table:
                document[name] = table
            else:
                document.remove(name)
    return tomlkit.dumps(document)


def _table(view: SavedView) -> dict[str, Any]:
    parts = {"name": view.name, "query": view.query, "sort": view.sort}
    kept: dict[str, Any] = {name: text for name, text in parts.items() if text or name == "query"}
    return {**kept, "columns": list(view.columns)} if view.columns else kept


def private_write(path: Path, content: bytes) -> None:
    """Replace a file whole, or not at all, readable by its owner only.  Raises `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
