"""Choosing what is handed to the engine: fresh mail from memory, older mail from disk.

While older mail of a class is due, it has a quarter of the room for the class, so that fresh
mail that never ends cannot keep it waiting.  The most urgent class is looked for first, and
takes no room that is another's own; within one, destinations take turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import final

from empath.envelope import Lane, Lot
from empath.policy.room import CLASSES, Room
from empath.spool import due
from empath.spool.book import Book, Wish
from empath.spool.reader import Reader
from empath.spool.tally import Line


@final
class Scanner:
    """Answers `due`; one scan of the disk at a time."""

    def __init__(self, book: Book, reader: Reader) -> None:
        self._book = book
        self._reader = reader
        self._turn = asyncio.Lock()

    async def due(self, now: float, room: Room, wish: Wish) -> list[Lot]:
        """Lease what is due, the most urgent class first, as far as there is *room* for it.

        Raises `SpoolRefused`.
        """
        async with self._turn:
            book, tally = self._book, self._book.tally
            taken: dict[Lane, int] = {}
            lots: list[Lot] = []
            tally.ripen(now, wish.full, wish.crowded)
            for priority in CLASSES:
                left = room.of(priority)
                share = left // 4 if tally.has_due(priority) else 0
                lots += book.take_fresh(priority, left - share, room, wish, taken)
            seen: set[Lane] = set()
            while lines := tally.due(room, seen):
                seen.update((line.name, line.priority) for line in lines)
                lots += await self._from_disk(lines, now, room, wish, taken)
            for priority in CLASSES:
                lots += book.take_fresh(priority, room.of(priority), room, wish, taken)
            return lots

    async def _from_disk(
        self,
        lines: Sequence[Line],
        now: float,
        room: Room,
        wish: Wish,
        taken: dict[Lane, int],
    ) -> list[Lot]:
        book, tally = self._book, self._book.tally
        wanted = [
            due.Wanted(
                line.name,
                line.priority,
                max(0, wish.per_lane - taken.get((line.name, line.priority), 0)),
                frozenset(line.leased),
            )
            for line in lines
        ]
        lots: list[Lot] = []
        left = deque(lines)
        book.begin_scan()
        try:
            found = await self._reader.ask(due.find, wanted, now, room)
            unseen: list[Line] = []
            for here in found:
                line = left.popleft()
                if here is None:
                    unseen.append(line)
                    continue
                for lot, states in here.lots:
                    if book.take_found(lot, states):
                        lane = (lot.destination, lot.priority)
                        taken[lane] = taken.get(lane, 0) + 1
                        lots.append(lot)
                if here.more:
                    tally.more(line)
                else:
                    tally.exhausted(line, here.next_at)
            left.extend(unseen)
        finally:
            book.end_scan()
            for line in reversed(left):
                tally.more(line, first=True)
        return lots
