"""The operators' part of the store: changes by filter, their count, and the record of them.

`Operators` is what `empath.spool.store.Store` is made of beside reception and delivery; it
goes through the queue in pieces and writes each in one transaction.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from empath.envelope import MessageId, NextHop, Priority
from empath.events import OperatorRecord
from empath.message.dsn import wanted
from empath.query import QueueQuery
from empath.reply import Reply
from empath.spool import noting
from empath.spool.book import Book
from empath.spool.bounce import Bounced
from empath.spool.changes import Change, Operate
from empath.spool.counting import Count
from empath.spool.face import BodyUnfit, Changed, Content
from empath.spool.filters import Filter
from empath.spool.keys import Keys
from empath.spool.operating import Counted, Report
from empath.spool.reader import Reader
from empath.spool.stored import write_next_hop, write_reply
from empath.spool.writer import Operation

T = TypeVar("T")


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

    async def hold(self, query: QueueQuery, *, actor: str, reason: str, at: float) -> Changed:
        """Keep the matching recipients from being delivered."""
        return await self._operate(query, Change("hold", actor, reason, at, reason))

    async def release(
        self, query: QueueQuery, *, actor: str, at: float, reason: str = ""
    ) -> Changed:
        """Queue the matching held recipients again, due now."""
        return await self._operate(query, Change("release", actor, reason, at))

    async def retry(self, query: QueueQuery, *, actor: str, at: float, reason: str = "") -> Changed:
        """Make the matching waiting recipients due now."""
        return await self._operate(query, Change("retry", actor, reason, at))

    async def delete(self, query: QueueQuery, *, actor: str, reason: str, at: float) -> Changed:
        """Give the matching recipients up without telling anybody."""
        return await self._operate(query, Change("delete", actor, reason, at))

    async def prioritize(
        self, query: QueueQuery, priority: Priority, *, actor: str, at: float, reason: str = ""
    ) -> Changed:
        """Give the matching messages another class."""
        change = Change("priority", actor, reason, at, int(priority), priority.word)
        return await self._operate(query, change)

    async def bounce(
        self,
        query: QueueQuery,
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
        self, query: QueueQuery, hop: NextHop | None, *, actor: str, at: float, reason: str
    ) -> Changed:
        """Send the matching recipients to *hop* from now on; None takes that back."""
        detail = "back to its own servers" if hop is None else f"to {hop.host}"
        change = Change("reroute", actor, reason, at, write_next_hop(hop), detail)
        return await self._operate(query, change)

    async def _operate(
        self, query: QueueQuery, change: Change, report: Report | None = None
    ) -> Changed:
        chosen = Filter.of(query, self._book.tally, now=change.at)
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

    async def count(self, query: QueueQuery, action: str) -> Counted:
        """What *action* would change now."""
        chosen = Filter.of(query, self._book.tally, now=self._book.now())
        count = Count(action, chosen, self._book.flying)
        while await self._operator.ask(count.go_on):
            pass
        return count.counted()

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
