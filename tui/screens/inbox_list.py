"""The list of captured mail, and beside it what is in the message under the cursor.

New mail shows as it comes and the cursor stays on its message.  What has come since the console
was started and was not looked at is marked.  What can be done with it is in `inbox`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from empath.control.link import ListQueue, QueueItem, QueuePage
from empath.envelope import MessageId
from tui.figures import count, plural
from tui.inside import Inside, Insides
from tui.inside_text import fact_lines
from tui.pages import PAGE, QueuePages
from tui.safety import safe
from tui.screens.inbox_rows import COLUMNS, InboxRows, outcome_of
from tui.screens.looking import Looking
from tui.store import Selection
from tui.widgets.bars import Piece
from tui.widgets.filter_bar import FilterBar
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.preview import Preview
from tui.widgets.virtual_table import VirtualTable

CAPTURED: Final = "state:held hold:captured"
"""The filter that means captured mail."""
SEEN_KEPT: Final = 5000
"""Messages that are remembered as looked at."""


class InboxList(Looking):
    """What the inbox shows."""

    TAB = "inbox"

    def __init__(self) -> None:
        super().__init__()
        self.pages = QueuePages(query=CAPTURED)
        self.selection = Selection()
        self._insides = Insides()
        self.searched = ""
        self._seen: dict[str, None] = {}
        self._since: float | None = None
        self._engine: tuple[int, float] | None = None
        self.awaited: dict[MessageId, str] = {}
        self._shown = (-1, False)

    def body(self) -> Iterable[Widget]:
        """List on the left, facts and text on the right."""
        styles = self.palette
        table = VirtualTable(
            COLUMNS,
            InboxRows(self.pages, self.unread),
            self.selection,
            styles=styles,
            id="captured",
        )
        yield FilterBar()
        yield Horizontal(
            Pane("Captured", table, id="inbox-list"),
            Vertical(
                Pane("Message", LinesPane(styles=styles, id="fact-lines"), id="facts"),
                Preview(styles=styles, id="preview"),
                id="inside",
            ),
            id="inbox",
        )

    def on_mount(self) -> None:
        """The keys go to the list."""
        super().on_mount()
        self._since = self.store.now
        self.table.focus()

    @property
    def table(self) -> VirtualTable:
        """The list."""
        return self.query_one("#captured", VirtualTable)

    @property
    def inside(self) -> Inside | None:
        """What is known of the message under the cursor."""
        cursor = self.selection.cursor
        return None if cursor is None else self._insides.of(MessageId(cursor))

    @property
    def pointed(self) -> QueueItem | None:
        """The row under the cursor."""
        cursor = self.selection.cursor
        return None if cursor is None else self.pages.items.get(MessageId(cursor))

    def unread(self, item: QueueItem) -> bool:
        """It came while this console ran, and was not looked at."""
        return (
            self._since is not None
            and item.received_at >= self._since
            and item.id not in self._seen
        )

    # Data.

    @property
    def reading(self) -> bool:
        """The list has not come yet, or nothing is under the cursor."""
        pages = self.pages
        return not pages.loaded or (pages.total > 0 and self.selection.cursor is None)

    async def fetch(self) -> None:
        """The list as it is now, then the message under the cursor."""
        self._mind_engine()
        await self._fetch_list()
        inside = self.inside
        if inside is not None:
            await inside.look(self.console.ask)
            await self.read(inside)
            self._see(inside.id)

    def _mind_engine(self) -> None:
        pong = self.store.connection.pong
        engine = None if pong is None else (pong.pid, pong.started_at)
        if engine != self._engine:
            self._engine = engine
            self._insides.forget()

    async def _fetch_list(self) -> None:
        pages = self.pages
        first, last = self.table.visible_rows
        for _ in range(50):
            wanted = pages.wants(first, last)
            if wanted is None:
                break
            fresh = not pages.loaded
            if not pages.fold(wanted, await self.console.ask(pages.request(wanted))):
                return  # another search began meanwhile
            self.console.paint_soon()
            if fresh:
                self.table.paint(self.store.clock.monotonic())
                return
        epoch = pages.epoch
        head = await self.console.ask(ListQueue(query=pages.query, sort=pages.sort, limit=PAGE))
        if epoch != pages.epoch:
            return
        self._tell_outcomes(head.items)
        if last < PAGE and (self.table.cursor_row or 0) < PAGE - 10:
            self._replace(head)
        else:  # far down: the order stands, cells change
            pages.matched = head.matched
            ids = pages.ids_between(first, last)
            if ids:
                reply = await self.console.ask(ListQueue(ids=ids, limit=len(ids)))
                pages.refresh(ids, reply.items)

    def _replace(self, head: QueuePage) -> None:
        """The list as it is now; the message under the cursor keeps its place on the screen."""
        table = self.table
        before = table.cursor_row
        self.pages.replace(head)
        after = table.cursor_row
        if before is not None and after is not None and after != before and not table.at_top:
            table.scroll_relative(y=after - before, animate=False, force=True)

    def _tell_outcomes(self, items: Iterable[QueueItem]) -> None:
        """Say what came of what was released from here."""
        for item in items:
            known = self.awaited.get(item.id)
            words = outcome_of(item)
            if known is not None and words != known:
                del self.awaited[item.id]
                role = "good" if " delivered " in f" {words}" else "warn"
                self.flash(f"{item.id[-7:]} {words}", role)

    def _see(self, id: MessageId) -> None:
        self._seen.pop(id, None)
        self._seen[id] = None
        while len(self._seen) > SEEN_KEPT:
            del self._seen[next(iter(self._seen))]

    # Painting.

    def paint(self) -> None:
        """List, facts and text."""
        table, pages = self.table, self.pages
        if (pages.epoch, pages.loaded) != self._shown:
            self._shown = (pages.epoch, pages.loaded)
            table.renew()
        table.dimmed = self.store.outdated
        table.empty = self._why_empty()
        table.paint(self.store.clock.monotonic())
        self.query_one(FilterBar).stand(self.searched)
        self.query_one("#inbox-list", Pane).name_it(
            f"Captured · {count(pages.matched)}{'' if pages.exact else '+'}"
        )
        self._paint_inside()

    def _why_empty(self) -> str:
        if not self.pages.loaded:
            return "Waiting for the engine …"
        if self.searched:
            return "Nothing matches; esc clears the search."
        status = self.store.status
        where = f" Send some to {status.listeners[0]}." if status and status.listeners else ""
        return f"No mail is captured.{where}"

    def _paint_inside(self) -> None:
        inside = self.inside
        facts = self.query_one("#fact-lines", LinesPane)
        pane = self.query_one("#facts", Pane)
        if inside is None or inside.view is None:
            facts.show([], empty=inside.problem if inside is not None else "")
        else:
            width = facts.size.width
            item = self.pointed
            words = outcome_of(item) if item is not None else ""
            lines = fact_lines(inside.view, inside.parts, self.palette, width, released=words)
            if list(facts.lines) != lines:
                facts.show(lines)
            pane.styles.height = min(len(lines), max(4, self.size.height // 3)) + 2
        self.preview.show(inside)

    def crumbs(self) -> str:
        """The search in force."""
        return f"Inbox › {safe(self.searched)}" if self.searched else "Inbox"

    def standing(self) -> list[Piece]:
        """How many there are and are new, and that nothing leaves."""
        pages = self.pages
        shown = plural(pages.matched, "message")
        pieces: list[Piece] = [(f" {shown}", "text")]
        unread = sum(map(self.unread, pages.items.values()))
        if unread:
            pieces += [(" · ", "faint"), (f"● {unread} new", "accent")]
        if marks := len(self.selection.marks):
            pieces += [(" · ", "faint"), (f"{marks} marked", "mark")]
        pong = self.store.connection.pong
        if pong is not None and pong.mode == "dev":
            pieces.append((" · nothing leaves this machine unless it is released", "muted"))
        return pieces

    def on_virtual_table_moved(self) -> None:
        """Another message is under the cursor: read it."""
        self.paint_all()
        self.console.poke()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("inbox.open")

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Search."""
        if event.final:
            self.table.focus()
        if event.text != self.searched:
            self.begin(event.text)
        self.call_after_refresh(self.paint_all)

    def seek(self, text: str) -> None:
        """Search for what was named on the ``:`` line."""
        self.begin(text)

    def begin(self, text: str) -> None:
        """Search for *text* from now on; empty shows all."""
        self.searched = text
        self.pages.reset(query=f"{CAPTURED} {text}".rstrip())
        self.selection.cursor = None
        self.selection.clear()
        self.table.point_at(0)
        self.console.poke()
