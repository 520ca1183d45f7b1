"""A line in which a few words are typed, such as a filter: a sign, a field, and what is wrong.

It is there only while something is typed.  A text that has a fault is not taken; the fault stands
beside it from the first key on, as far as it leaves room for what is typed.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

Check = Callable[[str], str]
"""What is wrong with a text; empty when nothing is."""


class TypedLine(Horizontal):
    """The line; whoever shows it hides it."""

    class Typed(Message):
        """What was typed is to be used."""

        def __init__(self, sign: str, text: str) -> None:
            super().__init__()
            self.sign = sign
            """What the line stood for."""
            self.text = text

    class Wrong(Message):
        """Enter was pressed on a text that has a fault."""

        def __init__(self, fault: str) -> None:
            super().__init__()
            self.fault = fault
            """The whole of it; beside the text there may be room for its beginning only."""

    def __init__(self, *, id: str | None = None) -> None:
        self._before = Static(" / ", markup=False, id="slash")
        self._field = Input(compact=True, id="find", select_on_focus=False)
        self._field.cursor_blink = False
        self._fault = Static("", markup=False, id="fault")
        self._sign = ""
        self._check: Check | None = None
        super().__init__(self._before, self._field, self._fault, id=id)

    def on_mount(self) -> None:
        """Nothing is typed yet."""
        self.display = False

    def ask(self, sign: str, text: str, hint: str, check: Check | None = None) -> None:
        """Have a text typed, beginning with *text*; *hint* stands where there is none."""
        self._sign, self._check = sign, check
        self.display = True
        self._before.update(f" {sign} ")
        self._fault.update("")
        self._field.placeholder, self._field.value = hint, text
        self._field.cursor_position = len(text)
        self._field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what is wrong."""
        if self._check is not None:
            fault = self._check(event.value)
            self._fault.update(f" ✖ {fault} " if fault else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand it on, unless something is wrong: then that is said in full."""
        fault = "" if self._check is None else self._check(event.value)
        self.post_message(self.Wrong(fault) if fault else self.Typed(self._sign, event.value))
