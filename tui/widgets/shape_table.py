"""The queue by age and destination as a table: cells shaded by how much waits, a TOTAL row above.

The shades go by the logarithm of the number, so that the one destination with a million does not
hide that another is stuck.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Final

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from empath.control.link import ShapeRow
from tui.figures import age, short_count
from tui.places import Rows
from tui.safety import safe
from tui.store import Selection
from tui.theme import Styles
from tui.widgets.columns import GAP, Column, cut
from tui.widgets.rows import Row
from tui.widgets.virtual_table import VirtualTable

BINS: Final = 8


def bin_titles(bounds: Sequence[int]) -> list[str]:
    """``5 10 … 320 320+``."""
    return [*map(str, bounds), f"{bounds[-1]}+"] if bounds else [""] * BINS


COLUMNS: Final = (
    Column("name", "DESTINATION", 14, share=2, most=40),
    Column("total", "TOTAL", 6, right=True),
    *(
        Column(f"bin{n}", title, 4, right=True)
        for n, title in enumerate(bin_titles((5, 10, 20, 40, 80, 160, 320)))
    ),
    Column("gate", "BREAKER", 13, since=94),
    Column("conn", "CONN", 6, right=True, since=104),
    Column("tls", "TLS", 9, since=114),
    Column("oldest", "OLDEST", 6, right=True, since=140),
    Column("next", "NEXT", 6, right=True, since=140),
    Column("became", "LAST HOUR", 17, since=170),
    Column("why", "WHY", 10, share=5, since=130),
)
BY_SENDER: Final = tuple(
    Column("name", "SENDER DOMAIN", 14, share=2, most=60) if column.name == "name" else column
    for column in COLUMNS
    if column.name in {"name", "total", "oldest", "next"} or column.name.startswith("bin")
)
SORTABLE: Final = frozenset({"name", "total", "gate", "conn", "oldest", "next"})


def tight(number: int) -> str:
    """A number in four cells: ``0`` is a dot, ``9999``, ``12k``, ``1.2M``."""
    if not number:
        return "·"
    if number < 10_000:
        return str(number)
    if number < 999_500:
        return f"{number / 1000:.0f}k"
    if number < 9_950_000:
        return f"{number / 1e6:.1f}M"
    return f"{number / 1e6:.0f}M"


def heat(number: int, most: int) -> str:
    """The role of a cell's shade."""
    if not number or most < 1:
        return "faint"
    share = log1p(number) / log1p(most)
    return (
        "heat4" if share > 0.9 else "heat3" if share > 0.7 else "heat2" if share > 0.45 else "heat1"
    )


def gate_cell(row: ShapeRow, now: float) -> tuple[str, str]:
    """What holds a destination, with its countdown."""
    left = "" if row.until is None else age(max(0.0, row.until - now))
    if row.gate == "suspended":
        return f"■ susp. {left or '∞'}", "special"
    match row.breaker:
        case "open":
            return f"✖ open {left}", "bad"
        case "half-open":
            return "◐ half-open", "warn"
        case _:
            pass
    if row.gate.startswith("limited to"):
        return f"▼ {row.gate.removeprefix('limited to ')}", "special"
    if row.gate:
        return "→ re-routed", "special"
    return "● closed", "muted"


def tls_cell(row: ShapeRow) -> tuple[str, str]:
    """How mail was encrypted last."""
    match row.tls:
        case "":
            return "–", "faint"
        case "plaintext":
            return "▲ clear", "warn"
        case "failed":
            return "✖ failed", "bad"
        case version:
            number = safe(version.removeprefix("TLSv"), 8)
            return (f"✓ {number} ver", "good") if row.verified else (f"● {number}", "info")


def mark_of(row: ShapeRow) -> tuple[str, str]:
    """One sign for the state of a destination, for where there is no room for more."""
    if row.gate == "suspended":
        return "■", "special"
    if row.breaker == "open":
        return "✖", "bad"
    if row.breaker == "half-open":
        return "◐", "warn"
    if row.gate:
        return "→" if row.gate.startswith("re-routed") else "▼", "special"
    return " ", "muted"


