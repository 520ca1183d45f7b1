"""Which hosts could not be reached lately, so that they are tried last for a while.

A host that refuses connections or says nothing costs every message the wait for it; while it
is remembered the others go first, but it is still tried when they fail, so that nothing is
lost by it.  Bounded in number (`MOST`) and time (`REMEMBERED`); a connection forgets it at
once, and a restart forgets all.  Times are the caller's, in seconds since the epoch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar, final

REMEMBERED: Final = 300.0
"""Seconds for which a host that could not be reached is tried last."""
MOST: Final = 1000
"""Hosts remembered; beyond that the oldest go."""

T = TypeVar("T")
Place = tuple[str, int]
"""A host name or an address, and the port."""


class Unreached(NamedTuple):
    """One host that could not be reached."""

    since: float
    """When that was seen first."""
    at: float
    """When it was seen last."""
    reason: str

    @property
    def until(self) -> float:
        """Until when it is tried last."""
        return self.at + REMEMBERED


@final
class Reachability:
    """What is remembered of hosts and addresses."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[Place, Unreached] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Reachability unreached={len(self._known)}>"

    def __len__(self) -> int:
        return len(self._known)

    def note(self, place: Place, reason: str, now: float) -> None:
        """*place* could not be reached."""
        before = self.unreached(place, now)
        self._known[place] = Unreached(now if before is None else before.since, now, reason)
        self._known.move_to_end(place)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def forget(self, *places: Place) -> None:
        """They were reached."""
        for place in places:
            self._known.pop(place, None)

    def unreached(self, place: Place, now: float) -> Unreached | None:
        """What is known against *place*; None when it may be tried in its turn."""
        known = self._known.get(place)
        # A clock that was set back must not make it wait for the time to come round again.
        if known is None or not known.at <= now < known.until:
            return None
        return known

    def last(self, items: Iterable[T], place_of: Callable[[T], Place], now: float) -> tuple[T, ...]:
        """*items* in their order, those that could not be reached lately behind the others."""
        if not self._known:
            return tuple(items)
        return tuple(
            sorted(items, key=lambda item: self.unreached(place_of(item), now) is not None)
        )

    def standing(self, now: float) -> Mapping[Place, Unreached]:
        """All that counts now, by name; what no longer does is dropped."""
        for place in [each for each in self._known if self.unreached(each, now) is None]:
            del self._known[place]
        return dict(sorted(self._known.items()))
