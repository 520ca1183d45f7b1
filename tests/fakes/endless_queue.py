"""A queue of any length, whose pages are computed when they are asked for."""

from __future__ import annotations

from typing import Any

import msgspec

from empath.address import Domain, EmailAddress
from empath.control.link import (
    ListQueue,
    QueueItem,
    QueuePage,
    Request,
)
from empath.envelope import MessageId
from tests.fakes.memory_link import MemoryLink


class EndlessQueue(MemoryLink):
    """A queue of any length that computes each page: nobody holds a million rows."""

    def __init__(self, length: int, now: float) -> None:
        super().__init__()
        self.length = length
        self._now = now
        self.status = msgspec.structs.replace(self.status, messages=length, deferred=length)

    def _answer(self, request: Request[Any]) -> Any:
        if isinstance(request, ListQueue):
            if request.ids:
                rows = [self.length - 1 - (one.key & 0xFFFFF) for one in request.ids]
                items = tuple(self.item(row) for row in rows)
                return QueuePage(items=items, matched=len(items), matched_exact=True, cursor="")
            start = int(request.cursor or 0)
            stop = min(self.length, start + request.limit)
            rows = list(range(start, stop))
            if request.sort == "age":
                rows = [self.length - 1 - row for row in rows]
            return QueuePage(
                items=tuple(self.item(row) for row in rows),
                matched=self.length,
                matched_exact=True,
                cursor=str(stop) if stop < self.length else "",
            )
        return super()._answer(request)

    def item(self, row: int) -> QueueItem:
        """The message in this row, newest first."""
        at = self._now - 60 - row
        return QueueItem(
            id=MessageId.compose(int((self._now - self.length) * 1000), self.length - 1 - row),
            state="deferred",
            received_at=at,
            next_at=self._now + row % 1800,
            attempts=row % 9,
            size=1000 + row % 90_000,
            priority="normal",
            reverse_path=EmailAddress("news@shop.example"),
            recipient=EmailAddress(f"user{row}@d{row % 500}.example"),
            recipients=1,
            destination=Domain(f"d{row % 500}.example"),
            last_reply="451 4.7.1 Greylisted, please try again in 300 seconds",
            subject="This week: warm coats, cold drinks",
        )
