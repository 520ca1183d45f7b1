"""Text that is no TOML: what is wrong with it, its line and its key, as a `ConfigProblem`.

The parser's own sentences name a column; of what is written twice they do not name the key, or
show it as Python would.
"""

from __future__ import annotations

import re
from typing import Final

from empath.config.locate import last_key, show_path
from empath.config.problem import ConfigProblem
from empath.config.toml import TooDeep

_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CLASHES: Final = {
    "Cannot overwrite": "is written a second time{first}; keep one of them",
    "Duplicate inline table key": "is written a second time{first}; keep one of them",
    "Cannot declare": "is written a second time{first}; put the two together",
    "Cannot redefine": "cannot be written here: its table has a heading of its own; put it"
    " in there",
    "Cannot mutate": "cannot be written here: the table or list it belongs to stands in braces or"
    " brackets already; put it in there",
}
"""What cannot stand beside what was read before it, as the parser says it and as we do."""


def toml_fault(file: str, text: str, error: ValueError) -> ConfigProblem:
    """What the parser's *error* says of *text*, for the operator."""
    if isinstance(error, TooDeep):
        return ConfigProblem(file, error.line, "", str(error))
    message = str(error)
    position = _POSITION.search(message)
    if position is None:
        return ConfigProblem(file, None, "", "holds a number with thousands of digits")
    what = message[: position.start()]
    at_end = position[1] is None
    for beginning, sentence in _CLASHES.items():
        if what.startswith(beginning):
            read = text if at_end else _before(text, int(position[1]), int(position[2]))
            return _clash(file, read, sentence)
    if at_end:
        line = text.rstrip().count("\n") + 1
        return ConfigProblem(file, line, "", f"the file ends in the middle of something: {what}")
    sentence = f"is not valid TOML: {what} (column {position[2]})"
    return ConfigProblem(file, int(position[1]), "", sentence)


def _before(text: str, line: int, column: int) -> str:
    """The text up to a position, lines and columns counted from 1."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])


def _clash(file: str, read: str, sentence: str) -> ConfigProblem:
    """For the key with which *read* ends."""
    path, line, first = last_key(read)
    there = f", first in line {first}" if first != line else ""
    return ConfigProblem(file, line, show_path(path), sentence.format(first=there))
