"""Where in the text of a config a line belongs: beside its own table, below its placeholder.

`add_setting`, `add_table` and `remove_table` work on lines, because a comment belongs to what it
stands at for a person, which no TOML library knows.  They may be deceived, such as by what looks
like a placeholder in a text of many lines: `empath.config.edit` takes their result only when it
means what it has to mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.config.keys import every_key
from empath.config.locate import KeyPath, locate_headings

_COMMENTED_HEADING: Final = re.compile(r"#+\s*(\[\[?[^\[\]]+\]\]?)\s*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one table, its heading first; the top of the file has none."""

    path: KeyPath
    start: int
    end: int
    """Behind the last line that is not empty or a comment: those may be the next table's."""
    limit: int
    """Where the next table's heading stands."""

    @property
    def first(self) -> int:
        """The line behind the heading."""
        return self.start + 1 if self.path else self.start


def blocks(lines: list[str]) -> list[Block]:
    """The tables of a text in order, the top of the file first."""
    starts: list[tuple[int, KeyPath]] = [(0, ())]
    starts += [(line - 1, path) for path, line in locate_headings("\n".join(lines))]
    limits = [at for at, _ in starts[1:]] + [len(lines)]
    return [
        Block(path, start, _last(lines, start, limit), limit)
        for (start, path), limit in zip(starts, limits, strict=True)
    ]


def _last(lines: list[str], start: int, limit: int) -> int:
    while limit > start and (not lines[limit - 1].strip() or _is_comment(lines[limit - 1])):
        limit -= 1
    return limit


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def add_setting(lines: list[str], block: Block, key: str, written: str) -> list[str]:
    """The lines with ``key = …`` in the table: below where it stands commented out, else last."""
    placeholder = re.compile(rf"#+\s*{re.escape(key)}\s*=.*")
    at = max(block.end, block.first)
    for number in range(block.first, block.limit):
        if _COMMENTED_HEADING.fullmatch(lines[number].strip()):
            break  # from here on it speaks of another table
        if placeholder.fullmatch(lines[number].strip()):
            at = number + 1
            break
    else:
        if not block.path and not block.end:
            at = _behind_head(lines, block.limit)
    parting = [""] if not block.path and at == block.limit < len(lines) else []
    return [*lines[:at], f"{key} = {written}", *parting, *lines[at:]]


def _behind_head(lines: list[str], limit: int) -> int:
    """Behind the comment at the head of the file, unless that speaks of the first table."""
    behind = (at for at in range(limit) if not _is_comment(lines[at]))
    at = next(behind, limit)
    return at if at < limit or limit == len(lines) else 0


def add_table(lines: list[str], path: KeyPath, heading: str, body: Iterable[str]) -> list[str]:
    """The lines with one more table, where the order of the model has it."""
    at = _place(lines, path, heading)
    before = [""] if at and lines[at - 1].strip() else []
    after = [""] if at < len(lines) and lines[at].strip() else []
    return [*lines[:at], *before, heading, *body, *after, *lines[at:]]


def _place(lines: list[str], path: KeyPath, heading: str) -> int:
    """Behind its like, else below where it stands commented out, else before what comes later."""
    there = blocks(lines)
    if like := [block for block in there if block.path == path]:
        return like[-1].end
    for number, line in enumerate(lines):
        found = _COMMENTED_HEADING.fullmatch(line.strip())
        if found and found[1] == heading:
            behind = (at for at in range(number, len(lines)) if not _is_comment(lines[at]))
            return next(behind, len(lines))
    order = every_key()
    for block in there[1:]:
        if block.path in order and order.index(block.path) > order.index(path):
            at = block.start
            while at and _is_comment(lines[at - 1]):
                at -= 1
            return at or block.start  # the comment at the head of a file speaks of all of it
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def remove_table(lines: list[str], path: KeyPath, place: int) -> list[str]:
    """The lines without the table at *place* among its like; comments behind it stay."""
    like = [block for block in blocks(lines) if block.path == path]
    block = like[place]
    start, end = block.start, block.end
    if end < len(lines) and not lines[end].strip():
        end += 1  # the empty line that parted it from the next
    return [*lines[:start], *lines[end:]]
