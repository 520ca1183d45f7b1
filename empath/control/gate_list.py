"""What keeps destinations from their turn, or sends their mail elsewhere, as operators read it.

While the network is away ten thousand breakers are open: whoever looks at a few destinations asks
about those alone, and the list of all is made in slices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from empath.address import Domain
from empath.control.link import GateItem
from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder
from empath.policy.breaker import Position
from empath.policy.override import Override
from empath.policy.suspension import Suspension
from empath.policy.throttle import Throttle

_SLICE: Final = 500
"""Destinations looked at before the loop has its turn."""


async def gate_items(
    engine: Deliverer | None,
    finder: RouteFinder,
    now: float,
    only: Iterable[Domain] | None = None,
) -> tuple[GateItem, ...]:
    """What holds at *now*, by destination; of *only* those that are named, where some are."""
    if engine is None:
        return ()
    gates = engine.gates
    by_operators: Mapping[str, Mapping[Domain, Suspension | Throttle | Override]] = {
        "limit": gates.throttles.standing(now),
        "override": finder.overrides(),
        "suspension": gates.suspensions.standing(now),
    }
    if only is None:
        only = {*gates.breakers.standing(now)}.union(*by_operators.values())
        await asyncio.sleep(0)
    items: list[GateItem] = []
    for number, name in enumerate(sorted(only)):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        breaker = gates.breakers[name]
        position = breaker.position(now)
        if position is not Position.CLOSED:
            items.append(
                GateItem(
                    destination=name,
                    gate="breaker",
                    state=position.value,
                    until=breaker.open_until,
                    reason=breaker.why,
                    actor=breaker.actor,
                    since=breaker.since,
                )
            )
        items += [
            GateItem(
                destination=name,
                gate=gate,
                state=_state(each),
                until=each.until,
                reason=each.reason,
                actor=each.actor,
                since=each.since,
            )
            for gate, standing in by_operators.items()
            if (each := standing.get(name)) is not None
        ]
    return tuple(items)


def _state(by_operator: Suspension | Throttle | Override) -> str:
    match by_operator:
        case Suspension():
            return "suspended"
        case Throttle():
            return f"limited to {by_operator.shown}"
        case Override():
            return f"re-routed to {', '.join(by_operator.hosts)}"
