"""A pane of lines that scrolls: envelope, transcript, headers, raw content.

Lines are prepared once as rich `Text` without markup and drawn one at a time, so a transcript
of thousands of lines costs what fits on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.theme import COLOURED, Styles


class LinesPane(ScrollView, can_focus=True):
    """Lines of styled text, drawn as they are needed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", show=False),
        Binding("up,k", "scroll_up", show=False),
        Binding("pagedown,ctrl+f", "page_down", show=False),
        Binding("pageup,ctrl+b", "page_up", show=False),
        Binding("home,g", "scroll_home", show=False),
        Binding("end,G", "scroll_end", show=False),
    ]

    def __init__(
        self, *, styles: Styles = COLOURED, empty: str = "", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.palette = styles
        self._empty = empty
        self._lines: tuple[Text, ...] = ()

    @property
    def lines(self) -> tuple[Text, ...]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Text], *, empty: str | None = None, home: bool = False) -> None:
        """Show these lines; *home* scrolls to the first."""
        self._empty = self._empty if empty is None else empty
        new = tuple(lines)
        before, self._lines = self._lines, new
        if len(new) != len(before) or not new:
            self.refresh()
        else:
            top, width = self.scroll_offset.y, self.size.width
            for y in range(min(self.size.height, len(new) - top)):
                if new[top + y] != before[top + y]:
                    self.refresh(Region(0, y, width, 1))
        self.virtual_size = Size(max((line.cell_len for line in new), default=0), len(new))
        if home:
            self.scroll_to(0, 0, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """Draw line *y* of what is on screen."""
        return self._line(y).apply_style(self.rich_style)

    def _line(self, y: int) -> Strip:
        width = self.size.width
        left, top = self.scroll_offset
        index = top + y
        if index >= len(self._lines):
            if index == 0 and self._empty:
                return Strip(
                    [Segment(" " + self._empty, self.palette["muted"])]
                ).adjust_cell_length(width)
            return Strip.blank(width)
        text = self._lines[index]
        strip = Strip(list(text.render(self.app.console, end="")))
        if strip.cell_length > left + width > 0:
            # What goes on to the right says so.
            more = Strip([Segment("…", self.palette["muted"])], 1)
            return Strip.join([strip.crop(left, left + width - 1), more])
        return strip.crop(left, left + width).extend_cell_length(width)
