"""How much waits where, and which destination has mail that is due: kept in memory.

Counts of recipients by destination and state are those an operator sees, ACTIVE included.
What is due is known by *lane*, the mail of one class at one destination: it is in the ring
of its class when it may have something due now, and on the heap with the earliest time
otherwise, so that neither a million waiting recipients nor ten thousand idle destinations
cost anything.  The rings turn, so that no destination starves another.
Memory: about 700 octets a destination.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from math import inf
from typing import final

from empath.address import Domain
from empath.envelope import Lane, Priority, State
from empath.policy.room import CLASSES, Room


@final
class Line:
    """What is known about the mail of one class at one destination."""

    __slots__ = ("hint", "leased", "name", "priority", "ringed", "woken")

    def __init__(self, name: Domain, priority: Priority) -> None:
        self.name = name
        self.priority = priority
        self.hint = inf
        """Nothing that is not leased is due before this time; inf: nothing waits."""
        self.ringed = False
        self.woken = inf
        """The earliest `wake` since it was taken off the ring to be looked at."""
        self.leased: set[int] = set()
        """Keys of messages that have a lease here."""

    def __repr__(self) -> str:
        return f"<Line {self.name} {self.priority.name} hint={self.hint} ringed={self.ringed}>"

    @property
    def idle(self) -> bool:
        """Nothing that is due is known of it, and nothing is leased."""
        return not self.ringed and not self.leased


@final
class Queue:
    """What is known about one destination."""

    __slots__ = ("counts", "lines", "name")

    def __init__(self, name: Domain) -> None:
        self.name = name
        self.counts = [0, 0, 0, 0]
        """Recipients that are queued, deferred, held, active."""
        self.lines: dict[Priority, Line] = {}

    def __repr__(self) -> str:
        return f"<Queue {self.name} counts={self.counts} {[*self.lines.values()]}>"

    @property
    def over(self) -> bool:
        """Nothing waits here any more."""
        return not any(self.counts) and all(line.idle for line in self.lines.values())


@final
class Tally:
    """All destinations that mail waits for."""

    def __init__(self) -> None:
        self._queues: dict[Domain, Queue] = {}
        self._rings: dict[Priority, deque[Line]] = {priority: deque() for priority in CLASSES}
        self._heap: list[tuple[float, Domain, Priority]] = []
        self._full: Collection[Domain] = ()
        self._crowded: Collection[Lane] = ()
        self._closed: Collection[Priority] = ()
        self.totals = [0, 0, 0, 0]
        self.messages = 0
        """Messages with a recipient that is not final."""
        self.finished = 0
        self.octets = 0
        self.file_bodies = 0
        self.trashed = 0
        """Messages of which a recipient is in the trash."""
        self.trashed_octets = 0
        """Octets of those that are there as a whole: nobody waits for them."""

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

    def line(self, name: Domain, priority: Priority) -> Line:
        """The mail of class *priority* at *name*; made when there is none."""
        lines = self.queue(name).lines
        line = lines.get(priority)
        if line is None:
            line = lines[priority] = Line(name, priority)
        return line

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
        elif queue.over:
            # Its entries on the heap are recognised as old when they come up.
            del self._queues[name]

    def wake(self, name: Domain, priority: Priority, due_at: float) -> None:
        """Something of this class that is not leased waits at *name*, due at *due_at*."""
        line = self.line(name, priority)
        if line.ringed:
            line.woken = min(line.woken, due_at)
        elif due_at < line.hint:
            line.hint = due_at
            heapq.heappush(self._heap, (due_at, name, priority))

    def holding(self, limit: int) -> list[Domain]:
        """At most *limit* destinations that mail is held for."""
        if not self.totals[State.HELD]:
            return []
        holding = (queue.name for queue in self if queue.counts[State.HELD])
        return [*islice(holding, limit)]

    def longest(self, limit: int) -> list[tuple[Domain, tuple[int, ...]]]:
        """The *limit* destinations with the most recipients, and their counts by state."""
        chosen = heapq.nlargest(limit, self._queues.values(), key=lambda queue: sum(queue.counts))
        return [(queue.name, tuple(queue.counts)) for queue in chosen if any(queue.counts)]

    # What is due.

    def ripen(self, now: float, full: Collection[Domain], crowded: Collection[Lane]) -> None:
        """Let what is due by *now* take its place in the rings; nothing of the destinations
        in *full* and of the lanes in *crowded* is wanted until this is called again.
        """
        self._full, self._crowded, self._closed = full, crowded, ()
        heap = self._heap
        while heap and heap[0][0] <= now:
            hint, name, priority = heapq.heappop(heap)
            line = self._current(hint, name, priority)
            if line is not None:
                line.ringed = True
                self._rings[priority].append(line)

    def has_due(self, priority: Priority) -> bool:
        """Something of this class on disk may be due that is wanted."""
        return any(self._wanted(line) for line in self._rings[priority])

    def due(self, room: Room, seen: Collection[Lane] = ()) -> list[Line]:
        """Lanes that may have something due, the most urgent first, taken off the rings: of
        each class as many as it has room for, none of those *seen* in this round.  Each is to
        be given back by `exhausted` or `more`.
        """
        taken: list[Line] = []
        if not seen:
            self._closed = [priority for priority in CLASSES if not room.of(priority)]
        for priority, ring in self._rings.items():
            most = room.of(priority)
            start = len(taken)
            for _ in range(len(ring)):
                if len(taken) - start >= most:
                    break
                line = ring.popleft()
                if self._wanted(line) and (line.name, priority) not in seen:
                    line.woken = inf
                    taken.append(line)
                else:
                    ring.append(line)
        return taken

    def more(self, line: Line, *, first: bool = False) -> None:
        """*line* has more that is due; *first*: it was not even looked at."""
        ring = self._rings[line.priority]
        if first:
            ring.appendleft(line)
        else:
            ring.append(line)

    def exhausted(self, line: Line, hint: float | None) -> None:
        """Nothing more was due at *line* until *hint* when it was looked at."""
        line.ringed = False
        line.hint = inf
        earliest = min(line.woken, inf if hint is None else hint)
        if earliest < inf:
            self.wake(line.name, line.priority, earliest)
            return
        queue = self._queues.get(line.name)
        if queue is not None and queue.over:
            del self._queues[line.name]

    def next_due(self, now: float) -> float | None:
        """When something that is not leased is due next; what was not wanted or had no room
        when last asked does not count.
        """
        for priority, ring in self._rings.items():
            if priority not in self._closed and any(self._wanted(line) for line in ring):
                return now
        heap = self._heap
        while heap:
            hint, name, priority = heap[0]
            if self._current(hint, name, priority) is not None:
                return hint
            heapq.heappop(heap)
        return None

    def _wanted(self, line: Line) -> bool:
        return line.name not in self._full and (line.name, line.priority) not in self._crowded

    def _current(self, hint: float, name: Domain, priority: Priority) -> Line | None:
        """The line that an entry of the heap stands for; None if the entry is old."""
        queue = self._queues.get(name)
        line = queue.lines.get(priority) if queue is not None else None
        return line if line is not None and line.hint == hint and not line.ringed else None
