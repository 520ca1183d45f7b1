"""The queue's list: pages from the engine, the filter, and the order in which it stands.

The order of what is shown stands still while the operator works, so that no key ever hits a
row that has just moved; cells change in place, and messages that left are struck through.
While nobody touches it and its top is in view, the list follows the queue.  ``o`` re-orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar

from textual.widget import Widget

from empath.control.link import LinkLost, ListDestinations, ListQueue, RequestRefused
from empath.envelope import MessageId
from tui.actions import action
from tui.figures import count
from tui.orders import arrow, order_of, words
from tui.pages import PAGE, QueuePages
from tui.safety import safe
from tui.screens.queue_rows import COLUMNS, QueueRows
from tui.screens.queue_why import QueueWhy
from tui.widgets.bars import Piece
from tui.widgets.filter_bar import FilterBar
from tui.widgets.virtual_table import VirtualTable
from tui.widgets.why_line import WhyLine

IDLE = 5.0
"""Seconds without a key after which the list follows the queue again."""
DOMAINS = 500
"""Most destinations that are offered while a filter is typed."""


def why_not_open(screen: QueueList) -> str:
    """Why there is nothing under the cursor; empty when there is."""
    return "" if screen.store.selection.cursor else "There is no message to open."


class QueueList(QueueWhy):
    """The list, and how it is looked at."""

    SCOPE: ClassVar[str] = "queue"
    TAB = "queue"

    def body(self) -> Iterable[Widget]:
        """The filter's line, the table, and the message under the cursor."""
        self._touched_at = -1000.0
        self._shown = (-1, False)
        self._refused = ""
        self._domains: list[str] = []
        yield FilterBar(styles=self.palette, destinations=self._destinations)
        yield VirtualTable(
            COLUMNS,
            QueueRows(self.store),
            self.store.selection,
            styles=self.palette,
            empty="The queue is empty.",
            id="queue",
        )
        yield WhyLine(styles=self.palette)

    def _destinations(self) -> list[str]:
        return self._domains

    def on_mount(self) -> None:
        """The keys go to the table."""
        super().on_mount()
        self.table.focus()

    @property
    def table(self) -> VirtualTable:
        """The table."""
        return self.query_one("#queue", VirtualTable)

    @property
    def bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one(FilterBar)

    # Data.

    async def fetch(self) -> None:
        """Missing pages first, then the rows on screen as they are now."""
        pages = self.store.queue
        try:
            await self._read(pages)
        except RequestRefused as refusal:
            self._refused = str(refusal)
            pages.total = 0
            self.console.paint_soon()
            raise
        self._refused = ""

    async def _read(self, pages: QueuePages) -> None:
        first, last = self.table.visible_rows
        for _ in range(200):
            wanted = pages.wants(first, last)
            if wanted is None:
                break
            self._end_pause()
            fresh = not pages.loaded
            if not pages.fold(wanted, await self.console.ask(pages.request(wanted))):
                return  # another filter was set meanwhile
            self.console.paint_soon()
            if fresh:
                return
            first, last = self.table.visible_rows
        epoch = pages.epoch
        head = await self.console.ask(ListQueue(query=pages.query, sort=pages.sort, limit=PAGE))
        if epoch != pages.epoch:
            return
        pages.matched = head.matched
        if self.following:
            pages.replace(head)
        else:
            await self._refresh_rows(pages, first, last)

    async def _refresh_rows(self, pages: QueuePages, first: int, last: int) -> None:
        ids = pages.ids_between(first, last)
        if ids:
            epoch = pages.epoch
            reply = await self.console.ask(ListQueue(ids=ids, limit=len(ids)))
            if epoch == pages.epoch:
                pages.refresh(ids, reply.items)

    @property
    def following(self) -> bool:
        """Nobody works on the list, and its top and the cursor are in view: it shows the queue as
        it is.
        """
        idle = self.store.clock.monotonic() - self._touched_at > IDLE
        first, last = self.table.visible_rows
        return (
            idle
            and self.is_current
            and first == 0
            and not self.store.selection.any
            and (self.table.cursor_row or 0) <= last
        )

    # Painting.

    def paint_all(self) -> None:
        """A pause ends where rows are to be shown that it has not frozen: nothing reads them."""
        if self.ready and self.store.queue.wants(*self.table.visible_rows) is not None:
            self._end_pause()
        super().paint_all()

    def _end_pause(self) -> None:
        if self.console.paused:
            self.console.paused = False
            self.flash("The pause has ended: these rows have to be read.", "warn")
            self.console.poke()

    def paint(self) -> None:
        """Table and filter."""
        pages = self.store.queue
        table = self.table
        if (pages.epoch, pages.loaded) != self._shown:
            self._shown = (pages.epoch, pages.loaded)
            table.renew()
        table.dimmed = self.store.outdated
        table.empty = self._nothing(pages)
        table.sort_shown(order_of(pages.sort).column, arrow(pages.sort))
        table.paint(self.store.clock.monotonic())
        self.bar.stand(pages.query)
        self.paint_why()
        self.mind_why()
        first, last = table.visible_rows
        if pages.loaded and not self._refused and pages.wants(first, last) is not None:
            self.console.poke()

    def _nothing(self, pages: QueuePages) -> str:
        if self._refused:
            return safe(self._refused, 300)
        if not pages.loaded:
            return "Waiting for the engine …"
        if pages.query:
            return "Nothing matches this filter; esc clears it."
        return "The queue is empty. Mail that waits shows here."

    def crumbs(self) -> str:
        """The filter in force."""
        query = self.store.queue.query
        return f"Queue › {safe(query)}" if query else "Queue"

    def standing(self) -> list[Piece]:
        """How many, in which order, what is marked, and whether the order stands still."""
        pages = self.store.queue
        status = self.store.status
        matched = count(pages.matched) + ("" if pages.exact else "+")
        pieces: list[Piece] = [(f" {matched}", "text")]
        if pages.query and status is not None:
            pieces.append((f" of {count(status.messages)} match", "muted"))
        else:
            pieces.append((" message" + ("" if pages.matched == 1 else "s"), "muted"))
        pieces += self._marked()
        pieces.append((f" · {words(pages.sort)}", "muted"))
        row = self.table.cursor_row
        if row is not None and pages.total:
            pieces.append((f" · row {count(row + 1)}", "muted"))
        if pages.loaded:
            if self.following:
                pieces += [(" · ", "faint"), ("● following", "good")]
            else:
                change = pages.matched - (pages.total - len(pages.gone))
                moved = f" ({change:+,})" if change and pages.exact else ""
                pieces += [(" · ", "faint"), (f"order stands{moved}, o re-orders", "muted")]
        return pieces

    def _marked(self) -> list[Piece]:
        selection = self.store.selection
        if selection.frozen is not None:
            return [
                (" · ", "faint"),
                (f"all {count(selection.frozen.messages)} of the filter marked", "mark"),
            ]
        if not selection.marks:
            return []
        tail = ", V ends the range" if selection.anchor else ""
        return [(" · ", "faint"), (f"{len(selection.marks)} marked{tail}", "mark")]

    def touch(self) -> None:
        """The operator works here: the order stands still for a while."""
        self._touched_at = self.store.clock.monotonic()

    def on_virtual_table_moved(self) -> None:
        """The cursor moved: pages it needs are asked for, and the line below says where it is."""
        if self.table.cursor_row not in (None, 0) or self.store.selection.any:
            self.touch()
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("queue.open")

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Use another filter."""
        if event.final:
            self.table.focus()
        if event.text != self.store.queue.query:
            self.begin(query=event.text)
        self.call_after_refresh(self.paint_all)

    def begin(self, query: str | None = None, sort: str | None = None) -> None:
        """List anew from the top, with another filter or order."""
        self.store.queue.reset(query=query, sort=sort)
        self.store.selection.cursor = None
        if query is not None:
            self.store.selection.clear()
        self._refused = ""
        self.table.point_at(0)
        self._touched_at = -1000.0
        self.console.poke()

    # Looking.

    @action(
        "enter", "open", help="Open the message under the cursor.", rank=1, why_off=why_not_open
    )
    def open(self) -> None:
        """Show one message."""
        from tui.screens.message import MessageScreen  # noqa: PLC0415 - it is a screen itself

        cursor = self.store.selection.cursor
        assert cursor is not None
        self.touch()
        self.app.push_screen(MessageScreen(MessageId(cursor)))

    @action(
        "slash",
        "filter",
        help="Filter, as in state:deferred dest:~mail age:>1h !from:~news.",
        rank=3,
        takes="[FILTER]",
    )
    def filter(self, text: str | None = None) -> None:
        """Type a filter; with *text*, use that."""
        if text is None:
            self.bar.open(self.store.queue.query)
            self.run_worker(self._learn_domains(), name="domains", group="domains", exclusive=True)
        else:
            self.begin(query=text)

    async def _learn_domains(self) -> None:
        """Where mail waits, for what is offered behind ``dest:``."""
        with suppress(LinkLost, RequestRefused):
            reply = await self.console.ask(ListDestinations(limit=DOMAINS))
            self._domains = [safe(row.destination) for row in reply.items]

    @action("o", "re-order", help="Show the queue as it is now; rows that left go.", rank=9)
    def reorder(self) -> None:
        """Let go of the frozen order."""
        cursor = self.store.selection.cursor
        self.store.queue.reset()
        self.store.selection.cursor = cursor
        self._touched_at = -1000.0
        self.console.poke()

    @action("q,escape", "back", help="Clear the marks, then the filter; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        if self.store.selection.any:
            self.store.selection.clear()
            self.table.refresh()
            self.paint_all()
        elif self.store.queue.query:
            self.begin(query="")
        else:
            await super().back()
