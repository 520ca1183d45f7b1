"""How much waits where, and which destination has mail that is due: kept in memory.

Counts of recipients by destination and state are those an operator sees, ACTIVE included.
A destination is in the *ring* when it may have something due now, and on the *heap* with
the earliest time otherwise, so that neither a million waiting recipients nor ten thousand
idle destinations cost anything.  The ring turns, so that no destination starves another.
Memory: about 400 octets a destination.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from math import inf
from typing import final

from empath.address import Domain
from empath.envelope import State


@final
class Queue:
    """What is known about one destination."""

    __slots__ = ("counts", "hint", "leased", "name", "ringed", "woken")

    def __init__(self, name: Domain) -> None:
        self.name = name
        self.counts = [0, 0, 0, 0]
        """Recipients that are queued, deferred, held, active."""
        self.hint = inf
        """Nothing that is not leased is due before this time; inf: nothing waits."""
        self.ringed = False
        self.woken = inf
        """The earliest `wake` since it was taken off the ring to be looked at."""
        self.leased: set[int] = set()
        """Keys of messages that have a lease here."""

    def __repr__(self) -> str:
        return f"<Queue {self.name} counts={self.counts} hint={self.hint} ringed={self.ringed}>"


@final
class Tally:
    """All destinations that mail waits for."""

    def __init__(self) -> None:
        self._queues: dict[Domain, Queue] = {}
        self._ring: deque[Queue] = deque()
        self._heap: list[tuple[float, Domain]] = []
        self._passed: Collection[Domain] = ()
        self.totals = [0, 0, 0, 0]
        self.messages = 0
        """Messages with a recipient that is not final."""
        self.finished = 0
        self.octets = 0
        self.file_bodies = 0

    def __repr__(self) -> str:
        return f"<Tally totals={self.totals} destinations={len(self._queues)}>"

    def __len__(self) -> int:
        return len(self._queues)

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    def queue(self, name: Domain) -> Queue:
        """The queue of *name*; made when there is none."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = Queue(name)
        return queue

    def find(self, name: Domain) -> Queue | None:
        """The queue of *name* if anything waits there."""
        return self._queues.get(name)

    def shown(self) -> Mapping[State, int]:
        """Recipients by state."""
        return {State(number): count for number, count in enumerate(self.totals)}

    def add(self, name: Domain, state: State, count: int = 1) -> None:
        """Count recipients that came."""
        self.queue(name).counts[state] += count
        self.totals[state] += count

    def move(self, name: Domain, before: State, after: State, count: int = 1) -> None:
        """Count recipients that changed; final states are not counted."""
        queue = self.queue(name)
        queue.counts[before] -= count
        self.totals[before] -= count
        if after < State.DELIVERED:
            queue.counts[after] += count
            self.totals[after] += count
        elif not any(queue.counts) and not queue.leased and not queue.ringed:
            # Its entries on the heap are recognised as old when they come up.
            del self._queues[name]

    def wake(self, name: Domain, due_at: float) -> None:
        """Something that is not leased waits at *name*, due at *due_at*."""
        queue = self.queue(name)
        if queue.ringed:
            queue.woken = min(queue.woken, due_at)
        elif due_at < queue.hint:
            queue.hint = due_at
            heapq.heappush(self._heap, (due_at, name))

    def has_due(self, now: float, full: Collection[Domain]) -> bool:
        """Something on disk may be due at a destination that is not *full*."""
        heap = self._heap
        return bool(heap and heap[0][0] <= now) or any(q.name not in full for q in self._ring)

    def longest(self, limit: int) -> list[tuple[Domain, tuple[int, ...]]]:
        """The *limit* destinations with the most recipients, and their counts by state."""
        chosen = heapq.nlargest(limit, self._queues.values(), key=lambda queue: sum(queue.counts))
        return [(queue.name, tuple(queue.counts)) for queue in chosen if any(queue.counts)]

    def due(
        self, now: float, full: Collection[Domain], limit: int, seen: Collection[Domain] = ()
    ) -> list[Queue]:
        """Up to *limit* destinations that may have something due, taken off the ring; none of
        those that are *full* or were *seen* in this round.

        Each is to be given back by `exhausted` or `more`.
        """
        heap, ring = self._heap, self._ring
        while heap and heap[0][0] <= now:
            hint, name = heapq.heappop(heap)
            queue = self._queues.get(name)
            if queue is not None and queue.hint == hint and not queue.ringed:
                queue.ringed = True
                ring.append(queue)
        taken: list[Queue] = []
        for _ in range(len(ring)):
            if len(taken) == limit:
                break
            queue = ring.popleft()
            if queue.name in full or queue.name in seen:
                ring.append(queue)
            else:
                queue.woken = inf
                taken.append(queue)
        self._passed = frozenset(full)
        return taken

    def more(self, queue: Queue, *, first: bool = False) -> None:
        """*queue* has more that is due; *first*: it was not even looked at."""
        if first:
            self._ring.appendleft(queue)
        else:
            self._ring.append(queue)

    def exhausted(self, queue: Queue, hint: float | None) -> None:
        """Nothing more was due at *queue* until *hint* when it was looked at."""
        queue.ringed = False
        queue.hint = inf
        earliest = min(queue.woken, inf if hint is None else hint)
        if earliest < inf:
            self.wake(queue.name, earliest)
        elif not any(queue.counts) and not queue.leased:
            self._queues.pop(queue.name, None)

    def next_due(self, now: float) -> float | None:
        """When something that is not leased is due next; destinations that were `full` when
        last asked do not count.
        """
        if any(queue.name not in self._passed for queue in self._ring):
            return now
        heap = self._heap
        while heap:
            hint, name = heap[0]
            queue = self._queues.get(name)
            if queue is not None and queue.hint == hint and not queue.ringed:
                return hint
            heapq.heappop(heap)
        return None
