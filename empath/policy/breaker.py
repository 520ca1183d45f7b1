"""Circuit breakers: a destination that keeps failing is left alone for a while.

*Closed* lets everything through and counts the destination's own failures; enough of them
within the window open it.  *Open* lets nothing through until its time is over; then it is
*half-open* and lets one probe through: a success closes it, a failure opens it again.  An
operator may open, close and reset it.  `Breaker` is the value, pure in its arguments;
`Breakers` is the gate, and can be written down so that a restart does not forget.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from empath.address import Domain
from empath.policy.verdict import Hold, Verdict


class Position(enum.StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`delivery.breaker`: *failures* within *window* seconds open it for *open_for* seconds."""

    failures: int
    window: float
    open_for: float


class Breaker(Struct, frozen=True):
    """The breaker of one destination."""

    failed_at: tuple[float, ...] = ()
    """Failures within the window while it is closed, oldest first."""
    open_until: float | None = None
    """None: closed.  A time that is past: half-open."""
    why: str = ""
    """What opened it: the last failure, or an operator's reason."""
    actor: str = ""
    """The operator who opened it; empty where failures did."""
    since: float | None = None
    """When it was opened, or when its last probe failed."""
    probing: bool = False
    """Half-open, and the one probe is under way."""

    def position(self, now: float) -> Position:
        """Where it stands at *now*."""
        if self.open_until is None:
            return Position.CLOSED
        return Position.OPEN if now < self.open_until else Position.HALF_OPEN

    def started(self, now: float) -> Breaker:
        """An attempt begins; on a half-open breaker it is the probe."""
        if self.position(now) is Position.HALF_OPEN:
            return replace(self, probing=True)
        return self

    def succeeded(self, now: float) -> Breaker:
        """An attempt reached the destination.  One that began before it opened changes nothing
        while it is open.
        """
        return self if self.position(now) is Position.OPEN else CLOSED

    def failed(self, now: float, why: str, limits: Thresholds) -> Breaker:
        """The destination failed an attempt."""
        match self.position(now):
            case Position.OPEN:
                return self
            case Position.HALF_OPEN:
                return Breaker((), now + limits.open_for, why, since=now)
            case Position.CLOSED:
                since = now - limits.window
                recent = (*(at for at in self.failed_at if since < at <= now), now)
                if len(recent) >= limits.failures:
                    return Breaker((), now + limits.open_for, why, since=now)
                return Breaker(recent[-limits.failures :], why=why)

    def unresolved(self) -> Breaker:
        """An attempt ended without a word on the destination: the next one is the probe."""
        return replace(self, probing=False) if self.probing else self


PROBE: Final = "probe"
"""What follows when a breaker has been open for its time: one attempt, for all that wait."""
CLOSED: Final = Breaker()
"""A breaker that nothing has happened to."""


@final
class Breakers:
    """The gate with a breaker for each destination that has failed of late."""

    def __init__(self, limits: Callable[[], Thresholds]) -> None:
        self._limits = limits
        self._breakers: dict[Domain, Breaker] = {}
        self.changes = 0
        """Grows whenever one opens or closes, other than by the time."""

    def __getitem__(self, destination: Domain) -> Breaker:
        return self._breakers.get(destination, CLOSED)

    def verdict(self, destination: Domain, now: float) -> Verdict:
        """Hold *destination* while its breaker is open, or its probe under way."""
        breaker = self._breakers.get(destination)
        if breaker is None:
            return None
        match breaker.position(now):
            case Position.OPEN:
                if breaker.actor:
                    said = f": {breaker.why}" if breaker.why else ""
                    reason = f"{breaker.actor} opened its breaker{said}"
                    return Hold(reason, breaker.open_until, "an operator", PROBE)
                return Hold(
                    f"its breaker is open after failures, last: {breaker.why}",
                    breaker.open_until,
                    "delivery.breaker",
                    PROBE,
                )
            case Position.HALF_OPEN if breaker.probing:
                reason = "its breaker is half-open and one probe runs"
                return Hold(reason, None, "delivery.breaker", "end of the probe")
            case _:
                return None

    def started(self, destination: Domain, now: float) -> None:
        """An attempt was chosen."""
        breaker = self._breakers.get(destination)
        if breaker is not None:
            self._breakers[destination] = breaker.started(now)

    def succeeded(self, destination: Domain, now: float) -> bool:
        """An attempt reached the destination; True if that is to be written down."""
        before = self[destination]
        return before is not CLOSED and self._put(destination, before.succeeded(now), before)

    def failed(self, destination: Domain, now: float, why: str) -> bool:
        """The destination failed an attempt; True if that is to be written down."""
        before = self[destination]
        return self._put(destination, before.failed(now, why, self._limits()), before)

    def unresolved(self, destination: Domain) -> None:
        """An attempt ended without a word on the destination."""
        if destination in self._breakers:
            before = self[destination]
            self._put(destination, before.unresolved(), before)

    def open(
        self,
        destination: Domain,
        until: float,
        *,
        actor: str,
        reason: str,
        since: float | None = None,
    ) -> None:
        """An operator keeps *destination* from all attempts."""
        self._breakers[destination] = Breaker((), until, reason, actor, since)
        self.changes += 1

    def probe(self, destination: Domain, now: float) -> bool:
        """An operator wants the probe now; False if it is not open."""
        before = self[destination]
        if before.position(now) is not Position.OPEN:
            return False
        self._breakers[destination] = replace(before, open_until=now)
        self.changes += 1
        return True

    def close(self, destination: Domain) -> bool:
        """An operator lets everything through again; False if it was closed and had forgotten
        all failures.
        """
        self.changes += 1
        return self._breakers.pop(destination, None) is not None

    def forget(self, destination: Domain) -> None:
        """What failures taught holds no longer; what an operator decided does."""
        if not self[destination].actor:
            self.close(destination)

    def standing(self, now: float) -> Mapping[Domain, Position]:
        """Destinations whose breaker is not closed."""
        if not self._breakers:
            return {}
        return {
            name: position
            for name, breaker in self._breakers.items()
            if (position := breaker.position(now)) is not Position.CLOSED
        }

    def open_at(self, now: float) -> dict[Domain, float]:
        """Destinations whose breaker is open at *now*, and until when."""
        return {
            name: breaker.open_until
            for name, breaker in self._breakers.items()
            if breaker.open_until is not None and now < breaker.open_until
        }

    def kept(self) -> Mapping[Domain, Breaker]:
        """What a restart must know: breakers that are not closed."""
        return {
            name: breaker.unresolved()
            for name, breaker in self._breakers.items()
            if breaker.open_until is not None
        }

    def restore(self, kept: Mapping[Domain, Breaker]) -> None:
        """Go on from what was written down."""
        self._breakers.update(kept)
        self.changes += 1

    def forget_old(self, now: float, waiting: Collection[Domain]) -> None:
        """Let go of failures that no longer count, where no mail waits."""
        since = now - self._limits().window
        for name, breaker in list(self._breakers.items()):
            closed = breaker.open_until is None and name not in waiting
            if closed and not any(at > since for at in breaker.failed_at):
                del self._breakers[name]

    def _put(self, destination: Domain, after: Breaker, before: Breaker) -> bool:
        if after == CLOSED:
            self._breakers.pop(destination, None)
        else:
            self._breakers[destination] = after
        changed = after.open_until != before.open_until
        self.changes += changed
        return changed
