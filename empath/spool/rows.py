"""Rows in and out of SQLite: many in one step, and all of a query.

Each step of a statement gives the interpreter lock away and asks for it back; with a busy
event loop that is the greatest cost of a small transaction.  `Rows` therefore writes a batch
in statements of 64, 32 … 1 rows, which stay prepared.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

_SIZES: Final = (64, 32, 16, 8, 4, 2, 1)


class Rows:
    """A statement about a table of values, such as ``INSERT INTO t {} `` with ``VALUES``."""

    def __init__(self, sql: str, width: int) -> None:
        """*sql* holds ``{}`` where the values go; each row has *width* of them."""
        row = f"({','.join('?' * width)})"
        self._width = width
        self._sql = {size: sql.replace("{}", "VALUES " + ",".join([row] * size)) for size in _SIZES}

    def run(self, cursor: apsw.Cursor, values: list[apsw.SQLiteValue]) -> None:
        """Run it for all rows of the flat list *values*."""
        width = self._width
        start, left = 0, len(values) // width
        for size in _SIZES:
            while left >= size:
                end = start + size * width
                piece = values if end - start == len(values) else values[start:end]
                cursor.execute(self._sql[size], piece)
                start, left = end, left - size


def select(
    source: apsw.Connection | apsw.Cursor, sql: str, values: apsw.Bindings | None = None
) -> list[tuple[Any, ...]]:
    """All rows of a query; what their columns hold is for who wrote the query to know."""
    return source.execute(sql, values).fetchall()
