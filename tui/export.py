"""Events as a file: JSON lines, or CSV for a spreadsheet.

They are written as they are shown, with their times in full.  A cell of CSV that a spreadsheet
would take for a formula is quoted first, as what peers say is in them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from empath import codec
from empath.instant import utc
from tui.event_lines import EventLine

FORMATS: Final = ("jsonl", "csv")
_FIELDS: Final = ("sequence", "time", "kind", "id", "subject", "detail", "destination")


def exported(lines: Iterable[EventLine], form: str) -> bytes:
    """The lines as `jsonl` or `csv`."""
    rows = [_row(line) for line in lines]
    if form == "jsonl":
        return b"".join(codec.encode(row) + b"\n" for row in rows)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_FIELDS)
    for row in rows:
        table.writerow([cell(str(row[name])) for name in _FIELDS])
    return text.getvalue().encode()


def _row(line: EventLine) -> dict[str, object]:
    at = utc(line.at).isoformat(timespec="milliseconds")
    return {
        "sequence": line.sequence,
        "time": at.replace("+00:00", "Z"),
        "kind": line.word,
        "id": line.id,
        "subject": line.subject,
        "detail": line.detail,
        "destination": line.destination,
    }


def cell(text: str) -> str:
    """The text as a cell of CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
