"""A table that draws only the lines it shows, out of rows it never holds (CONSOLE.md, fact F).

Rows are pulled from a `Rows` source by number when a line is painted.  Cursor and marks are
ids in a `Selection`, so they stay on their message whatever moves.  `paint` compares what is
on screen with what should be and refreshes just those lines; the virtual size, which costs a
layout, changes at most once a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.store import Selection
from tui.theme import COLOURED, Styles
from tui.widgets.columns import GAP, Column, cut, fit
from tui.widgets.rows import Row, Rows


class VirtualTable(ScrollView, can_focus=True):
    """The table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "next row", show=False),
        Binding("up,k", "move(-1)", "previous row", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "a page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "a page up", show=False),
        Binding("home,g", "first", "first row", show=False),
        Binding("end,G", "last", "last row", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """A row was chosen with a click on the cursor's row."""

    class Headed(Message):
        """The heading of a column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Rows,
        selection: Selection | None = None,
        *,
        styles: Styles = COLOURED,
        empty: str = "Nothing here.",
        pointed: bool = True,
        headed: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows = rows
        self.selection = selection or Selection()
        self.palette = styles
        self.empty = empty
        self.pointed = pointed
        """Whether there is a cursor at all."""
        self._head = 1 if headed else 0
        self.dimmed = False
        self.arrow_at: tuple[str, str] = ("", "")
        """The column that the order is by, and the arrow behind its heading."""
        self.moved_by_itself_at = -1000.0
        """When the cursor came to another row because its own had gone; no key moved it."""
        self._fitted_to = -1
        self._fitted: list[tuple[Column, int]] = []
        self._painted: dict[int, object] = {}
        self._cursor_row = 0
        self._sized_at = -10.0
        self.can_focus = pointed

    # What is where.

    @property
    def visible_rows(self) -> tuple[int, int]:
        """The first and last row on screen."""
        top = self.scroll_offset.y
        return top, top + max(0, self.size.height - 1 - self._head)

    @property
    def cursor_row(self) -> int | None:
        """Where the cursor's row is, as far as it is known."""
        if self.selection.cursor is None:
            return None
        return self.rows.find(self.selection.cursor)

    @property
    def at_top(self) -> bool:
        """The first row is on screen."""
        return self.scroll_offset.y == 0

    def point_at(self, row: int) -> None:
        """Put the cursor on a row, and scroll so that it shows."""
        count = len(self.rows)
        if not count:
            self.selection.cursor = None
            return
        row = max(0, min(row, count - 1))
        self._cursor_row = row
        self.moved_by_itself_at = -1000.0
        found = self.rows.row(row)
        self.selection.cursor = found.id if found is not None else None
        self._show_row(row)
        self._refresh_changed()
        self.post_message(self.Moved())

    def _show_row(self, row: int) -> None:
        if (self.virtual_size.height - self._head) != len(self.rows):
            self._resize_virtual()
        top, last = self.visible_rows
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif row > last:
            self.scroll_to(y=row - (last - top), animate=False, force=True)

    # Painting.

    def paint(self, at: float) -> None:
        """Bring the screen up to date at monotonic *at*: only lines that differ are drawn."""
        count = len(self.rows)
        if self.virtual_size.height != count + self._head and (
            at - self._sized_at >= 1.0 or self.virtual_size.height <= self.size.height
        ):
            self._sized_at = at
            self._resize_virtual()
        if self.pointed:
            self._keep_cursor(count, at)
        self._refresh_changed()

    def _refresh_changed(self) -> None:
        for y in range(self._head, self.size.height):
            if self._face(y) != self._painted.get(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def renew(self) -> None:
        """The rows are other ones: their number may show at once."""
        self._sized_at = -10.0

    def _keep_cursor(self, count: int, at: float) -> None:
        if self.selection.cursor is None:
            if count:
                found = self.rows.row(min(self._cursor_row, count - 1))
                if found is not None:
                    self.selection.cursor = found.id
                    self.post_message(self.Moved())
            return
        row = self.rows.find(self.selection.cursor)
        if row is not None:
            top, last = self.visible_rows
            if row != self._cursor_row and top <= self._cursor_row <= last:
                self._show_row(row)  # rows came or went: what was seen stays in sight
            self._cursor_row = row
        elif self.rows.row(min(self._cursor_row, max(0, count - 1))) is not None:
            # Its row is no more: the cursor takes the row that is now at that place.
            self.point_at(self._cursor_row)
            self.moved_by_itself_at = at

    def _face(self, y: int) -> object:
        """All that line *y* depends on, so that equal means no need to paint."""
        index = self.scroll_offset.y + y - self._head
        if index >= len(self.rows):
            return self.empty if index == 0 else None
        row = self.rows.row(index)
        if row is None:
            return index
        return (
            row,
            row.id == self.selection.cursor,
            self.selection.holds(row.id),
            self.has_focus,
            self.dimmed,
        )

    def _resize_virtual(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows) + self._head)

    def on_resize(self) -> None:
        """Share the width out again."""
        self._resize_virtual()
        self._painted.clear()

    def _fit(self, width: int) -> None:
        if width != self._fitted_to:
            self._fitted_to = width
            self._fitted = fit(self.columns, max(1, width - (2 if self.pointed else 1)))

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._fitted_to = -1
            self.refresh()

    def sort_shown(self, column: str, arrow: str) -> None:
        """Say in the heading which column the order is by."""
        if (column, arrow) != self.arrow_at:
            self.arrow_at = (column, arrow)
            self.refresh(Region(0, 0, self.size.width, 1))

    @property
    def columns_shown(self) -> tuple[str, ...]:
        """The names of the columns that there is room for."""
        return tuple(column.name for column, _ in self._fitted)

    def render_line(self, y: int) -> Strip:
        """Draw line *y* of what is on screen; line 0 is the heading and does not scroll."""
        return self._line(y).apply_style(self.rich_style)

    def _line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        self._fit(width)
        if y < self._head:
            return self._heading(width)
        self._painted[y] = self._face(y)
        index = self.scroll_offset.y + y - self._head
        if index >= len(self.rows):
            if index == 0:
                return self._note(self.empty, width)
            return Strip.blank(width)
        row = self.rows.row(index)
        if row is None:
            return self._note("…", width)
        return self._row(row, width)

    def _note(self, text: str, width: int) -> Strip:
        note = cut(f"  {text}", width)
        return Strip([Segment(note, self.palette["muted"])], width)

    def _heading(self, width: int) -> Strip:
        style = self.palette["head"]
        lead = "  " if self.pointed else " "
        name, arrow = self.arrow_at
        parts = [
            cut(column.title + (arrow if column.name == name else ""), size, right=column.right)
            for column, size in self._fitted
        ]
        return Strip([Segment(cut(lead + (" " * GAP).join(parts), width), style)], width)

    def _row(self, row: Row, width: int) -> Strip:
        palette = self.palette
        base: Style | None = None
        marked = self.selection.holds(row.id)
        pointed = self.pointed and row.id == self.selection.cursor
        if pointed:
            base = palette["cursor" if self.has_focus else "cursor_idle"]
        segments: list[Segment] = [] if self.pointed else [Segment(" ", palette["text"])]
        used = len(segments)
        if self.pointed:
            lead = ("▌" if pointed else " ") + ("*" if marked else " ")
            segments.append(Segment(lead, self._blend(base, "mark" if marked else "accent")))
            used = 2
        for number, (column, size) in enumerate(self._fitted):
            cell = row.cells.get(column.name, "")
            text, role = (cell, "text") if isinstance(cell, str) else cell
            if row.gone:
                role = "gone"
            elif self.dimmed:
                role = "faint"
            gap = 0 if number == 0 else GAP
            style = self._blend(base, role)
            cell = cut(text, size, right=column.right)
            if base is not None and gap and style.bgcolor != base.bgcolor:
                segments += [Segment(" " * gap, base), Segment(cell, style)]
            else:
                segments.append(Segment(" " * gap + cell, style))
            used += size + gap
        if used < width:
            segments.append(Segment(" " * (width - used), base))
        return Strip(segments, max(used, width)).crop(0, width)

    def _blend(self, base: Style | None, role: str) -> Style:
        """The style of *role* on the row's ground; a shade is the figure's own and stays, for its
        colour can be read on no other ground.
        """
        style = self.palette[role]
        return style if base is None or style.bgcolor is not None else style + base

    # Moving.

    def action_move(self, steps: int) -> None:
        """Move the cursor by *steps* rows."""
        row = self.cursor_row
        self.point_at((self._cursor_row if row is None else row) + steps)

    def action_page(self, pages: int) -> None:
        """Move the cursor, and what is shown, by what fits on the screen."""
        step = pages * max(1, self.size.height - 1 - self._head)
        self.scroll_to(y=max(0, self.scroll_offset.y + step), animate=False, force=True)
        self.action_move(step)

    def action_first(self) -> None:
        """Move to the first row."""
        self.point_at(0)

    def action_last(self) -> None:
        """Move to the last row."""
        self.point_at(len(self.rows) - 1)

    def on_focus(self) -> None:
        """The cursor row shows where the keys go."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor row shows that the keys go elsewhere."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Point at the row; a click on the cursor's row, or a double one, opens it."""
        if event.y < self._head:
            self._press_heading(event.x)
        if event.y < self._head or not self.pointed:
            return
        index = self.scroll_offset.y + event.y - self._head
        if index >= len(self.rows):
            return
        row = self.rows.row(index)
        again = row is not None and row.id == self.selection.cursor and event.chain > 1
        self.point_at(index)
        if again:
            self.post_message(self.Opened())

    def _press_heading(self, x: int) -> None:
        at = 2 if self.pointed else 1
        for column, size in self._fitted:
            if at <= x < at + size + GAP:
                self.post_message(self.Headed(column.name))
                return
            at += size + GAP
