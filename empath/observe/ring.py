"""Counters of the last while, in columns of equal length: what happened when, in fixed memory.

A `Ring` is a table of small numbers with a row for each period; a row is set to nought when its
place comes round again.  Adding to it costs less than a microsecond and never allocates.
"""

from __future__ import annotations

from array import array
from typing import Final, final

_ROOM: Final = 2**32 - 1
_NOTHING: Final = bytes(65536)


@final
class Ring:
    """*periods* rows of *width* counters, each for *seconds*; the last of them is running."""

    __slots__ = ("_cells", "_last", "periods", "seconds", "width")

    def __init__(self, periods: int, seconds: int, width: int) -> None:
        self.periods = periods
        self.seconds = seconds
        self.width = width
        self._cells = array("I", _NOTHING[: 4 * periods * width])
        self._last = 0
        """The number of the running period since the epoch; 0 before anything was added."""

    def __repr__(self) -> str:
        return f"<Ring {self.periods} x {self.seconds} s x {self.width}>"

    def add(self, at: float, place: int, count: int = 1) -> None:
        """Count at time *at*; a clock that went back counts in the running period."""
        number = int(at) // self.seconds
        if number > self._last:
            self._turn(number)
        cell = (self._last % self.periods) * self.width + place
        self._cells[cell] = min(_ROOM, self._cells[cell] + count)

    def _turn(self, number: int) -> None:
        blank = array("I", bytes(4 * self.width))
        for each in range(max(self._last + 1, number - self.periods + 1), number + 1):
            start = (each % self.periods) * self.width
            self._cells[start : start + self.width] = blank
        self._last = number

    def rows(self, at: float) -> list[tuple[int, ...]]:
        """The rows up to the one that runs at *at*, oldest first."""
        now = max(self._last, int(at) // self.seconds)
        nothing = (0,) * self.width
        found = []
        for number in range(now - self.periods + 1, now + 1):
            start = (number % self.periods) * self.width
            known = self._last - self.periods < number <= self._last
            found.append(tuple(self._cells[start : start + self.width]) if known else nothing)
        return found

    def sums(self, at: float, last: int | None = None) -> tuple[int, ...]:
        """The sum of the *last* rows, of all if not given."""
        rows = self.rows(at)
        chosen = rows if last is None else rows[-last:]
        return tuple(map(sum, zip(*chosen, strict=True)))
