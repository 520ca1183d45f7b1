"""Choosing what is handed to the engine: fresh mail from memory, older mail from disk.

While older mail is due, it has a quarter of what is asked for, so that fresh mail that
never ends cannot keep it waiting.  Destinations take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from typing import final

import apsw

from empath.address import Domain
from empath.envelope import Lot
from empath.spool import due
from empath.spool.book import Book
from empath.spool.tally import Queue


@final
class Scanner:
    """Answers `due`; one scan of the disk at a time."""

    def __init__(self, book: Book, reader: apsw.Connection, executor: Executor) -> None:
        self._book = book
        self._reader = reader
        self._executor = executor
        self._turn = asyncio.Lock()

    async def due(
        self, now: float, limit: int, per_destination: int, full: Collection[Domain]
    ) -> list[Lot]:
        """Lease what is due."""
        async with self._turn:
            book = self._book
            taken: dict[Domain, int] = {}
            share = limit // 4 if book.tally.has_due(now, full) else 0
            lots = book.take_fresh(limit - share, per_destination, full, taken)
            seen: set[Domain] = set()
            while queues := book.tally.due(now, full, limit - len(lots), seen):
                seen.update(queue.name for queue in queues)
                lots += await self._from_disk(
                    queues, now, limit - len(lots), per_destination, taken
                )
            if len(lots) < limit:
                lots += book.take_fresh(limit - len(lots), per_destination, full, taken)
            return lots

    async def _from_disk(
        self,
        queues: Sequence[Queue],
        now: float,
        limit: int,
        per_destination: int,
        taken: dict[Domain, int],
    ) -> list[Lot]:
        book, tally = self._book, self._book.tally
        wanted = [
            due.Wanted(
                queue.name,
                max(0, per_destination - taken.get(queue.name, 0)),
                frozenset(queue.leased),
            )
            for queue in queues
        ]
        lots: list[Lot] = []
        looked = 0
        book.begin_scan()
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._executor, due.find, self._reader, wanted, now, limit
            )
            for queue, here in zip(queues, found, strict=False):
                looked += 1
                for lot, states in here.lots:
                    if book.take_found(lot, states):
                        taken[lot.destination] = taken.get(lot.destination, 0) + 1
                        lots.append(lot)
                if here.more:
                    tally.more(queue)
                else:
                    tally.exhausted(queue, here.next_at)
        finally:
            book.end_scan()
            for queue in reversed(queues[looked:]):
                tally.more(queue, first=True)
        return lots
