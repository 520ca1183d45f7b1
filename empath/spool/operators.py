"""The operators' part of the store: changes, their count, jobs, undo, trash, and the record.

`Operators` is what `empath.spool.store.Store` is made of beside reception and delivery; it
goes through the queue in pieces and writes each in one transaction.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from empath.envelope import MessageId, NextHop, Priority
from empath.events import MessageEvent, OperatorRecord
from empath.message.dsn import wanted
from empath.query import QueueQuery
from empath.reply import Reply
from empath.spool import jobs, noting, trash
from empath.spool.book import Book
from empath.spool.bounce import Bounced
from empath.spool.changes import Operate
from empath.spool.counting import Count
from empath.spool.face import BodyUnfit, Changed, Content
from empath.spool.filters import Chosen, Filter, Picked
from empath.spool.jobs import Job, Numbered
from empath.spool.keys import Keys
from empath.spool.operating import Counted, Report, TakenBack, TrashRow
from empath.spool.piece import Change
from empath.spool.reader import Reader
from empath.spool.selection import Freeze, Frozen
from empath.spool.stored import write_next_hop, write_reply
from empath.spool.telling import Tell
from empath.spool.undo import Source, TakeBack, count_kept, next_keys
from empath.spool.writer import Operation

T = TypeVar("T")

LOT: Final = 2000
"""Messages counted with one question."""


class Operators:
    """Does what operators ask, over the book, the keys, the reader and the writer of a store."""

    _book: Book
    _keys: Keys
    _operator: Reader

    @abstractmethod
    async def content(self, id: MessageId) -> Content:
        """The body, verified.  Raises `BodyUnfit`."""

    @abstractmethod
    async def _write(self, operation: Operation[T]) -> T: ...

    @abstractmethod
    def _discard(self, key: int) -> None: ...

    async def hold(self, query: Chosen, *, actor: str, reason: str, at: float) -> Changed:
        """Keep the matching recipients from being delivered."""
        return await self._operate(query, Change("hold", actor, reason, at, reason))

    async def release(self, query: Chosen, *, actor: str, at: float, reason: str = "") -> Changed:
        """Queue the matching held recipients again, due now."""
        return await self._operate(query, Change("release", actor, reason, at))

    async def retry(self, query: Chosen, *, actor: str, at: float, reason: str = "") -> Changed:
        """Make the matching waiting recipients due now."""
        return await self._operate(query, Change("retry", actor, reason, at))

    async def delete(self, query: Chosen, *, actor: str, reason: str, at: float) -> Changed:
        """Give the matching recipients up without telling anybody."""
        return await self._operate(query, Change("delete", actor, reason, at))

    async def prioritize(
        self, query: Chosen, priority: Priority, *, actor: str, at: float, reason: str = ""
    ) -> Changed:
        """Give the matching messages another class."""
        change = Change("priority", actor, reason, at, int(priority), priority.word)
        return await self._operate(query, change)

    async def bounce(
        self,
        query: Chosen,
        reply: Reply,
        report: Report,
        *,
        actor: str,
        at: float,
        reason: str,
    ) -> Changed:
        """Fail the matching recipients for good, and tell the sender as *report* writes it."""
        change = Change("bounce", actor, reason, at, write_reply(reply))
        return await self._operate(query, change, report)

    async def reroute(
        self, query: Chosen, hop: NextHop | None, *, actor: str, at: float, reason: str
    ) -> Changed:
        """Send the matching recipients to *hop* from now on; None takes that back."""
        detail = "back to its own servers" if hop is None else f"to {hop.host}"
        change = Change("reroute", actor, reason, at, write_next_hop(hop), detail)
        return await self._operate(query, change)

    async def _operate(
        self, query: Chosen, change: Change, report: Report | None = None
    ) -> Changed:
        chosen = Filter.of(query, self._book.tally, now=change.at)
        if isinstance(query, Picked):
            change = replace(change, job=query.job)
        operate = Operate(change, chosen, self._book, self._keys, self._discard)
        while await self._operator.ask(operate.find):
            operate.freeze()
            try:
                bounced = None if report is None else await self._bounced(operate, report)
                await self._write(operate.prepare(asyncio.get_running_loop(), bounced))
            finally:
                operate.over()
        return operate.changed()

    async def _bounced(self, operate: Operate, report: Report) -> dict[int, Bounced]:
        """What is to be stored of each message of a frozen piece."""
        bounced = {}
        for lot in await self._operator.ask(operate.read):
            original = b""
            if lot.reverse_path is not None:
                with suppress(BodyUnfit):  # The sender is told all the same.
                    original = await (await self.content(lot.id)).part(0, wanted(lot))
            notification = report(lot, original)
            bounced[lot.id.key] = Bounced.of(lot, notification, self._keys, operate.change.at)
            await asyncio.sleep(0)
        return bounced

    async def count(self, query: Chosen | Frozen, action: str) -> Counted:
        """What *action* would change now."""
        count = Count(action, self._book.flying)
        for lot in query.lots(LOT) if isinstance(query, Frozen) else (query,):
            count.begin(Filter.of(lot, self._book.tally, now=self._book.now()))
            while await self._operator.ask(count.go_on):
                pass
        return count.counted()

    async def freeze(self, query: QueueQuery, *, enough: int | None = None) -> Frozen:
        """What *query* matches now, as a frozen set."""
        active = frozenset(self._book.active_keys)
        # What comes in while we look was not seen by who asked.
        chosen = Filter.of(query, self._book.tally, active, now=self._book.now())
        looking = Freeze(chosen, self._keys.newest, enough)
        while await self._operator.ask(looking.go_on):
            pass
        return looking.frozen

    # Jobs.

    async def begin_job(self, job: Job) -> int:
        """Write down that a job begins; gives its number."""
        return await self._write(jobs.BeginJob(asyncio.get_running_loop(), job))

    async def keep_job(self, number: int, job: Job) -> None:
        """Write down how far it is."""
        await self._write(jobs.KeepJob(asyncio.get_running_loop(), number, job))

    async def jobs(self, limit: int = jobs.KEPT) -> Sequence[Numbered]:
        """The last jobs, newest first."""
        return await self._operator.ask(jobs.newest, limit)

    async def take_back(
        self,
        source: Source,
        *,
        actor: str,
        at: float,
        reason: str,
        after: int = 0,
        ids: Sequence[MessageId] = (),
    ) -> TakenBack | None:
        """Take back one lot of what a job did, or of deleted messages; None: nothing is left."""
        keys = [each.key for each in ids]
        if not keys:
            keys = await self._operator.ask(next_keys, source, after)
        if not keys:
            return None
        operation = TakeBack(
            asyncio.get_running_loop(),
            self._book,
            source,
            keys=keys,
            flying=self._book.freeze(keys),
            places=[self._keys.next() for _ in keys],
            actor=actor,
            reason=reason,
            at=at,
        )
        try:
            return await self._write(operation)
        finally:
            self._book.thaw(keys)

    async def kept(self, source: Source, ids: Sequence[MessageId] = ()) -> Counted:
        """What there is to take back."""
        return await self._operator.ask(count_kept, source, [each.key for each in ids])

    # The trash.

    async def trash(
        self, before: tuple[float, int] | None = None, limit: int = 60
    ) -> tuple[TrashRow, ...]:
        """Messages in the trash, the last deleted first."""
        return await self._operator.ask(trash.listed, before, limit)

    async def empty_trash(self, before: float) -> tuple[int, bool]:
        """Forget the oldest lot of what was deleted before a time, for good."""
        lot = trash.Forget(
            asyncio.get_running_loop(), self._book, before=before, discard=self._discard
        )
        return await self._write(lot)

    @property
    def trashed(self) -> tuple[int, int]:
        """Messages in the trash, and octets of those that nobody waits for."""
        return self._book.tally.trashed, self._book.tally.trashed_octets

    async def tell(self, event: MessageEvent, *, hold_reason: str = "") -> None:
        """Add *event* to the timeline of its message, whose state stays."""
        loop = asyncio.get_running_loop()
        await self._write(Tell(loop, self._keys.next(), event, hold_reason))

    async def note(self, record: OperatorRecord, number: int | None = None) -> int:
        """Keep *record*, in the place of *number* if given; returns its number."""
        place = self._keys.next() if number is None else number
        await self._write(noting.Note(asyncio.get_running_loop(), place, record))
        return place

    async def notes(
        self, limit: int, before: int | None = None
    ) -> Sequence[tuple[int, OperatorRecord]]:
        """The newest records, older than number *before* if given."""
        return await self._operator.ask(noting.newest, limit, before)
