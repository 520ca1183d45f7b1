"""The queue, live: pages from the engine, a filter, marks, and what can be done to messages.

The order of what is shown stands still while the operator works, so that no key ever hits a
row that has just moved; cells change in place, and messages that left are struck through.
While nobody touches it and its top is in view, the list follows the queue.  ``o`` re-orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from empath.control.link import ListQueue
from empath.envelope import MessageId
from tui.actions import action
from tui.changes import Change, carry_out, changing
from tui.figures import count
from tui.pages import NEWEST_FIRST, OLDEST_FIRST, PAGE, QueuePages
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.screens.queue_rows import COLUMNS, QueueRows
from tui.widgets.bars import Piece
from tui.widgets.filter_bar import FilterBar
from tui.widgets.virtual_table import VirtualTable

IDLE = 5.0
"""Seconds without a key after which the list follows the queue again."""


def _why_not_open(screen: QueueScreen) -> str:
    return "" if screen.store.selection.cursor else "There is no message to open."


class QueueScreen(ConsoleScreen):
    """The live queue."""

    SCOPE: ClassVar[str] = "queue"
    TAB = "queue"

    def body(self) -> Iterable[Widget]:
        """The filter's line and the table."""
        yield FilterBar()
        yield VirtualTable(
            COLUMNS,
            QueueRows(self.store),
            self.store.selection,
            styles=self.palette,
            empty="The queue is empty.",
            id="queue",
        )

    def on_mount(self) -> None:
        """The keys go to the table."""
        super().on_mount()
        self._touched_at = -1000.0
        self._shown = (-1, False)
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
        first, last = self.table.visible_rows
        for _ in range(200):
            wanted = pages.wants(first, last)
            if wanted is None:
                break
            fresh = not pages.loaded
            if not pages.fold(wanted, await self.console.ask(pages.request(wanted))):
                return  # another filter was set meanwhile
            self.console.paint_soon()
            if fresh:
                return
            first, last = self.table.visible_rows
        head = await self.console.ask(ListQueue(query=pages.query, sort=pages.sort, limit=PAGE))
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
        """Nobody works on the list and its top is in view: it shows the queue as it is."""
        idle = self.store.clock.monotonic() - self._touched_at > IDLE
        row = self.table.cursor_row or 0
        return (
            idle
            and self.table.at_top
            and not self.store.selection.marks
            and row <= max(0, self.table.size.height - 3)
        )

    # Painting.

    def paint(self) -> None:
        """Table and filter."""
        pages = self.store.queue
        table = self.table
        if (pages.epoch, pages.loaded) != self._shown:
            self._shown = (pages.epoch, pages.loaded)
            table.renew()
        table.dimmed = self.store.outdated
        table.empty = (
            "Nothing matches this filter; esc clears it."
            if pages.query
            else "The queue is empty. Mail that waits shows here."
            if pages.loaded
            else "Waiting for the engine …"
        )
        table.paint(self.store.clock.monotonic())
        self.bar.stand(pages.query)
        first, last = table.visible_rows
        if pages.loaded and pages.wants(first, last) is not None:
            self.console.poke()

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
        if marks := len(self.store.selection.marks):
            pieces += [(" · ", "faint"), (f"{marks} marked", "mark")]
        order = "newest first" if pages.sort == NEWEST_FIRST else "oldest first"
        pieces.append((f" · {order}", "muted"))
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

    def touch(self) -> None:
        """The operator works here: the order stands still for a while."""
        self._touched_at = self.store.clock.monotonic()

    def on_virtual_table_moved(self) -> None:
        """The cursor moved: pages it needs are asked for, and the line below says where it is."""
        if self.table.cursor_row not in (None, 0) or self.store.selection.marks:
            self.touch()
        self.paint_all()

    async def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("queue.open")

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Use another filter."""
        if event.final:
            self.table.focus()
        if event.text != self.store.queue.query:
            self._begin(query=event.text)
        self.call_after_refresh(self.paint_all)

    def _begin(self, query: str | None = None, sort: str | None = None) -> None:
        self.store.queue.reset(query=query, sort=sort)
        self.store.selection.cursor = None
        if query is not None:
            self.store.selection.clear()
        self.table.point_at(0)
        self._touched_at = -1000.0
        self.console.poke()

    # Looking.

    @action(
        "enter", "open", help="Open the message under the cursor.", rank=1, why_off=_why_not_open
    )
    def open(self) -> None:
        """Show one message."""
        from tui.screens.message import MessageScreen  # noqa: PLC0415 - it is a screen itself

        cursor = self.store.selection.cursor
        assert cursor is not None
        self.touch()
        self.app.push_screen(MessageScreen(MessageId(cursor)))

    @action(
        "space",
        "mark",
        help="Mark the message, or take its mark off.",
        rank=2,
        why_off=_why_not_open,
    )
    def mark(self) -> None:
        """Mark the row and go to the next one."""
        cursor = self.store.selection.cursor
        assert cursor is not None
        self.store.selection.toggle(cursor)
        self.touch()
        self.table.refresh()
        self.table.action_move(1)

    @action("ctrl+backslash", "unmark", help="Take all marks off.")
    def unmark(self) -> None:
        """Take all marks off."""
        self.store.selection.clear()
        self.paint_all()

    @action(
        "slash",
        "filter",
        help="Filter, as in state:deferred dest:~mail !from:~news.",
        rank=3,
    )
    def filter(self) -> None:
        """Type a filter."""
        self.bar.open(self.store.queue.query)

    @action("o", "re-order", help="Show the queue as it is now; rows that left go.", rank=9)
    def reorder(self) -> None:
        """Let go of the frozen order."""
        cursor = self.store.selection.cursor
        self.store.queue.reset()
        self.store.selection.cursor = cursor
        self._touched_at = -1000.0
        self.console.poke()

    @action("s", "sort", help="Newest or oldest first.", rank=10)
    def sort(self) -> None:
        """Turn the order round."""
        newest = self.store.queue.sort == NEWEST_FIRST
        self._begin(sort=OLDEST_FIRST if newest else NEWEST_FIRST)

    @action("q,escape", "back", help="Clear the marks, then the filter; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        if self.store.selection.marks:
            self.unmark()
        elif self.store.queue.query:
            self._begin(query="")
        else:
            await super().back()

    # Changing.

    retry = changing("retry", "R", help="Try to deliver now.", rank=4)
    hold = changing("hold", "H", help="Keep from being delivered until released.", rank=5)
    release = changing("release", "U", help="Queue held messages again.", rank=6)
    delete = changing("delete", "D", help="Give up without telling anybody.", rank=7)

    def why_no_change(self) -> str:
        """Why nothing can be changed now."""
        if reason := self.store.why_no_change():
            return reason
        return "" if self.store.selection.targets() else "There is no message to act on."

    def command(self, change: Change) -> str:
        """The `empathctl` line that does the same."""
        return change.command(self.store.selection.targets())

    async def change(self, change: Change) -> None:
        """Do it, and say what came of it."""
        self.touch()
        targets = self.store.selection.targets()
        items = self.store.queue.items
        known = [items[one] for one in targets if one in items]
        result = await carry_out(self.console, change, targets, known)
        self.touch()
        if result is None:
            return
        self.store.selection.clear()
        self.flash(result)
        self.table.refresh()
        self.console.poke()
