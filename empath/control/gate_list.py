"""What keeps destinations from their turn, or sends their mail elsewhere, as operators read it."""

from __future__ import annotations

from empath.address import Domain
from empath.control.link import GateItem
from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder
from empath.policy.override import Override
from empath.policy.suspension import Suspension
from empath.policy.throttle import Throttle


def gate_items(
    engine: Deliverer | None, finder: RouteFinder, now: float, only: Domain | None = None
) -> tuple[GateItem, ...]:
    """What holds at *now*, by destination; of *only* where one is named."""
    if engine is None:
        return ()
    gates = engine.gates
    items = [
        GateItem(
            destination=name,
            gate="breaker",
            state=position.value,
            until=gates.breakers[name].open_until,
            reason=gates.breakers[name].why,
            actor=gates.breakers[name].actor,
            since=gates.breakers[name].since,
        )
        for name, position in gates.breakers.standing(now).items()
    ]
    by_operators: list[tuple[Domain, str, str, Suspension | Throttle | Override]] = [
        *(
            (name, "suspension", "suspended", each)
            for name, each in gates.suspensions.standing(now).items()
        ),
        *(
            (name, "limit", f"limited to {each.shown}", each)
            for name, each in gates.throttles.standing(now).items()
        ),
        *(
            (name, "override", f"re-routed to {', '.join(each.hosts)}", each)
            for name, each in finder.overrides().items()
        ),
    ]
    items += [
        GateItem(
            destination=name,
            gate=gate,
            state=state,
            until=each.until,
            reason=each.reason,
            actor=each.actor,
            since=each.since,
        )
        for name, gate, state, each in by_operators
    ]
    if only is not None:
        items = [item for item in items if item.destination == only]
    return tuple(sorted(items, key=lambda item: (item.destination, item.gate)))
