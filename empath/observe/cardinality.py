"""Counts by name for as many names as there may be: the most seen by name, the rest together.

A label of a metric costs memory here and in whatever collects it, and names come from outside.
Promises: at most `shown` names and one "other"; each count only grows while its name is shown;
the sum is exact.  A name that has become more frequent than the least one shown takes its
place, whose count goes to the rest; the newcomer then counts from nought.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, final

OTHER: Final = "other"
SHOWN: Final = 100
_CANDIDATES: Final = 1000


@final
class MostSeen:
    """Counts by name and kind; kinds are few, names may be many."""

    __slots__ = ("_candidates", "_counts", "_floor", "_rest", "_shown", "_totals")

    def __init__(self, shown: int = SHOWN) -> None:
        self._shown = shown
        self._counts: dict[str, dict[str, int]] = {}
        self._totals: dict[str, int] = {}
        self._rest: dict[str, int] = {}
        self._floor = 0
        """No total that is shown is smaller: totals only grow, newcomers come in above it."""
        self._candidates: OrderedDict[str, int] = OrderedDict()

    def __repr__(self) -> str:
        return f"<MostSeen {len(self._counts)} of {self._shown}>"

    def count(self, name: str, kind: str) -> None:
        """Count one."""
        counts = self._counts.get(name)
        if counts is None:
            counts = self._place(name)
        else:
            self._totals[name] += 1
        counts[kind] = counts.get(kind, 0) + 1

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Name, kind and count; `OTHER` comes last."""
        for name, counts in self._counts.items():
            for kind, number in counts.items():
                yield name, kind, number
        for kind, number in self._rest.items():
            yield OTHER, kind, number

    def _place(self, name: str) -> dict[str, int]:
        """Where a name that is not shown is counted: in a place of its own, or with the rest."""
        if len(self._counts) < self._shown:
            return self._show(name)
        seen = self._candidates.pop(name, 0) + 1
        if seen <= self._floor:
            return self._wait(name, seen)
        least = min(self._totals, key=self._totals.__getitem__)
        self._floor = self._totals[least]
        if seen <= self._floor:
            return self._wait(name, seen)
        for kind, number in self._counts.pop(least).items():
            self._rest[kind] = self._rest.get(kind, 0) + number
        self._candidates[least] = self._totals.pop(least)
        counts = self._show(name)
        self._totals[name] = seen
        return counts

    def _wait(self, name: str, seen: int) -> dict[str, int]:
        self._candidates[name] = seen
        if len(self._candidates) > _CANDIDATES:
            self._candidates.popitem(last=False)
        return self._rest

    def _show(self, name: str) -> dict[str, int]:
        self._totals[name] = 1
        counts = self._counts[name] = {}
        return counts
