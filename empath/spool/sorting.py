"""The orders of the queue that no index keeps: by size, by sender, and any of a narrow filter.

The first rows behind a place are found with one pass over what the filter leaves, in SQLite
and on a reader's thread that does nothing else, and kept for the pages that follow: `CHUNK` rows
for each pass.  What takes longer than `DEADLINE` is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, final

import apsw

from empath.spool.face import SpoolRefused
from empath.spool.filters import Filter
from empath.spool.rows import select

CHUNK: Final = 5000
"""Messages whose places are found with one pass."""
CHUNKS: Final = 8
"""Passes whose result is kept."""
FRESH: Final = 10.0
"""Seconds for which the first rows of an order are taken from a pass of before."""
DEADLINE: Final = 10.0
"""Seconds that a pass may take."""
STEPS: Final = 100_000
"""Steps of SQLite between two looks at the clock; some milliseconds."""

# The + keeps SQLite from the indexes of what waits: a message's own rows are few.
_WAITING: Final = "FROM recipient AS w WHERE w.key = m.key AND +w.state < 10"
VALUES: Final = {
    "size": "m.size",
    "from": "ifnull(m.reverse_path, '')",
    # Held mail has no next attempt: it stands behind the rest whichever way that goes.
    "next": f"ifnull((SELECT min(w.due_at) {_WAITING}), 1e300)",
    "-next": f"ifnull((SELECT min(w.due_at) {_WAITING}), -1.0)",
    "tries": f"ifnull((SELECT max(w.attempts) {_WAITING}), 0)",
    "destination": f"ifnull((SELECT w.destination {_WAITING} ORDER BY w.number LIMIT 1), '')",
}
"""What each order goes by, and then by age."""

Place = tuple[Any, int]
"""What a message is sorted by, and its key."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The result of one pass."""

    question: tuple[object, ...]
    first: bool
    """It begins where the order begins."""
    rows: list[Place]
    index: dict[int, int]
    """Where the row of a message is."""
    at_end: bool
    found_at: float

    def start(self, behind: Place | None, now: float) -> int | None:
        """Where the rows behind that place begin; None when it does not know."""
        if behind is None:
            return 0 if self.first and now - self.found_at < FRESH else None
        at = self.index.get(behind[1])
        return at + 1 if at is not None and self.rows[at] == behind else None

    def cut(self, start: int, limit: int) -> tuple[list[Place], bool]:
        """Up to *limit* rows, and whether they are the last."""
        return self.rows[start : start + limit], self.at_end and start + limit >= len(self.rows)


@final
class Sorting:
    """Finds pieces of an order; used by one reader's thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._chunks: list[_Chunk] = []
        self.deadline = DEADLINE
        self.chunk = CHUNK
        self.steps = STEPS

    def __repr__(self) -> str:
        return f"<Sorting chunks={len(self._chunks)}>"

    def entries(
        self,
        reader: apsw.Connection,
        chosen: Filter,
        question: tuple[object, ...],
        behind: Place | None,
        limit: int,
    ) -> tuple[list[Place], bool]:
        """Up to *limit* places behind one, and whether these are the last of the order.
        *question* is what the filter asks, and at its end the order.  Raises `SpoolRefused`.
        """
        now = self._monotonic()
        for chunk in reversed(self._chunks):
            start = chunk.start(behind, now) if chunk.question == question else None
            if start is not None and (len(chunk.rows) - start >= limit or chunk.at_end):
                return chunk.cut(start, limit)
        rows = self._find(reader, chosen, str(question[-1]), behind, max(limit, self.chunk))
        chunk = _Chunk(
            question,
            behind is None,
            rows,
            {key: at for at, (_, key) in enumerate(rows)},
            len(rows) < max(limit, self.chunk),
            now,
        )
        self._chunks = [*self._chunks[1 - CHUNKS :], chunk]
        return chunk.cut(0, limit)

    def _find(
        self, reader: apsw.Connection, chosen: Filter, sort: str, behind: Place | None, limit: int
    ) -> list[Place]:
        """One pass.  Raises `SpoolRefused`."""
        backwards = sort.startswith("-")
        value = VALUES.get(sort) or VALUES[sort.removeprefix("-")]
        order = "DESC" if backwards else "ASC"
        scope = ["m.finished_at IS NULL"] if chosen.open_only else []
        if chosen.narrow:
            scope.append(f"m.key IN ({chosen.narrow})")
        scope.append(chosen.message)
        values = {**chosen.values, "limit": limit}
        beyond = ""
        if behind is not None:
            beyond = f" WHERE (v, key) {'<' if backwards else '>'} (:value, :key)"
            values |= {"value": behind[0], "key": behind[1]}
        # Nothing here comes from outside but what is bound.
        sql = (
            f"SELECT v, key FROM (SELECT {value} AS v, m.key AS key FROM message AS m"  # noqa: S608
            f" WHERE {' AND '.join(scope)}){beyond} ORDER BY v {order}, key {order} LIMIT :limit"
        )
        with self.limited(reader, sort):
            return select(reader, sql, values)

    @contextmanager
    def limited(self, reader: apsw.Connection, sort: str) -> Iterator[None]:
        """Keep what is read from taking longer than the deadline.  Raises `SpoolRefused`."""
        until = self._monotonic() + self.deadline
        reader.set_progress_handler(lambda: self._monotonic() > until, self.steps)
        try:
            yield
        except apsw.InterruptError as error:
            raise SpoolRefused(
                f"Sorting by {sort.removeprefix('-')} takes longer than {self.deadline:.0f} s with"
                " so much in the queue: narrow the filter, or sort by age or next."
            ) from error
        finally:
            reader.set_progress_handler(None)
