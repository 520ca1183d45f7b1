"""The question before a destination is changed: how long, why, what waits there, and the command.

What is typed is checked with every key; how much mail it is about is asked of the engine as a
dry run, and nothing is changed before the button is pressed.  Enter in a field presses it, once
what waits there has been shown; all of this can be undone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from empath.control.link import GateChange, LinkLost, RequestRefused
from tui.equivalent import line_of
from tui.figures import plural
from tui.gate_changes import GateVerb, Values
from tui.safety import safe
from tui.screens.question import DOES_IT, Facts, Foot, Question

if TYPE_CHECKING:
    from tui.app import Console

_PAUSE = 0.2
"""Seconds without a key before the engine is asked what it would mean."""


class GateDialog(Question[GateChange | None]):
    """Asks; answers with the change, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, verb: GateVerb, destination: str, values: Values | None = None) -> None:
        """*values* are what the fields begin with in place of their own."""
        super().__init__()
        self._verb = verb
        self._destination = destination
        self._begin = values or {}
        self._first: Values = {}
        """What the fields began with."""
        self._over = False
        """Answered: what is still on its way from the engine has nowhere to be shown."""
        self._told = False
        """What it is about was shown: enter may do it."""

    @property
    def console(self) -> Console:
        """The app."""
        from tui.app import Console  # noqa: PLC0415 - the app imports its screens

        assert isinstance(self.app, Console)
        return self.app

    @property
    def subtitle(self) -> str:
        """What enter and escape do."""
        enter = DOES_IT if self._verb.fields else "Cancel is the default"
        return f"{enter} · esc closes"

    def compose(self) -> ComposeResult:
        """What it means, the command, fields, buttons."""
        with Vertical(classes="dialog") as box:
            box.border_title = f"{self._verb.title} {safe(self._destination)}?"
            with Facts():
                for name, of, text in (
                    ("It is", "", self._verb.consequence),
                    ("Waiting", "waiting", "…"),
                    ("Equivalent", "command", ""),
                ):
                    with Horizontal(classes="fact"):
                        yield Static(name, markup=False, classes="name")
                        yield Static(text, markup=False, classes="value", id=of or None)
            with Foot():
                yield from self._fields()
                yield Static("", markup=False, id="problem")
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", name="cancel", id="cancel", compact=True)
                    yes = Button(self._verb.yes, name="yes", id="yes", compact=True)
                    yes.add_class("-go")
                    yield yes

    def _fields(self) -> ComposeResult:
        """What is to be filled in; an empty field has its hint inside."""
        for field in self._verb.fields:
            with Horizontal(classes="fact field"):
                yield Static(field.title, markup=False, classes="name")
                value = self._begin.get(field.name, field.value)
                entry = Input(value, placeholder=field.hint, compact=True, id=f"field-{field.name}")
                entry.cursor_blink = False
                yield entry
                if value:
                    yield Static(field.hint, markup=False, classes="hint")

    def on_mount(self) -> None:
        """The first field has the focus; with none it is Cancel."""
        fields = self.query(Input)
        (fields.first() if fields else self.query_one("#cancel")).focus()
        self._first = self.values
        self._look(silent=True)
        self.run_worker(self._ask, exclusive=True, group="dry-run")  # type: ignore[arg-type] # a function is made a coroutine only when it runs

    @property
    def values(self) -> Values:
        """What is typed."""
        return {
            field.name: self.query_one(f"#field-{field.name}", Input).value.strip()
            for field in self._verb.fields
        }

    def _look(self, *, silent: bool = False) -> GateChange | None:
        """The change as typed; None, and why, where it cannot be read.  *silent*: nobody has
        typed yet, so nothing is said to be wrong.
        """
        problem, request = "", None
        try:
            request = self._verb.request(self._destination, self.values)
        except ValueError as error:
            problem = f"✖ {safe(str(error), 200)}"
        line = "" if request is None else line_of(request)
        self.query_one("#command", Static).update(safe(line, 400))
        self._say(problem, silent=silent)
        return request

    def _say(self, problem: str, *, silent: bool = False) -> None:
        self.query_one("#problem", Static).update("" if silent else problem)
        self.query_one("#yes", Button).disabled = bool(problem)

    async def _ask(self) -> None:
        """What it would be about, and whether the engine would do it."""
        await asyncio.sleep(_PAUSE)
        if self._over:
            return
        request = self._look(silent=self.values == self._first)
        if request is None:
            return
        try:
            found = await self.console.ask(msgspec.structs.replace(request, dry_run=True))
        except (LinkLost, RequestRefused) as error:
            if not self._over:
                self._say(f"✖ {safe(str(error), 300)}")
            return
        preview = found.preview
        if preview is not None and not self._over:
            text = plural(preview.messages, "message")
            if preview.recipients != preview.messages:
                text += f" ({plural(preview.recipients, 'recipient')})"
            if preview.in_flight:
                text += f", {preview.in_flight} being delivered now"
            self.query_one("#waiting", Static).update(text)
            self._told = True

    def on_input_changed(self) -> None:
        """Check what is typed."""
        self._look(silent=self.values == self._first)
        self.run_worker(self._ask, exclusive=True, group="dry-run")  # type: ignore[arg-type] # a function is made a coroutine only when it runs

    def on_input_submitted(self) -> None:
        """Do it, once what it is about stands there to be seen."""
        yes = self.query_one("#yes", Button)
        if not self._told:
            self.query_one("#waiting", Static).update("… still being counted")
        elif not yes.disabled:
            yes.press()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        request = self._look() if event.button.name == "yes" else None
        self._over = True
        self.dismiss(request)

    def action_cancel(self) -> None:
        """Change nothing."""
        self._over = True
        self.dismiss(None)
