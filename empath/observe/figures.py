"""What `/metrics` tells, folded from the events into plain numbers.

Promises: labels are bounded whatever peers send; a few microseconds an event.  The numbers
become text in `empath.observe.exposition`, when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, final

from empath.envelope import Priority
from empath.events import (
    AttemptEnded,
    ConfigLoaded,
    ConfigRefused,
    ConfigReloaded,
    Event,
    MessageAccepted,
    OperatorActed,
    SessionLost,
    SessionRefused,
)
from empath.observe.cardinality import OTHER, MostSeen

BOUNDS: Final = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 900.0, 3600.0, 14400.0, 86400.0),
)
"""Upper bounds of the latency histogram in seconds."""
STAGES: Final = frozenset(
    {
        *("CONNECT", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT"),
        *("DATA", "BDAT", "CONTENT", "RSET", "NOOP", "VRFY"),
    }
)
"""The stages of a refusal that have a label of their own."""


@final
class Histogram:
    """How many observations lie in which range."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound as text, and how many lie at or below it."""
        bounds = [*map(str, BOUNDS), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self.counts)), strict=True))


@final
@dataclass(slots=True)
class Figures:
    """Totals since the start; call it with each event (``bus.fold(figures)``)."""

    accepted: int = 0
    octets: int = 0
    lost: int = 0
    """Clients that went away in the middle of a transaction."""
    refused: dict[str, int] = field(default_factory=dict)
    """By stage."""
    results: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("delivered", "deferred", "failed", "expired", "returned"), 0
        )
    )
    """Recipients by what an attempt meant for them; ``returned``: an operator bounced them."""
    latency: dict[Priority, Histogram] = field(
        default_factory=lambda: {priority: Histogram() for priority in Priority}
    )
    """From arrival to delivery."""
    sessions: dict[tuple[str, str], int] = field(default_factory=dict)
    """Attempts that had a session, by version of TLS (or ``none``) and how it was verified."""
    tls_failures: MostSeen = field(default_factory=MostSeen)
    """Servers whose encryption failed, by destination and policy."""

    config_version: int = 0
    """The number of the config in force."""
    reloads: dict[str, int] = field(default_factory=lambda: {"applied": 0, "refused": 0})
    reloaded_at: float = 0.0
    """When a config was last put in force, at the start or by a reload."""
    reload_well: bool = True
    """The last reload was not refused."""
    waiting: int = 0
    """Settings that wait for a restart."""

    def __call__(self, event: Event) -> None:
        """Count one event."""
        match event:
            case MessageAccepted():
                self.accepted += 1
                self.octets += event.size
            case AttemptEnded():
                self._attempt(event)
            case OperatorActed(action="bounce"):
                self.results["returned"] += event.recipients
            case SessionRefused():
                stage = event.stage if event.stage in STAGES else OTHER
                self.refused[stage] = self.refused.get(stage, 0) + 1
            case SessionLost():
                self.lost += 1
            case ConfigLoaded() | ConfigReloaded() | ConfigRefused():
                self._config(event)
            case _:
                pass

    def _config(self, event: ConfigLoaded | ConfigReloaded | ConfigRefused) -> None:
        self.reload_well = not isinstance(event, ConfigRefused)
        match event:
            case ConfigRefused():
                self.reloads["refused"] += 1
            case ConfigLoaded():
                self.config_version, self.reloaded_at = event.version, event.at
            case ConfigReloaded():
                self.reloads["applied"] += 1
                self.config_version, self.reloaded_at = event.version, event.at
                self.waiting = len(event.pending)

    def _attempt(self, event: AttemptEnded) -> None:
        delivered = False
        for result in event.results:
            self.results[result.result] = self.results.get(result.result, 0) + 1
            delivered = delivered or result.result == "delivered"
        if delivered:
            self.latency[event.priority].observe(event.latency)
        if event.tls is not None:
            session = (event.tls.version, event.tls.verified or "no")
            self.sessions[session] = self.sessions.get(session, 0) + 1
        elif delivered:
            self.sessions["none", "no"] = self.sessions.get(("none", "no"), 0) + 1
        for failure in event.tls_failures:
            self.tls_failures.count(event.destination, failure.policy)
