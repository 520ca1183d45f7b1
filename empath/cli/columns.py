"""How wide the columns of a table are: as wide as what they hold, or cut to a terminal's width.

Pure.  What has to be typed again, an id or the number of a version, is never cut, and neither is a
figure, which would be another one.  Text is cut first, the widest column before others; where that
does not do, columns are left out from the right, and the table says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

IDS: Final = frozenset({"ID", "JOB", "PART", "SUCH AS", "VERSION"})
"""Titles of columns that are as wide as they are, whatever the terminal is."""
GAP: Final = 2
MORE: Final = "…"
"""Stands where text was cut, and at the end of a header that lacks columns."""
_LEAST: Final = 8
"""Text is not cut below this: less says nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is shown."""

    place: int
    """Among those that were asked for."""
    width: int
    to_right: bool

    def cell(self, text: str) -> str:
        """*text* at the width of the column, cut where it is wider."""
        over = cell_len(text) - self.width
        if over > 0:
            return set_cell_size(text, self.width - 1) + MORE
        return " " * -over + text if self.to_right else text + " " * -over


def columns(
    titles: Sequence[str],
    to_right: Sequence[bool],
    rows: Sequence[Sequence[str]],
    room: int | None = None,
) -> list[Column]:
    """Those that are shown where lines have *room* cells; None: all, and nothing is cut."""
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    shown = list(range(len(titles)))
    if room is not None:
        least = [
            width if title in IDS or right else min(width, _LEAST)
            for title, width, right in zip(titles, widths, to_right, strict=True)
        ]
        while not _fits(least, shown, len(titles), room):
            spare = [place for place in shown if titles[place] not in IDS]
            if not spare or len(shown) == 1:
                break  # the terminal folds the lines: an id is worth more than its shape
            shown.remove(spare[-1])
        while not _fits(widths, shown, len(titles), room):
            widest = max(
                (place for place in shown if widths[place] > least[place]),
                key=lambda place: widths[place],
                default=None,
            )
            if widest is None:
                break
            widths[widest] -= 1
    return [Column(place, widths[place], to_right[place]) for place in shown]


def _fits(widths: Sequence[int], shown: Sequence[int], asked: int, room: int) -> bool:
    needed = sum(widths[place] for place in shown) + GAP * (len(shown) - 1)
    return needed + (GAP + len(MORE)) * (len(shown) < asked) <= room
