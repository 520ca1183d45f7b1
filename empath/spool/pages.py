"""Pieces of the queue as lists show them, in any of their orders.

The cursor says behind what the next piece begins, so a page costs the same at the start and
in the middle of a million: by age it is a key, in the orders of `orders` a place in an index.
A filter that matches seldom is walked for at most `LOOKED_AT` messages a page: the page is then
short, or even empty, and its cursor leads on.  What no index serves is sorted by `sorting`.
Matches are counted exactly where that is known or few are looked at, else "at least".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, Final, final

import apsw

from empath.clock import Clock
from empath.envelope import BadMessageId, MessageId
from empath.query import QueueQuery
from empath.spool.book import Book
from empath.spool.cursors import BadCursor, read_cursor, write_cursor
from empath.spool.face import QueuePage
from empath.spool.filters import NARROW, Filter
from empath.spool.listing import rows
from empath.spool.orders import Place, entries, stretches
from empath.spool.rows import select
from empath.spool.sorting import Sorting
from empath.spool.walk import BLOCK, NEWEST, OLDEST, walk

LOOKED_AT: Final = 100_000
"""Most messages looked at for a page."""
COUNTED: Final = 10_000
"""Most messages looked at to count the matches of a filter."""
LONGEST: Final = 1000
"""Most rows of a page."""

_Find = Callable[[apsw.Connection], tuple[list[int], str]]
"""Finds the messages of a page, and its cursor."""


@final
class Pages:
    """Answers `page`."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._sorting = Sorting(clock.monotonic)
        self.looked_at = LOOKED_AT
        self.counted = COUNTED
        self.by_index = NARROW
        self.block = BLOCK

    def prepare(
        self, query: QueueQuery, *, sort: str, cursor: str, limit: int
    ) -> Callable[[apsw.Connection], QueuePage]:
        """What is to be run in a reader's thread; takes from memory what it needs, now.  Raises
        `BadCursor`.
        """
        active = frozenset(self._book.active_keys)
        chosen = Filter.of(
            query, self._book.tally, active, now=self._book.now(), by_index=self.by_index
        )
        limit = min(max(1, limit), LONGEST)
        if sort in {"age", "-age"}:
            find = self._by_age(chosen, cursor, limit, backwards=sort == "-age")
        elif stretches(sort) and chosen.open_only and not chosen.narrow:
            find = self._by_index(chosen, sort, cursor, limit)
        else:
            find = self._by_sorting(chosen, query, sort, cursor, limit)

        def look(reader: apsw.Connection) -> QueuePage:
            with reader:
                keys, next_cursor = find(reader)
                shown = tuple(rows(reader, keys, active))
                matched, exact = self._count(reader, chosen)
            if not cursor and not next_cursor:
                matched, exact = len(shown), True
            return QueuePage(shown, max(matched, len(shown)), exact, next_cursor)

        return look

    def _by_age(self, chosen: Filter, cursor: str, limit: int, *, backwards: bool) -> _Find:
        try:
            start = MessageId(cursor).key if cursor else NEWEST if backwards else OLDEST
        except BadMessageId as error:
            raise BadCursor(cursor[:100]) from error

        def find(reader: apsw.Connection) -> tuple[list[int], str]:
            walked = walk(
                reader,
                chosen,
                start=start,
                wanted=limit,
                budget=self.looked_at,
                backwards=backwards,
                block=self.block,
            )
            return walked.keys, "" if walked.at_end else MessageId.from_key(walked.place)

        return find

    def _by_index(self, chosen: Filter, sort: str, cursor: str, limit: int) -> _Find:
        begin = read_place(sort, cursor)

        def find(reader: apsw.Connection) -> tuple[list[int], str]:
            place, at_end, looked = begin, False, 0
            keys: list[int] = []
            stride = max(1, limit // 2)
            while not at_end and len(keys) < limit and looked < self.looked_at:
                # A filter that matches often costs little, one that matches seldom goes in strides.
                stride = min(4 * stride, self.block)
                some = limit - len(keys) if chosen.message == "1" else stride
                with self._sorting.limited(reader, sort):
                    found, at_end = entries(reader, sort, place, some)
                looked += len(found)
                keys_found = [key for key, _ in found]
                fitting: Collection[int] = (
                    keys_found if chosen.message == "1" else fit(reader, chosen, keys_found)
                )
                for key, place in found:  # noqa: B007 - the last one looked at is where it ends
                    if key in fitting:
                        keys.append(key)
                    if len(keys) == limit:
                        at_end = False
                        break
            return keys, "" if at_end else write_cursor((place[0], *place[1]))

        return find

    def _by_sorting(
        self, chosen: Filter, query: QueueQuery, sort: str, cursor: str, limit: int
    ) -> _Find:
        behind: tuple[Any, int] | None = None
        if cursor:
            value, key = read_cursor(cursor)[:2]
            if value is None or not isinstance(key, int):
                raise BadCursor(cursor[:100])
            behind = value, key

        def find(reader: apsw.Connection) -> tuple[list[int], str]:
            question = (query.terms, query.ids, sort)
            found, at_end = self._sorting.entries(reader, chosen, question, behind, limit)
            # Rows of a pass that was made before: what has gone since is shown no more.
            fitting = fit(reader, chosen, [key for _, key in found])
            keys = [key for _, key in found if key in fitting]
            return keys, "" if at_end else write_cursor(found[-1])

        return find

    def _count(self, reader: apsw.Connection, chosen: Filter) -> tuple[int, bool]:
        if chosen.total is not None:
            return chosen.total, True
        walked = walk(
            reader,
            chosen,
            start=OLDEST,
            wanted=self.counted,
            budget=self.counted,
            block=self.block,
        )
        return len(walked.keys), walked.at_end


def read_place(sort: str, cursor: str) -> Place:
    """Where a page of an order that an index keeps begins.  Raises `BadCursor`."""
    if not cursor:
        return 0, ()
    stretch, *values = read_cursor(cursor)
    ways = stretches(sort)
    if not isinstance(stretch, int) or not 0 <= stretch < len(ways):
        raise BadCursor(cursor[:100])
    if len(values) != len(ways[stretch].columns):
        raise BadCursor(cursor[:100])
    return stretch, tuple(values)


def fit(reader: apsw.Connection, chosen: Filter, keys: list[int]) -> Collection[int]:
    """Those of *keys* that the filter matches."""
    scope = "m.finished_at IS NULL AND " if chosen.open_only else ""
    found = select(
        reader,
        "SELECT m.key FROM json_each(:some) AS j CROSS JOIN message AS m"  # noqa: S608 - values are bound
        f" WHERE m.key = j.value AND {scope}{chosen.message}",
        {**chosen.values, "some": json.dumps(keys)},
    )
    return {key for (key,) in found}
