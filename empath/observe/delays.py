"""How long things took in the last hour: percentiles out of a histogram in fixed memory.

The bounds of the histogram grow by half each, from 5 ms to four days, so a percentile is right
within a few per cent of itself, up to a quarter at worst.  Counted are the last five quarters of
an hour, the running one included.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, final

from msgspec import Struct

from empath.observe.ring import Ring

QUARTER: Final = 900
_QUARTERS: Final = 5
BOUNDS: Final = tuple(0.005 * 1.5**step for step in range(45))
"""Upper bounds in seconds."""


class Percentiles(Struct, frozen=True):
    """Seconds that half, 95 and 99 of a hundred did not exceed; nought of nothing."""

    count: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


@final
class Delays:
    """The histogram."""

    __slots__ = ("_ring",)

    def __init__(self) -> None:
        self._ring = Ring(_QUARTERS, QUARTER, len(BOUNDS) + 1)

    def __repr__(self) -> str:
        return f"<Delays {self._ring!r}>"

    def note(self, at: float, seconds: float) -> None:
        """Count one that ended at *at*."""
        self._ring.add(at, bisect_left(BOUNDS, seconds))

    def percentiles(self, at: float) -> Percentiles:
        """Of the last hour and what is begun of the next quarter, as of *at*."""
        counts = self._ring.sums(at)
        total = sum(counts)
        if not total:
            return Percentiles()
        return Percentiles(total, *(_quantile(counts, total * part) for part in (0.5, 0.95, 0.99)))


def _quantile(counts: tuple[int, ...], wanted: float) -> float:
    """The value that *wanted* of all do not exceed, by its place within its range."""
    seen = 0.0
    for place, count in enumerate(counts):
        if count and seen + count >= wanted:
            low = BOUNDS[place - 1] if place else 0.0
            high = BOUNDS[min(place, len(BOUNDS) - 1)]
            return low + (high - low) * (wanted - seen) / count
        seen += count
    return BOUNDS[-1]
