"""Rows in and out of SQLite: many in one step, and all of a query.

Each step of a statement gives the interpreter lock away and asks for it back; with a busy
event loop that is the greatest cost of a small transaction.  `Rows` therefore writes a batch
in one statement of just as many rows, up to 32, each of which stays prepared.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

MOST: Final = 32
"""Rows of one statement.  Each number of rows is a prepared statement of its own."""


class Rows:
    """A statement about a table of values, such as ``INSERT INTO t {} `` with ``VALUES``."""

    def __init__(self, sql: str, width: int) -> None:
        """*sql* holds ``{}`` where the values go; each row has *width* of them."""
        row = f"({','.join('?' * width)})"
        self._width = width
        self._sql = [
            sql.replace("{}", "VALUES " + ",".join([row] * rows)) for rows in range(MOST + 1)
        ]

    def run(self, cursor: apsw.Cursor, values: list[apsw.SQLiteValue]) -> None:
        """Run it for all rows of the flat list *values*."""
        width, most = self._width, self._width * MOST
        while len(values) > most:
            cursor.execute(self._sql[MOST], values[:most])
            values = values[most:]
        if values:
            cursor.execute(self._sql[len(values) // width], values)


def select(
    source: apsw.Connection | apsw.Cursor, sql: str, values: apsw.Bindings | None = None
) -> list[tuple[Any, ...]]:
    """All rows of a query; what their columns hold is for who wrote the query to know."""
    return source.execute(sql, values).fetchall()
