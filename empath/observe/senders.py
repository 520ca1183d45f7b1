"""Who sends most: the most frequent senders, their domains and clients of the last hour.

A fold over the events that keeps the most frequent of any number of names in fixed memory, by
the space-saving rule (Metwally, Agrawal, El Abbadi 2005): a name that comes when there is no
room takes over the count of those that had to go, so a count may be too great, never too small,
by no more than `Ranked.error`.  Who sends more than a thousandth of the mail is never missed.
Less than a microsecond and a half an event.
"""

from __future__ import annotations

from heapq import nlargest
from typing import Final, Literal, final

from msgspec import Struct

from empath.events import Event, MessageAccepted

MOST: Final = 500
"""Names that are kept of one period when room has to be made."""
PERIOD: Final = 600
PERIODS: Final = 7
"""The running period and those of the hour before it."""

By = Literal["sender", "domain", "client"]


class Ranked(Struct, frozen=True):
    """One name and its count."""

    name: str
    messages: int
    error: int
    """By how much the count may be too great."""


@final
class Period:
    """Counts by name within one period."""

    __slots__ = ("counts", "floor", "most", "number")

    def __init__(self, number: int, most: int = MOST) -> None:
        self.number = number
        self.most = most
        self.counts: dict[str, int] = {}
        self.floor = 0
        """What a name that is not among `counts` may have been seen at most."""

    def count(self, name: str) -> None:
        """Count one."""
        counts = self.counts
        known = counts.get(name)
        if known is not None:
            counts[name] = known + 1
            return
        if len(counts) >= 2 * self.most:
            self._make_room()
        self.counts[name] = self.floor + 1

    def _make_room(self) -> None:
        kept = nlargest(self.most + 1, self.counts.items(), key=_second)
        self.floor = max(self.floor, kept[-1][1])
        self.counts = dict(kept[:-1])


def _second(pair: tuple[str, int]) -> int:
    return pair[1]


@final
class TopSenders:
    """The fold."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._periods: dict[By, list[Period]] = {"sender": [], "domain": [], "client": []}
        self._running: tuple[Period, Period, Period] = self._begin(0)

    def __repr__(self) -> str:
        return f"<TopSenders of {PERIODS} x {PERIOD} s>"

    def __call__(self, event: Event) -> None:
        """Count one accepted message; every other event is nothing to it."""
        if type(event) is not MessageAccepted:
            return
        senders, domains, clients = self._running
        number = int(event.at) // PERIOD
        if number > senders.number:
            senders, domains, clients = self._running = self._begin(number)
        path = event.reverse_path or ""
        senders.count(path)
        domains.count(path.rpartition("@")[2].lower())
        clients.count(event.client)

    def _begin(self, number: int) -> tuple[Period, Period, Period]:
        made: list[Period] = []
        for periods in self._periods.values():
            made.append(Period(number, self._most))
            periods.append(made[-1])
            del periods[:-PERIODS]
        return made[0], made[1], made[2]

    def top(self, by: By, at: float, limit: int) -> list[Ranked]:
        """Who sent most in the last hour, and in the period that runs."""
        oldest = int(at) // PERIOD - PERIODS + 1
        counts: dict[str, int] = {}
        floors = 0
        kept = [period for period in self._periods[by] if period.number >= oldest]
        for period in kept:
            floors += period.floor
            for name, count in period.counts.items():
                counts[name] = counts.get(name, 0) + count
        return [
            Ranked(name, count, floors)
            for name, count in nlargest(limit, counts.items(), key=_second)
        ]
