"""Lists of messages as files: JSON lines or CSV, in the operator's state folder.

A file is written whole or not at all, readable by its owner only.  Cells of a CSV that a
spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

from empath import codec
from empath.control.link import QueueItem
from tui.safety import safe
from tui.settings import private_write, state_folder

MOST: Final = 100_000
"""Most messages in one file."""

Form = Literal["jsonl", "csv"]

_FIELDS: Final = QueueItem.__struct_fields__


def encode(items: Iterable[QueueItem], form: Form) -> bytes:
    """The messages in the form of the file."""
    if form == "jsonl":
        return b"".join(codec.encode(item) + b"\n" for item in items)
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_FIELDS)
    for item in items:
        rows.writerow([_cell(getattr(item, name)) for name in _FIELDS])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    text = safe(value, 10_000)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def file_for(environ: Mapping[str, str], at: float, form: Form) -> Path:
    """Where a list exported at *at* goes."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(at))
    return state_folder(environ) / f"queue-{stamp}.{form}"


def write(path: Path, items: Iterable[QueueItem], form: Form) -> None:
    """Write the file.  Raises `OSError`."""
    private_write(path, encode(items, form))
