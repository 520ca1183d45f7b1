"""Destinations that an operator has suspended: no attempts until a time, or until resumed.

A value for each and the gate that asks them; who, why and until when are part of the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from empath.address import Domain
from empath.policy.verdict import Hold, Verdict


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why nothing goes to a destination, and until when; None: until it is resumed."""

    actor: str
    reason: str
    since: float
    until: float | None = None


@final
class Suspensions:
    """The gate that keeps suspended destinations from their turn."""

    def __init__(self) -> None:
        self._suspended: dict[Domain, Suspension] = {}
        self.changes = 0
        """Grows whenever one begins or ends, other than by the time."""

    def verdict(self, destination: Domain, now: float) -> Verdict:
        """Hold *destination* while it is suspended."""
        found = self._suspended.get(destination)
        if found is None or (found.until is not None and found.until <= now):
            return None
        said = f": {found.reason}" if found.reason else ""
        reason = f"{found.actor} suspended it{said}"
        if found.until is None:
            return Hold(reason, None, "an operator", "an operator resumes it", lasting=True)
        return Hold(reason, found.until, "an operator")

    def started(self, destination: Domain, now: float) -> None:
        """Nothing to count."""

    def suspend(self, destination: Domain, suspension: Suspension) -> None:
        """Keep *destination* from its turn; a suspension there was is replaced."""
        self._suspended[destination] = suspension
        self.changes += 1

    def resume(self, destination: Domain) -> bool:
        """Let it go on; False if it was not suspended."""
        self.changes += 1
        return self._suspended.pop(destination, None) is not None

    def standing(self, now: float) -> Mapping[Domain, Suspension]:
        """Those that hold at *now*; the others are forgotten."""
        if not self._suspended:
            return {}
        for name, each in list(self._suspended.items()):
            if each.until is not None and each.until <= now:
                del self._suspended[name]
        return dict(self._suspended)

    def restore(self, kept: Mapping[Domain, Suspension]) -> None:
        """Go on from what was written down."""
        self._suspended.update(kept)
        self.changes += 1
