"""The inside of a message in a frame: one text at a time, wrapped, with the others named above.

It asks for more by a message of its own (`Neared`) when its reader comes near the end of what
is here.
"""

from __future__ import annotations

from rich.text import Text
from textual.message import Message

from tui.figures import octets
from tui.inside import HEADERS, HTML, PARTS, RAW, TEXT, Inside, Piece
from tui.inside_text import body_lines, part_lines, title_of
from tui.message_text import content_lines, header_lines
from tui.theme import Styles
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane

_NEAR = 10
"""Lines before the end at which more is asked for."""


class PreviewLines(LinesPane):
    """The lines; scrolling near their end asks for more."""

    class Neared(Message):
        """The end of what is here is near."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more near the end."""
        super().watch_scroll_y(old_value, new_value)
        if new_value > old_value and new_value + self.size.height >= len(self.lines) - _NEAR:
            self.post_message(self.Neared())


class Preview(Pane):
    """The frame."""

    def __init__(self, *, styles: Styles, id: str) -> None:
        self.palette = styles
        self.lines = PreviewLines(styles=styles, id=f"{id}-lines")
        super().__init__("Preview", self.lines, id=id)
        self.form = ""
        """How the message is looked at; empty: as a reader would."""
        self._shown: tuple[object, ...] = ()

    @property
    def neared(self) -> bool:
        """The end of what is here is on screen, or nearly."""
        lines = self.lines
        return lines.scroll_offset.y + lines.size.height >= len(lines.lines) - _NEAR

    def form_of(self, inside: Inside) -> str:
        """The way that *inside* is shown: the one chosen, if it has it."""
        return self.form if self.form in inside.forms else inside.first_form

    def show(self, inside: Inside | None, *, empty: str = "") -> None:
        """Show what is known of a message."""
        if inside is None or (inside.parts is None and inside.view is None):
            self._fill((), [], inside.problem if inside is not None else empty)
            self.name_it("Preview")
            return
        form = self.form_of(inside)
        piece = inside.pieces.get(form)
        width = self.lines.size.width
        note, below = "", ""
        if piece is not None and piece.next_offset is not None:
            read = octets(piece.next_offset)
            note = f"{read} of {octets(piece.size)}" if piece.size else read
            below = "goes on; m reads more"
        self.name_it(title_of(inside.forms, form, note), below)
        seen = (inside.id, form, width, len(piece.text) if piece else -1, id(inside.view))
        if seen == self._shown:
            return
        home = seen[:2] != self._shown[:2]
        self._fill(seen, self._lines(inside, form, piece, width), _why_empty(inside, form), home)

    def _fill(
        self, seen: tuple[object, ...], lines: list[Text], empty: str, home: bool = True
    ) -> None:
        self._shown = seen
        if list(self.lines.lines) != lines or not lines:
            self.lines.show(lines, empty=empty, home=home)

    def _lines(self, inside: Inside, form: str, piece: Piece | None, width: int) -> list[Text]:
        styles = self.palette
        if form == HEADERS:
            return header_lines(inside.view.headers, styles) if inside.view is not None else []
        if form == PARTS:
            return part_lines(inside.parts, styles) if inside.parts is not None else []
        if piece is None:
            return []
        if form in (HTML, TEXT):
            code = inside.parts.code if inside.parts is not None else ""
            return body_lines(piece.text.rstrip("\n"), styles, width, code)
        if form == RAW:
            return content_lines(piece.text, styles)
        return body_lines(piece.text.rstrip("\n"), styles, width)


def _why_empty(inside: Inside, form: str) -> str:
    if inside.view is not None and not inside.view.body_stored:
        return "The content is not stored any more."
    if inside.damage:
        return inside.damage
    if form in (HEADERS, PARTS):
        return "None."
    return "Nothing in it." if form in inside.pieces else "Reading …"
