"""The undo of a change, as an action that several screens declare as theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import Danger, action
from tui.undoing import undo_last

if TYPE_CHECKING:
    from tui.screens.base import ConsoleScreen


@action(
    "u",
    "undo",
    id="undo",
    help="Take the last change back.",
    danger=Danger.CHANGES,
    rank=13,
    why_off=lambda screen: screen.store.why_no_change(),
    cli=lambda screen: f"empathctl job undo {screen.store.jobs.last_undo}".rstrip(),
)
async def undo(screen: ConsoleScreen) -> None:
    """Give the messages of the last change their former state again."""
    done = await undo_last(screen.console)
    if done is not None:
        screen.flash(*done)
        screen.console.poke()
