"""How many attempts go before one message where a rate lets them go one by one.

What shares a rate waits in lanes: the classes of one destination, or one class at all its
destinations.  Within a lane the place is known; between lanes turns are taken by weight, so the
number is an estimate, and mail that arrives in a higher class meanwhile pushes it on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from empath.envelope import Lane, Priority


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is due now and shares a rate with one message."""

    before: int
    """Messages of its own lane that are due before it."""
    waiting: Mapping[Lane, int]
    """Messages by lane, its own and itself included."""
    exact: bool = True
    """False: there is more than was counted."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one message among those that wait for a rate."""

    before: int
    """Attempts that go before it, as estimated."""
    waiting: int
    """Messages that wait, itself included."""
    exact: bool = True
    """False: both are at least as many."""


def place(lane: Lane, ahead: Ahead, weights: Mapping[Priority, int]) -> Place:
    """The place of a message of *lane* with *ahead* before it, where classes have *weights*."""
    own, before = weights[lane[1]], ahead.before
    for other, count in ahead.waiting.items():
        if other != lane:
            # By the time its own lane has had all turns up to its own.
            before += min(count, math.ceil((ahead.before + 1) * weights[other[1]] / own))
    waiting = max(1, sum(ahead.waiting.values()))
    return Place(min(before, waiting - 1), waiting, ahead.exact)
