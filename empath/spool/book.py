"""What the spool knows in memory: leases, freshly accepted mail, counts.

Runs on the event loop only, touches neither disk nor thread, and is brought up to date
after each commit.  It promises that a recipient is in one lease at most, that a lease is
ended once, and that a scan of the disk cannot bring back what was recorded, changed or
leased while it ran.  A row of a leased recipient is changed only by who holds the lease;
an operator's change first takes away the leases whose attempt has not begun.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, final

from empath.address import Domain
from empath.envelope import Lane, Lot, Priority, State
from empath.policy.room import CLASSES, Room
from empath.spool.tally import Tally

FRESH_LOTS: Final = 2000
"""Most lots of a class that are handed on from memory; others are read back from disk."""
FRESH_OCTETS: Final = 16 * 2**20
"""Most octets of bodies kept in memory for them."""

Pair = tuple[int, Domain]
"""A message and a destination: what a lease is of."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the engine wants: at most *per_lane* lots of a class at one destination, none of
    the destinations in *full*, none of the lanes in *crowded*.
    """

    per_lane: int
    full: Collection[Domain] = ()
    crowded: Collection[Lane] = ()


@final
class Lease:
    """Who has the recipients of one message at one destination."""

    __slots__ = ("begun", "lot", "recording", "states")

    def __init__(self, lot: Lot, states: Sequence[State]) -> None:
        self.lot = lot
        self.states = states
        """The stored state of each recipient of the lot."""
        self.begun = False
        self.recording = False


@final
class Kept:
    """The body of a fresh message, until the last of its lots is done."""

    __slots__ = ("content", "lots", "prefix")

    def __init__(self, prefix: bytes, content: bytes, lots: int) -> None:
        self.prefix = prefix
        self.content = content
        self.lots = lots


@final
class Book:
    """Leases, fresh lots and counts of one spool."""

    def __init__(self, now: Callable[[], float]) -> None:
        """*now* is the time that filters such as ``age:>1h`` count from."""
        self.now = now
        self.tally = Tally()
        self.fresh_lots = FRESH_LOTS
        self.fresh_octets = FRESH_OCTETS
        self.arrival = asyncio.Event()
        """Set when something may have become due."""
        self._leases: dict[Pair, Lease] = {}
        self._fresh: dict[Priority, deque[Lot]] = {priority: deque() for priority in CLASSES}
        self._kept: dict[int, Kept] = {}
        self._kept_octets = 0
        self._parked: dict[int, None] = {}
        self._begun: dict[int, int] = {}
        self._frozen: dict[int, int] = {}
        self._skipped: set[Lane] = set()
        self._scans = 0
        self._stale: set[int] = set()

    def __repr__(self) -> str:
        return f"<Book leases={len(self._leases)} fresh={self.fresh} {self.tally!r}>"

    # Arrival.

    def arrived(
        self,
        key: int,
        lots: Sequence[Lot],
        held: Sequence[tuple[Domain, int]],
        body: tuple[bytes, bytes] | None,
    ) -> None:
        """A message was made durable.  *body* is given when it may be handed on from memory."""
        tally = self.tally
        tally.messages += 1
        for destination, count in held:
            tally.add(destination, State.HELD, count)
        if not lots:
            return
        octets = len(body[0]) + len(body[1]) if body else 0
        while self._parked and self._kept_octets + octets > self.fresh_octets:
            self._forget_body(next(iter(self._parked)))
        fresh = (
            body is not None
            and key not in self._frozen
            and len(self._fresh[lots[0].priority]) + len(lots) <= self.fresh_lots
            and self._kept_octets + octets <= self.fresh_octets
        )
        for lot in lots:
            tally.add(lot.destination, State.QUEUED, len(lot.recipients))
            if (key, lot.destination) in self._leases:
                # A scan saw it on the disk before we were told: who has it by that goes on.
                continue
            if fresh:
                self._lease(lot, (State.QUEUED,) * len(lot.recipients))
                self._fresh[lot.priority].append(lot)
            else:
                tally.wake(lot.destination, lot.priority, lot.due_at)
        if fresh and body is not None:
            self._kept[key] = Kept(*body, len(lots))
            self._kept_octets += octets
        self.arrival.set()

    def body(self, key: int) -> Kept | None:
        """The body of a fresh message, if it is still in memory."""
        return self._kept.get(key)

    # Leases.

    def take_fresh(
        self, priority: Priority, limit: int, room: Room, wish: Wish, taken: dict[Lane, int]
    ) -> list[Lot]:
        """Up to *limit* fresh lots of a class; those for busy lanes are found on disk later.

        Their bodies are parked in memory until newer mail needs the place: with one busy
        destination, nearly every body would be read back otherwise.
        """
        lots: list[Lot] = []
        fresh = self._fresh[priority]
        while fresh and len(lots) < limit:
            lot = fresh.popleft()
            if self.holder(lot) is None:
                continue
            lane = (lot.destination, priority)
            count = taken.get(lane, 0)
            if lot.destination in wish.full or lane in wish.crowded or count >= wish.per_lane:
                if lot.id.key in self._kept:
                    self._parked[lot.id.key] = None
                self.end(lot, lot.due_at, keep_body=True)
                continue
            taken[lane] = count + 1
            room.take(priority)
            lots.append(lot)
        return lots

    def begin_scan(self) -> None:
        """The disk is about to be read for what is due."""
        self._scans += 1

    def end_scan(self) -> None:
        """What the scan found has been offered to `take_found`."""
        self._scans -= 1
        if not self._scans:
            self._stale.clear()

    def take_found(self, lot: Lot, states: Sequence[State]) -> bool:
        """Lease a lot that a scan found; not if it is leased, or changed while the scan ran."""
        key = lot.id.key
        if key in self._frozen:
            self._skipped.add((lot.destination, lot.priority))
            return False
        if key in self._stale or (key, lot.destination) in self._leases:
            return False
        self._lease(lot, states)
        return True

    def _lease(self, lot: Lot, states: Sequence[State]) -> None:
        key = lot.id.key
        self._parked.pop(key, None)
        self._leases[(key, lot.destination)] = Lease(lot, states)
        self.tally.line(lot.destination, lot.priority).leased.add(key)

    def holder(self, lot: Lot) -> Lease | None:
        """The lease of *lot*, if it has not ended."""
        lease = self._leases.get((lot.id.key, lot.destination))
        return lease if lease is not None and lease.lot is lot else None

    def begin(self, lot: Lot) -> bool:
        """Its recipients are ACTIVE from now on; False when the lease was taken away."""
        lease = self.holder(lot)
        if lease is None:
            return False
        if not lease.begun:
            lease.begun = True
            key = lot.id.key
            self._begun[key] = self._begun.get(key, 0) + 1
            for state in lease.states:
                self.tally.move(lot.destination, state, State.ACTIVE)
        return True

    def end(
        self,
        lot: Lot,
        due_at: float | None,
        states: Sequence[State] | None = None,
        *,
        keep_body: bool = False,
    ) -> None:
        """End the lease of *lot*: its recipients are in *states* now, or as they were before,
        and something of it is due at *due_at*.  A body in memory goes unless *keep_body*.
        """
        key, destination = lot.id.key, lot.destination
        lease = self._leases.pop((key, destination))
        if self._scans:
            self._stale.add(key)
        tally = self.tally
        tally.line(destination, lot.priority).leased.discard(key)
        after = lease.states if states is None else states
        for old, new in zip(lease.states, after, strict=True):
            before = State.ACTIVE if lease.begun else old
            if before != new:
                tally.move(destination, before, new)
        if lease.begun:
            left = self._begun[key] - 1
            if left:
                self._begun[key] = left
            else:
                del self._begun[key]
        if not keep_body:
            self._release_body(key)
        if due_at is not None:
            tally.wake(destination, lot.priority, due_at)

    def _release_body(self, key: int) -> None:
        kept = self._kept.get(key)
        if kept is not None:
            kept.lots -= 1
            if not kept.lots:
                self._forget_body(key)

    def _forget_body(self, key: int) -> None:
        kept = self._kept.pop(key)
        self._kept_octets -= len(kept.prefix) + len(kept.content)
        self._parked.pop(key, None)

    # Operators.

    def freeze(self, keys: Iterable[int]) -> list[Pair]:
        """Keep these messages from being leased; take away leases that have not begun.

        Returns what is being delivered and must be left alone.
        """
        frozen = set(keys)
        for key in frozen:  # two changes may have the same message in hand
            self._frozen[key] = self._frozen.get(key, 0) + 1
        flying: list[Pair] = []
        for (key, destination), lease in list(self._leases.items()):
            if key not in frozen:
                continue
            if lease.begun or lease.recording:
                flying.append((key, destination))
            else:
                self.end(lease.lot, lease.lot.due_at)
        return flying

    def thaw(self, keys: Iterable[int]) -> None:
        """The change is over."""
        frozen = set(keys)
        for key in frozen:
            left = self._frozen[key] - 1
            if left:
                self._frozen[key] = left
            else:
                del self._frozen[key]
        if self._scans:
            self._stale |= frozen
        for destination, priority in self._skipped:
            self.tally.wake(destination, priority, 0.0)
        self._skipped.clear()
        self.arrival.set()

    def finished(self, count: int, octets: int, files: int, *, trashed: bool = False) -> None:
        """So many messages have no recipient left that waits; their bodies are gone, or kept
        for the trash.
        """
        tally = self.tally
        tally.messages -= count
        tally.finished += count
        tally.octets -= octets
        tally.file_bodies -= files
        if trashed:
            tally.trashed_octets += octets

    @property
    def flying(self) -> Collection[Pair]:
        """What is being delivered at this moment."""
        return [pair for pair, lease in self._leases.items() if lease.begun or lease.recording]

    @property
    def active_keys(self) -> Collection[int]:
        """Messages of which something is being delivered."""
        return self._begun.keys()

    def active_of(self, key: int) -> frozenset[int]:
        """The numbers of those recipients of a message that are being delivered."""
        if key not in self._begun:
            return frozenset()
        return frozenset(
            waiting.number
            for (leased, _), lease in self._leases.items()
            if leased == key and lease.begun
            for waiting in lease.lot.recipients
        )

    @property
    def fresh(self) -> int:
        """Lots waiting in memory."""
        return sum(map(len, self._fresh.values()))
