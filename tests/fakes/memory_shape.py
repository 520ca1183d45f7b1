"""What a `MemoryLink` says of places: bins and sums counted from its queue, the rest as set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from empath.address import Domain
from empath.control.link import (
    ClassLatency,
    DestinationView,
    GateItem,
    GetLatency,
    GetShape,
    Latency,
    ListSenders,
    ListUpcoming,
    QueueItem,
    Request,
    RouteHost,
    SenderItem,
    Senders,
    Shape,
    ShapeRow,
    Status,
    Timing,
    TlsDestination,
    Upcoming,
    UpcomingItem,
    ViewDestination,
)

BOUNDS = (5, 10, 20, 40, 80, 160, 320)
NO_TIME = Timing(count=0, p50=0.0, p95=0.0, p99=0.0)


def bins_of(minutes: Sequence[float]) -> tuple[int, ...]:
    """How many lie in which bin."""
    found = [0] * (len(BOUNDS) + 1)
    for each in minutes:
        found[sum(each > bound for bound in BOUNDS)] += 1
    return tuple(found)


class Known(Protocol):
    """What it reads of a `MemoryLink`."""

    queue: list[QueueItem]
    gates: list[GateItem]
    tls: list[TlsDestination]
    status: Status


class MemoryShape:
    """Answers the requests of `empath.control.shape_requests`."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        """What is set of a destination's row beside the counts."""
        self.views: dict[str, dict[str, Any]] = {}
        """What is set of its view."""
        self.senders: list[SenderItem] = []
        self.latency: dict[str, Timing] = {}
        self.upcoming: list[UpcomingItem] = []

    def answer(self, request: Request[Any], link: Known) -> Any:
        """The reply, or None for a request that is somebody else's."""
        queue, now = link.queue, link.status.pong.now
        match request:
            case GetShape():
                return self._shape(request, queue, now)
            case ViewDestination(destination=name):
                return self._view(name, link, now)
            case ListSenders(limit=limit, sort=sort):
                items = sorted(self.senders, key=lambda item: -getattr(item, sort))
                return Senders(items=tuple(items[:limit]), at=now, error=0)
            case GetLatency():
                return self._latency(queue)
            case ListUpcoming(limit=limit):
                rows = self._rows("destination", "next", queue, now)
                due = map(sum, zip(*(row.bins for row in rows), strict=True)) if rows else [0] * 8
                return Upcoming(
                    items=tuple(self.upcoming[:limit]), due=tuple(due), bounds=BOUNDS, now=now
                )
            case _:
                return None

    def _rows(self, by: str, basis: str, queue: Sequence[QueueItem], now: float) -> list[ShapeRow]:
        groups: dict[str, list[QueueItem]] = {}
        for item in queue:
            domain = (item.reverse_path or "").rpartition("@")[2]
            groups.setdefault(item.destination if by == "destination" else domain, []).append(item)
        if by == "destination":
            for name in self.rows:
                groups.setdefault(name, [])
        return [self._row(name, basis, items, now) for name, items in groups.items()]

    def _row(self, name: str, basis: str, items: Sequence[QueueItem], now: float) -> ShapeRow:
        counts = {"queued": 0, "deferred": 0, "held": 0}
        for item in items:
            counts["queued" if item.state == "active" else item.state] += 1
        waits = [item.next_at for item in items if item.next_at is not None]
        minutes = (
            [(now - item.received_at) / 60 for item in items]
            if basis == "queued"
            else [(at - now) / 60 for at in waits]
        )
        return ShapeRow(
            name=name,
            total=len(items),
            **counts,
            bins=bins_of(minutes),
            oldest_at=min((item.received_at for item in items), default=None),
            next_at=min(waits, default=None),
            **self.rows.get(name, {}),
        )

    def _shape(self, request: GetShape, queue: Sequence[QueueItem], now: float) -> Shape:
        every = self._rows(request.by, request.basis, queue, now)
        waiting = [row for row in every if row.total]
        rows = every if request.quiet else waiting
        if request.query:
            text = request.query.removeprefix("!")
            rows = [row for row in rows if (text in row.name) is not request.query.startswith("!")]
        rows.sort(key=_key(request.sort.removeprefix("-")), reverse=request.sort.startswith("-"))
        total = self._row("", request.basis, queue, now)
        classes: dict[str, int] = {}
        for item in queue:
            classes[item.priority] = classes.get(item.priority, 0) + 1
        return Shape(
            at=now - 1,
            age=1.0,
            bounds=BOUNDS,
            rows=tuple(rows[: request.limit]),
            total=total,
            matched=len(rows),
            expires_at=None if total.oldest_at is None else total.oldest_at + 432_000,
            destinations=len(waiting),
            cursor="" if len(rows) <= request.limit else "more",
            states={},
            classes=classes,
        )

    def _view(
        self,
        name: Domain,
        link: Known,
        now: float,
    ) -> DestinationView:
        items = [item for item in link.queue if item.destination == name]
        row = self._row(name, "queued", items, now)
        view = DestinationView(
            destination=name,
            now=now,
            queued=sum(item.state == "queued" for item in items),
            deferred=row.deferred,
            held=row.held,
            active=sum(item.state == "active" for item in items),
            bins=row.bins,
            nexts=self._row(name, "next", items, now).bins,
            at=now - 1,
            oldest_at=row.oldest_at,
            next_at=row.next_at,
            expires_at=None if row.oldest_at is None else row.oldest_at + 432_000,
            last_reply=next((item.last_reply for item in items if item.last_reply), ""),
            connections=row.connections,
            allowed=row.allowed,
            most=20,
            most_source="delivery.per_destination",
            breaker=row.breaker or "closed",
            failures=0,
            failures_allowed=5,
            gates=tuple(gate for gate in link.gates if gate.destination == name),
            holds=(),
            rate=None,
            route="MX",
            route_fault="",
            hosts=(RouteHost(host=f"mx1.{name}", port=25, preference=10),),
            tls=next((each for each in link.tls if each.destination == name), None),
            outcomes=(),
            codes=(),
            attempts=NO_TIME,
            latency=NO_TIME,
        )
        return msgspec.structs.replace(view, **self.views.get(name, {}))

    def _latency(self, queue: Sequence[QueueItem]) -> Latency:
        return Latency(
            classes=tuple(
                ClassLatency(
                    priority=word,
                    queued=sum(item.priority == word for item in queue),
                    timing=self.latency.get(word, NO_TIME),
                )
                for word in ("critical", "high", "normal", "low", "bulk")
            )
        )


def _key(sort: str) -> Callable[[ShapeRow], Any]:
    if sort.startswith("bin"):
        return lambda row: (row.bins[int(sort[3:])], row.name)
    names = {"oldest": "oldest_at", "next": "next_at", "conn": "connections"}
    name = names.get(sort, sort)
    if name.endswith("_at"):
        return lambda row: (getattr(row, name) or 9e18, row.name)
    if name == "gate":
        return lambda row: (bool(row.breaker or row.gate), row.total, row.name)
    return lambda row: (getattr(row, name), row.name)
