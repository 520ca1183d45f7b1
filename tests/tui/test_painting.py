"""What a tick leaves alone: only what has changed is drawn again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import App, ComposeResult
from textual.strip import Strip

from tests.fakes.console import settle
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane


class Lines(LinesPane):
    """Lines that note which of them were drawn."""

    drawn: Sequence[int] = ()

    def render_line(self, y: int) -> Strip:
        """Draw one."""
        self.drawn = [*self.drawn, y]
        return super().render_line(y)


class Page(App[None]):
    """A pane with three lines."""

    def compose(self) -> ComposeResult:
        """Nothing else."""
        yield Pane("Title", Lines(id="lines"), id="pane")


def lines(*words: str) -> list[Text]:
    """A line for each word."""
    return [Text(word) for word in words]


async def test_only_lines_that_differ_are_drawn_again() -> None:
    """Of three lines the one that changed is drawn; another number of lines draws all."""
    page = Page()
    async with page.run_test():
        shown = page.query_one(Lines)
        shown.show(lines("one", "two", "three"))
        await settle()
        shown.drawn = ()
        shown.show(lines("one", "2", "three"))
        await settle()
        assert shown.drawn == [1]
        shown.show(lines("one", "2", "three"))
        await settle()
        assert shown.drawn == [1]
        shown.show(lines("one", "2"))
        await settle()
        assert {0, 1} <= set(shown.drawn)


async def test_a_title_that_stays_is_not_drawn_again() -> None:
    """Naming a pane as it is named already leaves it and what is in it alone."""
    page = Page()
    async with page.run_test():
        pane = page.query_one(Pane)
        await settle()
        pane.name_it("Title")
        assert not pane._repaint_required
        pane.name_it("Title", "below")
        assert pane._repaint_required
        assert (str(pane.border_title), str(pane.border_subtitle)) == ("Title", "below")
