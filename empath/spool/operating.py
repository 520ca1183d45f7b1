"""What operators may do to the queue: the part of the spool's face that is theirs.

Every change is durable when it returns, is written into the timeline of each message, and
leaves alone what is being delivered at that moment.  `note` keeps the record of who did what
when and why.  All raise `empath.spool.face.SpoolRefused`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from empath.address import Domain, EmailAddress
from empath.envelope import Envelope, Lot, MessageId, NextHop, Priority, State
from empath.events import MessageEvent, NotificationSent, OperatorRecord
from empath.query import QueueQuery
from empath.reply import Reply

if TYPE_CHECKING:  # they stand on this module
    from empath.spool.filters import Chosen
    from empath.spool.jobs import Job, Numbered
    from empath.spool.selection import Frozen
    from empath.spool.undo import Source
CAPTURED: Final = "captured in dev mode"
"""How the hold reason of captured mail begins; what came of its release may follow."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message of our own that is stored in the same transaction as what caused it."""

    envelope: Envelope
    content: bytes
    subject: str
    kind: str
    """``failed`` or ``delayed``."""
    about: tuple[EmailAddress, ...] = ()
    """The recipients that it tells of."""


Report = Callable[[Lot, bytes], Notification | None]
"""Writes the notification about bounced recipients of one message, given as a lot and the
beginning of its content (empty if the body is damaged); None where the sender is not told."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What an operator's change of the queue did."""

    ids: tuple[MessageId, ...]
    recipients: int
    in_flight: int
    """Recipients left alone because they are being delivered at this moment."""
    notified: tuple[NotificationSent, ...] = ()
    """The notifications that it caused."""
    told: str = ""
    """What the timeline gives as the reason: what it was changed to, and why."""
    each: tuple[int, ...] = ()
    """How many of those recipients each of `ids` has."""


@dataclass(frozen=True, slots=True)
class Example:
    """One of the messages that a change would touch, and the first recipient it is about."""

    id: MessageId
    recipient: EmailAddress
    state: State
    recipients: int
    """How many of its recipients would be touched."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a change would do now."""

    messages: int
    recipients: int
    in_flight: int
    destinations: Mapping[Domain, tuple[int, int]]
    """Messages and recipients at each destination, most recipients first."""
    examples: tuple[Example, ...]
    """The oldest few of the messages."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What one lot of an undo, or of a restore, did."""

    ids: tuple[MessageId, ...]
    recipients: int
    in_flight: int
    left: int
    """Recipients left alone because they have moved on since."""
    looked: int = 0
    """Messages that were looked at."""
    place: int = 0
    """The key behind which the next lot begins."""


@dataclass(frozen=True, slots=True)
class TrashRow:
    """One message of which recipients were deleted."""

    id: MessageId
    at: float
    job: int
    recipients: int
    recipient: EmailAddress
    """The first of them."""
    reverse_path: EmailAddress | None
    size: int
    subject: str


class Operating(Protocol):
    """Changes, their count beforehand, taking them back, and the record of them.

    What is changed is given as a filter, or as a lot of a frozen set; a lot that names its job
    can be taken back.
    """

    async def hold(self, query: Chosen, *, actor: str, reason: str, at: float) -> Changed:
        """Keep the matching recipients from being delivered."""
        ...

    async def release(self, query: Chosen, *, actor: str, at: float, reason: str = "") -> Changed:
        """Queue the matching held recipients again, due now."""
        ...

    async def retry(self, query: Chosen, *, actor: str, at: float, reason: str = "") -> Changed:
        """Make the matching waiting recipients due now."""
        ...

    async def delete(self, query: Chosen, *, actor: str, reason: str, at: float) -> Changed:
        """Give the matching recipients up without telling anybody."""
        ...

    async def prioritize(
        self, query: Chosen, priority: Priority, *, actor: str, at: float, reason: str = ""
    ) -> Changed:
        """Give the matching messages another class, for all their recipients that wait; the
        timeline says which.  The next server is told the number of that class.
        """
        ...

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
        """Fail the matching recipients for good with *reply*; what *report* writes about them is
        stored in the same transaction.
        """
        ...

    async def reroute(
        self, query: Chosen, hop: NextHop | None, *, actor: str, at: float, reason: str
    ) -> Changed:
        """Send the matching recipients to *hop* from now on, due now if they are not held; None
        sends them to their destination's own servers again.
        """
        ...

    async def count(self, query: Chosen | Frozen, action: str) -> Counted:
        """What *action* (``hold``, ``release``, ``retry``, ``delete``, ``priority``, ``bounce``
        or ``reroute``) would change now; changes nothing.
        """
        ...

    async def freeze(self, query: QueueQuery, *, enough: int | None = None) -> Frozen:
        """What *query* matches now, as a frozen set; with *enough*, no need to find more
        messages than one above it.
        """
        ...

    async def begin_job(self, job: Job) -> int:
        """Write down that a job begins; gives its number."""
        ...

    async def keep_job(self, number: int, job: Job) -> None:
        """Write down how far it is."""
        ...

    async def jobs(self, limit: int = 100) -> Sequence[Numbered]:
        """The last jobs, newest first."""
        ...

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
        """Take back one lot of what a job did, of messages behind key *after*, or of deleted
        ones *ids*; None when none is left.
        """
        ...

    async def kept(self, source: Source, ids: Sequence[MessageId] = ()) -> Counted:
        """What there is to take back, of messages *ids* where they are given."""
        ...

    async def trash(
        self, before: tuple[float, int] | None = None, limit: int = 60
    ) -> tuple[TrashRow, ...]:
        """Messages in the trash, the last deleted first, behind the time and key *before*."""
        ...

    async def empty_trash(self, before: float) -> tuple[int, bool]:
        """Forget the oldest lot of what was deleted before the time *before*, for good: how many
        messages are gone, and whether there may be more.
        """
        ...

    @property
    def trashed(self) -> tuple[int, int]:
        """Messages in the trash, and octets of those that nobody waits for."""
        ...

    async def tell(self, event: MessageEvent, *, hold_reason: str = "") -> None:
        """Add *event* to the timeline of its message, whose state stays; with *hold_reason*, that
        is what its held recipients are held for from now on.
        """
        ...

    async def note(self, record: OperatorRecord, number: int | None = None) -> int:
        """Keep *record*, in the place of *number* if given; returns its number."""
        ...

    async def notes(
        self, limit: int, before: int | None = None
    ) -> Sequence[tuple[int, OperatorRecord]]:
        """The newest *limit* records with their numbers, older than number *before* if given."""
        ...
