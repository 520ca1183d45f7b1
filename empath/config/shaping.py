"""The settings of turns and limits: weights of the classes, their rates, circuit breakers.

Sections of `empath.config.outbound`; `docs/DELIVERY.md` says how they work together.
"""

from __future__ import annotations

from typing import Annotated

from empath.config.terms import LIVE, Section, setting
from empath.config.units import Duration, Rate


class Weights(Section, frozen=True):
    """Turns of each class of mail in a round, while mail of other classes waits too."""

    critical: Annotated[int, setting("Turns of critical mail.", LIVE, low=1, high=1000)] = 16
    high: Annotated[int, setting("Turns of mail of high priority.", LIVE, low=1, high=1000)] = 8
    normal: Annotated[int, setting("Turns of normal mail.", LIVE, low=1, high=1000)] = 4
    low: Annotated[int, setting("Turns of mail of low priority.", LIVE, low=1, high=1000)] = 2
    bulk: Annotated[int, setting("Turns of bulk mail.", LIVE, low=1, high=1000)] = 1


class ClassRate(Section, frozen=True):
    """Most attempts of each class of mail, over all destinations; 0 is no limit."""

    critical: Annotated[Rate, setting("Of critical mail.", LIVE, low=0, high=100_000)] = Rate(0)
    high: Annotated[Rate, setting("Of mail of high priority.", LIVE, low=0, high=100_000)] = Rate(0)
    normal: Annotated[Rate, setting("Of normal mail.", LIVE, low=0, high=100_000)] = Rate(0)
    low: Annotated[Rate, setting("Of mail of low priority.", LIVE, low=0, high=100_000)] = Rate(0)
    bulk: Annotated[Rate, setting("Of bulk mail.", LIVE, low=0, high=100_000)] = Rate(0)


class Breaker(Section, frozen=True):
    """When a destination that keeps failing is left alone, and for how long."""

    failures: Annotated[
        int,
        setting(
            "Failures to connect, to greet or to take mail at all (not of one recipient) after"
            " which a destination is left alone.",
            LIVE,
            low=1,
            high=1000,
        ),
    ] = 5
    window: Annotated[
        Duration, setting("The time within which they count.", LIVE, low=1, high=86400)
    ] = Duration(60)
    open_for: Annotated[
        Duration,
        setting("How long it is left alone before one attempt probes it.", LIVE, low=1, high=86400),
    ] = Duration(300)
