"""Lists of messages as the content of a file: JSON lines or CSV.

Every field of a message as the engine tells it.  In CSV unsafe characters are escaped, and
cells that a spreadsheet would take for a formula are quoted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from empath import codec
from empath.control.link import QueueItem
from tui.export import cell
from tui.safety import safe

MOST: Final = 100_000
"""Most messages in one file."""

_FIELDS: Final = QueueItem.__struct_fields__
_LONGEST: Final = 10_000


def encode(items: Iterable[QueueItem], form: str) -> bytes:
    """The messages as `jsonl` or `csv`."""
    if form == "jsonl":
        return b"".join(codec.encode(item) + b"\n" for item in items)
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_FIELDS)
    for item in items:
        rows.writerow([_written(getattr(item, name)) for name in _FIELDS])
    return text.getvalue().encode()


def _written(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    return cell(safe(value, _LONGEST))
