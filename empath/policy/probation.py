"""A config on trial: is the engine worse off with it than it was before?

Pure.  What the engine counted since the change is held against what it counted in the minutes
before.  A trial ends when its time is over, or at once on a *breach*: much more of the mail fails
than did, the spool refuses, tasks of the engine end on errors, or its loop runs late.
What clients are refused is left out: any stranger could have a config rolled back by asking for
what he may not have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

BEFORE: Final = 300.0
"""Seconds before the change that it is compared with."""
FEW: Final = 5
"""Recipients tried from which on their ratio means anything: a breaker that opens lets no more
through."""
MUCH_WORSE: Final = 0.5
"""How much the share of failures may rise while it is that of few."""
OUTCOMES: Final = 10
"""Recipients tried from which on they are not few."""
WORSE: Final = 0.25
"""How much the share of failures may rise then."""
USUAL: Final = 0.25
"""The share of failures that is taken for usual where too little was tried before."""
FAULTS: Final = 3
"""Refusals of the spool, or errors of tasks, that are a breach if they are more than before."""
LATE: Final = 0.5
"""Seconds that the event loop may be late."""
LATE_FOR: Final = 15.0
"""Seconds for which it may be that late: more than one stall, as each is remembered for ten."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the engine has counted since it started, and how late its loop is."""

    delivered: int = 0
    """Recipients."""
    failed: int = 0
    """Recipients deferred, refused or given up."""
    refusals: int = 0
    """Operations that the spool refused."""
    errors: int = 0
    """Tasks of listeners, deliveries and others that ended on an error."""
    lag: float = 0.0
    """Seconds; the worst of late."""

    def since(self, earlier: Health) -> Health:
        """What was counted since *earlier*."""
        return Health(
            delivered=self.delivered - earlier.delivered,
            failed=self.failed - earlier.failed,
            refusals=self.refusals - earlier.refusals,
            errors=self.errors - earlier.errors,
            lag=self.lag,
        )

    @property
    def outcomes(self) -> int:
        """Recipients that were tried."""
        return self.delivered + self.failed

    @property
    def share(self) -> float | None:
        """The share that failed; None where few were tried."""
        return self.failed / self.outcomes if self.outcomes >= OUTCOMES else None


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial; a value, `look` gives the next."""

    before: Health
    """Counted in the minutes before the change."""
    start: Health
    """The counters at the change."""
    until: float
    """By the monotonic clock."""
    late_since: float | None = None

    def look(self, health: Health, at: float) -> tuple[Trial, str | None]:
        """The trial with what is seen now, and the breach as a sentence, or None."""
        late = health.lag > max(LATE, 2 * self.before.lag)
        since = (at if self.late_since is None else self.late_since) if late else None
        worse = breach(self.before, health.since(self.start)) or _lateness(since, health, at)
        return replace(self, late_since=since), worse

    def over(self, at: float) -> bool:
        """Has it passed?"""
        return at >= self.until

    def told(self, health: Health) -> str:
        """What is seen, in a sentence."""
        seen = health.since(self.start)
        if not seen.outcomes:
            return "No mail was tried since."
        several = "" if seen.outcomes == 1 else "s"
        failed = f"{seen.failed:,} of {seen.outcomes:,} recipient{several} tried since failed"
        usual = self.before.share
        return f"{failed}; before it was {usual:.0%}." if usual is not None else f"{failed}."


def breach(before: Health, since: Health) -> str | None:
    """What is worse *since* than *before*, as a sentence; None where nothing is."""
    usual = before.share if before.share is not None else USUAL
    most = usual + (WORSE if since.outcomes >= OUTCOMES else MUCH_WORSE)
    if since.outcomes >= FEW and (share := since.failed / since.outcomes) >= most:
        was = f"before it was {before.share:.0%}" if before.share is not None else "few were before"
        return (
            f"{since.failed:,} of {since.outcomes:,} recipients tried failed ({share:.0%}); {was}."
        )
    if since.refusals >= FAULTS and since.refusals > before.refusals:
        return f"The spool refused {since.refusals:,} times; {before.refusals:,} times before."
    if since.errors >= FAULTS and since.errors > before.errors:
        return f"{since.errors:,} tasks ended on an error; {before.errors:,} before."
    return None


def _lateness(since: float | None, health: Health, at: float) -> str | None:
    if since is None or at - since < LATE_FOR:
        return None
    return f"The engine's loop was up to {health.lag * 1000:,.0f} ms late for {LATE_FOR:.0f} s."
