"""The durable queue: one SQLite database, one writer thread, readers of their own.

This is the spool's front: it opens and closes everything, and answers `face.Spool`.  What
is in memory is in `book`, what is done in a transaction in `accept`, `record` and
`changes`, what is read in `due`, `content`, `pages` and `records`, on a `Reader`; what
operators look at is in `viewed` and `surveyor`, what they ask for in `operators`.  All methods
run on the loop and none blocks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar, final

from empath import codec
from empath.address import Domain
from empath.clock import Clock
from empath.config.model import Spool as Settings
from empath.envelope import LOCAL, Lane, Lot, MessageId
from empath.events import MessageEvent, NotificationSent
from empath.policy.room import Room
from empath.spool import content, opening, records
from empath.spool.accept import Arrival
from empath.spool.body import BodyFolder
from empath.spool.book import Book, Wish
from empath.spool.check import sweep
from empath.spool.draft import SpoolDraft
from empath.spool.face import Content, Draft, Notification, Ruling, SpoolFull
from empath.spool.keys import Keys
from empath.spool.lock import SpoolLock
from empath.spool.operators import Operators
from empath.spool.pages import Pages
from empath.spool.prune import Pruner
from empath.spool.quarantine import Quarantine
from empath.spool.reader import Reader
from empath.spool.record import Record
from empath.spool.scan import Scanner
from empath.spool.smaller import Keep, Postpone
from empath.spool.surveyor import Surveyed, Surveyor
from empath.spool.trash import Sweeper
from empath.spool.viewed import Viewed
from empath.spool.writer import Operation, Writer

T = TypeVar("T")

BODY_THREADS: Final = 4
"""Threads that write, verify and read body files."""


@final
class Store(Viewed, Operators, Surveyed):
    """The spool of one engine.  Make it with `open`, end it with `close`."""

    def __init__(self, settings: Settings, clock: Clock, parts: opening.Parts) -> None:
        self._settings = settings
        self._clock = clock
        self._parts = parts
        self._book: Book = parts.book
        self._writer: Writer = parts.writer
        self._folder: BodyFolder = parts.folder
        self._lock: SpoolLock = parts.lock
        self._keys = Keys(clock, parts.newest)
        self._pages = Pages(self._book, clock)
        self._delivery = Reader(parts.delivery_reader, parts.path, thread="empath-spool-due")
        self._operator = Reader(parts.operator_reader, parts.path, thread="empath-spool-look")
        self._sorter = Reader(parts.sorting_reader, parts.path, thread="empath-spool-sort")
        survey = Reader(parts.survey_reader, parts.path, thread="empath-spool-survey")
        self._surveyor = Surveyor(survey, clock)
        self._bodies = ThreadPoolExecutor(BODY_THREADS, thread_name_prefix="empath-spool-body")
        self._scanner = Scanner(self._book, self._delivery)
        self._pruner = Pruner(self._book, self._writer, clock)
        self._sweeper = Sweeper(self._book, self._writer, clock, self._discard)
        self._closed = False
        self._writer.idle = self._tidy
        self._swept = self._bodies.submit(self._sweep)

    def __repr__(self) -> str:
        return f"<Store {self.path} {self._book!r} {self._writer!r}>"

    @classmethod
    async def open(cls, settings: Settings, *, clock: Clock) -> Self:
        """Open the spool, making it if there is none.  Raises `SpoolInUse`, `SpoolUnusable`."""
        loop = asyncio.get_running_loop()
        book = Book(clock.now)
        parts = await loop.run_in_executor(None, opening.parts, settings, loop, clock, book)
        parts.writer.start()
        return cls(settings, clock, parts)

    async def close(self) -> None:
        """Finish what waits to be written, then let go of everything; once is enough."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._close)

    def _close(self) -> None:
        # Bodies first: they hand on to the writer.  The lock is the last to go.
        self._bodies.shutdown()
        self._writer.stop()
        self._delivery.close()
        self._operator.close()
        self._sorter.close()
        self._surveyor.close()
        self._folder.close()
        self._lock.release()

    @property
    def path(self) -> Path:
        """The spool's folder."""
        return self._parts.path

    def reconfigure(self, settings: Settings) -> None:
        """Take changed limits; the path stays what it was."""
        self._settings = settings

    # Reception.

    def draft(self) -> Draft:
        """Begin to receive a message.  Raises `SpoolFull` below `spool.min_free`."""
        free = self._writer.free(self._bodies)
        if free < self._settings.min_free:
            self._sweeper.tidy(self._settings)  # the trash goes first
            raise SpoolFull(
                f"The disk of the spool {self.path} has {free // 10**6} MB left, less than "
                f"spool.min_free ({self._settings.min_free}): free some space on it."
            )
        return SpoolDraft(
            inline_limit=self._settings.inline_limit,
            folder=self._folder,
            spool=self.path,
            executor=self._bodies,
            writer=self._writer,
            book=self._book,
            key=self._keys.next(),
        )

    # Delivery.

    async def due(
        self,
        now: float,
        *,
        limit: int | Room,
        per_destination: int,
        full: Collection[Domain] = (),
        crowded: Collection[Lane] = (),
    ) -> Sequence[Lot]:
        """Lease what is due: fresh mail from memory, then from disk, which has its share."""
        room = limit if isinstance(limit, Room) else Room(limit)
        return await self._scanner.due(now, room, Wish(per_destination, full, crowded))

    async def next_due(self, now: float) -> float | None:
        """When the next recipient that is not leased becomes due; None if none waits.

        What was not wanted, or had no room, at the last `due` does not count.
        """
        return now if self._book.fresh else self._book.tally.next_due(now)

    async def wait_arrival(self) -> None:
        """Return when something may have become due since the last return."""
        await self._book.arrival.wait()
        self._book.arrival.clear()

    def begin(self, lot: Lot) -> Lot | None:
        """The attempt starts now; None when an operator took the lease away."""
        return lot if self._book.begin(lot) else None

    async def content(self, id: MessageId) -> Content:
        """The body, verified.  Raises `BodyUnfit`."""
        kept = self._book.body(id.key)
        if kept is not None:
            return content.InlineContent(kept.prefix, kept.content)
        found = await self._delivery.ask(
            partial(content.read, folder=self._folder, executor=self._bodies), id.key
        )
        if isinstance(found, content.FileContent):
            await found.verify()
        return found

    async def record(
        self,
        lot: Lot,
        rulings: Sequence[Ruling],
        event: MessageEvent,
        notifications: Sequence[Notification] = (),
    ) -> Sequence[MessageId]:
        """Write down an attempt and end the lease; without a lease nothing is written.

        After `SpoolRefused` the lease stands, and the attempt can be recorded again.
        """
        lease = self._book.holder(lot)
        if lease is None or lease.recording:
            return ()
        # Whatever can go wrong with the event goes wrong before the lease is marked.
        encoded = codec.encode(event)
        lease.recording = True
        arrivals = [
            Arrival(
                self._keys.next(),
                notification.envelope,
                LOCAL,
                prefix=b"",
                content=notification.content,
                subject=notification.subject,
            )
            for notification in notifications
        ]
        sent = [
            codec.encode(
                NotificationSent(
                    event.at, lot.id, MessageId.from_key(arrival.key), each.kind, each.about
                )
            )
            for arrival, each in zip(arrivals, notifications, strict=True)
        ]
        return await self._write(
            Record(
                asyncio.get_running_loop(),
                self._book,
                lot,
                {ruling.number: ruling for ruling in rulings},
                at=event.at,
                events=[(self._keys.next(), each) for each in (encoded, *sent)],
                arrivals=arrivals,
                discard=self._discard,
            )
        )

    async def give_back(self, lot: Lot, due_at: float | None = None) -> None:
        """End the lease without an attempt; with *due_at*, not before then."""
        lease = self._book.holder(lot)
        if lease is None or lease.recording:
            return
        if due_at is None:
            self._book.end(lot, lot.due_at)
            self._book.arrival.set()
            return
        lease.recording = True
        await self._write(Postpone(asyncio.get_running_loop(), self._book, lot, due_at))

    async def quarantine(self, lot: Lot, event: MessageEvent, reason: str) -> None:
        """Hold the message for *reason* and end the lease: its body is damaged.

        Recipients in another attempt at this moment are left to that attempt.
        """
        lease = self._book.holder(lot)
        if lease is None or lease.recording:
            return
        lease.recording = True
        key = lot.id.key
        flying = set(self._book.freeze((key,))) - {(key, lot.destination)}
        operation = Quarantine(
            asyncio.get_running_loop(),
            self._book,
            lot,
            reason=reason,
            event=(self._keys.next(), codec.encode(event)),
            flying=flying,
        )
        try:
            await self._write(operation)
        finally:
            self._book.thaw((key,))

    # Small things.

    async def setting(self, key: str) -> str | None:
        """A value kept under *key*."""
        return await self._operator.ask(records.setting, key)

    async def keep(self, key: str, value: str | None) -> None:
        """Keep *value* under *key*; None forgets it."""
        await self._write(Keep(asyncio.get_running_loop(), key, value))

    async def swept(self) -> Sequence[str]:
        """Wait for the sweep of orphans that `open` began; their names."""
        return await asyncio.wrap_future(self._swept)

    # Within.

    async def _write(self, operation: Operation[T]) -> T:
        """Have it done in the next transaction, and done even if the caller is cancelled."""
        self._writer.submit(operation)
        result = await operation.future
        self._tidy()
        return result

    def _tidy(self) -> None:
        """Forget what is old, a little at a time."""
        self._pruner.tidy(self._settings)
        self._sweeper.tidy(self._settings)

    def _discard(self, key: int) -> None:
        """Remove the body file of a finished message, some time soon."""
        self._bodies.submit(self._remove, key)

    def _remove(self, key: int) -> None:
        with suppress(OSError):  # swept as an orphan at the next start
            self._folder.remove(MessageId.from_key(key))

    def _sweep(self) -> Sequence[str]:
        """Remove the body files that no message names; what was there before the start."""
        return sweep(self.path, self._folder, self._parts.names)
