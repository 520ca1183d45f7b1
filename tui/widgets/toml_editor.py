"""The editor of the config: a text area that looks until it is asked to edit, with marks.

While it only looks, letters are keys of the screen, so that nobody changes a config by leaning on
the keyboard.  Each line may have a sign in the gutter and a sentence behind it: a fault, or when a
change takes effect.  Colours are by role; above `HIGHLIGHTED` lines there are none, as each key
would take longer than one types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from tui.safety import safe
from tui.theme import COLOURED, Styles
from tui.widgets.columns import cut

HIGHLIGHTED: Final = 1500
"""Most lines that are coloured."""

Mark = tuple[str, str, str]
"""A sign of one cell, the role of its colour, and a sentence, perhaps empty."""

_SYNTAX: Final = {
    "toml.type": "accent",
    "property": "accent",
    "string": "good",
    "boolean": "special",
    "number": "info",
    "float": "info",
    "toml.datetime": "info",
    "comment": "muted",
    "operator": "muted",
    "punctuation.bracket": "head",
    "punctuation.delimiter": "muted",
    "toml.error": "bad",
}


class TomlEditor(TextArea):
    """The text, its line numbers and marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "to_line(0)", show=False),
        Binding("G", "to_line(-1)", show=False),
        Binding("ctrl+f", "cursor_page_down", show=False),
        Binding("ctrl+b", "cursor_page_up", show=False),
    ]

    def __init__(self, *, styles: Styles = COLOURED, id: str | None = None) -> None:
        super().__init__(
            show_line_numbers=True,
            soft_wrap=False,
            read_only=True,
            tab_behavior="focus",
            max_checkpoints=500,
            id=id,
        )
        self.palette = styles
        self._dressed = 0
        self.cursor_blink = False
        self._marks: Mapping[int, Mark] = {}
        self._dress()

    def _dress(self) -> None:
        """Take the colours of the styles as they are now."""
        name = f"empath-{self._dressed}"
        self._dressed += 1
        self.register_theme(_theme(name, self.palette))
        self.theme = name

    def on_mount(self) -> None:
        """Other colours whenever the console takes others."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._dress())

    @property
    def editing(self) -> bool:
        """Keys are text."""
        return not self.read_only

    @property
    def line(self) -> int:
        """The line of the cursor, counted from 0."""
        return self.cursor_location[0]

    def take(self, text: str) -> bool:
        """Show *text*, cursor and history anew; False if it cannot be held to the letter.

        Then it must not be edited: line ends of several kinds, or characters that end a line to us
        and not to TOML, would come back otherwise.
        """
        at = self.cursor_location
        self.language = None
        self.load_text(text)
        self._colour()
        self.move_cursor((min(at[0], self.document.line_count - 1), 0))
        return self.text == text

    def replace_all(self, text: str) -> None:
        """Put *text* in the place of all there is, as one edit that can be undone."""
        self.replace(text, (0, 0), self.document.end)

    def _colour(self) -> None:
        wanted = "toml" if self.document.line_count <= HIGHLIGHTED else None
        if self.language != wanted:
            self.language = wanted

    def mark(self, marks: Mapping[int, Mark]) -> None:
        """Show these marks, by line from 0."""
        if dict(marks) != dict(self._marks):
            self._marks = dict(marks)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw line *y* of what is on screen, with its mark."""
        strip = super().render_line(y)
        number = self.scroll_offset.y + y
        mark = self._marks.get(number)
        if mark is None or number >= self.document.line_count:
            return strip
        sign, role, sentence = mark
        gutter, width = self.gutter_width, strip.cell_length
        style = self.palette[role]
        parts = [
            strip.crop(0, gutter - 1),
            Strip([Segment(sign, style)], 1),
            strip.crop(gutter, width),
        ]
        marked = Strip.join(parts)
        shown = cell_len(self.document.get_line(number).expandtabs(self.indent_width))
        used = gutter + max(0, shown - self.scroll_offset.x) + 2
        room = width - used
        if not sentence or room < 12:
            return marked
        note = cut(f"◀ {safe(sentence, 300)}", room)
        return Strip.join([marked.crop(0, used), Strip([Segment(note, style)], room)])

    def action_to_line(self, line: int) -> None:
        """Put the cursor on a line, the last for -1."""
        last = self.document.line_count - 1
        self.point_at(last if line < 0 else line)

    def point_at(self, line: int, column: int = 0) -> None:
        """Put the cursor there, in sight."""
        last = self.document.line_count - 1
        self.move_cursor((max(0, min(line, last)), column), center=True)


def _theme(name: str, styles: Styles) -> TextAreaTheme:
    return TextAreaTheme(
        name=name,
        base_style=Style(),
        gutter_style=styles["faint"],
        cursor_style=Style(reverse=True),
        cursor_line_style=Style(bgcolor=styles["cursor_idle"].bgcolor),
        cursor_line_gutter_style=styles["head"],
        bracket_matching_style=Style(bold=True),
        selection_style=styles["cursor"],
        syntax_styles={name: styles[role] for name, role in _SYNTAX.items()},
    )
