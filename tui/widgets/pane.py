"""A titled frame round one part of a screen."""

from __future__ import annotations

from textual.containers import Vertical
from textual.widget import Widget


class Pane(Vertical):
    """The frame; its title may change with what is in it."""

    ALLOW_MAXIMIZE = True

    def __init__(self, title: str, *children: Widget, id: str) -> None:
        super().__init__(*children, id=id, classes="pane")
        self._titles = (title, "")
        self.border_title = title

    def name_it(self, title: str, below: str = "") -> None:
        """Change the titles, above and *below*; setting the same ones would paint all of it."""
        if (title, below) != self._titles:
            self._titles = (title, below)
            self.border_title, self.border_subtitle = title, below
