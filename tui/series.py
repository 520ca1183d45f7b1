"""Ring buffers of one value a second, and rates derived from counters.

The engine reports counters that run since its start; what a screen shows is how fast they
run.  A restart of the engine sets them back, which is a gap, not a negative rate.
Plain Python: no clock, no loop; times are monotonic seconds handed in.
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

SPAN: Final = 600
"""Seconds that are kept."""

_STEPS: Final = range(1, 61)


@final
class Series:
    """The last `SPAN` seconds of one value; None where nothing is known."""

    def __init__(self, span: int = SPAN) -> None:
        self._values: deque[float | None] = deque(maxlen=span)
        self._second: int | None = None

    def __len__(self) -> int:
        return len(self._values)

    def add(self, at: float, value: float | None) -> None:
        """Note *value* for the second of *at*; skipped seconds are unknown."""
        second = int(at)
        if self._second is not None:
            if second <= self._second:
                if self._values:
                    self._values[-1] = value
                return
            for _ in range(min(second - self._second - 1, self._values.maxlen or 0)):
                self._values.append(None)
        self._second = second
        self._values.append(value)

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self._values[-1] if self._values else None

    def recent(self, seconds: int) -> float | None:
        """The mean of what is known of the last *seconds*."""
        known = [value for value in list(self._values)[-seconds:] if value is not None]
        return sum(known) / len(known) if known else None

    @property
    def peak(self) -> float | None:
        """The greatest value of one second; never less than a mean of some."""
        return max((value for value in self._values if value is not None), default=None)

    def columns(self, width: int) -> tuple[list[float | None], int]:
        """At most *width* means, oldest first, and how many seconds each one covers.

        The seconds a column grow with the history, from one at first to thirty,
        so that a fresh console moves at once and an old one shows all ten minutes.
        """
        values = list(self._values)
        per = next((n for n in _STEPS if n * width >= len(values)), 60)
        if per == 1:
            return values[-width:], 1
        # Columns end on whole multiples of `per`, else they would shimmer as time passes.
        surplus = ((self._second or 0) + 1) % per
        result: list[float | None] = []
        stop = len(values)
        size = surplus or per
        while stop > 0 and len(result) < width:
            known = [value for value in values[max(0, stop - size) : stop] if value is not None]
            result.append(sum(known) / len(known) if known else None)
            stop -= size
            size = per
        result.reverse()
        return result, per


@final
class Counter:
    """A counter of the engine and the `Series` of its rate per second."""

    def __init__(self) -> None:
        self.series = Series()
        self._before: tuple[float, int] | None = None

    def read(self, at: float, value: int) -> None:
        """Note the counter's *value* at monotonic *at*."""
        if self._before is not None:
            since, before = self._before
            if at - since < 0.2:
                return
            known = value >= before and at - since < 30
            self.series.add(at, (value - before) / (at - since) if known else None)
        self._before = (at, value)

    def reset(self) -> None:
        """The engine is another one: what was read before says nothing about its rate."""
        self._before = None
