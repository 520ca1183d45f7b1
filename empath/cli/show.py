"""How `empathctl` writes things down: tables, times, ages, sizes, JSON.

On a terminal tables are coloured and cut to its width (`empath.cli.columns`: never an id); into a
pipe or file they are plain aligned text and nothing is cut.  All text is sanitised once more here,
and none is ever read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text

from empath import codec
from empath.cli.columns import GAP, MORE, columns
from empath.instant import local
from empath.safe_text import safe_text

STYLES: Final = {
    "queued": "cyan",
    "deferred": "yellow",
    "held": "magenta",
    "active": "blue",
    "delivered": "green",
    "failed": "red",
    "expired": "red",
    "deleted": "dim",
    "error": "red",
    "warning": "yellow",
}
"""Words with a colour; the word always stands beside it."""
_LONGEST: Final = 2000


def say(text: str = "") -> None:
    """Write one line of plain text to standard output."""
    sys.stdout.write(text + "\n")


def complain(sentence: str) -> None:
    """Write one sentence to standard error."""
    sys.stderr.write(sentence + "\n")


def write_json(value: object) -> None:
    """Write a struct, or a list of them, as JSON."""
    say(msgspec.json.format(codec.encode(value), indent=2).decode())


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table; a column whose heading begins with ``>`` is aligned to the right."""
    cells = [[safe_text(cell, _LONGEST) for cell in row] for row in rows]
    titles = [heading.removeprefix(">") for heading in headings]
    right = [heading.startswith(">") for heading in headings]
    if sys.stdout.isatty():
        _draw(titles, right, cells)
        return
    shown = columns(titles, right, cells)
    for row in [titles, *cells]:
        say((" " * GAP).join(column.cell(row[column.place]) for column in shown).rstrip())


def _draw(titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    shown = columns(titles, right, rows, console.width)
    # A line that is wider than the terminal is folded by the terminal, so that it copies as one.
    for number, row in enumerate([titles, *rows]):
        line = Text()
        for column in shown:
            text = row[column.place]
            line.append(column.cell(text), STYLES.get(text, "") if number else "bold")
            line.append(" " * GAP)
        if not number and len(shown) < len(titles):
            line.append(MORE)
        line.rstrip()
        console.print(line, soft_wrap=True)


def write_pairs(pairs: Iterable[tuple[str, str]], *, indent: str = "") -> None:
    """Write names and values under each other."""
    listed = [(name, safe_text(value, _LONGEST)) for name, value in pairs]
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        say(f"{indent}{name:<{width}}  {value}".rstrip())


def clear_screen() -> None:
    """Begin a fresh screen, on a terminal; an empty line elsewhere."""
    if sys.stdout.isatty():
        Console().clear()
    else:
        say()


def clock_time(at: float | None) -> str:
    """A point in time, local and with its zone: ``2026-11-22 14:02:07 CET``."""
    if at is None:
        return "–"
    return local(at).strftime("%Y-%m-%d %H:%M:%S %Z")


def age(seconds: float) -> str:
    """A length of time in its two greatest units: ``42s``, ``3m07s``, ``1h07m``, ``4d02h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def from_now(at: float | None, now: float) -> str:
    """When something is due: ``+3m07s``, ``now``, or a dash for never."""
    if at is None:
        return "–"
    return "now" if at <= now else f"+{age(at - now)}"


def octets(count: int) -> str:
    """A number of octets for reading: ``812 B``, ``8.2 kB``, ``50.0 MB``."""
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


def counted(count: int, noun: str) -> str:
    """``1 message``, ``1,204 messages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
