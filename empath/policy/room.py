"""How much more mail the window takes in, class by class.

Half of the window is anyone's; of the other half each class has a fifth of its own.  So a
flood of one class never takes the place of another: critical mail behind a million bulk
still finds room, and bulk behind a flood of critical mail does too (DESIGN P5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self, final

from empath.envelope import Priority

CLASSES: Final = tuple(sorted(Priority, reverse=True))
"""All classes, the most urgent first."""
_OWN_SHARE: Final = 10
"""Each class has the window divided by this for itself."""


@final
class Room:
    """Lots that may still be taken: what is each class's own, and what is anyone's."""

    __slots__ = ("_own", "_shared")

    def __init__(self, shared: int, own: Mapping[Priority, int] | None = None) -> None:
        self._shared = max(0, shared)
        self._own = {priority: max(0, count) for priority, count in (own or {}).items()}

    def __repr__(self) -> str:
        own = ", ".join(f"{each.name.lower()} {count}" for each, count in self._own.items())
        return f"<Room shared={self._shared} own=({own})>"

    @classmethod
    def within(cls, window: int, waiting: Mapping[Priority, int]) -> Self:
        """What is free in a window of *window* lots in which so many of each class wait."""
        each = window // _OWN_SHARE
        over = sum(max(0, waiting.get(priority, 0) - each) for priority in CLASSES)
        own = {priority: each - waiting.get(priority, 0) for priority in CLASSES}
        return cls(window - len(CLASSES) * each - over, own)

    @property
    def left(self) -> int:
        """Lots that may be taken in all."""
        return self._shared + sum(self._own.values())

    def of(self, priority: Priority) -> int:
        """Lots of this class that may be taken."""
        return self._own.get(priority, 0) + self._shared

    def take(self, priority: Priority) -> None:
        """One lot of this class was taken: of its own share first."""
        if self._own.get(priority, 0):
            self._own[priority] -= 1
        else:
            self._shared -= 1
