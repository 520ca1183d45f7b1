"""The lists of the overview as rows: attention, destinations, senders, what is next, classes.

Each reads the store when a line is drawn and holds nothing.
"""

from __future__ import annotations

from typing import Final

from empath.control.link import SenderItem, ShapeRow, UpcomingItem
from tui.figures import age, count, due, octets, short_count, time_of_day
from tui.place_text import duration
from tui.safety import safe
from tui.store import Store
from tui.theme import sign
from tui.widgets.columns import Column
from tui.widgets.event_log import row_of as event_row
from tui.widgets.rows import Row
from tui.widgets.shape_table import gate_cell

ATTENTION: Final = (
    Column("what", "WHAT", 12, share=1, most=28),
    Column("sentence", "WHY", 20, share=4),
)
TOP: Final = (
    Column("name", "DESTINATION", 14, share=3, most=40),
    Column("total", "QUEUE", 6, right=True),
    Column("gate", "BREAKER", 13),
    Column("conn", "CONN", 6, right=True, since=46),
    Column("oldest", "OLDEST", 6, right=True, since=56),
    Column("next", "NEXT", 6, right=True, since=64),
    Column("became", "OK LAST HOUR", 12, right=True, since=80),
)
SENDERS: Final = (
    Column("name", "SENDER", 16, share=3, most=60),
    Column("accepted", "ACCEPTED", 9, right=True),
    Column("queued", "QUEUE", 6, right=True),
    Column("size", "SIZE", 6, right=True, since=50),
    Column("oldest", "OLDEST", 6, right=True, since=58),
)
NEXT: Final = (
    Column("in", "IN", 7, right=True),
    Column("what", "WHAT", 10, share=1, most=18),
    Column("subject", "OF", 14, share=3),
    Column("at", "AT", 8, since=56),
    Column("detail", "", 12, share=3, since=74),
)
CLASSES: Final = (
    Column("name", "CLASS", 8),
    Column("queued", "QUEUE", 6, right=True),
    Column("count", "DONE/h", 6, right=True, since=52),
    Column("p50", "P50", 6, right=True),
    Column("p95", "P95", 6, right=True, since=36),
    Column("p99", "P99", 6, right=True),
)
_NEXT_SIGNS: Final = {"attempt": ("○", "info"), "probe": ("◐", "warn"), "expiry": ("✖", "bad")}


class AttentionRows:
    """What the engine says an operator should see to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.status.attention) if self._store.status else 0

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        status = self._store.status
        if status is None or not 0 <= index < len(status.attention):
            return None
        item = status.attention[index]
        mark, role = sign(item.severity)
        return Row(
            str(index),
            {
                "what": (f"{mark} {safe(item.subject)}", role),
                "sentence": (safe(item.sentence, 300), "text"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where an item is."""
        index = int(id)
        return index if index < len(self) else None


class TopRows:
    """The destinations with most mail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.glance.rows)

    def item(self, index: int) -> ShapeRow | None:
        """The destination in this row."""
        return self._store.glance.rows.at(index)

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        row, now = self.item(index), self._store.now
        if row is None:
            return None
        return Row(
            row.name,
            {
                "name": safe(row.name),
                "total": (short_count(row.total), "strong"),
                "gate": gate_cell(row, now),
                "conn": (
                    f"{row.connections}/{row.allowed}",
                    "text" if row.connections else "muted",
                ),
                "oldest": age(None if row.oldest_at is None else now - row.oldest_at),
                "next": (due(row.next_at, now), "muted"),
                "became": (count(row.delivered), "muted"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where a destination is."""
        return self._store.glance.rows.find(id)


class SenderRows:
    """Who sends most."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _items(self) -> tuple[SenderItem, ...]:
        senders = self._store.glance.senders
        return senders.items if senders is not None else ()

    def __len__(self) -> int:
        return len(self._items)

    def item(self, index: int) -> SenderItem | None:
        """The sender in this row."""
        return self._items[index] if 0 <= index < len(self) else None

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        item, now = self.item(index), self._store.now
        if item is None:
            return None
        return Row(
            item.name,
            {
                "name": safe(item.name) or "<>",
                "accepted": (count(item.accepted), "strong" if item.accepted else "muted"),
                "queued": (short_count(item.queued), "text" if item.queued else "muted"),
                "size": (octets(item.octets) if item.queued else "–", "muted"),
                "oldest": (age(None if item.oldest_at is None else now - item.oldest_at), "muted"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where a sender is."""
        return next((n for n, item in enumerate(self._items) if item.name == id), None)


class NextRows:
    """What happens next by itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _items(self) -> tuple[UpcomingItem, ...]:
        upcoming = self._store.glance.upcoming
        return upcoming.items if upcoming is not None else ()

    def __len__(self) -> int:
        return len(self._items)

    def item(self, index: int) -> UpcomingItem | None:
        """The thing in this row."""
        return self._items[index] if 0 <= index < len(self) else None

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        item, now = self.item(index), self._store.now
        if item is None:
            return None
        mark, role = _NEXT_SIGNS.get(item.what, ("■", "special"))
        return Row(
            f"{item.what} {item.subject}",
            {
                "in": (due(item.at, now), "strong"),
                "what": (f"{mark} {safe(item.what)}", role),
                "subject": safe(item.subject),
                "at": (time_of_day(item.at), "muted"),
                "detail": (safe(item.detail, 200), "muted"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where a thing is."""
        wanted = (n for n, item in enumerate(self._items) if f"{item.what} {item.subject}" == id)
        return next(wanted, None)


class ClassRows:
    """How long mail of each class takes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        latency = self._store.glance.latency
        return len(latency.classes) if latency is not None else 0

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        latency = self._store.glance.latency
        if latency is None or not 0 <= index < len(latency.classes):
            return None
        each = latency.classes[index]
        timing = each.timing
        times = {
            name: duration(getattr(timing, name)) if timing.count else "–"
            for name in ("p50", "p95", "p99")
        }
        return Row(
            each.priority,
            {
                "name": safe(each.priority),
                "queued": (short_count(each.queued), "strong" if each.queued else "muted"),
                "count": (short_count(timing.count), "muted"),
                **times,
            },
        )

    def find(self, id: str) -> int | None:
        """Where a class is."""
        latency = self._store.glance.latency
        classes = latency.classes if latency is not None else ()
        return next((n for n, each in enumerate(classes) if each.priority == id), None)


class LatestRows:
    """The last events, as many as fit, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.room = 8

    def __len__(self) -> int:
        return min(self.room, len(self._store.events))

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        ring = self._store.events
        return event_row(ring[len(ring) - len(self) + index]) if index < len(self) else None

    def find(self, id: str) -> int | None:  # noqa: ARG002 - the table's protocol names it
        """Nothing points here."""
        return None
