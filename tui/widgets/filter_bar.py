"""The line in which a filter is typed, in the language of `empath.query`.

``/`` opens it.  What is typed is applied as soon as it is a filter; enter keeps it, escape
puts back what was there before, tab completes, and ctrl+g goes to the next match instead of
filtering.  A text that is no filter is not applied: the term is marked where it stands, and
the line below says why.  While it has the focus, every printable key goes into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from empath.query import FIELDS, BadQuery, parse_query
from tui.completion import complete, hint, take
from tui.theme import COLOURED, Styles
from tui.widgets.bars import Line, Piece

EXAMPLE = "state:deferred  dest:~mail  age:>1h  size:>1mb  !subject:~invoice  word"
_PAUSE = 0.2
"""Seconds without a key before what is typed is applied."""

_KEYS = "⏎ filter · tab completes · ^G next match, unfiltered · esc back"


class _Colours(Highlighter):
    """Fields stand out, and the term that is wrong."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles

    def highlight(self, text: Text) -> None:
        for field in FIELDS:
            text.highlight_words([f"{field}:"], self._styles["accent"])
        try:
            parse_query(text.plain)
        except BadQuery as error:
            start, stop = error.span
            text.stylize(self._styles["bad"], start, stop or len(text))
            text.stylize("underline", start, stop or len(text))


class _Field(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
        Binding("ctrl+g", "seek", show=False, priority=True),
    ]

    @property
    def bar(self) -> FilterBar:
        """The line it is in."""
        return next(node for node in self.ancestors if isinstance(node, FilterBar))

    def action_give_up(self) -> None:
        self.bar.cancel()

    def action_complete(self) -> None:
        self.bar.complete()

    def action_seek(self) -> None:
        self.bar.seek()


class FilterBar(Vertical):
    """The filter's line; hidden while there is no filter and none is typed."""

    class Applied(Message):
        """The filter to use now; *final* once the operator has pressed enter."""

        def __init__(self, text: str, *, final: bool) -> None:
            super().__init__()
            self.text = text
            self.final = final

    class Sought(Message):
        """Go to the next row that this filter means; the list stays as it was."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        *,
        placeholder: str = EXAMPLE,
        query: bool = True,
        id: str | None = None,
        styles: Styles = COLOURED,
        destinations: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Without *query* any text is a filter, such as a part of a name; *destinations* gives
        the domains that are offered behind ``dest:``.
        """
        super().__init__(id=id)
        self._query = query
        self._field = _Field(
            placeholder=placeholder,
            compact=True,
            select_on_focus=False,
            highlighter=_Colours(styles) if query else None,
        )
        self._field.cursor_blink = False
        self._below = Line(styles=styles, id="filter-below")
        self._destinations = destinations
        self._before = ""
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        """The slash and the field; below, what can be typed or what is wrong."""
        with Horizontal(id="filter-line"):
            yield Static(" / ", markup=False, id="slash")
            yield self._field
        yield self._below

    def on_mount(self) -> None:
        """Nothing to show yet."""
        self.display = False
        self._below.display = False

    @property
    def typing(self) -> bool:
        """The field has the focus."""
        return self._field.has_focus

    @property
    def problem(self) -> str:
        """What is wrong with the text in the field; empty when it is a filter."""
        if not self._query:
            return ""
        try:
            parse_query(self._field.value)
        except BadQuery as error:
            return str(error)
        return ""

    def open(self, text: str) -> None:
        """Begin to type, from *text*."""
        self._before = text
        self._field.value = text
        self._field.cursor_position = len(text)
        self.display = True
        # At once, and not when there is time: the next key may be here already.
        self.screen.set_focus(self._field, scroll_visible=False)
        self._help()

    def stand(self, text: str) -> None:
        """Show the filter in force, or nothing when there is none."""
        if not self.typing:
            self._field.value = text
            self._below.display = False
            self.display = bool(text)

    def cancel(self) -> None:
        """Put back the filter from before."""
        self._stop_waiting()
        self._field.value = self._before
        self.post_message(self.Applied(self._before, final=True))

    def complete(self) -> None:
        """Complete the word at the cursor as far as it is certain."""
        if not self._query:
            return
        field = self._field
        found = complete(field.value, field.cursor_position, self._destinations())
        if found.candidates:
            field.value, field.cursor_position = take(field.value, found)

    def seek(self) -> None:
        """Leave the list unfiltered and go to the next match."""
        text = self._field.value.strip()
        if self._query and text and not self.problem:
            self.cancel()
            self.post_message(self.Sought(text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply what is typed once the typing rests."""
        event.stop()
        if not self.typing:
            return
        self._help()
        self._stop_waiting()
        if not self.problem and not self._beginning:
            self._waiting = self.set_timer(_PAUSE, self._apply)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, if it is one."""
        event.stop()
        if not self.problem:
            self._stop_waiting()
            self.post_message(self.Applied(self._field.value.strip(), final=True))

    def on_click(self, event: events.Click) -> None:
        """A click on the line edits the filter."""
        event.stop()
        if not self.typing:
            self.open(self._field.value)

    @property
    def _beginning(self) -> bool:
        """The word at the cursor may yet become the name of a field: it is no filter so soon."""
        if not self._query:
            return False
        text, at = self._field.value, self._field.cursor_position
        word = text[:at].rpartition(" ")[2]
        return bool(word) and ":" not in word and bool(complete(text, at).candidates)

    def _help(self) -> None:
        """What is wrong, or what can stand where the cursor is."""
        self._below.display = self._query
        if not self._query:
            return
        text, at = self._field.value, self._field.cursor_position
        found = complete(text, at, self._destinations()).candidates
        typing = at > 0 and not text[at - 1].isspace()
        pieces: list[Piece] = []
        if typing and found:
            pieces = [("   " + "  ".join(each.strip() for each in found), "text")]
        elif self.problem:
            pieces = [("   ✖ ", "bad"), (self.problem, "bad")]
        if typing and (words := hint(text, at)):
            pieces.append((f"   {words}", "muted"))
        self._below.show(pieces or [(f"   {_KEYS}", "muted")])

    def _apply(self) -> None:
        self.post_message(self.Applied(self._field.value.strip(), final=False))

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
