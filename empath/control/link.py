"""The operator's door: every request, its reply, and the `Link` they travel over.

Each request is a struct whose type argument is its reply, so ``await link.ask(ListQueue())``
is typed.  The same values cross the socket as JSON.  `route` is the path below ``/v1/``;
`changes` marks requests that a read-only link refuses.  The console and ``empathctl`` know
the engine only through this module, the events and the words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Generic, Protocol, TypeVar, get_args

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId, Priority
from empath.events import Event, MessageEvent

R_co = TypeVar("R_co", covariant=True)

PROTOCOL: int = 1
"""Raised when a request or reply changes in a way an older console cannot read."""


class LinkLost(Exception):
    """The engine does not answer; the message names the socket and what to do."""


class LinkIncompatible(LinkLost):
    """Something answers, but in another version of the protocol, or in none that is known."""


class RequestRefused(Exception):
    """The engine understood and said no; the message says why and what to do."""


class RequestUnclear(RequestRefused):
    """The request itself is wrong: a field, a value, a filter that cannot be read."""


class NotFound(RequestRefused):
    """There is no such message, override or route."""


class LinkReadOnly(RequestRefused):
    """This link may look and not touch."""


class Request(Struct, Generic[R_co], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something an operator asks; its type argument is the reply."""

    route: ClassVar[str] = ""
    changes: ClassVar[bool] = False


def reply_type(request: type[Request[object]]) -> type:
    """The type of the reply to this type of request."""
    kind: type = get_args(request.__orig_bases__[0])[0]  # type: ignore[attr-defined]
    return kind


class Reply(Struct, frozen=True, kw_only=True):
    """An answer."""


class Pong(Reply, frozen=True):
    """Who answers.  `read_only` says that this link may look and not touch."""

    version: str
    protocol: int
    pid: int
    hostname: str
    mode: str
    started_at: float
    now: float
    read_only: bool


class Ping(Request[Pong], frozen=True):
    """Are you there, and who are you?"""

    route = "system/ping"


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


class AttentionItem(Struct, frozen=True, kw_only=True):
    """Something an operator should see to, worst first."""

    severity: str
    """``error`` or ``warning``."""
    subject: str
    sentence: str
    query: str = ""
    """A filter that shows the mail concerned; may be empty."""


class Status(Reply, frozen=True):
    """The engine at a glance; counters run since its start, rates are for the client to derive."""

    pong: Pong
    listeners: tuple[str, ...]
    queued: int
    deferred: int
    held: int
    active: int
    messages: int
    oldest_at: float | None
    next_at: float | None
    accepted: int
    refused: int
    delivered: int
    deferrals: int
    bounced: int
    sessions: int
    connections_out: int
    loop_lag: float
    """Seconds the event loop was late at worst in the last ten seconds."""
    memory: int
    """Resident memory in octets."""
    free_octets: int
    attention: tuple[AttentionItem, ...]
    sequence: int
    """The number of the last event."""


class GetStatus(Request[Status], frozen=True):
    """How are you?"""

    route = "system/status"


class QueueItem(Struct, frozen=True, kw_only=True):
    """One message of the queue.  State is a word such as ``deferred``."""

    id: MessageId
    state: str
    received_at: float
    next_at: float | None
    attempts: int
    size: int
    priority: Priority
    reverse_path: EmailAddress | None
    recipient: EmailAddress
    recipients: int
    destination: Domain
    last_reply: str
    subject: str


class QueuePage(Reply, frozen=True):
    """A piece of the queue; `cursor` gets the next one and is empty at the end."""

    items: tuple[QueueItem, ...]
    matched: int
    matched_exact: bool
    cursor: str


