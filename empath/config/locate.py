"""Where each key of a TOML document stands: key path to line.

`tomllib` gives values without positions, and an error message without a line sends the
operator searching.  This scanner reads text that `tomllib` has already accepted, so it need
not judge anything: it only steps over strings, comments and brackets and remembers where
keys began.  Given text that is not TOML it may return nonsense, but it always ends.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from empath.safe_text import safe_text

_LONGEST: Final = 253
"""Characters of a key that are shown: no name in a config is longer than a domain's."""

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top: ``("listener", 0, "bind")``."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANKS: Final = re.compile(r"[ \t]*")
_BETWEEN: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
# A closing delimiter of a multi-line string may be preceded by one or two quotes of its own.
_STRINGS: Final = (
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)


def show_path(path: KeyPath) -> str:
    """The path as an operator reads it: ``listener[0].bind``."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else f'"{safe_text(part, _LONGEST)}"'
            shown += f".{name}" if shown else name
    return shown


def locate_keys(text: str) -> Mapping[KeyPath, int]:
    """The line, counted from 1, of every key path of a valid TOML document.

    A path that is written more than once (the ``a`` of ``a.b`` and ``a.c``) has its first line.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan_document()
    return scanner.lines


def line_of(text: str, key: str) -> int | None:
    """The line of the key that `show_path` shows as *key*; None when the text does not write it.

    The text is a valid TOML document.
    """
    lines = {show_path(path): line for path, line in locate_keys(text).items()}
    return lines.get(key)


@dataclass(frozen=True, slots=True)
class Spans:
    """Where things stand in a text: first character, and the one behind the last."""

    values: Mapping[KeyPath, tuple[int, int]]
    """What is written behind the ``=`` of each key, and each item of a list."""
    comments: tuple[tuple[int, int], ...]
    """Blanks and comments between other things; only those that hold a comment."""
    keys: Mapping[KeyPath, int]
    """Where each key begins that a value stands behind; of a dotted one, its first part."""
    homes: Mapping[KeyPath, KeyPath]
    """The table under whose heading each of these keys is written; none for those in braces."""


def locate_values(text: str) -> Spans:
    """Where the values and comments of a valid TOML document stand."""
    scanner = _Scanner(text)
    scanner.scan_document()
    return Spans(scanner.values, tuple(scanner.comments), scanner.keys, scanner.homes)


def locate_headings(text: str) -> list[tuple[KeyPath, int]]:
    """The headings of a valid TOML document in order, without places, and their lines from 1."""
    scanner = _Scanner(text)
    scanner.scan_document()
    return scanner.headings


def last_key(text: str) -> tuple[KeyPath, int, int]:
    """The key, or heading, with which *text* ends, its line, and the line where it stood first.

    The text is the beginning of a document, cut behind a value or within a heading.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan_document()
    path, line = scanner.last
    first = scanner.lines.get(path, line)
    if first == line and path and isinstance(path[-1], int):
        path = path[:-1]  # the first table of what was something else before
        first = scanner.lines.get(path, line)
    return path, line, first


class _Scanner:
    """One pass over the text; `lines` fills as it goes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._tables: dict[KeyPath, int] = {}  # arrays of tables, and how many each has so far
        self._cut = False
        self.lines: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, tuple[int, int]] = {}
        self.comments: list[tuple[int, int]] = []
        self.headings: list[tuple[KeyPath, int]] = []
        self.keys: dict[KeyPath, int] = {}
        self.homes: dict[KeyPath, KeyPath] = {}
        self.last: tuple[KeyPath, int] = ((), 1)
        """The last key whose value was read to its end, or the last heading."""

    def scan_document(self) -> None:
        table: KeyPath = ()
        self._skip(_BETWEEN)
        while self._at < len(self._text):
            before = self._at
            if self._text.startswith("[[", self._at):
                table = self._scan_header(2)
            elif self._text.startswith("[", self._at):
                table = self._scan_header(1)
            else:
                self.homes[self._scan_pair(table)] = table
            self._skip(_BETWEEN)
            if self._at == before:  # not TOML after all: step over it rather than stay
                self._at += 1

    def _scan_header(self, brackets: int) -> KeyPath:
        self._at += brackets
        keys = self._scan_key()
        self.headings.append((tuple(key for key, _ in keys), keys[-1][1]))
        path: KeyPath = ()
        for position, (key, line) in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            if brackets == 2 and position == len(keys) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self.lines.setdefault(path, line)
        self._skip(_BLANKS)
        self._at += brackets
        self.last = path, keys[-1][1]
        return path

    def _scan_pair(self, table: KeyPath) -> KeyPath:
        path = table
        begin = self._at
        keys = self._scan_key()
        for key, line in keys:
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._skip(_BLANKS)
        self._at += 1  # the "="
        self._skip(_BLANKS)
        self.keys.setdefault(path, begin)
        self._scan_value(path)
        if not self._cut:
            self.last = path, keys[-1][1]
        return path

    def _scan_key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with its line."""
        parts: list[tuple[str, int]] = []
        while True:
            self._skip(_BLANKS)
            parts.append(self._scan_key_part())
            self._skip(_BLANKS)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _scan_key_part(self) -> tuple[str, int]:
        start, line = self._at, self._line()
        if self._text.startswith(('"', "'"), start):
            self._skip_string()
            quoted = self._text[start : self._at]
            try:
                return str(tomllib.loads(f"key = {quoted}")["key"]), line
            except tomllib.TOMLDecodeError:
                return quoted, line
        self._skip(_BARE_KEY)
        return self._text[start : self._at], line

    def _scan_value(self, path: KeyPath) -> None:
        begin = self._at
        self._scan_any(path)
        written = self._text[begin : self._at].rstrip()
        self.values.setdefault(path, (begin, begin + len(written)))

    def _scan_any(self, path: KeyPath) -> None:
        if self._text.startswith("[", self._at):
            self._scan_array(path)
        elif self._text.startswith("{", self._at):
            self._scan_inline_table(path)
        elif self._text.startswith(('"', "'"), self._at):
            self._skip_string()
        else:
            self._skip(_SCALAR)

    def _scan_array(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        while not self._closes("]"):
            before = self._at
            self.lines.setdefault((*path, number), self._line())
            self._scan_value((*path, number))
            number += 1
            self._step(before)

    def _scan_inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._closes("}"):
            before = self._at
            self._scan_pair(path)
            self._step(before)

    def _closes(self, bracket: str) -> bool:
        """Is the array or inline table over here?  Steps over the bracket if so."""
        self._skip(_BETWEEN)
        if self._at >= len(self._text):
            self._cut = True
            return True
        if self._text.startswith(bracket, self._at):
            self._at += 1
            return True
        return False

    def _step(self, before: int) -> None:
        """Step over the comma behind an element, and over anything at all if nothing moved."""
        self._skip(_BETWEEN)
        if self._text.startswith(",", self._at) or self._at == before:
            self._at += 1

    def _skip_string(self) -> None:
        for pattern in _STRINGS:
            if match := pattern.match(self._text, self._at):
                self._at = match.end()
                return
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if match := pattern.match(self._text, self._at):
            self._at = match.end()
            if pattern is _BETWEEN and "#" in match[0]:
                self.comments.append(match.span())

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1 if self._at else 1
