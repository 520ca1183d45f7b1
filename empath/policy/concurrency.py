"""How many attempts at once a destination takes, learnt from how it answers.

An allowance begins at 5.  Each time as many attempts as are allowed have gone well, it grows
by one of them each: it doubles for every round of successes, as TCP's slow start does, until
the first failure; from then on it grows by one a round.  A failure of the destination (not
of a recipient) halves it, at most once a round, and never below 1.  `Concurrency` is the
gate; it counts what runs.  Values only: no clock, no loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from empath.address import Domain
from empath.policy.verdict import Hold, Verdict

START: Final = 5
"""Attempts at once to a destination that nothing is known of."""
ENDS: Final = "end of an attempt there"
"""What makes room for another."""
_REMEMBERED: Final = 10_000
"""Destinations whose allowance is remembered."""


class Allowance(Struct, frozen=True):
    """What one destination has shown that it takes."""

    most: float = START
    """Attempts at once; a part of one is on its way."""
    slow: bool = False
    """It has failed once: grow by one a round only."""
    spared: int = 0
    """Results of attempts that ran already when it shrank; their failures are old news."""

    def succeeded(self, cap: int) -> Allowance:
        """An attempt reached the destination, which took the session to its end."""
        step = 1 / self.most if self.slow else 1
        return replace(self, most=min(cap, self.most + step), spared=max(0, self.spared - 1))

    def failed(self, running: int) -> Allowance:
        """The destination did not answer, or answered for itself that it does not take mail."""
        if self.spared:
            return replace(self, spared=self.spared - 1)
        return Allowance(max(1.0, self.most / 2), slow=True, spared=running)


@final
class Concurrency:
    """The gate that bounds attempts at once to one destination, and counts them."""

    def __init__(self, cap: Callable[[Domain], tuple[int, str]]) -> None:
        """*cap* gives the most a destination may ever have, and the setting that says so."""
        self._cap = cap
        self._allowed: dict[Domain, Allowance] = {}
        self.running: dict[Domain, int] = {}
        """Attempts that run now, by destination."""

    def allowance(self, destination: Domain) -> int:
        """How many attempts at once *destination* may have now."""
        cap, _ = self._cap(destination)
        return max(1, min(cap, int(self._allowed.get(destination, _UNKNOWN).most)))

    def most(self, destination: Domain) -> tuple[int, str]:
        """How many attempts at once *destination* may ever have, and the setting that says so."""
        return self._cap(destination)

    def verdict(self, destination: Domain, now: float) -> Verdict:  # noqa: ARG002 - a gate
        """Hold *destination* while it has as many attempts as it may."""
        running = self.running.get(destination, 0)
        most = self.allowance(destination)
        if running < most:
            return None
        cap, source = self._cap(destination)
        attempts = f"{running} attempt{'s' if running > 1 else ''} at once"
        if most >= cap:
            reason = f"{attempts} is the most it may have ({source} = {cap})"
            return Hold(reason, None, source, ENDS)
        return Hold(
            f"{attempts} is what it has shown to take; that grows as it answers,"
            f" up to {cap} ({source})",
            None,
            "how it answered",
            ENDS,
        )

    def started(self, destination: Domain, now: float) -> None:  # noqa: ARG002 - a gate
        """Count one more."""
        self.running[destination] = self.running.get(destination, 0) + 1

    def ended(self, destination: Domain) -> None:
        """One attempt to *destination* is over."""
        running = self.running[destination] - 1
        if running:
            self.running[destination] = running
        else:
            del self.running[destination]

    def forget(self, destination: Domain) -> None:
        """Begin anew with what *destination* takes."""
        self._allowed.pop(destination, None)

    def answered(self, destination: Domain, *, well: bool) -> None:
        """Learn from an attempt that still runs; *well*: the destination is not to blame."""
        known = self._allowed.pop(destination, _UNKNOWN)
        if well:
            cap, _ = self._cap(destination)
            known = known.succeeded(cap)
        else:
            known = known.failed(self.running.get(destination, 1) - 1)
        self._allowed[destination] = known
        if len(self._allowed) > _REMEMBERED:
            # The one that has not answered for longest; it begins anew.
            del self._allowed[next(iter(self._allowed))]


_UNKNOWN: Final = Allowance()
