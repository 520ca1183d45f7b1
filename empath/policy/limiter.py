"""Token buckets: so many attempts a second, and so many at once after a pause.

A `Bucket` is a value: what it holds at a time follows from what it held before.  `Limiter`
is the gate with a bucket for each destination that has a rate, and `ClassRates` bounds the
classes of mail.  A rate of 0 is no limit, and costs nothing.  Over any stretch of t seconds
a bucket lets no more than burst + rate x t through, whatever the clock does in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from empath.address import Domain
from empath.config import units
from empath.envelope import Priority
from empath.policy.verdict import Hold, Verdict

_GRAIN: Final = 1e-9
"""A token that lacks less than this is whole: adding up fractions of seconds is not exact."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit: *per_second* attempts, *burst* at once; *source* is the setting it is from."""

    per_second: float
    burst: int
    source: str

    @property
    def shown(self) -> str:
        """As operators write it: ``5/s``, ``1/m``."""
        return str(units.Rate(self.per_second))


@dataclass(frozen=True, slots=True)
class Bucket:
    """*tokens* at the time *at*; never more than the burst."""

    tokens: float
    at: float

    @classmethod
    def full(cls, rate: Rate, now: float) -> Bucket:
        """A bucket that nothing was taken from for long."""
        return cls(float(rate.burst), now)

    def by(self, now: float, rate: Rate) -> Bucket:
        """The bucket at *now*; a clock that went back adds nothing."""
        gained = max(0.0, now - self.at) * rate.per_second
        return Bucket(min(float(rate.burst), self.tokens + gained), now)

    def ready_at(self, rate: Rate) -> float:
        """When there is a whole token; not later than `at` if there is one."""
        missing = 1.0 - self.tokens
        return self.at if missing <= _GRAIN else self.at + missing / rate.per_second

    def taken(self) -> Bucket:
        """One token less."""
        return Bucket(max(0.0, self.tokens - 1.0), self.at)


@final
class Limiter:
    """The gate that bounds attempts a second to one destination."""

    def __init__(self, rate: Callable[[Domain], Rate | None]) -> None:
        """*rate* gives the limit of a destination; None: there is none."""
        self._rate = rate
        self._buckets: dict[Domain, Bucket] = {}

    def verdict(self, destination: Domain, now: float) -> Verdict:
        """Hold *destination* until its bucket has a token."""
        rate = self._rate(destination)
        if rate is None:
            return None
        at = self._now(destination, rate, now).ready_at(rate)
        if at <= now:
            return None
        reason = f"its rate of {rate.shown} is used up ({rate.source})"
        return Hold(reason, at, rate.source, pace=1 / rate.per_second)

    def started(self, destination: Domain, now: float) -> None:
        """Take a token."""
        rate = self._rate(destination)
        if rate is not None:
            self._buckets[destination] = self._now(destination, rate, now).taken()

    def level(self, destination: Domain, now: float) -> tuple[Rate, float] | None:
        """The limit of *destination* and how many tokens are left; None: there is no limit."""
        rate = self._rate(destination)
        if rate is None:
            return None
        return rate, self._now(destination, rate, now).tokens

    def _now(self, destination: Domain, rate: Rate, now: float) -> Bucket:
        bucket = self._buckets.get(destination)
        return Bucket.full(rate, now) if bucket is None else bucket.by(now, rate)

    def forget_full(self, now: float) -> None:
        """Let go of buckets that are full: they are as good as new."""
        for destination in list(self._buckets):
            rate = self._rate(destination)
            if rate is None or self._now(destination, rate, now).tokens >= rate.burst:
                del self._buckets[destination]

    def __len__(self) -> int:
        return len(self._buckets)


@final
class ClassRates:
    """Bounds attempts a second of whole classes, such as of all bulk."""

    def __init__(self) -> None:
        self._buckets: dict[Priority, Bucket] = {}
        self._rates: Mapping[Priority, Rate] = {}
        self.closed: dict[Priority, Hold] = {}
        """The classes that have no turn now, and why."""

    def begin(self, rates: Mapping[Priority, Rate], now: float) -> None:
        """A round of choices begins at *now*; the classes in *rates* are limited."""
        self._rates = rates
        self.closed.clear()
        for priority in rates:
            self._look(priority, now)

    def started(self, priority: Priority, now: float) -> None:
        """Take a token of the class, if it has a rate; it may be closed from now on."""
        rate = self._rates.get(priority)
        if rate is not None:
            self._buckets[priority] = self._now(priority, rate, now).taken()
            self._look(priority, now)

    def _look(self, priority: Priority, now: float) -> None:
        rate = self._rates[priority]
        at = self._now(priority, rate, now).ready_at(rate)
        if at > now:
            name = priority.name.lower()
            reason = f"{name} mail goes at {rate.shown} ({rate.source})"
            self.closed[priority] = Hold(
                reason, at, rate.source, pace=1 / rate.per_second, of_class=True
            )

    def _now(self, priority: Priority, rate: Rate, now: float) -> Bucket:
        bucket = self._buckets.get(priority)
        return Bucket.full(rate, now) if bucket is None else bucket.by(now, rate)
