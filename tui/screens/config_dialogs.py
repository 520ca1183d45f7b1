"""The questions of the Config screen: put it in force, go back, throw the draft away.

What takes effect when and which mail is touched stands there before anybody can say yes; Cancel
has the focus.  The answer of `ApplyDialog` is the request itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from empath.control.link import ApplyConfig, ConfigChange, Plan
from tui.config_lines import EFFECTS, touched
from tui.equivalent import line_of_applying
from tui.figures import plural
from tui.safety import safe
from tui.screens.question import DOES_IT, Facts, Foot, Question

WATCH: Final = 60.0
"""Seconds of a trial, unless others are typed."""
LONGEST: Final = 3600.0
SHORTEST: Final = 5.0
ASKED_AGAIN: Final = ("Asked again", "the file changed while this was asked; nothing was done")
_NAMED: Final = 4


class ApplyDialog(Question[ApplyConfig | None]):
    """Put this in force?"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("f6", "answer(True)", show=False, priority=True),
    ]

    @property
    def subtitle(self) -> str:
        """What the keys do."""
        return f"F6 applies · {DOES_IT} · esc cancels"

    def __init__(
        self,
        facts: Sequence[tuple[str, str]],
        *,
        title: str,
        request: Callable[[float, str], ApplyConfig],
    ) -> None:
        """*request* is what is sent for so many seconds of trial, and a reason."""
        super().__init__()
        self._request = request
        self._facts = tuple(facts)
        self._title = title

    def compose(self) -> ComposeResult:
        """Facts, two fields, buttons; the command is that of what the fields say."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            with Facts():
                for name, value in self._facts:
                    with Horizontal(classes="fact"):
                        yield Static(name, markup=False, classes="name")
                        yield Static(value, markup=False, classes="value")
                with Horizontal(classes="fact"):
                    yield Static("Equivalent", markup=False, classes="name")
                    said = safe(line_of_applying(self._request(WATCH, "")), 400)
                    yield Static(said, markup=False, classes="value", id="command")
            with Foot():
                with Horizontal(classes="fact field"):
                    yield Static("Watch", markup=False, classes="name")
                    yield _field(f"{WATCH:g}", id="watch")
                    yield Static(
                        " s on trial; goes back by itself if the engine is worse off, 0 for none",
                        markup=False,
                        id="watch-said",
                    )
                with Horizontal(classes="fact field"):
                    yield Static("Reason", markup=False, classes="name")
                    yield _field("", id="reason")
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", name="", id="cancel", compact=True)
                    yes = Button("Apply", name="yes", id="yes", compact=True)
                    yes.add_class("-go")
                    yield yes

    def on_mount(self) -> None:
        """Cancel has the focus."""
        self.query_one("#cancel").focus()

    def on_input_submitted(self) -> None:
        """Enter in a field is yes."""
        self.action_answer(True)

    def on_input_changed(self) -> None:
        """A time that cannot be meant is said at once."""
        answer = self._answer()
        self.query_one("#yes", Button).disabled = answer is None
        line = "" if answer is None else line_of_applying(answer)
        self.query_one("#command", Static).update(safe(line, 400))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button is an answer."""
        self.action_answer(event.button.name == "yes")

    def action_answer(self, yes: bool) -> None:
        """Close with what was chosen."""
        answer = self._answer()
        if not yes:
            self.dismiss(None)
        elif answer is not None:
            self.dismiss(answer)

    def _answer(self) -> ApplyConfig | None:
        """What the fields say; None while there is no time in the first."""
        watch = self._watch()
        if watch is None:
            return None
        return self._request(watch, self.query_one("#reason", Input).value.strip())

    def _watch(self) -> float | None:
        """The seconds in the field; None for what is no time."""
        written = self.query_one("#watch", Input).value.strip().removesuffix("s") or "0"
        try:
            seconds = float(written)
        except ValueError:
            return None
        return seconds if seconds == 0 or SHORTEST <= seconds <= LONGEST else None


def _field(value: str, *, id: str) -> Input:
    field = Input(value, compact=True, id=id)
    field.cursor_blink = False
    return field


def facts_of(plan: Plan, *, by_hand: bool) -> list[tuple[str, str]]:
    """What is to be known before a plan is carried out."""
    facts = [("File", safe(plan.file))]
    if not plan.changes:
        facts.append(("Changes", "no setting; comments or layout, or files that are read again"))
    for effect, (title, meaning, _) in EFFECTS.items():
        some = [one for one in plan.changes if one.effect == effect]
        if some:
            facts.append((title, f"{plural(len(some), 'change')}, {meaning}{_named(some)}"))
    if plan.changes:
        facts.append(("Mail", touched(plan)))
    if by_hand:
        said = "was changed since by somebody else; what it says now is kept beside the record"
        facts.append(("The file", said))
    return facts


def _named(changes: Sequence[ConfigChange]) -> str:
    named = "".join(
        f"\n{safe(one.key)} {safe(one.old, 60)} → {safe(one.new, 60)}" for one in changes[:_NAMED]
    )
    return named + (f"\n… and {len(changes) - _NAMED} more" if len(changes) > _NAMED else "")
