"""The face of the spool: what the rest of Empath may ask of it, as Protocols.

Promises: a message that `Draft.commit` returned an id for is durable; every change of a
recipient is one transaction; a leased lot is nobody else's until it is recorded or given
back; leases do not outlive the process.  All methods are called on the event loop and none
blocks it: the disk is touched by the writer thread and by readers of the spool's own.
Reception and delivery stand here; what operators change is in `operating`, what they look at in
`viewing` and `surveying`, and this module gives out their words too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final, Protocol

from msgspec import Struct

from empath.address import Domain
from empath.envelope import Envelope, Lane, Lot, MessageId, Origin
from empath.events import MessageEvent
from empath.policy.room import Room
from empath.reply import Outcome
from empath.spool.operating import Changed, Counted, Example, Notification, Operating
from empath.spool.surveying import DestinationRow, Surveying
from empath.spool.viewing import (
    SORTS,
    MessageRecord,
    Problem,
    QueuePage,
    QueueRow,
    RecipientRow,
    SpoolStats,
    Viewing,
)

__all__ = [
    "DAMAGED",
    "SORTS",
    "BodyUnfit",
    "Changed",
    "Content",
    "Counted",
    "DestinationRow",
    "Draft",
    "Example",
    "MessageRecord",
    "Notification",
    "Problem",
    "QueuePage",
    "QueueRow",
    "RecipientRow",
    "Ruling",
    "Spool",
    "SpoolFull",
    "SpoolInUse",
    "SpoolRefused",
    "SpoolStats",
    "SpoolUnusable",
]


class SpoolRefused(Exception):
    """The spool could not take or change a message now; the message is a sentence for the
    operator.  Nothing was changed.  The client is told 451 (SMTP-RULES L1).
    """


class SpoolFull(SpoolRefused):
    """Less than `spool.min_free` is left; the client is told 452 4.3.1."""


class SpoolInUse(Exception):
    """Another engine has this spool open."""


class SpoolUnusable(Exception):
    """The spool cannot be opened: path, permissions, version; the message says what to do."""


DAMAGED: Final = "body damaged: "
"""How the hold reason of quarantined mail begins."""


class BodyUnfit(Exception):
    """The stored body is missing or is not what was accepted (size or SHA-256)."""


class Draft(Protocol):
    """A message being received.  Nothing of it lasts until `commit` returns.

    Use it as ``draft.write(chunk)``; when `pressed`, ``await draft.drain()`` before the next
    chunk.  Whatever ends the reception without a commit calls `abort`, which is idempotent.
    """

    @property
    def id(self) -> MessageId:
        """The id the message will have when it is committed; our Received field names it."""
        ...

    @property
    def pressed(self) -> bool:
        """More is waiting to be written to disk than should be held in memory."""
        ...

    @property
    def size(self) -> int:
        """Octets written so far."""
        ...

    def write(self, chunk: bytes) -> None:
        """Take the next octets of the content; never blocks."""
        ...

    async def drain(self) -> None:
        """Wait until what was written is on disk.  Raises `SpoolRefused`."""
        ...

    def commit(
        self, envelope: Envelope, origin: Origin, *, prefix: bytes, subject: str, hold: str = ""
    ) -> asyncio.Future[MessageId]:
        """Make the message durable: *prefix* (our trace fields) and what was written.

        *subject* is sanitised text for the operator.  With *hold* the recipients are held
        for that reason instead of being queued.  The future is the message's id, or raises
        `SpoolRefused`, after which nothing of the message is left.  Once called it runs to
        its end even if nobody waits for the future or it is cancelled (SMTP-RULES L2).
        """
        ...

    async def abort(self) -> None:
        """Forget the message."""
        ...


class Content(Protocol):
    """The body of an accepted message, verified against its size and SHA-256."""

    @property
    def size(self) -> int:
        """Octets, with CRLF line ends and without dot-stuffing."""
        ...

    @property
    def octets(self) -> bytes | None:
        """All of it, where that is in memory anyway; None: read it with `chunks`."""
        ...

    def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        """The octets in order, from the start."""
        ...

    async def part(self, start: int, limit: int) -> bytes:
        """At most *limit* octets from *start* on; those before it are not read."""
        ...


class Ruling(Struct, frozen=True):
    """What an attempt meant for one recipient of a lot: what the spool is to write down.

    For `Deferred`, *next_at* says when it is due again.  *expired* marks a recipient that is
    given up for its age rather than refused.
    """

    number: int
    outcome: Outcome
    next_at: float | None = None
    expired: bool = False
    delay_noticed: bool = False


class Spool(Viewing, Operating, Surveying, Protocol):
    """The durable queue."""

    def draft(self) -> Draft:
        """Begin to receive a message.  Raises `SpoolFull` below `spool.min_free`."""
        ...

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
        """Lease up to *limit* lots that are due, or as many of each class as there is room
        for: at most *per_destination* of one class at one destination, none for the
        destinations in *full* nor of the lanes in *crowded*.  Freshly accepted mail comes
        from memory.
        """
        ...

    async def next_due(self, now: float) -> float | None:
        """When the next recipient that is not leased becomes due; None if none waits."""
        ...

    async def wait_arrival(self) -> None:
        """Return when something may have become due: mail came, or an operator acted."""
        ...

    def begin(self, lot: Lot) -> Lot | None:
        """The attempt starts now: its recipients become ACTIVE.  Returns the lot without the
        recipients an operator has meanwhile held or deleted; None when none is left.
        """
        ...

    async def content(self, id: MessageId) -> Content:
        """The body, verified.  Raises `BodyUnfit`."""
        ...

    async def record(
        self,
        lot: Lot,
        rulings: Sequence[Ruling],
        event: MessageEvent,
        notifications: Sequence[Notification] = (),
    ) -> Sequence[MessageId]:
        """Write down an attempt in one transaction and end the lease: recipients, timeline,
        notifications (whose ids are returned); a message without waiting recipients loses
        its body.  Recipients of the lot without a ruling stay as they were.
        """
        ...

    async def give_back(self, lot: Lot, due_at: float | None = None) -> None:
        """End the lease without an attempt; with *due_at*, not before then."""
        ...

    async def quarantine(self, lot: Lot, event: MessageEvent, reason: str) -> None:
        """Hold the whole message for `DAMAGED` *reason* and end the lease: its body is damaged."""
        ...

    # Small things a restart needs.

    async def setting(self, key: str) -> str | None:
        """A value kept under *key*."""
        ...

    async def keep(self, key: str, value: str | None) -> None:
        """Keep *value* under *key*; None forgets it."""
        ...
