"""TOML read with bounds: a few kilobytes of nasty text must not cost a gigabyte.

`tomllib` keeps books for every part of a dotted key and of every key that begins like it, so a key
of ten thousand parts costs the square of that.  No setting has more than four parts: dotted keys
are counted before the text is parsed, in time that grows with its length alone, and a value is not
nested deeper than whoever walks over it later can go.  What can go wrong is a `ValueError`: that of
`tomllib`, or `TooDeep`.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

_PARTS: Final = 16
"""Most parts of one key, and most tables within each other."""
_DOTS: Final = 10_000
"""Most dots between parts of keys in all."""

# Possessive, and what is not closed ends with the text or line: each character is looked at once.
_STRING: Final = r"\"(?:\\.|[^\"\\\n])*+\"?|'[^'\n]*+'?"
_TOKEN: Final = re.compile(
    r"#[^\n]*+"
    r"|\"{3}(?:\\.|(?!\"{3})[^\\])*+(?:\"{3,5}|\\?\Z)"
    r"|'{3}(?:(?!'{3}).)*+(?:'{3,5}|\Z)"
    rf"|(?P<key>(?:[A-Za-z0-9_-]++|{_STRING})"
    rf"(?:[ \t]*+\.[ \t]*+(?:[A-Za-z0-9_-]++|{_STRING}))*+)",
    re.DOTALL,
)
_PART: Final = re.compile(rf"[A-Za-z0-9_-]++|{_STRING}")


class TooDeep(ValueError):
    """The text says things within things without an end; `line` is where, if one knows."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line


def read_toml(text: str) -> dict[str, Any]:
    """What *text* says.  Raises `TooDeep`, and `ValueError` as `tomllib` does."""
    _refuse_long_keys(text)
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise TooDeep("its brackets are nested too deeply") from None
    _refuse_depth(document)
    return document


def _refuse_long_keys(text: str) -> None:
    dots = 0
    for match in _TOKEN.finditer(text):
        key = match["key"]
        if key is None or "." not in key:
            continue
        parts = sum(1 for _ in _PART.finditer(key))
        dots += parts - 1
        if parts > _PARTS or dots > _DOTS:
            what = "has too many parts" if parts > _PARTS else "is one dotted key too many"
            line = text.count("\n", 0, match.start()) + 1
            raise TooDeep(f"a key {what}: settings are nested too deeply", line)


def _refuse_depth(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(4 * _PARTS):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise TooDeep("its brackets are nested too deeply")
