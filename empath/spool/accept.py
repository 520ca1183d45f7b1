"""Making a message durable: its rows, and what is handed on once they are.

All messages of a batch are written with four statements.  `sha256` is over the content
that was received; our own trace fields (*prefix*) have a checksum of their own, because
they are known only when the content has long passed.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import ClassVar, Final, Self, final

import apsw

from empath.address import Domain
from empath.envelope import Envelope, Lot, MessageId, Origin, State, Waiting
from empath.spool import stored
from empath.spool.body import BodyFile
from empath.spool.book import Book
from empath.spool.rows import Rows
from empath.spool.writer import Operation

_MESSAGE: Final = Rows(
    "INSERT INTO message"
    " (key, reverse_path, priority, size, sha256, subject, stored, prefix, details) {}",
    9,
)
_BODY: Final = Rows("INSERT INTO body (key, content) {}", 2)
_RECIPIENT: Final = Rows(
    "INSERT INTO recipient"
    " (key, number, address, destination, state, due_at, notify, original, hold_reason, priority)"
    " {}",
    10,
)


@final
class Arrival:
    """A message to be stored: by a client, or as a notification that an attempt causes.

    Its body is *content*, unless `file` is set.
    """

    __slots__ = ("content", "envelope", "file", "hold", "key", "origin", "prefix", "subject")

    def __init__(
        self,
        key: int,
        envelope: Envelope,
        origin: Origin,
        *,
        prefix: bytes,
        content: bytes = b"",
        subject: str,
        hold: str = "",
    ) -> None:
        self.key = key
        self.envelope = envelope
        self.origin = origin
        self.prefix = prefix
        self.content = content
        self.file: BodyFile | None = None
        self.subject = subject
        self.hold = hold

    @property
    def size(self) -> int:
        """Octets of prefix and content."""
        return len(self.prefix) + (len(self.content) if self.file is None else self.file.size)

    def landed(self, book: Book) -> MessageId:
        """Hand it on; runs on the loop after the commit."""
        message_id = MessageId.from_key(self.key)
        book.tally.octets += self.size
        book.tally.file_bodies += self.file is not None
        body = (self.prefix, self.content) if self.file is None else None
        if self.hold:
            held: dict[Domain, int] = {}
            for recipient in self.envelope.recipients:
                destination = stored.domain_of(recipient.address)
                held[destination] = held.get(destination, 0) + 1
            book.arrived(self.key, (), tuple(held.items()), None)
        else:
            book.arrived(self.key, self._lots(message_id), (), body)
        return message_id

    def _lots(self, id: MessageId) -> list[Lot]:
        envelope = self.envelope
        parts: dict[Domain, list[Waiting]] = {}
        for number, recipient in enumerate(envelope.recipients):
            waiting = Waiting(number, recipient, 0)
            parts.setdefault(stored.domain_of(recipient.address), []).append(waiting)
        at = stored.received_at(self.key)
        return [
            Lot(
                id,
                destination,
                tuple(recipients),
                envelope.reverse_path,
                envelope.priority,
                at,
                at,
                self.size,
                envelope.body,
                envelope.smtputf8,
                envelope.envid,
                envelope.return_headers_only,
                envelope.mt_priority,
            )
            for destination, recipients in parts.items()
        ]


def insert(cursor: apsw.Cursor, arrivals: Sequence[Arrival]) -> None:
    """Write the rows of *arrivals*; runs in the writer's thread."""
    messages: list[apsw.SQLiteValue] = []
    bodies: list[apsw.SQLiteValue] = []
    recipients: list[apsw.SQLiteValue] = []
    for arrival in arrivals:
        key, envelope, file = arrival.key, arrival.envelope, arrival.file
        if file is None:
            digest = hashlib.sha256(arrival.content).digest()
            bodies += (key, arrival.content)
        else:
            digest = file.sha256
        messages += (
            key,
            envelope.reverse_path,
            envelope.priority,
            arrival.size,
            digest,
            arrival.subject,
            stored.INLINE if file is None else stored.FILE,
            arrival.prefix,
            stored.Details.of(envelope, arrival.origin, zlib.crc32(arrival.prefix)),
        )
        state = State.HELD if arrival.hold else State.QUEUED
        due_at = None if arrival.hold else stored.received_at(key)
        for number, recipient in enumerate(envelope.recipients):
            recipients += (
                key,
                number,
                recipient.address,
                stored.domain_of(recipient.address),
                state,
                due_at,
                stored.notify_number(recipient.notify),
                recipient.original,
                arrival.hold,
                envelope.priority,
            )
    _MESSAGE.run(cursor, messages)
    _BODY.run(cursor, bodies)
    _RECIPIENT.run(cursor, recipients)


@final
class Accept(Operation[MessageId]):
    """A message that a client sent."""

    rank: ClassVar[int] = 0

    __slots__ = ("_book", "_executor", "arrival")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, book: Book, arrival: Arrival, executor: Executor
    ) -> None:
        super().__init__(loop)
        self._executor = executor
        self._book = book
        self.arrival = arrival

    @classmethod
    def run_all(cls, cursor: apsw.Cursor, operations: Sequence[Self]) -> None:
        """Insert all of them at once."""
        insert(cursor, [operation.arrival for operation in operations])

    def landed(self) -> MessageId:
        """It may be answered with 250 now, and delivered."""
        return self.arrival.landed(self._book)

    def refused(self) -> None:
        """Nothing of it may be left."""
        if self.arrival.file is not None:
            self._executor.submit(self.arrival.file.discard)
