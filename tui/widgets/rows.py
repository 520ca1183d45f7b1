"""Rows of a table as its sources give them: an id, and a cell for each column.

A source holds what it likes and answers by number, so a list of a million rows costs what is on
screen.  Sources need not know the table that draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

Cell = str | tuple[str, str]
"""A cell's text, or its text and the role of its colour."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is drawn: its id and a cell for each column by name."""

    id: str
    cells: dict[str, Cell] = field(hash=False)
    gone: bool = False


class Rows(Protocol):
    """Where a table takes its rows from."""

    def __len__(self) -> int: ...

    def row(self, index: int) -> Row | None:
        """The row, or None while it is still on its way."""
        ...

    def find(self, id: str) -> int | None:
        """Where a row is now."""
        ...
