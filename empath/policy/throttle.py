"""Destinations that an operator has limited: so many attempts a second, for a while or for good.

What an operator decides goes before the config, also where the config allows less.  A limit that
has ended is forgotten at the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from empath.address import Domain
from empath.config import units
from empath.policy.limiter import Rate


@dataclass(frozen=True, slots=True)
class Throttle:
    """How fast a destination may be sent mail, why, and until when; None: until it is lifted."""

    per_second: float
    actor: str
    reason: str
    since: float
    until: float | None = None

    @property
    def shown(self) -> str:
        """The rate as operators write it: ``5/s``, ``30/m``."""
        return str(units.Rate(self.per_second))

    @property
    def rate(self) -> Rate:
        """As the limiter takes it; a second's worth may go at once."""
        return Rate(self.per_second, max(1, round(self.per_second)), f"limited by {self.actor}")


@final
class Throttles:
    """What operators have limited."""

    def __init__(self) -> None:
        self._limited: dict[Domain, Throttle] = {}

    def __repr__(self) -> str:
        return f"<Throttles {len(self._limited)}>"

    def rate(self, destination: Domain) -> Rate | None:
        """The limit that an operator has set; None where there is none."""
        found = self._limited.get(destination)
        return None if found is None else found.rate

    def limit(self, destination: Domain, throttle: Throttle) -> None:
        """Limit *destination*; a limit there was is replaced."""
        self._limited[destination] = throttle

    def lift(self, destination: Domain) -> bool:
        """Let the config decide again; False if there was no limit."""
        return self._limited.pop(destination, None) is not None

    def standing(self, now: float) -> Mapping[Domain, Throttle]:
        """Those that hold at *now*; the others are forgotten."""
        if not self._limited:
            return {}
        for name, each in list(self._limited.items()):
            if each.until is not None and each.until <= now:
                del self._limited[name]
        return dict(self._limited)

    def restore(self, kept: Mapping[Domain, Throttle]) -> None:
        """Go on from what was written down."""
        self._limited.update(kept)
