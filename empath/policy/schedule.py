"""Who goes next: the lots that wait in memory, and the choice between them.

Destinations take turns, so that none can starve another (DESIGN P5); within one, what is
due first goes first.  What keeps a destination from its turn is a `Gate`, which answers with
a verdict that names the reason and until when it holds.  Gates are asked in order, and the
first `Hold` is kept as the destination's verdict (DESIGN P6).
Pure: no clock and no loop; choosing costs one turn for each lot chosen and each
destination held, never a walk over the whole window.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from empath.address import Domain
from empath.envelope import Lot


@dataclass(frozen=True, slots=True)
class Hold:
    """Not this destination now: *reason* says why and which setting or fact causes it.

    It holds until *until* (seconds since the epoch), or until an attempt there ends if None.
    """

    reason: str
    until: float | None = None


Verdict = Hold | None
"""What a gate says: None lets the destination have its turn."""


class Gate(Protocol):
    """Something that may keep a destination from its turn: a cap, a rate, a breaker."""

    def verdict(self, destination: Domain) -> Verdict:
        """Whether *destination* may have a turn now; changes nothing."""
        ...

    def started(self, destination: Domain) -> None:
        """An attempt at *destination* was chosen."""
        ...


@final
class Window:
    """Leased lots that wait for their turn, by destination; bounded by its owner."""

    def __init__(self) -> None:
        self._queues: dict[Domain, deque[Lot]] = {}
        self._turns: deque[Domain] = deque()
        self._count = 0
        self.verdicts: dict[Domain, Hold] = {}
        """What last held each destination that waits here."""

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Window lots={self._count} destinations={len(self._turns)}>"

    def waiting(self, destination: Domain) -> int:
        """How many lots wait for *destination*."""
        queue = self._queues.get(destination)
        return len(queue) if queue else 0

    def crowded(self, most: int) -> list[Domain]:
        """The destinations that *most* lots or more wait for."""
        return [domain for domain, queue in self._queues.items() if len(queue) >= most]

    def add(self, lots: Iterable[Lot]) -> None:
        """Take lots in; those of one destination come oldest due first."""
        for lot in lots:
            queue = self._queues.get(lot.destination)
            if queue is None:
                self._queues[lot.destination] = deque((lot,))
                self._turns.append(lot.destination)
            elif queue[-1].due_at <= lot.due_at:
                queue.append(lot)
            else:
                insort(queue, lot, key=_due)
            self._count += 1

    def choose(self, free: int, gates: Sequence[Gate]) -> list[Lot]:
        """Take out up to *free* lots whose turn it is and that every gate lets through.

        Each gate is told of a choice before it is asked about the next.
        """
        chosen: list[Lot] = []
        held = 0
        while len(chosen) < free and held < len(self._turns):
            destination = self._turns[0]
            verdict = _ask(gates, destination)
            if verdict is not None:
                self.verdicts[destination] = verdict
                self._turns.rotate(-1)
                held += 1
                continue
            held = 0
            self.verdicts.pop(destination, None)
            for gate in gates:
                gate.started(destination)
            queue = self._queues[destination]
            chosen.append(queue.popleft())
            self._count -= 1
            if queue:
                self._turns.rotate(-1)
            else:
                self._turns.popleft()
                del self._queues[destination]
        return chosen

    def clear(self) -> list[Lot]:
        """Take everything out, such as to give it back."""
        lots = [lot for queue in self._queues.values() for lot in queue]
        self._queues.clear()
        self._turns.clear()
        self.verdicts.clear()
        self._count = 0
        return lots


@final
class Concurrency:
    """The gate that bounds attempts at once to one destination, and counts them."""

    def __init__(self) -> None:
        self.running: dict[Domain, int] = {}
        """Attempts that run now, by destination."""
        self.most = 1
        """`delivery.per_destination`."""

    def verdict(self, destination: Domain) -> Verdict:
        """Hold *destination* while it has as many attempts as it may."""
        running = self.running.get(destination, 0)
        if running < self.most:
            return None
        return Hold(f"{running} attempts run already (delivery.per_destination = {self.most})")

    def started(self, destination: Domain) -> None:
        """Count one more."""
        self.running[destination] = self.running.get(destination, 0) + 1

    def ended(self, destination: Domain) -> None:
        """One attempt to *destination* is over."""
        running = self.running[destination] - 1
        if running:
            self.running[destination] = running
        else:
            del self.running[destination]


def _ask(gates: Sequence[Gate], destination: Domain) -> Verdict:
    for gate in gates:
        verdict = gate.verdict(destination)
        if verdict is not None:
            return verdict
    return None


def _due(lot: Lot) -> float:
    return lot.due_at
