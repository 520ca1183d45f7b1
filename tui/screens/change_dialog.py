"""The question before a change of messages: what it would do, what must be filled in or typed.

The engine is asked for a dry run while the box opens; until its answer is in, yes is off.
Cancel has the focus unless something is to be filled in.  Where more than ten messages would
be destroyed their number must be typed, for the whole queue the relay's own name.  What the
answer is about was fixed when the box opened: nothing that moves behind it changes that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from empath.control.link import Changed, LinkLost, RequestRefused
from tui.change_facts import COUNTING, facts_before, facts_of, heading, role_of_typed
from tui.change_table import Change, Target, Values
from tui.safety import safe
from tui.screens.dialogs import TYPED_ABOVE
from tui.screens.question import DOES_IT, Facts, Foot, Question, not_typed
from tui.theme import COLOURED, Styles

NAMES: Final = 13
"""Cells of the names of facts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided."""

    instead: bool = False
    """Hold them instead."""
    values: Values = field(default_factory=dict)


class ChangeDialog(Question[Answer | None]):
    """Shall this be done, and how?"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "no", show=False),
        Binding("y", "yes", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(
        self,
        change: Change,
        target: Target,
        *,
        count: Callable[[], Awaitable[Changed]],
        now: float,
        hostname: str,
        values: Values,
        styles: Styles = COLOURED,
    ) -> None:
        """*count* asks for a dry run; *values* are chosen already."""
        super().__init__()
        self._styles = styles
        self._change = change
        self._target = target
        self._count = count
        self._now = now
        self._values = dict(values)
        self._counted = False
        self._changed: Changed | None = None
        self._typed = ""
        if change.destroys and target.whole:
            self._typed = hostname
        elif change.destroys and target.number > TYPED_ABOVE:
            self._typed = str(target.number)

    @property
    def subtitle(self) -> str:
        """What enter and escape do."""
        change = self._change
        enter = DOES_IT if change.blanks and not change.destroys else "Cancel is the default"
        return f"{enter} · esc closes"

    # How it looks.

    def compose(self) -> ComposeResult:
        """Title, facts, blanks, what is to be typed, buttons."""
        change, target = self._change, self._target
        with Vertical(classes="dialog" + (" -danger" if change.destroys else "")) as box:
            box.border_title = heading(change, target, self._values)
            with Facts():
                yield Static(
                    self._table(facts_before(change, target, self._values, self._now)),
                    id="change-facts",
                )
            with Foot():
                yield from self._fields()
                yield Static("", markup=False, id="change-wrong")
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", name="no", id="cancel", compact=True)
                    if change.destroys and change.queued:
                        yield Button("Hold instead", name="hold", id="hold", compact=True)
                    yes = Button(change.title.split()[0], name="yes", id="yes", compact=True)
                    yes.disabled = True
                    yes.add_class("-danger" if change.destroys else "-go")
                    yield yes

    def _fields(self) -> ComposeResult:
        """What is to be filled in, and what is to be typed."""
        for blank in self._change.blanks:
            with Horizontal(classes="fact blank"):
                yield Static(blank.label, markup=False, classes="name")
                entry = Input(
                    blank.text, placeholder=blank.hint, compact=True, id=f"blank-{blank.name}"
                )
                entry.cursor_blink = False
                yield entry
        if self._typed:
            with Horizontal(classes="fact typed"):
                yield Static(role_of_typed(self._target, self._typed), markup=False)
                entry = Input(compact=True, id="typed")
                entry.cursor_blink = False
                yield entry

    def _table(self, facts: Iterable[tuple[str, str]]) -> Table:
        """Names and values; one widget, for a box must open at once."""
        table = Table.grid(expand=True)
        table.add_column(width=NAMES)
        table.add_column(ratio=1)
        for name, value in facts:
            table.add_row(Text(name, self._styles["muted"]), Text(value, self._styles["text"]))
        return table

    def on_mount(self) -> None:
        """Where something is to be filled in, there is the focus; else Cancel has it."""
        blanks = self._change.blanks
        if blanks:
            self.query_one(f"#blank-{blanks[0].name}").focus()
        elif self._typed:
            self.query_one("#typed").focus()
        else:
            self.query_one("#cancel").focus()
        self.run_worker(self._learn(), name="dry run")

    async def _learn(self) -> None:
        try:
            changed = await self._count()
        except (LinkLost, RequestRefused) as error:
            known = facts_before(self._change, self._target, self._values, self._now)
            self._show(fact for fact in known if fact != COUNTING)
            self.query_one("#change-wrong", Static).update(f"✖ {safe(str(error), 300)}")
            return
        self._changed = changed
        touched = changed.preview.messages if changed.preview is not None else 0
        self._counted = touched > 0
        if not touched:
            reason = changed.note or "nothing here can be changed so now"
            self.query_one("#change-wrong", Static).update(f"▲ {safe(reason, 300)}")
        self._judge()

    def _show(self, facts: Iterable[tuple[str, str]]) -> None:
        self.query_one("#change-facts", Static).update(self._table(facts))
        self.call_after_refresh(self.frame)

    # What is typed.

    def _filled(self) -> dict[str, str]:
        blanks = {
            blank.name: self.query_one(f"#blank-{blank.name}", Input).value.strip()
            for blank in self._change.blanks
        }
        return {**self._values, **blanks}

    def _why_not(self) -> str:
        values = self._filled()
        for blank in self._change.blanks:
            if wrong := blank.wrong(values[blank.name]):
                return f"✖ {blank.label}: {wrong}"
        return ""

    @property
    def _right(self) -> bool:
        typed = not self._typed or self.query_one("#typed", Input).value.strip() == self._typed
        return self._counted and typed and not self._why_not()

    def _judge(self) -> None:
        if self._changed is not None:
            values = self._filled()
            self._show(facts_of(self._change, self._target, self._changed, self._now, values))
        self.query_one("#yes", Button).disabled = not self._right
        if self._counted:
            self.query_one("#change-wrong", Static).update(self._why_not())

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button works once everything is right."""
        event.stop()
        if self._counted:
            self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field does it; where that destroys, it goes on to what comes next, and only
        the typed number is yes.
        """
        event.stop()
        if event.input.id == "typed" and self._counted and event.value.strip() != self._typed:
            said = not_typed(event.value, self._typed)
            self.query_one("#change-wrong", Static).update(said)
        elif event.input.id == "typed" or not self._change.destroys:
            self.action_yes(sure=True)
        elif self._change.blanks[-1].name == (event.input.id or "").removeprefix("blank-"):
            self.query_one("#typed" if self._typed else "#cancel").focus()
        else:
            self.focus_next()

    # Answers.

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button's name is its answer."""
        match event.button.name:
            case "yes":
                self.action_yes(sure=True)
            case "hold":
                self.dismiss(Answer(instead=True))
            case _:
                self.dismiss(None)

    def action_no(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def action_yes(self, *, sure: bool = False) -> None:
        """Do it; the key alone is not enough where something is typed or filled in."""
        if self._right and (sure or not (self._typed or self._change.blanks)):
            self.dismiss(Answer(values=self._filled()))
