"""Where mail waits: one row a destination, longest queue first, with what it said last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from empath.control.link import DestinationItem, FlushQueue, ListDestinations
from tui.actions import Danger, action
from tui.changes import CHANGES, outcome
from tui.figures import age, count, due
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.store import Selection, Store
from tui.widgets.bars import Line, Piece
from tui.widgets.columns import Column
from tui.widgets.virtual_table import Row, VirtualTable

BAR = 10
"""Cells of the bar that compares queues."""

COLUMNS = (
    Column("destination", "DESTINATION", 20, share=2, most=40),
    Column("total", "TOTAL", 7, right=True),
    Column("bar", "", BAR, since=100),
    Column("queued", "QUEUED", 7, right=True, since=90),
    Column("deferred", "DEFERRED", 8, right=True),
    Column("held", "HELD", 6, right=True, since=90),
    Column("active", "ACTIVE", 6, right=True),
    Column("conns", "CONN", 4, right=True, since=70),
    Column("oldest", "OLDEST", 6, right=True),
    Column("next", "NEXT", 6, right=True),
    Column("reply", "LAST REPLY", 10, share=6),
)


def total_of(item: DestinationItem) -> int:
    """All recipients that wait or are being delivered there."""
    return item.queued + item.deferred + item.held + item.active


def row_of(item: DestinationItem, most: int, now: float) -> Row:
    """One destination as cells; *most* is the longest queue, for the bar."""
    total = total_of(item)
    share = total / most if most else 0.0

    def figure(number: int, role: str) -> tuple[str, str]:
        return (count(number), role) if number else ("–", "faint")

    return Row(
        item.destination,
        {
            "destination": safe(item.destination),
            "total": (count(total), "strong"),
            "bar": (bar(share, BAR), "warn" if item.deferred > item.queued else "accent"),
            "queued": figure(item.queued, "info"),
            "deferred": figure(item.deferred, "warn"),
            "held": figure(item.held, "special"),
            "active": figure(item.active, "accent"),
            "conns": figure(item.connections, "text"),
            "oldest": age(None if item.oldest_at is None else now - item.oldest_at),
            "next": (due(item.next_at, now), "muted"),
            "reply": (safe(item.last_reply, 300), "muted"),
        },
    )


EIGHTHS = "▏▎▍▌▋▊▉█"


def bar(share: float, width: int) -> str:
    """A bar of eighths of a cell; something that is there always shows."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return "█" * full + (EIGHTHS[rest - 1] if rest else "")


class DestinationRows:
    """The store's destinations as rows; *limit* keeps only the first ones."""

    def __init__(self, store: Store, limit: int | None = None) -> None:
        self._store = store
        self._limit = limit

    def __len__(self) -> int:
        number = len(self._store.destinations)
        return number if self._limit is None else min(self._limit, number)

    def item(self, index: int) -> DestinationItem | None:
        """The destination in this row."""
        items = self._store.destinations
        return items[index] if 0 <= index < len(items) else None

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        item = self.item(index)
        if item is None:
            return None
        most = max(total_of(one) for one in self._store.destinations)
        return row_of(item, most, self._store.now)

    def find(self, id: str) -> int | None:
        """Where a destination is."""
        for index, item in enumerate(self._store.destinations):
            if item.destination == id:
                return index
        return None


def _why_no_row(screen: DestinationsScreen) -> str:
    return "" if screen.chosen is not None else "There is no destination to act on."


def _why_no_change(screen: DestinationsScreen) -> str:
    return screen.store.why_no_change() or _why_no_row(screen)


class DestinationsScreen(ConsoleScreen):
    """Destinations."""

    SCOPE: ClassVar[str] = "destinations"
    TAB = "destinations"

    def body(self) -> Iterable[Widget]:
        """The table, and the whole last reply of the row under the cursor."""
        self._rows = DestinationRows(self.store)
        yield VirtualTable(
            COLUMNS,
            self._rows,
            Selection(),
            styles=self.palette,
            empty="No mail waits anywhere.",
            id="destinations",
        )
        yield Line(styles=self.palette, id="detail")

    def on_mount(self) -> None:
        """The keys go to the table."""
        super().on_mount()
        self.table.focus()

    @property
    def table(self) -> VirtualTable:
        """The table."""
        return self.query_one("#destinations", VirtualTable)

    @property
    def chosen(self) -> DestinationItem | None:
        """The destination under the cursor."""
        row = self.table.cursor_row
        return None if row is None else self._rows.item(row)

    async def fetch(self) -> None:
        """All destinations, as far as the engine lists them."""
        self.store.fold_destinations(await self.console.ask(ListDestinations(limit=1000)))

    def paint(self) -> None:
        """Table and detail."""
        self.table.dimmed = self.store.outdated
        self.table.paint(self.store.clock.monotonic())
        item = self.chosen
        pieces: list[Piece] = []
        if item is not None:
            pieces = [(f" {safe(item.destination)} ", "strong"), (safe(item.last_reply), "text")]
        self.query_one("#detail", Line).show(pieces)

    def crumbs(self) -> str:
        """Where the cursor is."""
        item = self.chosen
        return f"Destinations › {safe(item.destination)}" if item else "Destinations"

    def standing(self) -> list[Piece]:
        """How many there are."""
        total = self.store.destination_total
        shown = len(self.store.destinations)
        text = f" {count(total)} destination" + ("" if total == 1 else "s")
        more = f" · the {count(shown)} longest shown" if shown < total else ""
        return [(text, "text"), (more + " · longest queue first", "muted")]

    def on_virtual_table_moved(self) -> None:
        """Another row is under the cursor."""
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("destinations.messages")

    @action(
        "enter", "messages", help="Show the queue of this destination.", rank=1, why_off=_why_no_row
    )
    def messages(self) -> None:
        """Go to the queue with a filter."""
        item = self.chosen
        assert item is not None
        self.console.show_queue(f"dest:{item.destination}")

    @action(
        "R",
        "retry all",
        id="flush",
        help="Try everything for this destination now.",
        danger=Danger.CHANGES,
        rank=2,
        why_off=_why_no_change,
        cli=lambda s: f"empathctl queue flush {s.chosen.destination}",
    )
    async def flush(self) -> None:
        """Make everything for the destination due now."""
        item = self.chosen
        assert item is not None
        changed = await self.console.ask(FlushQueue(destination=item.destination))
        self.flash(f"{outcome(CHANGES['retry'], changed)} for {item.destination}")
        self.console.poke()
