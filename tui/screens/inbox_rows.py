"""Captured mail as rows of a table: what is new, when, to whom, about what, and what came of it."""

from __future__ import annotations

from collections.abc import Callable

from empath.control.link import QueueItem
from tui.figures import octets, time_of_day
from tui.pages import FINAL, QueuePages
from tui.safety import safe
from tui.widgets.columns import Column
from tui.widgets.rows import Cell, Row

COLUMNS = (
    Column("new", "", 1),
    Column("time", "TIME", 8),
    Column("to", "TO", 12, share=2, most=30),
    Column("subject", "SUBJECT", 12, share=5),
    Column("from", "FROM", 14, share=2, since=90, most=40),
    Column("size", "SIZE", 6, right=True, since=74),
    Column("released", "SENT", 5, since=46),
)
HELD = "held: captured in dev mode"
"""How the reason of captured mail begins in a list."""
_OUTCOMES: dict[str, Cell] = {
    "delivered": ("✓ yes", "good"),
    "deferred": ("▲ 4xx", "warn"),
    "failed": ("✖ 5xx", "bad"),
}


def outcome_of(item: QueueItem) -> str:
    """What came of releasing it, in the engine's words; empty if it was not released."""
    return item.last_reply.removeprefix(HELD).removeprefix("; released").lstrip()


def sent(item: QueueItem) -> Cell:
    """What came of releasing it, as a cell."""
    words = outcome_of(item)
    for word, cell in _OUTCOMES.items():
        if f"{word} " in f" {words}":
            return cell
    return "" if not words else ("● out", "info")


class InboxRows:
    """The pages of captured mail as rows."""

    def __init__(self, pages: QueuePages, unread: Callable[[QueueItem], bool]) -> None:
        self._pages = pages
        self._unread = unread

    def __len__(self) -> int:
        return self._pages.total

    def row(self, index: int) -> Row | None:
        """The row as it is drawn now."""
        item = self._pages.item_at(index)
        if item is None:
            return None
        unread = self._unread(item)
        role = "strong" if unread else "text"
        more = f" +{item.recipients - 1}" if item.recipients > 1 else ""
        cells: dict[str, Cell] = {
            "new": ("●", "accent") if unread else "",
            "time": (time_of_day(item.received_at), "muted"),
            "to": (safe(item.recipient) + more, role),
            "subject": (safe(item.subject, 200) or "–", role),
            "from": (safe(item.reverse_path or "<>"), "muted"),
            "size": (octets(item.size), "muted"),
            "released": sent(item),
        }
        gone = item.id in self._pages.gone or item.state in FINAL
        return Row(item.id, cells, gone)

    def find(self, id: str) -> int | None:
        """Where a message is."""
        return self._pages.row_of(id)
