"""The part of the store that is looked at: lists, messages, destinations, figures, checks.

Promises: it changes nothing, and runs on readers of its own; what sorts or walks a long queue
keeps nobody waiting but those who sort, too.  `empath.spool.viewing` has what it answers with.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from empath.envelope import Lane, MessageId
from empath.policy.impact import RetryChange
from empath.policy.turns import Ahead
from empath.query import QueueQuery
from empath.spool import records
from empath.spool.ahead import ahead
from empath.spool.body import BodyFolder
from empath.spool.book import Book
from empath.spool.check import check
from empath.spool.face import DestinationRow, MessageRecord, Problem, QueuePage, SpoolStats
from empath.spool.pages import Pages
from empath.spool.reader import Reader
from empath.spool.weighing import Scales
from empath.spool.writer import Writer


class Viewed:
    """Answers `viewing.Viewing`, over the book and the readers of a store."""

    _book: Book
    _writer: Writer
    _folder: BodyFolder
    _pages: Pages
    _operator: Reader
    _sorter: Reader
    _bodies: ThreadPoolExecutor

    @property
    @abstractmethod
    def path(self) -> Path:
        """The spool's folder."""

    async def page(
        self, query: QueueQuery, *, sort: str = "age", cursor: str = "", limit: int = 60
    ) -> QueuePage:
        """A piece of the queue; see `pages` for what bounds its cost."""
        ask = self._pages.prepare(query, sort=sort, cursor=cursor, limit=limit)
        # A long pass over the queue keeps nobody waiting but those who sort, too.
        reader = self._operator if sort in {"age", "-age"} else self._sorter
        return await reader.ask(ask)

    async def message(self, id: MessageId) -> MessageRecord | None:
        """One message, finished ones included while their history is kept."""
        active = self._book.active_of(id.key)
        return await self._operator.ask(records.message, id.key, active)

    async def destinations(self, limit: int = 1000) -> Sequence[DestinationRow]:
        """The destinations that mail waits for, longest queue first."""
        longest = self._book.tally.longest(limit)
        return await self._operator.ask(records.destinations, longest)

    async def ahead(
        self, lane: Lane, id: MessageId, due_at: float, now: float, *, of_class: bool
    ) -> Ahead:
        """What is due now and waits for the same rate as a message of *lane*."""
        flying = tuple(self._book.flying)
        return await self._operator.ask(ahead, lane, id, due_at, now, of_class, flying)

    async def damaged(self) -> Mapping[MessageId, str]:
        """Messages that are held since their bodies are damaged, with what is wrong."""
        names = self._book.tally.holding(records.HOLDING)
        return await self._operator.ask(records.damaged, names) if names else {}

    async def stats(self) -> SpoolStats:
        """The spool at a glance."""
        oldest_at, octets = await self._operator.ask(records.glance, self.path)
        tally = self._book.tally
        return SpoolStats(
            recipients=tally.shown(),
            messages=tally.messages,
            finished=tally.finished,
            octets=tally.octets,
            file_bodies=tally.file_bodies,
            database_octets=octets,
            free_octets=self._writer.free_octets,
            oldest_at=oldest_at,
            commits=self._writer.commits,
            operations=self._writer.operations,
        )

    async def check(self) -> Sequence[Problem]:
        """Verify database, bodies and files; slow, on a reader of its own."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._bodies, check, self.path, self._folder)

    def scales(self, change: RetryChange, now: float, *, kept: int = 0) -> Scales:
        """Weighs the mail that a change of the config touches, as of *now*; captured mail stays
        up to the newest *kept* messages, or all with 0.
        """
        return Scales(self._book.tally, self._operator, change, now, kept=kept)

    @property
    def waiting(self) -> int:
        """Messages with a recipient that is not final."""
        return self._book.tally.messages
