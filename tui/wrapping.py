"""Lines broken to a width, at blanks where there are any.  Pure; counts terminal cells."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells


def wrapped(line: str, width: int) -> Iterator[str]:
    """*line* in pieces of at most *width* cells, broken at blanks where there are any."""
    while cell_len(line) > width:
        fits = chop_cells(line, width)[0]
        at = fits.rfind(" ")
        if at <= 0 or line[len(fits) : len(fits) + 1] == " ":
            at = len(fits)
        yield line[:at]
        line = line[at:].lstrip(" ")
    yield line
