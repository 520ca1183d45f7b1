"""The undo of a change: everywhere, and in the footer of screens on which mail is changed."""

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
)
async def undo(screen: ConsoleScreen) -> None:
    """Give the messages of the last change their former state again."""
    done = await undo_last(screen.console)
    if done is not None:
        screen.flash(*done)
        screen.console.poke()


@action(
    "u",
    "undo",
    id="undo",
    help="Take the last change of messages back; U on Destinations ends what was done to one.",
    danger=Danger.CHANGES,
    category="console",
    why_off=lambda screen: screen.store.why_no_change(),
)
async def undo_anywhere(screen: ConsoleScreen) -> None:
    """The same from screens on which no mail is changed."""
    await undo(screen)
