"""A spool in memory, for what delivers: the part of `spool.face.Spool` that an engine uses.

It keeps leases, rulings and events as lists a test can read, and can be told to refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

import msgspec

from empath.address import Domain, EmailAddress
from empath.envelope import Lane, Lot, MessageId, Priority, Recipient, Waiting
from empath.events import MessageEvent
from empath.policy.room import Room
from empath.reply import Deferred
from empath.spool.face import BodyUnfit, Notification, Ruling, SpoolRefused

BODY = b"Subject: hello\r\n\r\nHello there.\r\n"
ARRIVED = 1_790_000_000.0


def lot(
    *recipients: str | Recipient,
    number: int = 1,
    reverse_path: str | None = "a@sender.test",
    **fields: object,
) -> Lot:
    """A lot for *recipients*, at the domain of the first."""
    people = tuple(
        each if isinstance(each, Recipient) else Recipient(EmailAddress(each))
        for each in recipients or ("b@there.test",)
    )
    values: dict[str, object] = {
        "id": MessageId.compose(1_700_000_000_000, number),
        "destination": people[0].address.domain,
        "recipients": tuple(Waiting(index, each, 0) for index, each in enumerate(people)),
        "reverse_path": None if reverse_path is None else EmailAddress(reverse_path),
        "priority": Priority.NORMAL,
        "received_at": ARRIVED,
        "due_at": ARRIVED,
        "size": len(BODY),
    }
    return Lot(**{**values, **fields})  # type: ignore[arg-type]


class Stored:
    """A body in memory."""

    def __init__(self, body: bytes, piece: int = 65536) -> None:
        self._body = body
        self._piece = piece

    @property
    def size(self) -> int:
        return len(self._body)

    @property
    def octets(self) -> bytes | None:
        return self._body if self._piece >= len(self._body) else None

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), min(size, self._piece)):
            yield self._body[start : start + min(size, self._piece)]

    async def part(self, start: int, limit: int) -> bytes:
        return self._body[start : start + limit]


class MemorySpool:
    """What an engine asks of a spool."""

    def __init__(self, *lots: Lot) -> None:
        self.waiting: list[Lot] = list(lots)
        self.leased: list[Lot] = []
        self.bodies: dict[MessageId, bytes | None] = {}
        self.rulings: list[Ruling] = []
        self.events: list[MessageEvent] = []
        self.notifications: list[Notification] = []
        self.quarantined: list[str] = []
        self.given_back: list[tuple[Lot, float | None]] = []
        self.looks = 0
        self.refuse = 0
        """How many of the next records are refused."""
        self.settings: dict[str, str] = {}
        self._arrival = asyncio.Event()
        self._recorded = asyncio.Event()

    def arrive(self, *lots: Lot) -> None:
        self.waiting += lots
        self._arrival.set()

    async def recorded(self, count: int, within: float = 10) -> None:
        """Wait until *count* attempts are recorded or quarantined."""
        async with asyncio.timeout(within):
            while len(self.events) < count:
                self._recorded.clear()
                await self._recorded.wait()

    async def due(
        self,
        now: float,
        *,
        limit: int | Room,
        per_destination: int,
        full: Collection[Domain] = (),
        crowded: Collection[Lane] = (),
    ) -> Sequence[Lot]:
        self.looks += 1
        room = limit if isinstance(limit, Room) else Room(limit)
        taken: list[Lot] = []
        counts: dict[Lane, int] = {}
        for each in list(self.waiting):
            lane = (each.destination, Priority(each.priority))
            count = counts.get(lane, 0)
            if not room.of(each.priority) or each.due_at > now:
                continue
            if each.destination in full or lane in crowded or count == per_destination:
                continue
            room.take(each.priority)
            counts[lane] = count + 1
            taken.append(each)
            self.waiting.remove(each)
        self.leased += taken
        return taken

    async def next_due(self, now: float) -> float | None:
        return min((each.due_at for each in self.waiting), default=None)

    async def wait_arrival(self) -> None:
        await self._arrival.wait()
        self._arrival.clear()

    def begin(self, lot: Lot) -> Lot | None:
        return lot if lot in self.leased else None

    async def content(self, id: MessageId) -> Stored:
        body = self.bodies.get(id, BODY)
        if body is None:
            raise BodyUnfit("its file is missing")
        return Stored(body)

    async def record(
        self,
        lot: Lot,
        rulings: Sequence[Ruling],
        event: MessageEvent,
        notifications: Sequence[Notification] = (),
    ) -> Sequence[MessageId]:
        if self.refuse:
            self.refuse -= 1
            raise SpoolRefused("the disk is full; make room")
        self.leased.remove(lot)
        self.rulings += rulings
        self.notifications += notifications
        ruled = {each.number for each in rulings}
        rest = tuple(each for each in lot.recipients if each.number not in ruled)
        if rest:
            self.arrive(msgspec.structs.replace(lot, recipients=rest))
        later = [each for each in rulings if isinstance(each.outcome, Deferred)]
        if later:
            numbers = {each.number for each in later}
            left = tuple(
                msgspec.structs.replace(each, attempts=each.attempts + 1)
                for each in lot.recipients
                if each.number in numbers
            )
            due_at = min(each.next_at or 0 for each in later)
            self.waiting.append(msgspec.structs.replace(lot, recipients=left, due_at=due_at))
        self._note(event)
        start = len(self.notifications)
        return [MessageId.compose(1, start + index) for index, _ in enumerate(notifications)]

    async def give_back(self, lot: Lot, due_at: float | None = None) -> None:
        self.leased.remove(lot)
        self.given_back.append((lot, due_at))
        self._recorded.set()
        if due_at is None:
            self.arrive(lot)
        else:
            self.waiting.append(msgspec.structs.replace(lot, due_at=due_at))

    async def setting(self, key: str) -> str | None:
        return self.settings.get(key)

    async def keep(self, key: str, value: str | None) -> None:
        if value is None:
            self.settings.pop(key, None)
        else:
            self.settings[key] = value

    async def quarantine(self, lot: Lot, event: MessageEvent, reason: str) -> None:
        self.leased.remove(lot)
        self.quarantined.append(reason)
        self._note(event)

    def _note(self, event: MessageEvent) -> None:
        self.events.append(event)
        self._recorded.set()
