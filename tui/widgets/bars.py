"""The one-line parts every screen shares: tabs with breadcrumbs, flash line, keys.

Each draws one line of styled text, and redraws only when that text differs.  A click on a tab
or a key does what the key does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tui.theme import COLOURED, Styles
from tui.widgets.columns import cut

Piece = tuple[str, str]
"""Text and the role of its colour."""


class Line(Widget):
    """One line of pieces; those on the right keep their place when the left ones must give."""

    def __init__(self, *, styles: Styles = COLOURED, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette = styles
        self._left: tuple[Piece, ...] = ()
        self._right: tuple[Piece, ...] = ()
        self._ground: str = ""

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = (), ground: str = "") -> None:
        """Show these pieces, on the background of role *ground* if one is named."""
        new = (tuple(left), tuple(right), ground)
        if new != (self._left, self._right, self._ground):
            self._left, self._right, self._ground = new
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        if y:
            return Strip.blank(self.size.width, self.rich_style)
        width = self.size.width
        ground = self.palette[self._ground] if self._ground else None
        room = width - sum(cell_len(text) for text, _ in self._right)
        segments: list[Segment] = []
        used = 0
        for whole, role in self._left:
            fits = used + cell_len(whole) <= room
            text = whole if fits else cut(whole, max(0, room - used))
            length = cell_len(text)
            segments.append(Segment(text, self._style(role, ground)))
            used += length
            if used >= room:
                break
        segments.append(Segment(" " * max(0, room - used), ground))
        segments.extend(Segment(text, self._style(role, ground)) for text, role in self._right)
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _style(self, role: str, ground: Style | None) -> Style:
        if ground is None:
            return self.palette[role]
        return ground if role == "text" else self.palette[role] + ground


class TabBar(Line):
    """The screens by digit, and where in the current one the operator is."""

    def __init__(self, tabs: Sequence[tuple[str, str, str]], *, styles: Styles = COLOURED) -> None:
        """*tabs* are the digit, the title and the name of each screen."""
        super().__init__(styles=styles)
        self._tabs = tuple(tabs)
        self._spans: list[tuple[int, int, str]] = []

    def point(self, current: str, crumbs: str, hidden: Collection[str] = ()) -> None:
        """Show which screen is in front and the way to what it shows; *hidden* ones only there."""
        pieces: list[Piece] = []
        self._spans = []
        at = 0
        for digit, title, name in self._tabs:
            if name in hidden and name != current:
                continue
            text = f" {digit} {title} "
            pieces.append((text, "tab" if name == current else "muted"))
            self._spans.append((at, at + len(text), name))
            at += len(text)
            pieces.append((" ", "muted"))
            at += 1
        room = max(0, self.size.width - at - 1)
        shown = crumbs if cell_len(crumbs) <= room else cut(crumbs, room)
        self.show(pieces, [(shown + " ", "muted")] if room > 8 else [])

    async def on_click(self, event: events.Click) -> None:
        """Go to the screen under the pointer."""
        for start, stop, name in self._spans:
            if start <= event.x < stop:
                await self.app.run_action(f"tab('{name}')")


class KeyBar(Line):
    """What the keys do here; the ones that are off are faint, and say why when pressed."""

    def __init__(self, perform: Callable[[str], None], *, styles: Styles = COLOURED) -> None:
        super().__init__(styles=styles)
        self._perform = perform
        self._spans: list[tuple[int, int, str]] = []

    def offer(self, keys: Sequence[tuple[str, str, str, bool]], last: tuple[str, str, str]) -> None:
        """Show keys as (id of the action, key, title, whether it is on), as many as fit, and
        *last*, such as the key for help, always.
        """
        action, key, title = last
        ending = cell_len(key) + len(title) + 3
        room = self.size.width - ending
        pieces: list[Piece] = []
        self._spans = [(room, room + ending, action)]
        at = 0
        for name, sign, text, on in keys:
            length = cell_len(sign) + len(text) + 3
            if at + length > room:
                break
            pieces.append((f" {sign}", "key" if on else "faint"))
            pieces.append((f" {text} ", "muted" if on else "faint"))
            self._spans.append((at, at + length, name))
            at += length
        self.show(pieces, [(f" {key}", "key"), (f" {title} ", "muted")])

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        for start, stop, action in self._spans:
            if start <= event.x < stop:
                self._perform(action)


class FlashLine(Line):
    """What the screen has to say: its standing line, or for some seconds a result."""

    def __init__(self, *, styles: Styles = COLOURED) -> None:
        super().__init__(styles=styles)
        self._flash: tuple[Piece, ...] = ()
        self._until = 0.0

    def flash(self, text: str, role: str, until: float) -> None:
        """Say *text* until monotonic *until*."""
        sign = {"good": "✓", "bad": "✖", "warn": "▲"}.get(role, "●")
        self._flash = ((f" {sign} ", role), (text, role if role != "info" else "text"))
        self._until = until
        self.show(self._flash)

    def stand(self, pieces: Sequence[Piece], at: float, right: Sequence[Piece] = ()) -> None:
        """Show the standing line unless something is being said."""
        if at >= self._until:
            self.show(pieces, right)
