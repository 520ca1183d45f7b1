"""``:`` and ``^P``: two ways to the same actions, by a typed name and by a list.

The line completes with tab, goes through what was typed before with up and down, and shows what
may follow above it.  The palette finds actions by any of their letters.  Both show why one is off.
Neither does anything itself: the line that was chosen is their answer.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.actions import Action
from tui.commands import BadCommand, Choice, choices, completions, matching, parse
from tui.widgets.choice_list import ChoiceList

if TYPE_CHECKING:
    from tui.screens.acting import Acting

SHOWN = 8
"""Rows of completions above the line."""


class _Lister(ModalScreen[str]):
    """A field and a list of actions of the screen *under* it."""

    def __init__(self, under: Acting, text: str = "") -> None:
        super().__init__()
        self._under = under
        self._text = text

    @property
    def field(self) -> Input:
        """Where one types."""
        return self.query_one(Input)

    @property
    def list(self) -> ChoiceList:
        """What may be meant."""
        return self.query_one(ChoiceList)

    def on_mount(self) -> None:
        """Type at once."""
        self.field.value = self._text
        self.field.cursor_position = len(self._text)
        self.field.focus()
        self.call_after_refresh(self.narrow)

    def narrow(self) -> None:
        """Show what the text may mean."""
        self.list.show(self.found(self.field.value))

    @abstractmethod
    def found(self, text: str) -> Sequence[Choice]:
        """What *text* may mean."""

    def on_input_changed(self) -> None:
        """Another letter."""
        self.narrow()

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss("")

    def action_point(self, steps: int) -> None:
        """Point at another row of the list."""
        self.list.action_move(steps)

    def values(self, act: Action) -> Sequence[str]:
        """What an action may take."""
        return tuple(act.values(self._under)) if act.values is not None else ()

    def make_field(self, placeholder: str) -> Input:
        """The field."""
        field = Input(placeholder=placeholder, compact=True, select_on_focus=False)
        field.cursor_blink = False
        return field

    def make_list(self) -> ChoiceList:
        """The list."""
        console = self._under.console
        return ChoiceList(console.shown_key, styles=console.styles_by_role)


class CommandLine(_Lister):
    """The ``:`` line.  Answers what was typed, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("tab", "complete(1)", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", show=False, priority=True),
        Binding("up", "recall(-1)", show=False, priority=True),
        Binding("down", "recall(1)", show=False, priority=True),
    ]

    def __init__(self, under: Acting, history: Sequence[str], text: str = "") -> None:
        super().__init__(under, text)
        self._history = tuple(history)
        self._recalled = len(self._history)
        self._typed = text
        self._cycled = -1
        self._offered: tuple[Choice, ...] = ()

    def compose(self) -> ComposeResult:
        """Completions above, the line below, and beside it what is wrong with it."""
        with Vertical(id="commandline"):
            yield self.make_list()
            with Horizontal():
                yield Static(" : ", markup=False, id="colon")
                yield self.make_field("a name; tab completes, ↑ recalls, esc leaves")
                yield Static("", markup=False, id="problem")

    def found(self, text: str) -> Sequence[Choice]:
        """Names, or what the named action takes."""
        under = self._under
        offered = completions(under.SCOPE, text, under.why_off, self.values)
        self.list.empty = "Nothing is called so."
        if not offered:
            with contextlib.suppress(BadCommand):
                act, _ = parse(under.SCOPE, text)
                self.list.empty = f"⏎ {act.title}: {act.help}"
        self.list.styles.height = min(SHOWN, max(1, len(offered)))
        return offered

    def narrow(self) -> None:
        """What is typed by hand is what completion begins from."""
        if self._cycled < 0:
            super().narrow()
        self.query_one("#problem", Static).update("")

    def on_key(self) -> None:
        """Any key but tab ends the going round."""
        self._cycled = -1

    def action_complete(self, step: int) -> None:
        """Take the next completion into the line."""
        if self._cycled < 0:
            self._offered = self.list.choices
        if not self._offered:
            return
        self._cycled = (self._cycled + step) % len(self._offered)
        self.list.point_at(self._cycled)
        chosen = self._offered[self._cycled]
        space = " " if chosen.act.takes and " " not in chosen.text else ""
        self._write(chosen.text + space)
        if len(self._offered) == 1:
            self._cycled = -1

    def action_recall(self, step: int) -> None:
        """Go through what was typed before."""
        if self._recalled == len(self._history):
            self._typed = self.field.value
        self._recalled = max(0, min(len(self._history), self._recalled + step))
        self._cycled = -1
        last = self._recalled == len(self._history)
        self._write(self._typed if last else self._history[self._recalled])

    def _write(self, text: str) -> None:
        self.field.value = text
        self.field.cursor_position = len(text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, or say what is wrong with it."""
        if not event.value.strip():
            self.dismiss("")
            return
        try:
            parse(self._under.SCOPE, event.value)
        except BadCommand as error:
            self.query_one("#problem", Static).update(f"✖ {error} ")
            return
        self.dismiss(event.value.strip())


class Palette(_Lister):
    """The list of everything that can be done here.  Answers the chosen line, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "leave", show=False, priority=True),
        Binding("down,ctrl+n", "point(1)", show=False, priority=True),
        Binding("up", "point(-1)", show=False, priority=True),
        Binding("pagedown", "point(10)", show=False, priority=True),
        Binding("pageup", "point(-10)", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """The field above, the list below."""
        with Vertical(classes="dialog", id="palette") as box:
            box.border_title = "What to do"
            box.border_subtitle = "⏎ does it · esc closes"
            yield self.make_field("any letters of it")
            yield self.make_list()

    def found(self, text: str) -> Sequence[Choice]:
        """All actions that have these letters."""
        under = self._under
        return matching(text, choices(under.SCOPE, under.why_off))

    def on_input_submitted(self) -> None:
        """Do what is pointed at."""
        chosen = self.list.chosen
        self.dismiss(chosen.text if chosen is not None else "")

    def on_virtual_table_opened(self) -> None:
        """A click does it too."""
        self.on_input_submitted()
