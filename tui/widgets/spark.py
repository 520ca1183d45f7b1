"""A small chart of a rate: blocks in one or two rows, the newest on the right.

Draws 190 columns in about a millisecond (CONSOLE.md, fact I).  Unknown seconds stay blank,
zero is a line at the bottom, so that "nothing happened" and "nothing known" differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.figures import rate, short_count
from tui.series import Series
from tui.theme import COLOURED, Styles
from tui.widgets.columns import cut

BLOCKS = " ▁▂▃▄▅▆▇█"


def rows_of(values: Sequence[float | None], rows: int, top: float) -> list[str]:
    """The chart as *rows* strings from top to bottom; *top* is the value of a full column."""
    eighths = 8 * rows
    lines = [""] * rows
    for value in values:
        if value is None:
            heights = [0] * rows
        else:
            height = round(value / top * eighths) if top > 0 else 0
            height = min(eighths, max(1, height))
            heights = [min(8, max(0, height - 8 * below)) for below in range(rows - 1, -1, -1)]
        for row, height in enumerate(heights):
            lines[row] += BLOCKS[height]
    return lines


class _Drawing(NamedTuple):
    """A chart as it was last drawn, and the words on its lowest row."""

    size: Size
    chart: tuple[str, ...]
    figure: str
    most: str


class Spark(Widget):
    """A named rate: its present value, its recent course and its peak.

    A *whole* number, such as the length of the queue, is drawn from its least value up, so that
    its course can be seen; rates are drawn from zero.
    """

    def __init__(
        self,
        name: str,
        series: Series,
        role: str,
        *,
        styles: Styles = COLOURED,
        unit: str = "/s",
        whole: bool = False,
        big: bool = False,
        figure: Callable[[float], str] | None = None,
    ) -> None:
        """*figure* writes a value, where that is neither a rate nor a count."""
        super().__init__(classes="-big" if big else None)
        self._label = name
        self._series = series
        self._role = role
        self.palette = styles
        self._unit = unit
        self._whole = whole
        self._written = figure
        self.dimmed = False
        self._painted: object = None
        self._drawn: _Drawing | None = None

    def paint(self) -> None:
        """Redraw if the course has changed."""
        face = (self._series.columns(max(1, self._width())), self._series.last, self.dimmed)
        if face != self._painted:
            self._painted = face
            self._drawn = None
            self.refresh()

    def _width(self) -> int:
        return max(1, self.size.width - 32)

    def _figure(self, value: float | None) -> str:
        """A rate with its unit; a count without decimals (a column may be a mean of seconds)."""
        if value is None:
            return rate(None)
        if self._written is not None:
            return self._written(value)
        return (short_count(round(value)) if self._whole else rate(value)) + self._unit

    def _draw(self, size: Size) -> _Drawing:
        """All rows at once.  A column is a mean of seconds and the highest fills the chart; the
        peak is the highest second, for it must not be less than what is shown as the present.
        """
        columns = self._width()
        values, _per = self._series.columns(columns)
        known = [value for value in values if value is not None]
        peak = max(known, default=0.0)
        floor = min(known, default=0.0) if self._whole else 0.0
        lifted = [None if value is None else value - floor for value in values]
        chart = rows_of(
            lifted, max(1, size.height), max(peak - floor, 1.0 if self._written is None else 1e-9)
        )
        return _Drawing(
            size,
            tuple(row.rjust(columns) for row in chart),
            self._figure(self._series.recent(1 if self._whole else 5)),
            f"max {self._figure(self._series.peak)}" if known else "",
        )

    def render_line(self, y: int) -> Strip:
        """Draw one row: the lowest one carries name, value and peak."""
        size = self.size
        drawn = self._drawn
        if drawn is None or drawn.size != size:
            drawn = self._drawn = self._draw(size)
        width, chart = size.width, drawn.chart[y]
        role = "faint" if self.dimmed else self._role
        label, figure, most = "", "", ""
        if y == len(drawn.chart) - 1:
            label, figure, most = self._label, drawn.figure, drawn.most
        return (
            Strip(
                [
                    Segment(cut(f" {label}", 11), self.palette["muted"]),
                    Segment(
                        cut(figure, 9, right=True),
                        self.palette["faint" if self.dimmed else "strong"],
                    ),
                    Segment("  "),
                    Segment(chart, self.palette[role]),
                    Segment(cut(f" {most}", 10), self.palette["muted"]),
                ]
            )
            .adjust_cell_length(width)
            .apply_style(self.rich_style)
        )
