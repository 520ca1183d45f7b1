"""The gates that every attempt passes: suspension, breaker, rate, concurrency, class rate.

One object for the engine: it asks them in that order, tells them what attempts came to, and
writes down what a restart must know.  The gates are values and rules of `empath.policy`;
here they meet the config in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Final, final

import msgspec

from empath import codec
from empath.address import Domain
from empath.config.model import Config, Delivery
from empath.envelope import Priority
from empath.policy import shaping
from empath.policy.blame import Word
from empath.policy.breaker import Breaker, Breakers, Thresholds
from empath.policy.concurrency import Concurrency
from empath.policy.destination import DestinationsOf
from empath.policy.limiter import ClassRates, Limiter, Rate
from empath.policy.suspension import Suspension, Suspensions
from empath.policy.throttle import Throttle, Throttles
from empath.policy.verdict import Gate, Hold

KEY: Final = "gates"
"""Where the spool keeps what a restart must know."""
_TIDY_EVERY: Final = 60.0


class Kept(msgspec.Struct, frozen=True):
    """What is written down."""

    breakers: tuple[tuple[Domain, Breaker], ...]
    suspended: tuple[tuple[Domain, Suspension], ...]
    limited: tuple[tuple[Domain, Throttle], ...] = ()


def written(kept: Kept) -> str:
    """*kept* as JSON."""
    return codec.encode(kept).decode()


@final
class Gates:
    """What keeps destinations from their turn."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._destinations = DestinationsOf()
        self.suspensions = Suspensions()
        self.throttles = Throttles()
        self.breakers = Breakers(lambda: shaping.thresholds(config().delivery))
        self.concurrency = Concurrency(self._cap)
        self.classes = ClassRates()
        self._limiter = Limiter(self._rate)
        self.asked: tuple[Gate, ...] = (
            self.suspensions,
            self.breakers,
            self._limiter,
            self.concurrency,
        )
        """In the order in which they are asked: what lasts longest first."""
        self._shut: Mapping[Domain, float | None] = {}
        self._shut_at = self._opens_at = -inf
        self._shut_changes = 0
        self._tidied_at = 0.0
        self._read: Delivery | None = None
        self._weights: Mapping[Priority, int] = {}
        self._rates: Mapping[Priority, Rate] = {}

    def __repr__(self) -> str:
        return f"<Gates breakers={len(self.breakers.kept())} limited={len(self._limiter)}>"

    def begin(self, now: float) -> Mapping[Priority, int]:
        """A round of choices begins; returns the weights of the classes."""
        delivery = self._config().delivery
        if delivery is not self._read:
            self._read = delivery
            self._weights = shaping.weights(delivery)
            self._rates = shaping.class_rates(delivery)
        self.classes.begin(self._rates, now)
        self.throttles.standing(now)
        if now >= self._tidied_at + _TIDY_EVERY:
            self._tidied_at = now
            self._limiter.forget_full(now)
            self.breakers.forget_old(now, self.concurrency.running)
        return self._weights

    def holds(self, destination: Domain, now: float) -> tuple[Hold, ...]:
        """All that holds *destination* now: mail goes when the last of it has ended."""
        verdicts = (gate.verdict(destination, now) for gate in self.asked)
        return tuple(verdict for verdict in verdicts if verdict is not None)

    def level(self, destination: Domain, now: float) -> tuple[Rate, float] | None:
        """The rate of *destination* and how many attempts may go at once now; None: no limit."""
        return self._limiter.level(destination, now)

    def thresholds(self) -> Thresholds:
        """When breakers open, and for how long."""
        return shaping.thresholds(self._config().delivery)

    def shut(self, now: float) -> Mapping[Domain, float | None]:
        """Destinations that get no attempt for long, and until when; None: until an operator
        acts.  Their mail needs no place in the window.

        The same object until that changes: it is asked for at every turn, and ten thousand
        breakers may be open.
        """
        changes = self.breakers.changes + self.suspensions.changes
        if changes != self._shut_changes or not self._shut_at <= now < self._opens_at:
            self._shut = self._look(now)
            self._shut_at, self._shut_changes = now, changes
            times = (until for until in self._shut.values() if until is not None)
            self._opens_at = min(times, default=inf)
        return self._shut

    def opens_at(self, now: float) -> float:
        """When the first of those that are `shut` at *now* opens; inf if none does by itself."""
        self.shut(now)
        return self._opens_at

    def _look(self, now: float) -> Mapping[Domain, float | None]:
        shut: dict[Domain, float | None] = {**self.breakers.open_at(now)}
        for name, suspension in self.suspensions.standing(now).items():
            shut[name] = suspension.until
        return shut

    def answered(self, destination: Domain, word: Word, why: str, now: float) -> bool:
        """Learn from an attempt that is about to end; True if `kept` has changed."""
        match word:
            case Word.NOTHING:
                self.breakers.unresolved(destination)
                return False
            case Word.WELL:
                self.concurrency.answered(destination, well=True)
                return self.breakers.succeeded(destination, now)
            case Word.FAILED:
                self.concurrency.answered(destination, well=False)
                return self.breakers.failed(destination, now, why)

    def ended(self, destination: Domain) -> None:
        """An attempt is over, whatever came of it."""
        self.concurrency.ended(destination)

    def kept(self, now: float) -> Kept:
        """What a restart must know."""
        return Kept(
            tuple(self.breakers.kept().items()),
            tuple(self.suspensions.standing(now).items()),
            tuple(self.throttles.standing(now).items()),
        )

    def restore(self, text: str) -> None:
        """Go on from what was `written`.  Raises `msgspec.MsgspecError` for anything else."""
        kept: Kept = codec.decode(Kept, text)
        self.breakers.restore(dict(kept.breakers))
        self.suspensions.restore(dict(kept.suspended))
        self.throttles.restore(dict(kept.limited))

    def _cap(self, destination: Domain) -> tuple[int, str]:
        config = self._config()
        return shaping.cap(destination, config.delivery, self._destinations(config))

    def _rate(self, destination: Domain) -> Rate | None:
        said = self.throttles.rate(destination)
        if said is not None:
            return said
        config = self._config()
        return shaping.rate(destination, config.delivery, self._destinations(config))
