"""The record of what operators did: kept in the database, the newest `KEPT` of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, final

import apsw

from empath import codec
from empath.events import OperatorRecord
from empath.spool.rows import select
from empath.spool.walk import NEWEST
from empath.spool.writer import Single

KEPT: Final = 10_000
"""Records that are kept."""


@final
class Note(Single[None]):
    """Write a record down, or over the one of the same place."""

    __slots__ = ("_entry", "_place")

    def __init__(self, loop: asyncio.AbstractEventLoop, place: int, record: OperatorRecord) -> None:
        super().__init__(loop)
        self._place = place
        self._entry = codec.encode(record).decode()

    def run(self, cursor: apsw.Cursor) -> None:
        """Write it, and forget what is beyond the limit."""
        cursor.execute(
            "INSERT INTO record VALUES (?1, ?2) ON CONFLICT DO UPDATE SET entry = ?2",
            (self._place, self._entry),
        )
        cursor.execute(
            "DELETE FROM record WHERE place <="
            " (SELECT place FROM record ORDER BY place DESC LIMIT 1 OFFSET ?)",
            (KEPT,),
        )

    def landed(self) -> None:
        """Nothing in memory follows from it."""


def newest(
    reader: apsw.Connection, limit: int, before: int | None
) -> Sequence[tuple[int, OperatorRecord]]:
    """The newest *limit* records, older than the one at place *before* if given."""
    rows = select(
        reader,
        "SELECT place, entry FROM record WHERE place < ? ORDER BY place DESC LIMIT ?",
        (NEWEST if before is None else before, limit),
    )
    return [(place, codec.decode(OperatorRecord, entry)) for place, entry in rows]
