"""The scheduler on a clock of its own: messages in, choices out, nothing else is real.

All messages wait at the start, evenly over classes and destinations; the window is refilled
from them as the engine does it.  Each attempt takes one second of the simulated clock.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from empath.address import Domain
from empath.envelope import Lane, Lot, MessageId, Priority, Recipient, Waiting
from empath.policy.concurrency import Concurrency
from empath.policy.room import CLASSES, Room
from empath.policy.schedule import Window


@dataclass
class Result:
    """What came of a simulation."""

    done: Counter[Priority] = field(default_factory=Counter)
    competing: Counter[Priority] = field(default_factory=Counter)
    """Lots chosen while every class still had mail waiting."""
    longest_pause_of_bulk: float = 0.0
    """Seconds between two bulk messages at most, while any waited."""
    seconds: float = 0.0
    waited: dict[Priority, float] = field(default_factory=dict)
    """Seconds until the last of each class was begun."""


def simulate(*, messages: int, destinations: int, slots: int = 100, window: int = 2000) -> Result:
    """Run it to the end."""
    names = [Domain(f"d{number}.test") for number in range(destinations)]
    left: dict[Lane, int] = {
        (name, priority): messages // destinations // len(CLASSES)
        for name in names
        for priority in CLASSES
    }
    waiting = Counter(dict.fromkeys(CLASSES, 0))
    for (_, priority), count in left.items():
        waiting[priority] += count
    people = (Waiting(0, Recipient("u@d.test"), 0),)  # type: ignore[arg-type] - not looked at
    one = MessageId.compose(1, 1)
    held = Window()
    gate = Concurrency(lambda _: (20, "delivery.per_destination"))
    running: deque[Lot] = deque()
    result, now, last_bulk = Result(), 0.0, 0.0
    while waiting.total():
        room = Room.within(window, held.counts)
        for lane in [lane for lane, count in left.items() if count]:
            name, priority = lane
            take = min(left[lane], room.of(priority), 40 - held.waiting(name, priority))
            for _ in range(take):
                room.take(priority)
                held.add((Lot(one, name, people, None, priority, 0.0, 0.0, 1),))
            left[lane] -= max(0, take)
        while running:
            gate.ended(running.popleft().destination)
        for lot in held.choose(slots, (gate,), now):
            priority = lot.priority
            if all(waiting.values()):
                result.competing[priority] += 1
            waiting[priority] -= 1
            result.done[priority] += 1
            result.waited[priority] = now
            if priority is Priority.BULK:
                result.longest_pause_of_bulk = max(result.longest_pause_of_bulk, now - last_bulk)
                last_bulk = now
            running.append(lot)
            gate.answered(lot.destination, well=True)
        now += 1.0
    result.seconds = now
    return result
