"""A list in the text of a config, an element a line: what stays keeps its line and its comment.

Works on lines, as `empath.config.layout` does, and may be deceived as that may: its result counts
only when it means what it has to mean.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

from empath.config.locate import KeyPath, locate_keys
from empath.config.toml import read_toml


def change_list(
    text: str,
    at: KeyPath,
    before: Sequence[Any],
    wanted: Sequence[Any],
    spell: Callable[[Any], str],
) -> str:
    """*text* with the list at *at* as *wanted*; new elements stand behind those before them.

    Raises `LookupError` when its elements do not have a line each.
    """
    known = locate_keys(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    places = [known[*at, number] - 1 for number in range(len(before))]
    if not places or any(
        _alone(lines[place]) != [value] for place, value in zip(places, before, strict=True)
    ):
        raise LookupError("the elements do not have a line each")
    first = lines[places[0]]
    indent = first[: len(first) - len(first.lstrip())]
    old, new = [*map(repr, before)], [*map(repr, wanted)]
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for kind, start, end, new_start, new_end in reversed(steps):
        if kind == "equal":
            continue
        added = [f"{indent}{spell(value)}," for value in wanted[new_start:new_end]]
        behind = places[start - 1] + 1 if start else places[0]
        for place in reversed(places[start:end]):
            del lines[place]
        lines[behind:behind] = added
        if added and start:
            lines[places[start - 1]] = _with_comma(lines[places[start - 1]], before[start - 1])
    return newline.join(lines)


def _alone(line: str) -> Any:
    """The list that this line would be, in brackets of its own."""
    try:
        return read_toml(f"x = [{line}\n]")["x"]
    except ValueError:
        return None


def _with_comma(line: str, value: Any) -> str:
    """The line of an element with a comma behind it, before its comment."""
    ends = [at for at, character in enumerate(line) if character == "#"]
    for end in (*ends, len(line)):
        head = line[:end].rstrip()
        if _alone(head) == [value]:
            return line if head.endswith(",") else f"{head},{line[len(head) :]}"
    return line
