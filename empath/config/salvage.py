"""Where the spool is, of a config that cannot be used.

Whoever has broken the file of an engine that runs needs to reach that engine, to roll back.
A guess for finding a socket, and for nothing else: what is found is not a config.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from empath.config.load import parse_config, read_text
from empath.config.problem import ConfigUnusable

_SPOOL: Final = re.compile(r"^\[spool\][^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.MULTILINE)
_PATH: Final = re.compile(r"^\s*path\s*=[^\n]*$", re.MULTILINE)
_DOTTED: Final = re.compile(r"^\s*spool\.path\s*=[^\n]*$", re.MULTILINE)


def spool_of_unusable(file: Path, *, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder that `spool.path` of *file* names, as far as that can be told."""
    try:
        text, _ = read_text(file)
    except ConfigUnusable:
        return None
    table = _SPOOL.search(text)
    line = _PATH.search(table[0]) if table else _DOTTED.search(text)
    said = f"[spool]\n{line[0]}\n" if table and line else line[0] if line else ""
    try:
        config = parse_config(
            said, file=str(file), directory=file.absolute().parent, environ=environ
        )
    except ConfigUnusable:
        return None
    return config.spool.path
