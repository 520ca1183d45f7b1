"""The line in which a filter is typed, in the language of `empath.query`.

``/`` opens it.  What is typed is applied as soon as it is a filter; enter keeps it, escape
puts back what was there before.  A text that is no filter is not applied, and the reason is
shown at once.  While it has the focus, every printable key goes into it and none acts.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from empath.query import BadQuery, parse_query

EXAMPLE = "state:deferred  dest:~mail  from:news@x.example  !subject:~invoice  word"
_PAUSE = 0.2
"""Seconds without a key before what is typed is applied."""


class _Field(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False, priority=True),
    ]

    def action_give_up(self) -> None:
        bar = self.parent
        assert isinstance(bar, FilterBar)
        bar.cancel()


class FilterBar(Horizontal):
    """The filter's line; hidden while there is no filter and none is typed."""

    class Applied(Message):
        """The filter to use now; *final* once the operator has pressed enter."""

        def __init__(self, text: str, *, final: bool) -> None:
            super().__init__()
            self.text = text
            self.final = final

    def __init__(
        self, *, placeholder: str = EXAMPLE, query: bool = True, id: str | None = None
    ) -> None:
        """Without *query* any text is a filter, such as a part of a name."""
        super().__init__(id=id)
        self._query = query
        self._field = _Field(
            placeholder=placeholder,
            compact=True,
            select_on_focus=False,
        )
        self._field.cursor_blink = False
        self._problem = Static("", markup=False)
        self._before = ""
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        """The slash, the field, and the place for what is wrong with it."""
        yield Static(" / ", markup=False, id="slash")
        yield self._field
        yield self._problem

    def on_mount(self) -> None:
        """Nothing to show yet."""
        self.display = False

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

    def stand(self, text: str) -> None:
        """Show the filter in force, or nothing when there is none."""
        if not self.typing:
            self._field.value = text
            self._problem.update("")
            self.display = bool(text)

    def cancel(self) -> None:
        """Put back the filter from before."""
        self._stop_waiting()
        self._field.value = self._before
        self.post_message(self.Applied(self._before, final=True))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply what is typed once the typing rests."""
        event.stop()
        if not self.typing:
            return
        self._problem.update(f"✖ {self.problem} " if self.problem else "")
        self._stop_waiting()
        if not self.problem:
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

    def _apply(self) -> None:
        self.post_message(self.Applied(self._field.value.strip(), final=False))

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
