"""The ``?`` page: every key of a screen, out of the registry and the table's own bindings."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTIONS, Action, Danger, shown_key
from tui.theme import COLOURED, PLAIN, Styles
from tui.widgets.virtual_table import VirtualTable

TITLES = {
    "global": "Everywhere",
    "overview": "Overview",
    "queue": "Queue",
    "message": "Message",
    "destinations": "Destinations",
    "events": "Events",
    "config": "Config",
}


class HelpScreen(ModalScreen[None]):
    """Keys and what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "app.pop_screen", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scope = scope

    def compose(self) -> ComposeResult:
        """One box that scrolls."""
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = f"Keys · {TITLES.get(self._scope, self._scope)}"
            box.border_subtitle = "upper case changes things · esc closes"
            yield Static(help_text(self._scope, self._styles()), markup=False)

    def on_mount(self) -> None:
        """The keys go to the box."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the box."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _styles(self) -> Styles:
        return PLAIN if self.app.theme == "ansi-dark" else COLOURED


def help_text(scope: str, styles: Styles) -> Text:
    """All keys of a scope, then those of lists, then those that work everywhere."""
    text = Text()
    for name in dict.fromkeys((scope, "global")):
        _section(text, TITLES.get(name, name), ACTIONS.of(name), styles)
        if name == scope:
            _moves(text, styles)
    return text


def _section(text: Text, title: str, actions: tuple[Action, ...], styles: Styles) -> None:
    if not actions:
        return
    text.append(f"{title}\n", styles["head"])
    for act in actions:
        keys = " ".join(shown_key(key) for key in act.key.split(","))
        text.append(f"  {keys:<12}", styles["key"])
        text.append(act.help, styles["text"])
        if act.danger is not Danger.SAFE:
            role = "bad" if act.danger is Danger.DESTROYS else "warn"
            text.append(f"  {act.danger.value}", styles[role])
        text.append("\n")
    text.append("\n")


def _moves(text: Text, styles: Styles) -> None:
    text.append("Lists\n", styles["head"])
    for binding in VirtualTable.BINDINGS:
        assert isinstance(binding, Binding)
        keys = " ".join(shown_key(key) for key in binding.key.split(","))
        text.append(f"  {keys:<12}", styles["key"])
        text.append(f"{binding.description}\n", styles["text"])
    text.append("\n")
