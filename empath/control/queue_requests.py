"""What an operator may ask about mail: lists, one message, its content, and changes."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.control.request import Reply, Request
from empath.envelope import MessageId
from empath.events import MessageEvent


class QueueItem(Struct, frozen=True, kw_only=True):
    """One message of the queue.  State is a word such as ``deferred``, priority one such as
    ``normal``.
    """

    id: MessageId
    state: str
    received_at: float
    next_at: float | None
    attempts: int
    size: int
    priority: str
    reverse_path: EmailAddress | None
    recipient: EmailAddress
    recipients: int
    destination: Domain
    last_reply: str
    subject: str
    client: str = ""
    """The address it came from; empty for notifications of our own."""
    listener: str = ""
    """The listener it came in at."""
    tls: str = ""
    """Protocol and cipher of the session it came in by; empty for one in clear."""


class QueuePage(Reply, frozen=True):
    """A piece of the queue; `cursor` gets the next one and is empty at the end."""

    items: tuple[QueueItem, ...]
    matched: int
    matched_exact: bool
    cursor: str


class ListQueue(Request[QueuePage], frozen=True):
    """A piece of the queue.  `query` is in the filter language of `empath.query`.

    `sort` is ``age`` (oldest first), ``next`` (due soonest first), ``size``, ``tries``,
    ``destination`` or ``from``, or one of them behind ``-``, which turns it round.
    With `ids`, only these messages as far as they are still queued, whatever the query:
    how a console refreshes the rows it shows without moving them.
    """

    route = "queue"
    query: str = ""
    ids: tuple[MessageId, ...] = ()
    sort: str = "-age"
    cursor: str = ""
    limit: int = 60


class RecipientItem(Struct, frozen=True, kw_only=True):
    """One recipient of a message."""

    number: int
    address: EmailAddress
    destination: Domain
    state: str
    attempts: int
    next_at: float | None
    last_reply: str
    hold_reason: str
    doing: str = ""
    """What the attempt that runs now waits for, and at which server; empty if none runs."""
    next_hop: str = ""
    """Where it is re-routed, by itself or with its destination; empty if it is not."""
    next_hop_until: float | None = None


class MessageView(Reply, frozen=True):
    """Everything about one message except its body."""

    id: MessageId
    reverse_path: EmailAddress | None
    recipients: tuple[RecipientItem, ...]
    """At most a thousand; `recipient_count` is how many there are."""
    subject: str
    size: int
    sha256: str
    priority: str
    received_at: float
    expires_at: float | None
    """When it is given up; `None` where nothing of it is tried: held, captured or at its end."""
    client: str
    helo: str
    protocol: str
    listener: str
    tls: str
    body: str
    smtputf8: bool
    body_stored: bool
    timeline: tuple[MessageEvent, ...]
    headers: tuple[tuple[str, str], ...]
    """Names and unfolded values, sanitised; empty when the body is gone."""
    recipient_count: int = 0


class ViewMessage(Request[MessageView], frozen=True):
    """One message; refused when there is none of that id."""

    route = "queue/view"
    id: MessageId


class ContentPart(Reply, frozen=True):
    """A piece of a body; control characters are left as they are, so sanitise before showing."""

    id: MessageId
    offset: int
    size: int
    """Octets of the whole body."""
    text: str
    """The octets read as UTF-8, what is not UTF-8 escaped as ``\\xNN``."""
    octets: bytes = b""
    """The octets themselves (base64 in JSON), for saving the message as it is."""


class ReadContent(Request[ContentPart], frozen=True):
    """At most `limit` octets of a stored body from `offset`."""

    route = "queue/content"
    operators_only = True
    id: MessageId
    offset: int = 0
    limit: int = 65536


class PreviewItem(Struct, frozen=True, kw_only=True):
    """What a change would do at one destination."""

    destination: Domain
    messages: int
    recipients: int


class Preview(Struct, frozen=True, kw_only=True):
    """What a change would do now, asked with `dry_run`; nothing was changed."""

    messages: int
    recipients: int
    in_flight: int
    destinations: tuple[PreviewItem, ...]
    """Those with most recipients; `destination_count` is how many there are."""
    destination_count: int
    examples: tuple[QueueItem, ...]
    """The oldest few of the messages; `recipient` and `recipients` are of those touched."""
    kept_for: float | None = None
    """Of a deletion: for how many seconds it could be taken back; 0 if it is for good."""


class Changed(Reply, frozen=True):
    """What a change did: to how many messages and recipients.

    `in_flight` recipients were being delivered at that moment and were left alone.
    """

    messages: int
    recipients: int
    in_flight: int
    note: str = ""
    """Why nothing was changed, where that needs saying."""
    preview: Preview | None = None
    """With `dry_run`: what would be changed; the counts above are 0."""
    unknown: tuple[MessageId, ...] = ()
    """Those of the ids asked for that are not in the queue; the others were changed."""
    job: str = ""
    """The job that makes the change from now on, where it is for many messages: the counts are
    0 then, and `ListJobs` says how far it is.  Empty when all is done."""
    undo: str = ""
    """The job that `UndoJob` takes back; empty where nothing can be undone."""


class QueueChange(Request[Changed], frozen=True):
    """A change of the messages named by `ids`, of those frozen as `selection`, or else of all
    that `query` matches.

    With `expect`, the change is refused unless exactly that many messages match, or are in the
    selection.  With `dry_run`, nothing is changed and the reply says what would be.
    """

    changes = True
    ids: tuple[MessageId, ...] = ()
    query: str = ""
    selection: str = ""
    expect: int | None = None
    reason: str = ""
    dry_run: bool = False


class RetryMessages(QueueChange, frozen=True):
    """Make them due now."""

    route = "queue/retry"


class HoldMessages(QueueChange, frozen=True):
    """Keep them from being delivered."""

    route = "queue/hold"


class ReleaseMessages(QueueChange, frozen=True):
    """Queue held ones again."""

    route = "queue/release"


class DeleteMessages(QueueChange, frozen=True):
    """Give them up without telling anybody; they are kept in the trash for a while
    (`spool.trash_for`) and can be restored from it.
    """

    route = "queue/delete"


class BounceMessages(QueueChange, frozen=True):
    """Return them to their senders: fail them for good, and say why in a notification.

    `status` is the RFC 3463 code the sender is given, of class 5; he reads `reason` too.
    """

    route = "queue/bounce"
    status: str = "5.7.0"


class RerouteMessages(QueueChange, frozen=True):
    """Send them to another server from now on, for some seconds or for good; due now.

    `to` is ``host`` or ``host:port``; empty, they go to their destination's own servers again.
    """

    route = "queue/reroute"
    to: str = ""
    seconds: float | None = None


class PrioritizeMessages(QueueChange, frozen=True, kw_only=True):
    """Give them another class, for all recipients that wait; they are chosen by it from now on."""

    route = "queue/priority"
    priority: Literal["critical", "high", "normal", "low", "bulk"]


class FlushQueue(Request[Changed], frozen=True):
    """Make everything that waits due now, or everything for one destination."""

    route = "queue/flush"
    changes = True
    destination: Domain | None = None
    reason: str = ""
    dry_run: bool = False


class DestinationItem(Struct, frozen=True, kw_only=True):
    """The queue of one destination."""

    destination: Domain
    queued: int
    deferred: int
    held: int
    active: int
    connections: int
    oldest_at: float | None
    next_at: float | None
    last_reply: str


class Destinations(Reply, frozen=True):
    """The destinations that mail waits for, longest queue first."""

    items: tuple[DestinationItem, ...]
    total: int


class ListDestinations(Request[Destinations], frozen=True):
    """Where does mail wait?"""

    route = "destinations"
    limit: int = 200
