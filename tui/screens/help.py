"""The ``?`` page: every key of a screen, out of the registry and the table's own bindings."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTIONS, Action, Danger, shown_key
from tui.keymap import Keymap
from tui.theme import Styles
from tui.widgets.virtual_table import VirtualTable

INDENT = 15
"""Columns before what a key does."""

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

    def __init__(self, scope: str, keymap: Keymap, styles: Styles) -> None:
        """An empty *scope* shows the keys of all screens."""
        super().__init__()
        self._scope = scope
        self._keymap = keymap
        self._styles = styles

    def compose(self) -> ComposeResult:
        """One box that scrolls."""
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = f"Keys · {title_of(self._scope) if self._scope else 'all'}"
            box.border_subtitle = "upper case changes things · esc closes"
            # The box has 84 columns or what there is, and eight of them are its own: frame, blanks
            # and what it scrolls by.
            room = min(84, self.app.size.width * 96 // 100) - 8 - INDENT
            yield Static(help_text(self._scope, self._styles, self._keymap, room), markup=False)

    def on_mount(self) -> None:
        """The keys go to the box."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the box."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def title_of(scope: str) -> str:
    """What a scope is called."""
    return TITLES.get(scope, scope.replace("_", " ").capitalize())


def help_text(scope: str, styles: Styles, keymap: Keymap, room: int = 60) -> Text:
    """All keys of a scope, then those of lists, then those that work everywhere; without a scope
    the keys of all.  What they do has *room* columns.
    """
    text = Text()
    names = (scope, "global") if scope else (*_in_order(), "global")
    for name in dict.fromkeys(names):
        _section(text, title_of(name), ACTIONS.of(name), styles, keymap, room)
        if name == scope:
            _moves(text, styles)
    if not scope:
        _moves(text, styles)
    return text


def _in_order() -> list[str]:
    known = [scope for scope in TITLES if scope in ACTIONS.scopes]
    return [scope for scope in dict.fromkeys((*known, *ACTIONS.scopes)) if scope != "global"]


def _section(
    text: Text,
    title: str,
    actions: tuple[Action, ...],
    styles: Styles,
    keymap: Keymap,
    room: int,
) -> None:
    if not actions:
        return
    text.append(f"{title}\n", styles["head"])
    for act in actions:
        keys = keymap.all_shown(act) or f":{act.names[0]}"
        text.append(f"  {keys:<12} ", styles["key"])
        beside = 0 if act.danger is Danger.SAFE else len(act.danger.value) + 2
        first, *more = textwrap.wrap(act.help, max(20, room - beside)) or [""]
        text.append(first, styles["text"])
        for line in more:
            text.append(f"\n{' ' * INDENT}{line}", styles["text"])
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
        text.append(f"  {keys:<12} ", styles["key"])
        text.append(f"{binding.description}\n", styles["text"])
    text.append("\n")
