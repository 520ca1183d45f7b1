"""Who goes next: the lots that wait in memory, and the choice between them.

Every class has a ring of the destinations where mail of it waits, and the rings take turns
by weight; the destinations of a ring take turns; and within a destination its own classes
take turns by the same weights.  Within a class what is due first goes first, then what is
oldest.  So critical mail overtakes everything that waits, no destination starves another,
and bulk always moves (DESIGN P5).  What keeps a destination from its turn is a gate; the
first `Hold` is kept as its verdict (P6).
Pure: no clock and no loop; a choice costs a turn for each lot chosen and each destination
held, never a walk over the window.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Collection, Iterable, KeysView, Mapping, Sequence
from typing import Final, final

from empath.address import Domain
from empath.envelope import Lane, Lot, MessageId, Priority
from empath.policy.credits import WEIGHTS, Credits
from empath.policy.limiter import ClassRates
from empath.policy.room import CLASSES
from empath.policy.verdict import Gate, Hold, Verdict

_OPEN: Final[Mapping[Priority, Hold]] = {}


@final
class _Place:
    """The lots that wait for one destination, by class."""

    __slots__ = ("credits", "lots")

    def __init__(self) -> None:
        self.credits = Credits()
        self.lots: dict[Priority, deque[Lot]] = {}


@final
class Window:
    """Leased lots that wait for their turn; bounded by its owner."""

    def __init__(self, weights: Mapping[Priority, int] = WEIGHTS) -> None:
        self.weights = weights
        """Turns of each class in a round; every one at least 1."""
        self._places: dict[Domain, _Place] = {}
        self._rings: dict[Priority, deque[Domain]] = {priority: deque() for priority in CLASSES}
        self._credits = Credits()
        self._counts: Counter[Priority] = Counter()
        self._watched: Collection[Lane] = ()
        self._low = 0
        self.hungry = False
        """A lane that is watched has run low."""
        self.verdicts: dict[Domain, Hold] = {}
        """What last held each destination that waits here, until the next look."""

    def __len__(self) -> int:
        return self._counts.total()

    def __repr__(self) -> str:
        return f"<Window lots={len(self)} destinations={len(self._places)}>"

    @property
    def counts(self) -> Mapping[Priority, int]:
        """How many lots of each class wait."""
        return self._counts

    @property
    def destinations(self) -> KeysView[Domain]:
        """Where lots wait for."""
        return self._places.keys()

    def waiting(self, destination: Domain, priority: Priority | None = None) -> int:
        """How many lots wait for *destination*, or of one class of its mail."""
        place = self._places.get(destination)
        if place is None:
            return 0
        if priority is None:
            return sum(map(len, place.lots.values()))
        return len(place.lots.get(priority, ()))

    def crowded(self, most: int) -> list[Lane]:
        """The lanes in which *most* lots or more wait."""
        return [
            (domain, priority)
            for domain, place in self._places.items()
            for priority, lots in place.lots.items()
            if len(lots) >= most
        ]

    def watch(self, lanes: Collection[Lane], low: int) -> None:
        """Say by `hungry` when one of *lanes* comes to have no more than *low* lots."""
        self._watched, self._low, self.hungry = lanes, low, False
        for name in [name for name in self.verdicts if name not in self._places]:
            del self.verdicts[name]

    def add(self, lots: Iterable[Lot]) -> None:
        """Take lots in; those of one lane come oldest due first."""
        for lot in lots:
            priority = Priority(lot.priority)
            place = self._places.get(lot.destination)
            if place is None:
                place = self._places[lot.destination] = _Place()
            queue = place.lots.get(priority)
            if queue is None:
                place.lots[priority] = deque((lot,))
                self._rings[priority].append(lot.destination)
            elif _order(queue[-1]) <= _order(lot):
                queue.append(lot)
            else:
                insort(queue, lot, key=_order)
            self._counts[priority] += 1

    def choose(
        self,
        free: int,
        gates: Sequence[Gate],
        now: float = 0.0,
        classes: ClassRates | None = None,
    ) -> list[Lot]:
        """Take out up to *free* lots whose turn it is and that every gate lets through.

        Each gate is told of a choice before it is asked about the next.
        """
        chosen: list[Lot] = []
        held: set[Domain] = set()
        closed = classes.closed if classes is not None else _OPEN
        ready = [each for each in CLASSES if self._rings[each] and each not in closed]
        while ready and len(chosen) < free:
            turn = self._credits.next(ready, self.weights)
            if turn is None:
                break
            destination = self._next_of(self._rings[turn], gates, now, held)
            if destination is None:
                ready.remove(turn)
                continue
            self._credits.spend(turn, self.weights)
            for gate in gates:
                gate.started(destination, now)
            self.verdicts.pop(destination, None)
            lot = self._take(destination, closed)
            if classes is not None:
                classes.started(lot.priority, now)
            chosen.append(lot)
            ready = [each for each in ready if self._rings[each] and each not in closed]
        return chosen

    def _next_of(
        self, ring: deque[Domain], gates: Sequence[Gate], now: float, held: set[Domain]
    ) -> Domain | None:
        """The next destination of *ring* that may have a turn; it goes to the end."""
        for _ in range(len(ring)):
            destination = ring[0]
            ring.rotate(-1)
            if destination in held:
                continue
            verdict = _ask(gates, destination, now)
            if verdict is None:
                return destination
            self.verdicts[destination] = verdict
            held.add(destination)
        return None

    def _take(self, destination: Domain, closed: Mapping[Priority, Hold]) -> Lot:
        """Whose turn it is within *destination*, taken out."""
        place = self._places[destination]
        priority = place.credits.next(
            [each for each in place.lots if each not in closed], self.weights
        )
        assert priority is not None, "it stands in the ring of an open class"
        place.credits.spend(priority, self.weights)
        queue = place.lots[priority]
        lot = queue.popleft()
        self._counts[priority] -= 1
        if len(queue) <= self._low and (destination, priority) in self._watched:
            self.hungry = True
        if not queue:
            del place.lots[priority]
            ring = self._rings[priority]
            if ring[-1] == destination:  # It has just had its turn.
                ring.pop()
            else:
                ring.remove(destination)
            if not place.lots:
                del self._places[destination]
        return lot

    def withdraw(self, destination: Domain) -> list[Lot]:
        """Take out all that waits for *destination*."""
        place = self._places.pop(destination, None)
        if place is None:
            return []
        for priority, queue in place.lots.items():
            self._rings[priority].remove(destination)
            self._counts[priority] -= len(queue)
        return [lot for queue in place.lots.values() for lot in queue]

    def clear(self) -> list[Lot]:
        """Take everything out, such as to give it back."""
        lots = [lot for destination in list(self._places) for lot in self.withdraw(destination)]
        self.verdicts.clear()
        return lots


def _ask(gates: Sequence[Gate], destination: Domain, now: float) -> Verdict:
    for gate in gates:
        verdict = gate.verdict(destination, now)
        if verdict is not None:
            return verdict
    return None


def _order(lot: Lot) -> tuple[float, MessageId]:
    return lot.due_at, lot.id
