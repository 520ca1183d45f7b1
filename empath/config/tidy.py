"""A changed line in the manner of the one before: its quotes, the blanks in its braces.

Only how a line looks; `empath.config.edit` takes the result only when it means what it has to mean.
"""

from __future__ import annotations

import re
from typing import Any, Final

_OPENING: Final = re.compile(r"\{[ \t]{2,}")
_CLOSING: Final = re.compile(r"(?<=[^\s{])[ \t]*\}")


def as_before(item: Any, written: str) -> str:
    """The text *written* in double quotes, in single ones where *item* has those."""
    literal = item.as_string() if hasattr(item, "as_string") else ""
    plain = len(written) > 1 and written[0] == written[-1] == '"'
    if not plain or literal[:1] != "'" or any(one in written for one in "'\\"):
        return written
    return f"'{written[1:-1]}'"


def tidied(before: str, after: str) -> str:
    """*after* with one blank within the braces of each line that is new, as far as *before* does
    so.
    """
    if not re.search(r"\{ .*\S \}", before):
        return after
    known = set(before.splitlines(keepends=True))
    lines = after.splitlines(keepends=True)
    return "".join(line if line in known else _spaced(line) for line in lines)


def _spaced(line: str) -> str:
    code, mark, comment = line.partition("#")
    return _CLOSING.sub(" }", _OPENING.sub("{ ", code)) + mark + comment
