"""``;``: letters on everything one can go to, and a jump to the one that is pressed.

Tabs keep their digits; panes and the rows on screen get letters, those of the list that has the
focus first.  Esc, or any other key, goes nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from tui.screens.acting import Acting

LETTERS: Final = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"


@dataclass(frozen=True, slots=True)
class Target:
    """A place on screen, the letter on it, and what going there does."""

    letter: str
    at: Offset
    go: Callable[[], object]


def targets(screen: Acting) -> list[Target]:
    """What can be jumped to on a screen, in the order in which letters are given."""
    places: list[tuple[Offset, Callable[[], object]]] = []
    panes = [
        widget for widget in screen.focus_chain if widget.region and not isinstance(widget, Input)
    ]
    tables = [pane for pane in panes if isinstance(pane, VirtualTable) and pane.pointed]
    tables.sort(key=lambda table: not table.has_focus)
    places += [(pane.region.offset, pane.focus) for pane in panes if pane not in tables]
    for table in tables:
        first, last = table.visible_rows
        head = table.size.height - 1 - (last - first)
        for row in range(first, min(last, len(table.rows) - 1) + 1):
            at = table.content_region.offset + Offset(0, head + row - first)
            places.append((at, _to_row(table, row)))
    return [Target(letter, *place) for letter, place in zip(LETTERS, places, strict=False)]


def _to_row(table: VirtualTable, row: int) -> Callable[[], object]:
    def go() -> None:
        table.focus()
        table.point_at(row)

    return go


class JumpScreen(ModalScreen[None]):
    """The letters over the screen."""

    def __init__(self, found: Sequence[Target], tab: Callable[[str], object]) -> None:
        """*tab* goes to the screen of a digit."""
        super().__init__()
        self._targets = tuple(found)
        self._tab = tab

    def compose(self) -> ComposeResult:
        """One letter each."""
        for target in self._targets:
            label: Widget = Static(target.letter, markup=False, classes="jump")
            label.styles.offset = (target.at.x, target.at.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go there."""
        event.stop()
        character = event.character or ""
        self.dismiss(None)
        if character.isdigit():
            self._tab(character)
            return
        for target in self._targets:
            if target.letter == character:
                target.go()

    def on_click(self) -> None:
        """A click ends it."""
        self.dismiss(None)
