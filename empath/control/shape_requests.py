"""What an operator may ask about places as a whole: the queue by age and destination, one
destination in full, who sends most, how long mail takes, and what comes next.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from empath.address import Domain
from empath.control.gate_requests import GateItem
from empath.control.request import Reply, Request
from empath.control.tls_requests import TlsDestination


class ShapeRow(Struct, frozen=True, kw_only=True):
    """What waits for one destination, or from one domain of senders."""

    name: str
    """Empty for the null sender."""
    total: int
    """Recipients that wait, those that are being delivered included."""
    queued: int
    deferred: int
    held: int
    bins: tuple[int, ...]
    """Recipients by age, or by the time until the next attempt: one number for each bound and
    one for all beyond."""
    oldest_at: float | None
    next_at: float | None
    connections: int = 0
    """Attempts that run now; as all below, of a destination only."""
    allowed: int = 0
    """How many may run at once."""
    breaker: str = ""
    """``open`` or ``half-open``; empty where it is closed."""
    until: float | None = None
    """When the breaker lets a probe through, or else the suspension ends."""
    gate: str = ""
    """What an operator did: ``suspended``, ``re-routed …`` or ``limited …``."""
    reason: str = ""
    """Why the breaker is open, or the destination suspended."""
    tls: str = ""
    """How mail was encrypted last: a version of TLS, ``plaintext``, or ``failed``; empty where
    nothing is known."""
    verified: bool = False
    """That server proved its name."""
    delivered: int = 0
    """Recipients in the last hour, by what became of them."""
    deferrals: int = 0
    failed: int = 0
    unreached: int = 0


class Shape(Reply, frozen=True):
    """The queue by age.  The rows are a piece of it; `cursor` gets the next, empty at the end."""

    at: float
    """When the queue was looked at; it may be some seconds old."""
    age: float
    """How many seconds old that is."""
    bounds: tuple[int, ...]
    """Minutes: the upper bounds of the bins; the last bin has none."""
    rows: tuple[ShapeRow, ...]
    total: ShapeRow
    """Everything that waits, those rows included that are not shown."""
    matched: int
    """Rows that match in all."""
    destinations: int
    """Places that mail waits for, or domains that it is from."""
    cursor: str
    expires_at: float | None
    """When the oldest message is given up, if it is not delivered before."""
    states: dict[str, int]
    """Recipients by state, as they are now."""
    classes: dict[str, int]
    """Recipients by class, as of `at`; only by destination."""
    rest: int = 0
    """Places that were too many to be told apart; their mail is in `total`."""


class GetShape(Request[Shape], frozen=True):
    """How old is the queue, and where is it stuck?  As qshape of Postfix.

    *sort* is ``total``, ``name``, ``queued``, ``deferred``, ``held``, ``oldest``, ``next``,
    ``conn``, ``gate`` or ``bin0`` to ``bin7``, with ``-`` in front for the greatest first.
    *quiet* adds destinations that nothing waits for: those heard of lately and those with a gate.
    """

    route = "shape"
    by: Literal["destination", "sender"] = "destination"
    basis: Literal["queued", "next"] = "queued"
    """By the time since they came in, or until they are tried again."""
    query: str = ""
    """Only names that contain this; with ``!`` in front those that do not."""
    sort: str = "-total"
    cursor: str = ""
    limit: int = 100
    quiet: bool = False


class RateLevel(Struct, frozen=True, kw_only=True):
    """A limit of attempts a second, and how much of it is left."""

    per_second: float
    burst: int
    tokens: float
    """Attempts that may go at once now."""
    source: str
    """The setting that says so, or the operator."""


class RouteHost(Struct, frozen=True, kw_only=True):
    """A server that mail for a destination goes to."""

    host: str
    port: int
    preference: int
    addresses: tuple[str, ...] = ()
    """As far as they are known without asking the DNS."""
    unreached: str = ""
    """Why it is tried last; empty where it is not."""


class OutcomeColumn(Struct, frozen=True, kw_only=True):
    """Recipients by what an attempt meant for them, in one stretch of time."""

    at: float
    """When it began."""
    delivered: int
    deferred: int
    failed: int
    unreached: int
    """Deferred since no server was reached."""


class Timing(Struct, frozen=True, kw_only=True):
    """Seconds that half, 95 and 99 of a hundred did not exceed, in the last hour."""

    count: int
    p50: float
    p95: float
    p99: float


class DestinationView(Reply, frozen=True):
    """Everything about one destination."""

    destination: Domain
    now: float
    queued: int
    deferred: int
    held: int
    active: int
    bins: tuple[int, ...]
    """By age; as of `at`."""
    nexts: tuple[int, ...]
    """By the time until the next attempt."""
    at: float
    oldest_at: float | None
    next_at: float | None
    expires_at: float | None
    """When the oldest is given up, if it is not delivered before."""
    last_reply: str
    connections: int
    allowed: int
    """Attempts at once that it may have now, as it has shown to take."""
    most: int
    """And at most, as `most_source` says."""
    most_source: str
    breaker: str
    """``closed``, ``open`` or ``half-open``."""
    failures: int
    """Failures that count towards opening the breaker, of `failures_allowed`."""
    failures_allowed: int
    gates: tuple[GateItem, ...]
    """Breaker, suspension, re-route and limit, as far as there are any."""
    holds: tuple[str, ...]
    """What keeps mail from going now, each as the end of "held because"."""
    rate: RateLevel | None
    route: str
    """Where the servers are from: ``MX``, ``override`` …; empty where they are not known yet."""
    route_fault: str
    """Why there is no server, where that is known."""
    hosts: tuple[RouteHost, ...]
    tls: TlsDestination | None
    outcomes: tuple[OutcomeColumn, ...]
    """The last two hours by five minutes, oldest first; empty where nothing was tried."""
    codes: tuple[tuple[str, int], ...]
    """What attempts that failed were answered in the last half hour or two, most frequent first."""
    attempts: Timing
    """How long attempts took."""
    latency: Timing
    """From arrival to delivery."""


class ViewDestination(Request[DestinationView], frozen=True):
    """How is it with this destination?"""

    route = "destinations/view"
    destination: Domain


class SenderItem(Struct, frozen=True, kw_only=True):
    """One sender, domain of senders or client."""

    name: str
    """Empty for the null sender."""
    queued: int
    """Messages in the queue."""
    octets: int
    oldest_at: float | None
    accepted: int
    """Messages since `Senders.since`; never too small, too great by at most `Senders.error`."""


class Senders(Reply, frozen=True):
    """Who sends most: first by what was accepted lately, then by what is queued."""

    items: tuple[SenderItem, ...]
    at: float
    """When the queue was counted."""
    error: int
    since: float = 0.0
    """From when on mail is counted as accepted: about an hour ago, or when the engine started."""


class ListSenders(Request[Senders], frozen=True):
    """Who sends most?  *sort* is ``accepted`` or ``queued``."""

    route = "senders"
    by: Literal["sender", "domain", "client"] = "sender"
    sort: Literal["accepted", "queued"] = "accepted"
    limit: int = 20


class ClassLatency(Struct, frozen=True, kw_only=True):
    """From arrival to delivery, of one class."""

    priority: str
    queued: int
    """Recipients of the class that wait."""
    timing: Timing


class Latency(Reply, frozen=True):
    """By class, the most urgent first."""

    classes: tuple[ClassLatency, ...]


class GetLatency(Request[Latency], frozen=True):
    """How long does mail take?"""

    route = "system/latency"


class UpcomingItem(Struct, frozen=True, kw_only=True):
    """Something that happens by itself."""

    at: float
    what: str
    """``attempt``, ``probe``, ``expiry``, ``suspension ends``, ``re-route ends`` or
    ``limit ends``."""
    subject: str
    """The destination, or the message."""
    detail: str = ""
    query: str = ""
    """A filter that shows the mail concerned."""


class Upcoming(Reply, frozen=True):
    """What happens next, soonest first."""

    items: tuple[UpcomingItem, ...]
    due: tuple[int, ...]
    """Recipients by the time until their next attempt, as the bins of a shape."""
    bounds: tuple[int, ...]
    now: float


class ListUpcoming(Request[Upcoming], frozen=True):
    """What happens next, and when?"""

    route = "upcoming"
    limit: int = 50