class ListQueue(Request[QueuePage], frozen=True):
    """A piece of the queue.  `query` is in the filter language of `empath.query`.

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


class MessageView(Reply, frozen=True):
    """Everything about one message except its body."""

    id: MessageId
    reverse_path: EmailAddress | None
    recipients: tuple[RecipientItem, ...]
    subject: str
    size: int
    sha256: str
    priority: Priority
    received_at: float
    expires_at: float
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


class ReadContent(Request[ContentPart], frozen=True):
    """At most `limit` octets of a stored body from `offset`."""

    route = "queue/content"
    id: MessageId
    offset: int = 0
    limit: int = 65536


class Changed(Reply, frozen=True):
    """What a change did: to how many messages and recipients.

    `in_flight` recipients were being delivered at that moment and were left alone.
    """

    messages: int
    recipients: int
    in_flight: int


class QueueChange(Request[Changed], frozen=True):
    """A change of the messages named by `ids`, or else of all that `query` matches.

    With `expect`, the change is refused unless exactly that many messages match.
    """

    changes = True
    ids: tuple[MessageId, ...] = ()
    query: str = ""
    expect: int | None = None


class RetryMessages(QueueChange, frozen=True):
    """Make them due now."""

    route = "queue/retry"


class HoldMessages(QueueChange, frozen=True):
    """Keep them from being delivered."""

    route = "queue/hold"
    reason: str = ""


class ReleaseMessages(QueueChange, frozen=True):
    """Queue held ones again."""

    route = "queue/release"


class DeleteMessages(QueueChange, frozen=True):
    """Give them up without telling anybody."""

    route = "queue/delete"
    reason: str = ""


class FlushQueue(Request[Changed], frozen=True):
    """Make everything that waits due now, or everything for one destination."""

    route = "queue/flush"
    changes = True
    destination: Domain | None = None


class Destinations(Reply, frozen=True):
    """The destinations that mail waits for, longest queue first."""

    items: tuple[DestinationItem, ...]
    total: int


class ListDestinations(Request[Destinations], frozen=True):
    """Where does mail wait?"""

    route = "destinations"
    limit: int = 200


class SpoolReport(Reply, frozen=True):
    """The spool's figures."""

    path: str
    messages: int
    finished: int
    octets: int
    file_bodies: int
    database_octets: int
    free_octets: int
    commits: int
    operations: int


class GetSpool(Request[SpoolReport], frozen=True):
    """How is the spool?"""

    route = "spool/stats"


class SpoolProblem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the spool."""

    subject: str
    sentence: str


class SpoolCheck(Reply, frozen=True):
    """What a check found; no problems is good."""

    problems: tuple[SpoolProblem, ...]


class CheckSpool(Request[SpoolCheck], frozen=True):
    """Verify every body and table."""

    route = "spool/check"


class DnsEntry(Struct, frozen=True, kw_only=True):
    """One answer that the resolver keeps."""

    name: str
    kind: str
    """``MX``, ``A`` or ``AAAA``."""
    answer: tuple[str, ...]
    """Records as text; empty for "no such name" or "no such record"."""
    expires_at: float


class DnsCache(Reply, frozen=True):
    """What the resolver keeps."""

    entries: tuple[DnsEntry, ...]


class ListDnsCache(Request[DnsCache], frozen=True):
    """What does the resolver keep?"""

    route = "dns/cache"


class DnsCleared(Reply, frozen=True):
    """How many answers were forgotten."""

    entries: int


class ClearDnsCache(Request[DnsCleared], frozen=True):
    """Forget all answers, or those for one name."""

    route = "dns/clear"
    changes = True
    name: str = ""


class RefreshDns(Request[DnsCache], frozen=True):
    """Look a mail domain up afresh: its MX and their addresses."""

    route = "dns/refresh"
    changes = True
    domain: Domain


class DnsOverride(Struct, frozen=True, kw_only=True):
    """A domain whose mail goes to these hosts whatever the DNS says."""

    domain: Domain
    hosts: tuple[str, ...]
    """``host:port``, in order of preference."""


class DnsOverrides(Reply, frozen=True):
    """All overrides."""

    overrides: tuple[DnsOverride, ...]


class ListDnsOverrides(Request[DnsOverrides], frozen=True):
    """Which overrides are there?"""

    route = "dns/overrides"


class SetDnsOverride(Request[DnsOverrides], frozen=True):
    """Send a domain's mail to these hosts from now on; survives a restart."""

    route = "dns/override/set"
    changes = True
    domain: Domain
    hosts: tuple[str, ...]


class RemoveDnsOverride(Request[DnsOverrides], frozen=True):
    """Ask the DNS again for this domain."""

    route = "dns/override/remove"
    changes = True
    domain: Domain


class Stopping(Reply, frozen=True):
    """The engine drains and then ends."""


class StopEngine(Request[Stopping], frozen=True):
    """Finish what is on the wire, then stop."""

    route = "system/stop"
    changes = True


class Notice(Struct, frozen=True, kw_only=True):
    """An event and its number; a gap in the numbers is a loss, and `missed` says how many."""

    sequence: int
    event: Event
    missed: int = 0


class Link(Protocol):
    """What an operator may do with an engine, near or far.

    Both methods raise `LinkLost` when the engine cannot be reached and `RequestRefused`
    when it says no.
    """

    async def ask(self, request: Request[R_co]) -> R_co:
        """Send a request and wait for its reply."""
        ...

    def events(self, after: int | None = None) -> AsyncIterator[Notice]:
        """The stream of events from now on, or from behind number *after*."""
        ...

    async def close(self) -> None:
        """Let go of the engine."""
        ...
