"""The one thing about the config that is more urgent than its text, as a line above it."""

from __future__ import annotations

from tui.config_lines import trial_pieces
from tui.config_work import ConfigWork
from tui.safety import safe
from tui.widgets.bars import Piece


def notice(work: ConfigWork, now: float, unsafe: str) -> list[Piece]:
    """The trial, or why there is no text, or that file, draft and what is in force differ.

    *unsafe* is why the text may not be edited; empty where nothing is urgent.
    """
    if work.trial is not None and (pieces := trial_pieces(work.trial, now)):
        return pieces
    if work.problem:
        return [(" ✖ ", "bad"), (safe(work.problem, 300), "bad")]
    if work.overtaken:
        said = "The file has changed since this draft was begun: F6 would overwrite that,"
        return [(" ▲ ", "warn"), (f"{said} D throws the draft away.", "warn")]
    if work.view is not None and work.view.drift and not work.changed:
        said = "The file differs from what is in force: F5 shows how, F6 puts it in force."
        return [(" ▲ drift ", "warn"), (said, "warn")]
    if unsafe:
        return [(" ▲ ", "warn"), (unsafe, "warn")]
    return []
