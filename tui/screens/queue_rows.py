"""Messages of the queue as rows of a table: which columns there are and what stands in them."""

from __future__ import annotations

from empath.control.link import QueueItem
from empath.envelope import Priority
from tui.figures import age, due, octets
from tui.pages import FINAL
from tui.safety import safe
from tui.store import Store
from tui.theme import sign
from tui.widgets.columns import Column
from tui.widgets.virtual_table import Cell, Row

COLUMNS = (
    Column("id", "ID", 7),
    Column("state", "STATE", 10),
    Column("age", "AGE", 6, right=True),
    Column("next", "NEXT", 6, right=True, since=76),
    Column("tries", "TRY", 3, right=True, since=64),
    Column("size", "SIZE", 6, right=True, since=100),
    Column("priority", "PRIO", 8, since=150),
    Column("from", "FROM", 14, share=3, since=100, most=40),
    Column("to", "TO", 16, share=4, most=46),
    Column("subject", "SUBJECT", 14, share=3, since=150, most=50),
    Column("note", "LAST REPLY, OR SUBJECT", 10, share=6, until=150),
    Column("reply", "LAST REPLY", 10, share=6, since=150),
)


class QueueRows:
    """The store's pages as rows of a table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return self._store.queue.total

    def row(self, index: int) -> Row | None:
        """The row as it is drawn now."""
        pages = self._store.queue
        item = pages.item_at(index)
        if item is None:
            return None
        return row_of(item, self._store.now, gone=item.id in pages.gone)

    def find(self, id: str) -> int | None:
        """Where a message is."""
        return self._store.queue.row_of(id)


def row_of(item: QueueItem, now: float, *, gone: bool = False) -> Row:
    """One message as cells."""
    mark, role = sign(item.state)
    more = f" +{item.recipients - 1}" if item.recipients > 1 else ""
    cells: dict[str, Cell] = {
        "id": (item.id[-7:], "muted"),
        "state": (f"{mark} {item.state}", role),
        "age": age(now - item.received_at),
        "next": (due(item.next_at, now), "muted"),
        "tries": str(item.attempts) if item.attempts else ("–", "faint"),
        "size": (octets(item.size), "muted"),
        "priority": _priority(item.priority),
        "from": safe(item.reverse_path or "<>"),
        "to": safe(item.recipient) + more,
        "subject": (safe(item.subject, 200), "muted"),
        "reply": (safe(item.last_reply, 300), "muted"),
        "note": (safe(item.last_reply or item.subject, 300), "muted"),
    }
    if gone and item.state not in FINAL:
        cells["state"] = "✖ left"
    return Row(item.id, cells, gone)


def _priority(word: str) -> Cell:
    role = {Priority.CRITICAL.word: "bad", Priority.HIGH.word: "warn"}.get(word, "muted")
    return word, role
