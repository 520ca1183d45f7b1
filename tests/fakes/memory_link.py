"""A `Link` in memory: tests set its pages, push its events and cut its line.

It answers every request out of plain attributes (`queue`, `views`, `status` …), so a test says
what the engine knows and reads in `asked` what it was asked.  `refuse` and `cut` make it say no
and go away; `mend` brings it back.  What it promises of a real link it keeps: `RequestRefused`
for no, `LinkLost` for gone, events numbered, changes refused when `read_only`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeVar

import msgspec

from empath.control.link import (
    Changed,
    CheckSpool,
    ContentPart,
    DestinationItem,
    Destinations,
    EventFilter,
    FlushQueue,
    GetSpool,
    GetStatus,
    LinkLost,
    LinkReadOnly,
    ListDestinations,
    ListQueue,
    MessageView,
    NotFound,
    Notice,
    Ping,
    QueueChange,
    QueueItem,
    QueuePage,
    ReadContent,
    Request,
    RequestRefused,
    SpoolCheck,
    SpoolReport,
    Status,
    StopEngine,
    Stopping,
    ViewMessage,
)
from empath.envelope import MessageId
from empath.events import Event
from tests.fakes.counted import counted
from tests.fakes.memory_config import MemoryConfig
from tests.fakes.memory_inside import MemoryInside
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.memory_places import MemoryPlaces
from tests.fakes.memory_shape import MemoryShape
from tests.fakes.memory_status import PONG, SPOOL, STARTED_AT, STATUS
from tests.fakes.memory_trash import MemoryTrash

R = TypeVar("R")

__all__ = ["PONG", "STARTED_AT", "STATUS", "MemoryLink"]


class MemoryLink(MemoryPlaces):
    """Answers from its attributes; set them as the test's story needs."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.status: Status = msgspec.structs.replace(
            STATUS, pong=msgspec.structs.replace(PONG, read_only=read_only)
        )
        self.queue: list[QueueItem] = []
        """In the order `ListQueue` shows them."""
        self.matching: Callable[[QueueItem, str], bool] = lambda item, query: True
        """Which items a query matches; by default all."""
        self.views: dict[MessageId, MessageView] = {}
        self.contents: dict[MessageId, str] = {}
        self.destinations: list[DestinationItem] = []
        self.spool: SpoolReport = SPOOL
        self.check: SpoolCheck = SpoolCheck(problems=())
        super().__init__()
        self.config = MemoryConfig()
        self.shape = MemoryShape()
        self.inside = MemoryInside()
        self.book = MemoryJobs()
        """Selections, and the changes that were made."""
        self.trash = MemoryTrash()
        self.asked: list[Request[Any]] = []
        """Every request, in order."""
        self.followed: list[EventFilter | None] = []
        """The filter of each stream of events that was opened."""
        self.delay: float = 0.0
        """Seconds of the loop before each answer."""
        self.wait_for: dict[type[Request[Any]], asyncio.Event] = {}
        """Requests of these types are answered once their event is set."""
        self.closed = False
        self.history: list[Notice] = []
        self._refusals: dict[type[Request[Any]], str] = {}
        self._lost = ""
        self._changed = asyncio.Event()

    # What a test does.

    def push(self, *events: Event) -> None:
        """Have the engine publish *events*."""
        for event in events:
            self.history.append(Notice(sequence=self.status.sequence + 1, event=event))
            self.status = msgspec.structs.replace(self.status, sequence=self.status.sequence + 1)
        self._wake()

    def skip(self, count: int) -> None:
        """Lose *count* events: the next notice has a gap before its number."""
        self.status = msgspec.structs.replace(self.status, sequence=self.status.sequence + count)

    def refuse(self, kind: type[Request[Any]], sentence: str) -> None:
        """Say no to requests of this type from now on; an empty sentence allows them again."""
        self._refusals[kind] = sentence

    def cut(self, sentence: str = "No engine answers at /x/empath.sock") -> None:
        """The engine goes away: requests and open event streams raise `LinkLost`."""
        self._lost = sentence
        self._wake()

    def mend(self) -> None:
        """The engine is back."""
        self._lost = ""

    def set_queue(self, items: Iterable[QueueItem]) -> None:
        """Replace the queue, and let the status count it."""
        self.queue = list(items)
        counts = dict.fromkeys(("queued", "deferred", "held", "active"), 0)
        for item in self.queue:
            if item.state in counts:
                counts[item.state] += 1
        self.status = msgspec.structs.replace(self.status, messages=len(self.queue), **counts)

    def asked_of(self, kind: type[R]) -> list[R]:
        """The requests of one type, in order."""
        return [request for request in self.asked if isinstance(request, kind)]

    # What a link does.

    async def ask(self, request: Request[R]) -> R:
        self.asked.append(request)
        if self.delay:
            await asyncio.sleep(self.delay)
        if waited_for := self.wait_for.get(type(request)):
            await waited_for.wait()
        if self._lost:
            raise LinkLost(self._lost)
        if (request.changes or request.for_operators()) and self.status.pong.read_only:
            raise LinkReadOnly("This link is read-only: it may look and not touch.")
        if sentence := self._refusals.get(type(request)):
            raise RequestRefused(sentence)
        reply: R = self._answer(request)
        return reply

    async def events(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        self.followed.append(only)
        last = self.status.sequence if after is None else after
        while True:
            if self._lost:
                raise LinkLost(self._lost)
            waiting = [notice for notice in self.history if notice.sequence > last]
            for notice in waiting:
                last = notice.sequence
                if only is None or only.passes(notice.event):
                    yield notice
            if not waiting:
                await self._changed.wait()

    async def close(self) -> None:
        self.closed = True

    # How it answers.

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _answer(self, request: Request[Any]) -> Any:  # noqa: C901, PLR0912 - one row a request
        match request:
            case Ping():
                return self.status.pong
            case GetStatus():
                return self.status
            case ListQueue():
                return self._page(request)
            case ViewMessage(id=id):
                if id not in self.views:
                    raise NotFound(f"There is no message {id}.")
                return self.views[id]
            case ReadContent(id=id, offset=offset, limit=limit):
                text = self.contents.get(id)
                if text is None:
                    raise RequestRefused(f"The content of {id} is not stored any more.")
                octets = text.encode()
                part = octets[offset : offset + limit]
                shown = part.decode("utf-8", "backslashreplace")
                return ContentPart(id=id, offset=offset, size=len(octets), text=shown, octets=part)
            case QueueChange(dry_run=True):
                return counted(self._meant(request))
            case QueueChange(ids=ids):
                known = {item.id for item in self.queue}
                meant = self._meant(request)
                done = msgspec.structs.replace(
                    self._change(meant, None if request.selection else request.expect),
                    unknown=tuple(each for each in ids if each not in known),
                )
                what = f"{type(request).route.rpartition('/')[2]} {request.query or 'messages'}"
                return self.book.made(what, meant, done)
            case FlushQueue(destination=domain):
                chosen = [i for i in self.queue if domain is None or i.destination == domain]
                return counted(chosen) if request.dry_run else self._change(chosen, None)
            case ListDestinations(limit=limit):
                return Destinations(
                    items=tuple(self.destinations[:limit]), total=len(self.destinations)
                )
            case GetSpool():
                return self.spool
            case CheckSpool():
                return self.check
            case StopEngine():
                return Stopping()
            case _:
                return (
                    self.config.answer(request)
                    or self.shape.answer(request, self)
                    or self.inside.answer(request)
                    or self.book.answer(request, self._matching)
                    or self.trash.answer(request)
                    or self.answer_about_places(request)
                )

    def _matching(self, query: str) -> list[QueueItem]:
        return [item for item in self.queue if self.matching(item, query)]

    def _meant(self, request: QueueChange) -> list[QueueItem]:
        if request.selection:
            return self.book.chosen(request.selection, request.expect)
        return self._chosen(request.ids, request.query)

    def _chosen(self, ids: tuple[MessageId, ...], query: str) -> list[QueueItem]:
        if ids:
            return [item for item in self.queue if item.id in ids]
        if not query:
            raise RequestRefused("Name the messages or give a query.")
        return [item for item in self.queue if self.matching(item, query)]

    def _change(self, chosen: list[QueueItem], expect: int | None) -> Changed:
        if expect is not None and expect != len(chosen):
            raise RequestRefused(f"{len(chosen)} messages match, not {expect}.")
        recipients = sum(item.recipients for item in chosen)
        return Changed(messages=len(chosen), recipients=recipients, in_flight=0)

    def _page(self, request: ListQueue) -> QueuePage:
        matching = [
            item
            for item in self.queue
            if (item.id in request.ids if request.ids else self.matching(item, request.query))
        ]
        start = int(request.cursor or 0)
        stop = start + request.limit
        return QueuePage(
            items=tuple(matching[start:stop]),
            matched=len(matching),
            matched_exact=True,
            cursor=str(stop) if stop < len(matching) else "",
        )
