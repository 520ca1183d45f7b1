"""What an operator may ask about turns: why mail waits, breakers, suspended destinations."""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.control.request import Reply, Request
from empath.envelope import MessageId


class WhyItem(Struct, frozen=True, kw_only=True):
    """Why one recipient is where it is."""

    address: EmailAddress
    destination: Domain
    state: str
    sentence: str
    next_event: str
    """What happens next (``attempt``, ``end of the attempt``); empty if nothing will."""
    next_at: float | None
    doing: str = ""
    """What the attempt that runs now waits for, and at which server; empty if none runs."""
    since: float | None = None
    """Since when it waits for that."""


class WhyReply(Reply, frozen=True):
    """One sentence for each recipient, those that still wait first; at most a thousand."""

    id: MessageId
    recipients: tuple[WhyItem, ...]
    total: int


class ExplainMessage(Request[WhyReply], frozen=True):
    """Why is this message where it is?"""

    route = "queue/why"
    id: MessageId


class GateItem(Struct, frozen=True, kw_only=True):
    """What keeps one destination from its turn for long."""

    destination: Domain
    gate: str
    """``breaker`` or ``suspension``."""
    state: str
    """``open``, ``half-open`` or ``suspended``."""
    until: float | None
    reason: str
    actor: str
    """Who did it; empty where failures opened a breaker."""


class GateList(Reply, frozen=True):
    """Breakers that are not closed, and suspended destinations."""

    gates: tuple[GateItem, ...]


class ListGates(Request[GateList], frozen=True):
    """Which destinations are left alone?"""

    route = "destinations/gates"


class UnreachedHost(Struct, frozen=True, kw_only=True):
    """A mail host, or one of its addresses, that could not be reached lately."""

    host: str
    port: int
    since: float
    """When that was seen first."""
    last_at: float
    until: float
    """Until then others are tried before it."""
    reason: str


class UnreachedHosts(Reply, frozen=True):
    """By name; at most as many as are remembered."""

    hosts: tuple[UnreachedHost, ...]


class ListUnreached(Request[UnreachedHosts], frozen=True):
    """Which hosts could not be reached lately, and are tried last?"""

    route = "destinations/unreached"


class OpenBreaker(Request[GateList], frozen=True):
    """Leave a destination alone for some seconds; then one attempt probes it."""

    route = "destinations/breaker/open"
    changes = True
    destination: Domain
    seconds: float | None = None
    """How long; left out: `delivery.breaker.open_for`."""
    reason: str = ""


class CloseBreaker(Request[GateList], frozen=True):
    """Let everything through to a destination again; refused if its breaker is not open."""

    route = "destinations/breaker/close"
    changes = True
    destination: Domain


class ResetBreaker(Request[GateList], frozen=True):
    """Forget all failures of a destination, and what its concurrency was reduced to."""

    route = "destinations/breaker/reset"
    changes = True
    destination: Domain


class SuspendDestination(Request[GateList], frozen=True):
    """Send nothing to a destination, for some seconds or until it is resumed."""

    route = "destinations/suspend"
    changes = True
    destination: Domain
    seconds: float | None = None
    reason: str = ""


class ResumeDestination(Request[GateList], frozen=True):
    """Let mail go to a suspended destination again; refused if it is not suspended."""

    route = "destinations/resume"
    changes = True
    destination: Domain
