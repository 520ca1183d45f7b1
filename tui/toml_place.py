"""Which setting each line of a config is about, whether it is valid TOML yet or not.

Pure.  An operator who types is in the middle of something, so this reads headings and keys line by
line and never fails.  Keys are as the engine shows them: ``route["example.org"].host`` where a
table has a name, ``priority.rule[0].give`` where it has a place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NAMES: Final = {"listener": "bind", "route": "domain", "destination": "domain"}
"""The setting that names a table of each section that may be repeated."""

_HEADING: Final = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<path>[\w.\- \"']+?)\s*\]")
_KEY: Final = re.compile(r"\s*(?P<key>[\w.\- \"']+?)\s*=\s*(?P<value>.*)")
_STRING: Final = re.compile(r"\s*(?:\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>[^']*)')")


@dataclass(frozen=True, slots=True)
class Place:
    """What one line is about."""

    key: str = ""
    """Such as ``route["example.org"].host``; empty for a line that is about nothing."""
    plain: str = ""
    """As the manual has it, ``route[].host``."""
    written: str = ""
    """What stands behind the ``=``."""


NOWHERE: Final = Place()


def places(lines: Sequence[str]) -> list[Place]:
    """A place for each line."""
    found: list[Place] = []
    counts: dict[str, int] = {}
    table = Place()
    last = NOWHERE
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            found.append(NOWHERE)
        elif (heading := _HEADING.match(line)) is not None and "=" not in line.split("]")[0]:
            table = last = _table(heading, lines[number + 1 :], counts)
            found.append(table)
        elif (pair := _KEY.match(line)) is not None:
            name = _bare(pair["key"])
            last = Place(
                f"{table.key}.{name}" if table.key else name,
                f"{table.plain}.{name}" if table.plain else name,
                _value(pair["value"]),
            )
            found.append(last)
        else:
            found.append(last)  # the middle of a list, or of a text
    return found


def lines_of(places: Sequence[Place]) -> dict[str, int]:
    """The first line, counted from 0, that says each key."""
    found: dict[str, int] = {}
    for number, place in enumerate(places):
        if place.key:
            found.setdefault(place.key, number)
    return found


def line_of(lines: Mapping[str, int], key: str) -> int | None:
    """The line that says *key*, or else that of the table round it."""
    while key:
        if key in lines:
            return lines[key]
        key = key.rpartition(".")[0] if not key.endswith("]") else key.rpartition("[")[0]
    return None


def _table(heading: re.Match[str], below: Sequence[str], counts: dict[str, int]) -> Place:
    path = _bare(heading["path"])
    if heading["open"] == "[":
        return Place(path, path)
    place = counts.get(path, 0)
    counts[path] = place + 1
    name = _name(NAMES.get(path, ""), below)
    return Place(f"{path}[{place}]" if name is None else f'{path}["{name}"]', f"{path}[]")


def _name(setting: str, below: Sequence[str]) -> str | None:
    """What the table that these lines begin calls itself."""
    if not setting:
        return None
    for line in below:
        if _HEADING.match(line):
            break
        pair = _KEY.match(line)
        if pair is not None and _bare(pair["key"]) == setting:
            text = _STRING.match(pair["value"])
            return None if text is None else text["double"] or text["single"] or ""
    return None


def _bare(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def _value(written: str) -> str:
    """Without a comment behind it."""
    text = _STRING.match(written)
    if text is not None:
        return text[0].strip()
    return written.partition("#")[0].strip()
