"""Columns of a table: how a width is shared out, and how a cell is cut to its cells.

Pure functions.  A column is a fixed number of terminal cells or takes a share of what is
left; columns that need a wider table are left out in a narrow one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size


@dataclass(frozen=True, slots=True)
class Column:
    """One column.  *width* is in cells; with *share* it is the least, and the rest is shared."""

    name: str
    title: str
    width: int
    share: int = 0
    right: bool = False
    since: int = 0
    """The least width of the table at which the column is shown."""
    until: int = 10_000
    """The width of the table from which it is left out, because others say it better."""
    most: int = 10_000
    """The greatest width a sharing column takes."""


GAP: Final = 2
"""Cells between columns."""


def fit(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns to show at *width* and the cells each gets; the sum never exceeds it."""
    shown = [column for column in columns if column.since <= width < column.until]
    spare = width - sum(column.width for column in shown) - GAP * max(0, len(shown) - 1)
    while spare < 0 and len(shown) > 1:
        dropped = shown.pop()
        spare += dropped.width + GAP
    widths = {column.name: column.width for column in shown}
    sharing = [column for column in shown if column.share]
    while spare > 0 and sharing:
        shares = sum(column.share for column in sharing)
        given = 0
        for column in sharing:
            extra = min(spare * column.share // shares, column.most - widths[column.name])
            widths[column.name] += extra
            given += extra
        spare -= given
        if not given:
            for column in sharing[:spare]:
                widths[column.name] += 1
            break
        sharing = [column for column in sharing if widths[column.name] < column.most]
    return [(column, min(widths[column.name], max(1, width))) for column in shown]


def cut(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly *width* cells, with an ellipsis where it had to be cut."""
    if text.isascii():
        length = len(text)
        if length <= width:
            return text.rjust(width) if right else text.ljust(width)
        return text[: max(0, width - 1)] + "…" if width else ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    return " " * (width - length) + text if right else text + " " * (width - length)
