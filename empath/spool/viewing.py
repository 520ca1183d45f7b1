"""What can be seen of the queue: lists, one message, destinations, figures, what is damaged.

The part of the spool's face that changes nothing.  It is read beside the writer, on readers of
its own, so whoever looks keeps nobody waiting who sends or receives mail.  All raise
`empath.spool.face.SpoolRefused`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from empath.address import Domain, EmailAddress
from empath.envelope import Envelope, Lane, MessageId, NextHop, Origin, Priority, Recipient, State
from empath.events import MessageEvent
from empath.policy.turns import Ahead
from empath.query import QueueQuery
from empath.spool.surveying import DestinationRow

SORTS: Final = ("age", "next", "size", "tries", "destination", "from")
"""The orders of a list: oldest, due soonest, smallest, least tried first, by name."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One message as a list shows it."""

    id: MessageId
    state: State
    received_at: float
    next_at: float | None
    attempts: int
    size: int
    priority: Priority
    reverse_path: EmailAddress | None
    recipient: EmailAddress
    """The first recipient that still waits, else the first."""
    recipients: int
    destination: Domain
    last_reply: str
    """What a server said last to that recipient; of a held one, why it is held."""
    subject: str
    client: str = ""
    listener: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A piece of a list, and where the next piece begins."""

    rows: tuple[QueueRow, ...]
    matched: int
    """How many match in all; at least this many when `matched_exact` is false."""
    matched_exact: bool
    next_cursor: str
    """Pass it to get the rows behind these; empty at the end."""


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient as the message's detail shows it."""

    number: int
    recipient: Recipient
    destination: Domain
    state: State
    attempts: int
    next_at: float | None
    last_reply: str
    hold_reason: str
    next_hop: NextHop | None = None
    """Where an operator re-routed it."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """Everything known about one message except its body."""

    id: MessageId
    envelope: Envelope
    origin: Origin
    received_at: float
    size: int
    sha256: str
    """Of the content as it was received, in hexadecimal; our own trace fields are not in it."""
    subject: str
    body_stored: bool
    recipients: tuple[RecipientRow, ...]
    timeline: tuple[MessageEvent, ...]


@dataclass(frozen=True, slots=True)
class SpoolStats:
    """The spool at a glance."""

    recipients: Mapping[State, int]
    """Recipients that are not final, by state."""
    messages: int
    """Messages with a recipient that is not final."""
    finished: int
    """Finished messages whose history is kept."""
    octets: int
    """Octets of stored bodies."""
    file_bodies: int
    database_octets: int
    free_octets: int
    oldest_at: float | None
    commits: int
    """Transactions since the start."""
    operations: int
    """Operations in them: operations / commits is how well group commit works."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check of the spool found wrong with one thing, and what to do."""

    subject: str
    sentence: str


class Viewing(Protocol):
    """The part of the spool that is looked at."""

    async def page(
        self, query: QueueQuery, *, sort: str = "age", cursor: str = "", limit: int = 60
    ) -> QueuePage:
        """A piece of the queue.  *sort* is one of `SORTS`, ``-`` before it turns it round.
        Raises `empath.spool.cursors.BadCursor`.
        """
        ...

    async def message(self, id: MessageId) -> MessageRecord | None:
        """One message, finished ones included while their history is kept."""
        ...

    async def destinations(self, limit: int = 1000) -> Sequence[DestinationRow]:
        """The destinations that mail waits for, longest queue first."""
        ...

    async def ahead(
        self, lane: Lane, id: MessageId, due_at: float, now: float, *, of_class: bool
    ) -> Ahead:
        """What is due now and shares a rate with message *id* of *lane*, due at *due_at*: its
        class at all destinations, or all classes at its destination.
        """
        ...

    async def damaged(self) -> Mapping[MessageId, str]:
        """Messages that are held since their bodies are damaged, and what is wrong with each.

        Bounded: of very much held mail only a part is looked at.
        """
        ...

    async def stats(self) -> SpoolStats:
        """The spool at a glance."""
        ...

    async def check(self) -> Sequence[Problem]:
        """Verify database, bodies and files; slow, on a reader of its own."""
        ...
