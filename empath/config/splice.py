"""One value put into the text of a config, exchanged or taken out, where the scanner found it.

Pure.  Every character outside of the change stays as it is and where it is, so that no comment
parts from what it speaks of.  A layout that such a change is not for is a `LookupError`;
`empath.config.edit` takes a result only when it means what it has to mean.
"""

from __future__ import annotations

import re
from typing import Final

from empath.config.layout import blocks
from empath.config.locate import KeyPath, Spans, locate_values, show_path

_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
_COMMA_BEFORE: Final = re.compile(r"\s*,\s*\Z")


def exchange(text: str, at: KeyPath, written: str) -> str:
    """*text* with *written* for the value at *at*, in the quotes of the one before."""
    spans = locate_values(text)
    start, end = spans.values[at]
    _refuse_comments(spans, start, end)
    return text[:start] + _quoted_as(text[start:end], written) + text[end:]


def add_within(text: str, at: KeyPath, written: str) -> str:
    """*text* with a new last item in the braces or brackets that *at* lies in."""
    spans = locate_values(text)
    home = next(at[:end] for end in range(len(at) - 1, 0, -1) if at[:end] in spans.values)
    start, end = spans.values[home]
    _refuse_comments(spans, start, end)
    key = at[len(home) :]
    item = written if isinstance(key[0], int) else f"{show_path(key)} = {written}"
    behind = [
        last
        for path, (_, last) in spans.values.items()
        if len(path) > len(home) and path[: len(home)] == home
    ]
    if not behind:
        return text[:start] + (f"[{item}]" if item is written else f"{{ {item} }}") + text[end:]
    return f"{text[: max(behind)]}, {item}{text[max(behind) :]}"


def add_beside(text: str, at: KeyPath, written: str) -> str:
    """*text* with a line more, behind the dotted key that shares most with this one."""
    spans = locate_values(text)
    near = max(
        (path for path, home in spans.homes.items() if _common(path, at) > len(home)),
        key=lambda path: (_common(path, at), spans.keys[path]),
        default=(),
    )
    begin, end = _line(text, spans.keys[near], spans.values[near][1])
    indent = text[begin : spans.keys[near]]
    line = f"{indent}{show_path(at[len(spans.homes[near]) :])} = {written}"
    newline = "\r\n" if "\r\n" in text else "\n"
    if text[end - 1] != "\n":
        return f"{text[:end]}{newline}{line}"
    return f"{text[:end]}{line}{newline}{text[end:]}"


def take_out(text: str, at: KeyPath) -> str:
    """*text* without the key, or item of a list, at *at*; its comment goes with its line."""
    spans = locate_values(text)
    start, end = spans.keys.get(at, spans.values[at][0]), spans.values[at][1]
    if at in spans.homes:
        start, end = _line(text, start, end)
    elif behind := _COMMA.match(text, end):
        end = behind.end()
    elif before := _COMMA_BEFORE.search(text, 0, start):
        start = before.start()
    return text[:start] + text[end:]


def take_all(text: str, at: KeyPath) -> str:
    """*text* without all that is written below *at*, under headings or with dotted keys."""
    spans = locate_values(text)
    lines = [
        _line(text, spans.keys[path], spans.values[path][1])
        for path in spans.homes
        if path[: len(at)] == at
    ]
    for start, end in sorted(lines, reverse=True):
        text = text[:start] + text[end:]
    rows = text.splitlines(keepends=True)
    for block in reversed(blocks([row.rstrip("\r\n") for row in rows])):
        if block.path[: len(at)] == at:
            end = block.end
            if end < len(rows) and not rows[end].strip():
                end += 1  # the empty line that parted it from the next
            del rows[block.start : end]
    return "".join(rows)


def _common(path: KeyPath, other: KeyPath) -> int:
    """How many parts two paths share at their beginning."""
    shared = (number for number, (a, b) in enumerate(zip(path, other, strict=False)) if a != b)
    return next(shared, min(len(path), len(other)))


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole lines round a key and its value."""
    behind = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, behind + 1 if behind >= 0 else len(text)


def _refuse_comments(spans: Spans, start: int, end: int) -> None:
    if any(start < begin < end for begin, _ in spans.comments):
        raise LookupError("its comments would be lost, or part from what they speak of")


def _quoted_as(before: str, written: str) -> str:
    """The text *written* in double quotes, in single ones where *before* has those."""
    plain = len(written) > 1 and written[0] == written[-1] == '"'
    single = before[:1] == "'" and not before.startswith("'''")
    if not (plain and single) or any(one in written for one in "'\\"):
        return written
    return f"'{written[1:-1]}'"
