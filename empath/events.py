"""What happens in Empath, one frozen struct each: the only vocabulary of logs, metrics,
the timeline of a message, the console and any later webhook.

A new event is a struct here and a name in `Event`; everything else follows from it.
`at` is in seconds since the epoch.  Strings from peers are already sanitised.
Events of one message carry its `id`; `MessageEvent` is the union of those, which the
spool keeps as the message's timeline.
"""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId, Priority


class _Event(Struct, frozen=True, tag_field="event", tag=True, omit_defaults=True):
    at: float


class EngineStarted(_Event, frozen=True):
    """The engine runs: the spool is open and the listeners answer."""

    version: str
    pid: int
    mode: str
    queued: int


class EngineStopping(_Event, frozen=True):
    """The engine drains: no new sessions, running attempts may finish."""

    reason: str


class ListenerOpened(_Event, frozen=True):
    """A listener answers at this address."""

    address: str


class SessionRefused(_Event, frozen=True):
    """A client was sent away, or one of its commands or messages refused."""

    client: str
    helo: str
    stage: str
    """The verb (``MAIL``, ``RCPT`` …), ``CONNECT`` or ``CONTENT``."""
    subject: str
    """What was refused, such as the recipient; may be empty."""
    reply: str


class SessionLost(_Event, frozen=True):
    """A client went away or fell silent in the middle of a transaction; nothing was accepted."""

    client: str
    helo: str
    stage: str
    reason: str


class MessageAccepted(_Event, frozen=True):
    """The message is on disk and its client has been told 250."""

    id: MessageId
    reverse_path: EmailAddress | None
    recipients: tuple[EmailAddress, ...]
    size: int
    client: str
    helo: str
    protocol: str
    priority: Priority
    subject: str
    held: bool = False
    """The recipients were held on arrival (dev mode captures all mail)."""


class TlsSession(Struct, frozen=True, omit_defaults=True):
    """What was agreed in one TLS handshake."""

    version: str
    cipher: str
    verified: str = ""
    """How the peer's name was verified (``chain``), or empty where it was not."""
    names: tuple[str, ...] = ()
    """The host names in the certificate (subject alternative names), bounded."""
    expires_at: float | None = None
    """When the certificate expires; None where it could not be read."""
    self_signed: bool = False
    """The certificate names itself as its issuer."""


class TlsFailure(Struct, frozen=True, omit_defaults=True):
    """One server that did not give the encryption that was asked of it."""

    server: str
    policy: str
    source: str
    fault: str
    """One of `empath.policy.tls.TlsFault`, such as ``certificate-expired``."""
    reason: str = ""


class RecipientResult(Struct, frozen=True, omit_defaults=True):
    """What one attempt meant for one recipient."""

    number: int
    address: EmailAddress
    result: str
    """``delivered``, ``deferred``, ``failed`` or ``expired``."""
    reply: str
    next_at: float | None = None
    """When a deferred recipient is due again."""
    ours: bool = False
    """No server spoke the reply: it is what we say of one, or for ourselves."""


class AttemptEnded(_Event, frozen=True):
    """One attempt at one destination is over, and recorded."""

    id: MessageId
    destination: Domain
    server: str
    """``mx1.example.org [192.0.2.1]:25``, or empty where none was reached."""
    stage: str
    """Where the attempt ended: ``DNS``, ``CONNECT``, ``EHLO``, ``STARTTLS``, ``AUTH``,
    ``MAIL``, ``RCPT``, ``DATA``, ``CONTENT`` or ``DONE``."""
    seconds: float
    size: int
    latency: float
    """Seconds from arrival to the end of this attempt."""
    results: tuple[RecipientResult, ...]
    priority: Priority = Priority.NORMAL
    tls: TlsSession | None = None
    tls_policy: str = ""
    """``opportunistic``, ``required``, ``verify`` or ``disabled``; empty if no host was found."""
    tls_source: str = ""
    """Who asked for that policy: ``default``, ``destination`` or ``route``; ``override`` at a host
    that an operator re-routed the mail to."""
    tls_failures: tuple[TlsFailure, ...] = ()
    """The servers whose encryption failed on the way, in order; the mail may have gone to the
    next one, or where the policy allows it in clear."""
    uncertain: bool = False
    """The connection ended after the final dot: the peer may have the message."""
    transcript: tuple[str, ...] = ()
    """The dialogue line by line, secrets left out, bounded; kept for attempts that failed."""


class NotificationSent(_Event, frozen=True):
    """A delivery status notification about *id* was queued as *dsn*."""

    id: MessageId
    dsn: MessageId
    kind: str
    """``failed`` or ``delayed``."""
    recipients: tuple[EmailAddress, ...]