def row_of(row: ShapeRow, most: int, now: float, *, wide: bool) -> Row:
    """One destination as cells; *most* is the greatest bin, for the shades."""
    mark, role = mark_of(row)
    name = safe(row.name) or "<>"
    gated = role not in {"muted"} and not wide
    became = f"✓{tight(row.delivered)} ▲{tight(row.deferrals + row.unreached)} ✖{tight(row.failed)}"
    cells = {
        "name": (f"{mark} {name}" if not wide else name, role if gated else "text"),
        "total": (short_count(row.total), "strong") if row.total else ("·", "faint"),
        **{f"bin{n}": (tight(number), heat(number, most)) for n, number in enumerate(row.bins)},
        "gate": gate_cell(row, now),
        "conn": (f"{row.connections}/{row.allowed}", "text" if row.connections else "muted"),
        "tls": tls_cell(row),
        "oldest": age(None if row.oldest_at is None else now - row.oldest_at),
        "next": (_due(row, now), "muted"),
        "became": (became, "muted"),
        "why": (safe(row.reason, 300) or safe(row.gate, 100), "muted"),
    }
    return Row(row.name, cells)  # type: ignore[arg-type] # each is a text, or a text and a role


def _due(row: ShapeRow, now: float) -> str:
    if row.next_at is None:
        return "–"
    return "now" if row.next_at <= now else f"+{age(row.next_at - now)}"


class ShapeRows:
    """The rows of a shape as a table draws them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.now = 0.0
        self.wide = True

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def _most(self) -> int:
        shape = self._rows.shape
        return max((max(row.bins, default=0) for row in shape.rows), default=0) if shape else 0

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        row = self._rows.at(index)
        return None if row is None else row_of(row, self._most, self.now, wide=self.wide)

    def find(self, id: str) -> int | None:
        """Where a destination is."""
        return self._rows.find(id)

    def total(self) -> Row | None:
        """The sum of all."""
        shape = self._rows.shape
        if shape is None:
            return None
        total = shape.total
        row = row_of(total, max(total.bins, default=0), self.now, wide=self.wide)
        cells = {
            name: row.cells[name] for name in row.cells if name in _SUMMED or name[:3] == "bin"
        }
        cells["name"] = ("TOTAL" if self.wide else "  TOTAL", "strong")
        return Row("", cells)


_SUMMED: Final = frozenset({"total", "oldest", "next"})


class ShapeTable(VirtualTable):
    """The table."""

    def __init__(self, rows: ShapeRows, selection: Selection, *, styles: Styles, id: str) -> None:
        super().__init__(COLUMNS, rows, selection, styles=styles, id=id)
        self._shape_rows = rows
        self._head = 2
        self.order_shown = "-total"
        self._top: object = None

    def paint(self, at: float) -> None:
        """Lines that differ, the TOTAL line too."""
        wide = self.size.width >= 94
        if wide != self._shape_rows.wide:
            self._shape_rows.wide = wide
            self.refresh()
        top = (self._shape_rows.total(), self.order_shown, self.dimmed)
        if top != self._top:
            self._top = top
            self.refresh(Region(0, 0, self.size.width, 2))
        super().paint(at)

    def sortable_columns(self) -> list[str]:
        """The columns on screen that can be sorted by."""
        self._fit(self.scrollable_content_region.width)
        return [c.name for c, _ in self._fitted if c.name in SORTABLE or c.name[:3] == "bin"]

    def _line(self, y: int) -> Strip:
        if y == 1:
            width = self.scrollable_content_region.width
            self._fit(width)
            total = self._shape_rows.total()
            return Strip.blank(width) if total is None else self._row(total, width)
        return super()._line(y)

    def _heading(self, width: int) -> Strip:
        segments = [Segment("  ", self.palette["head"])]
        sort = self.order_shown.removeprefix("-")
        arrow = "↓" if self.order_shown.startswith("-") else "↑"
        for number, (column, fitted) in enumerate(self._fitted):
            size = fitted
            ours = column.name == sort
            gap = "" if number == 0 else " " * GAP
            title = column.title
            if ours and number and column.right:
                gap = " " * (GAP - 1)
                title, size = f"{arrow}{title}", fitted + 1
            elif ours:
                title = f"{title}{arrow}"
            segments.append(
                Segment(
                    gap + cut(title, size, right=column.right),
                    self.palette["accent" if ours else "head"],
                )
            )
        return Strip(segments).adjust_cell_length(width, self.palette["head"])
