"""What an operator may ask about the engine itself and its spool."""

from __future__ import annotations

from msgspec import Struct

from empath.control.request import Reply, Request


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


class AttentionItem(Struct, frozen=True, kw_only=True):
    """Something an operator should see to, worst first."""

    severity: str
    """``error`` or ``warning``."""
    subject: str
    sentence: str
    query: str = ""
    """A filter that shows the mail concerned; may be empty."""
    destination: str = ""
    """The destination that it is about, where it is about one."""


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
    captured: int = 0
    """Captured messages, a few seconds ago; of very many, at least so many."""


class GetStatus(Request[Status], frozen=True):
    """How are you?"""

    route = "system/status"


class Stopping(Reply, frozen=True):
    """The engine drains and then ends."""


class StopEngine(Request[Stopping], frozen=True):
    """Finish what is on the wire, then stop."""

    route = "system/stop"
    changes = True


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
    trash_messages: int = 0
    """Messages in the trash."""
    trash_octets: int = 0
    """Octets of those of them that nobody waits for."""


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
    operators_only = True
