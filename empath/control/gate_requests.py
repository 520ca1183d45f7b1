"""What an operator may ask about turns and ways: why mail waits, breakers, suspended and
re-routed destinations.
"""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.control.queue_requests import Preview
from empath.control.request import Reply, Request
from empath.envelope import MessageId


class WhyItem(Struct, frozen=True, kw_only=True):
    """Why one recipient is where it is."""

    address: EmailAddress
    destination: Domain
    state: str
    sentence: str
    next_event: str
    """What happens next (``attempt``, ``probe``, ``end of the attempt``, ``end of an attempt
    there``, ``an operator resumes it``); empty if nothing will."""
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
    """``breaker``, ``suspension``, ``override`` or ``limit``."""
    state: str
    """``open``, ``half-open``, ``suspended``, ``re-routed to host:port`` or ``limited to 5/s``."""
    until: float | None
    reason: str
    actor: str
    """Who did it; empty where failures opened a breaker."""
    since: float | None = None
    """When it was done; None where that is not known."""


class GateList(Reply, frozen=True):
    """Breakers that are not closed, suspended, limited and re-routed destinations."""

    gates: tuple[GateItem, ...]
    preview: Preview | None = None
    """With `dry_run`: what waits there and would be touched."""


class ListGates(Request[GateList], frozen=True):
    """Which destinations are left alone, limited or re-routed?"""

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


class GateChange(Request[GateList], frozen=True):
    """A change of one destination.  With `dry_run`, nothing is changed: the reply says whose
    turn it would touch, as `preview`.
    """

    changes = True
    destination: Domain
    reason: str = ""
    dry_run: bool = False


class OpenBreaker(GateChange, frozen=True):
    """Leave a destination alone for some seconds; then one attempt probes it."""

    route = "destinations/breaker/open"
    seconds: float | None = None
    """How long; left out: `delivery.breaker.open_for`."""


class ProbeDestination(GateChange, frozen=True):
    """Let one attempt through an open breaker now; refused if it is not open, or suspended."""

    route = "destinations/breaker/probe"


class CloseBreaker(GateChange, frozen=True):
    """Let everything through to a destination again; refused if its breaker is not open."""

    route = "destinations/breaker/close"


class ResetBreaker(GateChange, frozen=True):
    """Forget all failures of a destination, and what its concurrency was reduced to."""

    route = "destinations/breaker/reset"


class SuspendDestination(GateChange, frozen=True):
    """Send nothing to a destination, for some seconds or until it is resumed."""

    route = "destinations/suspend"
    seconds: float | None = None


class ResumeDestination(GateChange, frozen=True):
    """Let mail go to a suspended destination again; refused if it is not suspended."""

    route = "destinations/resume"


class RerouteDestination(GateChange, frozen=True, kw_only=True):
    """Send a destination's mail to other servers, for some seconds or until its route is restored.

    `to` holds ``host`` or ``host:port``, in order of preference.
    """

    route = "destinations/reroute"
    to: tuple[str, ...]
    seconds: float | None = None


class RestoreRoute(GateChange, frozen=True):
    """Send a re-routed destination's mail to its own servers again; refused if it is not."""

    route = "destinations/restore-route"


class LimitDestination(GateChange, frozen=True, kw_only=True):
    """Begin at most so many attempts a second there, for some seconds or until that is lifted.

    It goes before `delivery.rate` and the destination's own rate, also where those are less.
    """

    route = "destinations/limit"
    per_second: float
    seconds: float | None = None


class LiftLimit(GateChange, frozen=True):
    """Let the config decide again how fast mail goes there; refused if there is no limit."""

    route = "destinations/lift-limit"
