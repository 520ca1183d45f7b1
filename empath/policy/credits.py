"""Deficit round robin between the classes, for choices that all cost the same.

In each round a class has as many turns as its weight; the most urgent class with turns left
goes first, and a new round begins when no class that waits has any.  So critical mail that
comes in goes next, and bulk waits for no more than the turns of one round (DESIGN 5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, final

from empath.envelope import Priority
from empath.policy.room import CLASSES

WEIGHTS: Final[Mapping[Priority, int]] = {
    Priority.CRITICAL: 16,
    Priority.HIGH: 8,
    Priority.NORMAL: 4,
    Priority.LOW: 2,
    Priority.BULK: 1,
}
"""Turns a round, unless `delivery.weights` says otherwise."""


@final
class Credits:
    """Turns that are left in this round, by class."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[Priority, int] = {}

    def __repr__(self) -> str:
        left = ", ".join(f"{each.name.lower()} {count}" for each, count in self._left.items())
        return f"<Credits {left}>"

    def next(
        self, waiting: Collection[Priority], weights: Mapping[Priority, int]
    ) -> Priority | None:
        """Which of the classes that wait has the next turn; None if none waits."""
        for priority in CLASSES:
            if priority in waiting and self._left.get(priority, weights[priority]) > 0:
                return priority
        if not waiting:
            return None
        self._left.clear()
        return max(waiting)

    def spend(self, priority: Priority, weights: Mapping[Priority, int]) -> None:
        """*priority* had its turn."""
        self._left[priority] = self._left.get(priority, weights[priority]) - 1
