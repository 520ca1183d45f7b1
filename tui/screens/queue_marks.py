"""Marking messages of the queue: one by one, a range, all that a filter matches; and going from
match to match.

Marks are ids.  ``*`` has the engine freeze what the filter matches now and give it a name, so
that a million marks cost one number, and what comes later is never among them.
"""

from __future__ import annotations

from typing import ClassVar

from empath.control.link import SelectMessages
from empath.query import QueueQuery, parse_query
from tui.actions import action
from tui.figures import count
from tui.matching import matches
from tui.pages import PAGE
from tui.screens.queue_list import why_not_open
from tui.screens.queue_looks import QueueLooks
from tui.widgets.filter_bar import FilterBar

SOUGHT_IN = 2000
"""Rows that one press of `n` goes through at most."""


def _why_not_seek(screen: QueueMarks) -> str:
    if screen.sought or screen.store.queue.query:
        return ""
    return "Nothing is being looked for: type it behind / and press ctrl+g."


class QueueMarks(QueueLooks):
    """Marks and matches."""

    SCOPE: ClassVar[str] = "queue"
    sought = ""
    """What `n` goes to the next match of."""

    @action(
        "space",
        "mark",
        help="Mark the message, or take its mark off.",
        rank=2,
        why_off=why_not_open,
    )
    def mark(self) -> None:
        """Mark the row and go to the next one."""
        selection = self.store.selection
        cursor = selection.cursor
        assert cursor is not None
        selection.end_range()
        selection.toggle(cursor)
        self.touch()
        self.table.refresh()
        self.table.action_move(1)

    @action(
        "V",
        "range",
        help="Mark from here to where you move; again ends it.",
        why_off=why_not_open,
        names=("mark-range",),
    )
    def mark_range(self) -> None:
        """Begin a range, or end it."""
        selection = self.store.selection
        self.touch()
        if selection.anchor is not None:
            selection.end_range()
        elif selection.cursor is not None:
            selection.begin_range(selection.cursor)
        self.table.refresh()
        self.paint_all()

    def on_virtual_table_moved(self) -> None:
        """A range goes with the cursor."""
        selection = self.store.selection
        if selection.anchor is not None and selection.cursor is not None:
            self._stretch(selection.anchor, selection.cursor)
        super().on_virtual_table_moved()

    def _stretch(self, anchor: str, cursor: str) -> None:
        pages = self.store.queue
        ends = (pages.row_of(anchor), pages.row_of(cursor))
        if ends[0] is None or ends[1] is None:
            self.store.selection.end_range()
            self.flash("The range began too far away: it ends here. * marks all there is.", "warn")
            return
        first, last = sorted((ends[0], ends[1]))
        ids = pages.ids_between(first, last)
        self.store.selection.stretch(ids)
        missing = sum(1 for row in range(first, last + 1) if pages.id_at(row) is None)
        if missing:
            self.flash(
                f"{count(missing)} rows between have not been read and are not marked;"
                " * marks all there is.",
                "warn",
            )
        self.table.refresh()

    @action("asterisk", "mark all", id="mark-all", help="Mark all that the filter matches.")
    async def mark_all(self) -> None:
        """Have the engine freeze all that matches now."""
        self.touch()
        pages = self.store.queue
        query, epoch = pages.query, pages.epoch
        frozen = await self.console.ask(SelectMessages(query=query))
        if (query, epoch) != (pages.query, pages.epoch):
            return  # another list is shown by now
        if not frozen.messages:
            self.flash("Nothing matches: nothing is marked.", "warn")
            return
        self.store.selection.freeze(frozen)
        self.touch()
        self.table.refresh()
        self.paint_all()

    @action("ctrl+backslash", "unmark", help="Take all marks off.")
    def unmark(self) -> None:
        """Take all marks off."""
        self.store.selection.clear()
        self.table.refresh()
        self.paint_all()

    # From match to match.

    def on_filter_bar_sought(self, event: FilterBar.Sought) -> None:
        """Go to the first match behind the cursor."""
        self.sought = event.text
        self.perform_by_id("queue.next-match")

    @action(
        "n",
        "next match",
        id="next-match",
        help="Go to the next match of what was typed with / and ctrl+g.",
        why_off=_why_not_seek,
    )
    async def next_match(self) -> None:
        """Forward."""
        await self._seek(1)

    @action(
        "N",
        "previous match",
        id="previous-match",
        help="Go to the match before.",
        why_off=_why_not_seek,
    )
    async def previous_match(self) -> None:
        """Backward."""
        await self._seek(-1)

    async def _seek(self, step: int) -> None:
        self.touch()
        pages = self.store.queue
        text = self.sought or pages.query
        query = parse_query(text)
        row = (self.table.cursor_row or 0) + step
        for _ in range(SOUGHT_IN):
            if not 0 <= row < pages.total:
                self.flash(f"No further match of {text}.", "warn")
                return
            if pages.id_at(row) is None and not await self._bring(row):
                return
            if self._is_match(row, query):
                self.table.point_at(row)
                return
            row += step
        self.flash(f"No match in {count(SOUGHT_IN)} rows; / {text} ⏎ looks everywhere.", "warn")

    def _is_match(self, row: int, query: QueueQuery) -> bool:
        pages = self.store.queue
        item = pages.item_at(row)
        return (
            item is not None and item.id not in pages.gone and matches(item, query, self.store.now)
        )

    async def _bring(self, row: int) -> bool:
        """Read the page of this row; False when another list is shown by then."""
        pages = self.store.queue
        for _ in range(SOUGHT_IN // PAGE):
            wanted = pages.wants(row, row)
            if wanted is None:
                break
            if not pages.fold(wanted, await self.console.ask(pages.request(wanted))):
                return False
        return pages.id_at(row) is not None