class OperatorActed(_Event, frozen=True):
    """An operator changed a message in the queue."""

    id: MessageId
    action: str
    """``hold``, ``release``, ``retry``, ``delete``, ``priority``, ``bounce`` or ``reroute``; when
    one was taken back ``undo hold`` and so on, or ``restore``.
    """
    actor: str
    reason: str = ""
    """What it was changed to, such as the class or the next hop, and why."""
    recipients: int = 0
    runs: tuple[tuple[int, int], ...] = ()
    """Which, in the timeline: first and last number of each row of neighbours.  Empty where that
    was not kept."""

    def touched(self, number: int) -> bool:
        """Whether it changed that recipient, as far as is known."""
        return not self.runs or any(first <= number <= last for first, last in self.runs)


class OperatorRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing an operator asked for, as it is kept: who did what when, to what, and why.

    No event: what it did is told by `OperatorActed`, `DestinationGated` and `DnsChanged`.
    """

    at: float
    actor: str
    action: str
    """The verb, such as ``hold``, ``flush``, ``suspend`` or ``reroute``."""
    target: str
    """The destination, the filter, or the ids."""
    detail: str = ""
    """What it was changed to: a class, a next hop, the reply of a bounce."""
    reason: str = ""
    until: float | None = None
    messages: int | None = None
    """How many messages it changed; None where it changed none by itself."""
    recipients: int = 0
    finished: bool = True
    """False while it runs, and for ever if the engine ended meanwhile."""


class BodyDamaged(_Event, frozen=True):
    """A stored body is missing or is not what was accepted; the message is held, never sent."""

    id: MessageId
    reason: str


class SpoolFault(_Event, frozen=True):
    """The spool refused an operation, such as for want of disk space."""

    sentence: str


class AttemptStuck(_Event, frozen=True):
    """The watchdog cut an attempt off that no longer moved; its recipients are deferred."""

    id: MessageId
    destination: Domain
    server: str
    """Empty, or the destination, before a server was found."""
    stage: str
    """What it waited for, one of `empath.policy.patience.Stage`."""
    seconds: float
    """For how long nothing moved."""
    reason: str


class DnsChanged(_Event, frozen=True):
    """An operator changed what the resolver answers."""

    action: str
    domain: str
    actor: str


class DestinationGated(_Event, frozen=True):
    """An operator opened, closed or reset a breaker, or suspended, resumed, limited or re-routed
    a destination.
    """

    action: str
    """``breaker opened``, ``breaker closed``, ``breaker reset``, ``probe asked for``,
    ``suspended``, ``resumed``, ``limited to …``, ``limit lifted``, ``re-routed to …`` or
    ``re-route removed``."""
    destination: Domain
    actor: str
    reason: str = ""
    until: float | None = None


class ConfigLoaded(_Event, frozen=True):
    """The engine starts with this config."""

    path: str
    version: int = 0
    """Its number in the history."""


class ConfigReloaded(_Event, frozen=True):
    """A config was put in force while the engine runs."""

    path: str
    version: int
    source: str
    """``reload``, ``signal``, ``watcher``, ``edit`` or ``rollback``."""
    actor: str
    reason: str = ""
    changes: tuple[str, ...] = ()
    """Each with its old and new value and when it takes effect; secrets as fingerprints."""
    pending: tuple[str, ...] = ()
    """Keys that wait for a restart, from this reload or an earlier one."""
    renewed: tuple[str, ...] = ()
    """What changed though no setting did, such as the certificate in a file."""
    warnings: tuple[str, ...] = ()
    """What would keep the engine from starting with it."""
    back_to: int = 0
    """The earlier version that a rollback went back to."""


class ConfigRefused(_Event, frozen=True):
    """A config was to be put in force and was not; the one before stays, whole."""

    path: str
    source: str
    actor: str
    sentences: tuple[str, ...]
    """Everything that is wrong with it."""


class ConfigWatched(_Event, frozen=True):
    """A config is on trial, or its trial has ended."""

    path: str
    version: int
    """The one on trial."""
    outcome: str
    """``watched`` at its beginning; else as `empath.control.link.ConfigWatchView.outcome`."""
    actor: str
    """Who began it, or ended it."""
    sentence: str
    """What comes of it, and why."""


class TaskFailed(_Event, frozen=True):
    """A bug: one task ended on an unexpected error; the rest keeps running."""

    task: str
    error: str


MessageEvent = MessageAccepted | AttemptEnded | NotificationSent | OperatorActed | BodyDamaged

Event = (
    EngineStarted
    | EngineStopping
    | ListenerOpened
    | SessionRefused
    | SessionLost
    | MessageEvent
    | SpoolFault
    | AttemptStuck
    | DnsChanged
    | DestinationGated
    | ConfigLoaded
    | ConfigReloaded
    | ConfigRefused
    | ConfigWatched
    | TaskFailed
)
