"""What happens next by itself, and when: attempts, probes, ends of what operators did, expiries.

Of attempts the next of each destination is told, and only where nothing keeps it: a destination
whose breaker is open has its probe instead.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from heapq import nsmallest
from math import inf
from typing import Final

from empath.address import Domain
from empath.control import link
from empath.control.link import UpcomingItem
from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder
from empath.spool.face import Spool
from empath.spool.surveying import BOUNDS, Survey, SurveyRow

EXPIRIES: Final = 3
"""Messages whose end is told: the oldest; where there is one there are often many."""
_SLICE: Final = 500
"""Destinations looked at before the loop has its turn."""


async def outlook(
    *,
    spool: Spool,
    engine: Deliverer | None,
    finder: RouteFinder,
    expiry: float,
    now: float,
    limit: int,
) -> link.Upcoming:
    """The *limit* soonest things; *expiry* is the age in seconds at which mail is given up,
    infinite where it never is.
    """
    survey = await spool.survey("destination")
    by_next = await spool.arranged(survey, "next")
    oldest = await spool.oldest(min(limit, EXPIRIES))
    shut = {} if engine is None else engine.gates.shut(now)
    items: list[UpcomingItem] = []
    if engine is not None:
        due = [row for row in by_next[: limit + len(shut)] if row.name not in shut]
        items += _attempts(due[:limit], now)
        items += await _gates(engine, finder, now, limit)
    items += [
        UpcomingItem(
            at=at + expiry,
            what="expiry",
            subject=message,
            detail="given up unless it is delivered before",
            query=f"id:{message}",
        )
        for message, at in oldest
        if expiry < inf
    ]
    return link.Upcoming(
        items=tuple(nsmallest(limit, items, key=lambda item: item.at)),
        due=await _due(survey, shut, now),
        bounds=BOUNDS,
        now=now,
    )


async def _due(survey: Survey, shut: Mapping[Domain, float | None], now: float) -> tuple[int, ...]:
    """How many recipients may go within each of the bounds: none before its destination opens."""
    due = list(survey.total.nexts)
    for number, (name, until) in enumerate(shut.items()):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        early = survey.find(name).nexts
        opens = len(due) if until is None else bisect_right(BOUNDS, (until - now) / 60)
        for place, recipients in enumerate(early[:opens]):
            due[place] -= recipients
        if until is not None:
            due[opens] += sum(early[:opens])
    return tuple(due)


def _attempts(rows: Iterable[SurveyRow], now: float) -> Iterable[UpcomingItem]:
    for row in rows:
        if row.next_at is None:
            continue
        soon = row.nexts[0]
        detail = f"{soon:,} due within {BOUNDS[0]} minutes" if soon else ""
        yield UpcomingItem(
            at=max(row.next_at, now),
            what="attempt",
            subject=row.name,
            detail=detail,
            query=f"dest:{row.name}",
        )


async def _gates(
    engine: Deliverer, finder: RouteFinder, now: float, limit: int
) -> list[UpcomingItem]:
    gates = engine.gates
    suspended = gates.suspensions.standing(now)
    found: list[tuple[float | None, str, Domain, str]] = []
    for number, name in enumerate(gates.breakers.standing(now)):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        breaker = gates.breakers[name]
        if not breaker.probing and name not in suspended:
            found.append((breaker.open_until, "probe", name, breaker.why))
    for name, each in suspended.items():
        found.append((each.until, "suspension ends", name, each.reason))
    for name, throttle in gates.throttles.standing(now).items():
        found.append((throttle.until, "limit ends", name, throttle.reason))
    for name, override in finder.overrides().items():
        found.append((override.until, "re-route ends", name, override.reason))
    ends = [(at, what, name, why) for at, what, name, why in found if at is not None]
    return [
        UpcomingItem(at=max(at, now), what=what, subject=name, detail=why, query=f"dest:{name}")
        for at, what, name, why in nsmallest(limit, ends)
    ]
