"""The marks beside the lines of the config: what is wrong, and when a change takes effect."""

from __future__ import annotations

from collections.abc import Mapping

from tui.config_work import ConfigWork
from tui.widgets.toml_editor import Mark

_CHANGED: Mapping[str, Mark] = {
    "live": ("+", "good", ""),
    "new sessions": ("+", "info", "takes effect for new sessions"),
    "restart": ("↻", "warn", "takes effect at the next restart"),
}


def marks_of(work: ConfigWork) -> dict[int, Mark]:
    """A mark for each line that has something to tell; the first fault of a line is told."""
    marks: dict[int, Mark] = {}
    if work.checked is None:
        return marks
    for change in work.checked.changes:
        line = work.line_of(change.key)
        if line is not None and change.effect in _CHANGED:
            marks[line] = _CHANGED[change.effect]
    told: set[int] = set()
    for fault in work.faults:
        line = None if fault.line is None else fault.line - 1
        if line is not None and line not in told:
            told.add(line)
            marks[line] = ("●", "bad", fault.sentence)
    return marks
