"""The questions the console asks, and what it says when it cannot be drawn.

`Ask` is the confirmation of CONSOLE.md 3.10: Cancel has the focus, and where much would be
destroyed the number of messages must be typed.  `LeaveDialog` asks what quitting means.
Escape always means no.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.screens.question import Facts, Foot, Question, not_typed

TYPED_ABOVE = 10
"""Destroying more messages than this wants their number typed."""


class _Dialog(Question[str]):
    """A box over the screen with some lines, and buttons of which the first has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def action_answer(self, answer: str) -> None:
        """Close with *answer*; empty is no."""
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button's name is its answer."""
        self.action_answer(event.button.name or "")


class Ask(_Dialog):
    """Shall this be done?  Answers ``yes`` or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", show=False),
        Binding("n", "answer('')", show=False),
    ]

    def __init__(
        self,
        title: str,
        facts: Sequence[tuple[str, str]],
        *,
        yes: str,
        destroys: bool,
        typed: int | None = None,
    ) -> None:
        """*facts* are named lines; *typed* is the number that must be entered first."""
        super().__init__()
        self._title = title
        self._facts = tuple(facts)
        self._yes = yes
        self._destroys = destroys
        self._typed = typed

    def compose(self) -> ComposeResult:
        """Title, facts, perhaps a field, buttons."""
        with Vertical(classes="dialog" + (" -danger" if self._destroys else "")) as box:
            box.border_title = self._title
            with Facts():
                for name, value in self._facts:
                    with Horizontal(classes="fact"):
                        yield Static(name, markup=False, classes="name")
                        yield Static(value, markup=False, classes="value")
            with Foot():
                if self._typed is not None:
                    with Horizontal(classes="fact typed"):
                        yield Static(
                            f"Type the number of messages ({self._typed}) to confirm:", markup=False
                        )
                        field = Input(compact=True, id="typed", type="integer")
                        field.cursor_blink = False
                        yield field
                    wrong = Static("", markup=False, id="change-wrong")
                    wrong.display = False
                    yield wrong
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", name="", id="cancel", compact=True)
                    typed = self._typed is not None
                    yes = Button(self._yes, name="yes", id="yes", compact=True, disabled=typed)
                    yes.add_class("-danger" if self._destroys else "-go")
                    yield yes

    def on_mount(self) -> None:
        """Cancel has the focus, unless a number must be typed."""
        self.query_one("#typed" if self._typed is not None else "#cancel").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button works once the number is right."""
        self.query_one("#yes", Button).disabled = not self._right(event.value)
        self._say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the field is yes, if the number is right."""
        if self._right(event.value):
            self.dismiss("yes")
        else:
            self._say(not_typed(event.value, str(self._typed)))

    def _say(self, wrong: str) -> None:
        said = self.query_one("#change-wrong", Static)
        said.update(wrong)
        said.display = bool(wrong)

    def _right(self, text: str) -> bool:
        return text.strip() == str(self._typed)

    def action_yes(self) -> None:
        """The key for yes, where one key is enough."""
        if self._typed is None:
            self.dismiss("yes")


class LeaveDialog(_Dialog):
    """What does quitting mean?  Answers ``stop``, ``leave`` or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "answer('leave')", show=False),
        Binding("c,n", "answer('')", show=False),
    ]

    def __init__(self, *, child: bool, can_stop: bool, meant: bool) -> None:
        """*meant* says that a key which does nothing else opened it: then Leave has the focus."""
        super().__init__()
        self._meant = meant
        self._child = child
        self._can_stop = can_stop

    def compose(self) -> ComposeResult:
        """The question as it fits how the console was started."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Stop the relay too?" if self._child else "Leave the console?"
            with Facts():
                for sentence in self._sentences():
                    yield Static(sentence, markup=False)
            with Foot(), Horizontal(classes="buttons"):
                yield Button("Cancel", name="", id="cancel", compact=True)
                if self._child:
                    yield Button("Leave it running", name="leave", id="leave", compact=True)
                    off = not self._can_stop
                    stop = Button("Stop relay", name="stop", id="stop", compact=True, disabled=off)
                    stop.add_class("-danger")
                    yield stop
                else:
                    leave = Button("Leave", name="leave", id="leave", compact=True)
                    leave.add_class("-go")
                    yield leave

    def _sentences(self) -> list[str]:
        if not self._child:
            return ["The relay goes on without it."]
        said = (
            "The relay was started together with this console. Stopping lets deliveries "
            "on the wire finish; queued mail stays in the spool until the next start."
        )
        return [said] if self._can_stop else [said, "The engine cannot be told to stop now."]

    def on_mount(self) -> None:
        """Cancel has the focus, unless an attached console was told to quit in so many words."""
        self.query_one("#leave" if self._meant and not self._child else "#cancel").focus()


class TooSmall(ModalScreen[None]):
    """The terminal has no room; goes away by itself when it has."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._least = (width, height)

    def compose(self) -> ComposeResult:
        """One sentence in the middle."""
        width, height = self._least
        yield Static(
            f"This terminal is too small.\nThe console needs {width}x{height}.\n"
            "Enlarge it, or press ^Q.",
            markup=False,
        )
