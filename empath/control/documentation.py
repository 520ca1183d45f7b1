"""The tables of docs/CONTROL.md, written from the requests themselves.

Run ``python -m empath.control.documentation docs/CONTROL.md`` after a request has changed; a
test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from empath.control.link import reply_type
from empath.control.routes import EVENTS, PREFIX, REQUESTS


def routes_table() -> str:
    """Every route with its method, fields and reply, as Markdown."""
    lines = ["| route | fields | reply | |", "|---|---|---|---|"]
    for route, kind in REQUESTS.items():
        method = "POST" if kind.changes else "GET"
        fields = ", ".join(map(_field, msgspec.structs.fields(kind))) or "–"
        says = (kind.__doc__ or "").partition("\n")[0]
        if kind.operators_only:
            says += " Not for monitors."
        reply = reply_type(kind).__name__
        lines.append(f"| `{method} {PREFIX}{route}` | {fields} | {reply} | {says} |")
    asked = "`after` `kind` `dest` `id` `text` `rate`"
    lines.append(f"| `GET {PREFIX}{EVENTS}` | {asked} | Notice, one a line | What happens? |")
    return "\n".join(lines)


def _field(field: msgspec.structs.FieldInfo) -> str:
    return f"`{field.encode_name}`{' (needed)' if field.required else ''}"


def filled(text: str, tables: Mapping[str, str]) -> str:
    """*text* with each ``<!-- NAME: generated -->`` block replaced by its table."""
    for name, table in tables.items():
        block = re.compile(rf"(<!-- {name}: generated -->\n).*?(<!-- end -->)", re.DOTALL)
        text = block.sub(partial(_fill, table), text)
    return text


def _fill(table: str, block: re.Match[str]) -> str:
    return f"{block[1]}{table}\n{block[2]}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(filled(path.read_text(), {"routes": routes_table()}))
