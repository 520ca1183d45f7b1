"""What was done in this session (``@``): every change, how it went, and its command."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.command_log import CommandLog
from tui.figures import time_of_day
from tui.safety import safe
from tui.theme import Styles
from tui.widgets.lines import LinesPane


class LogScreen(ModalScreen[str]):
    """Every change of this session.  Answers ``copy`` when its commands are wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,at", "answer('')", show=False),
        Binding("y", "answer('copy')", show=False),
    ]

    def __init__(self, log: CommandLog, styles: Styles) -> None:
        super().__init__()
        self._log = log
        self._styles = styles

    def compose(self) -> ComposeResult:
        """One box that scrolls."""
        with Vertical(classes="dialog lines") as box:
            box.border_title = "Done in this session"
            box.border_subtitle = "y copies the commands that worked · esc closes"
            yield LinesPane(styles=self._styles, empty="Nothing has been changed from here yet.")

    def on_mount(self) -> None:
        """The newest is at the end, and is shown."""
        pane = self.query_one(LinesPane)
        pane.show(log_lines(self._log, self._styles))
        pane.focus()
        self.call_after_refresh(pane.scroll_end, animate=False)

    def action_answer(self, answer: str) -> None:
        """Close."""
        self.dismiss(answer)


def log_lines(log: CommandLog, styles: Styles) -> list[Text]:
    """The log as lines: time, what, how it went, and below it the commands."""
    lines: list[Text] = []
    signs = {"good": "✓", "bad": "✖", "warn": "▲"}
    for done in log.items:
        role = done.role if done.role in signs else "muted"
        lines.append(
            Text.assemble(
                (f" {time_of_day(done.at)}  ", styles["muted"]),
                (f"{signs.get(role, '○')} ", styles[role]),
                (f"{done.title}  ", styles["strong"]),
                (safe(done.said), styles[role]),
            )
        )
        lines += [
            Text(f"           $ {safe(command)}", styles["accent"]) for command in done.commands
        ]
    return lines
