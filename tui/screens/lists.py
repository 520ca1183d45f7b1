"""Small pages over a screen: what was done (``@``), and what can be copied (``y``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.command_log import CommandLog
from tui.figures import time_of_day
from tui.safety import safe
from tui.store import Selection
from tui.theme import Styles
from tui.widgets.columns import Column
from tui.widgets.lines import LinesPane
from tui.widgets.virtual_table import Row, VirtualTable

if TYPE_CHECKING:
    from tui.screens.acting import Acting


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
    """The log as lines: time, what, how it went, and below it the command."""
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
        if done.command:
            lines.append(Text.assemble((f"           $ {safe(done.command)}", styles["accent"])))
    return lines


COLUMNS = (
    Column("digit", "", 1),
    Column("title", "WHAT", 22),
    Column("text", "TEXT", 20, share=1),
)


class _CopyRows:
    def __init__(self, copies: Sequence[tuple[str, str]]) -> None:
        self._copies = tuple(copies)

    def __len__(self) -> int:
        return len(self._copies)

    def row(self, index: int) -> Row | None:
        if not 0 <= index < len(self._copies):
            return None
        title, text = self._copies[index]
        digit = str(index + 1) if index < 9 else ""
        first, _, more = text.partition("\n")
        shown = safe(first, 300) + (" …" if more.strip() else "")
        return Row(
            str(index),
            {"digit": (digit, "key"), "title": safe(title), "text": (shown, "muted")},
        )

    def find(self, id: str) -> int | None:
        return int(id)


class CopyMenu(ModalScreen[int]):
    """What ``y`` offers.  Answers the number of the one to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("enter,y", "take", show=False, priority=True),
        *[Binding(digit, f"take({digit})", show=False) for digit in "123456789"],
    ]

    def __init__(self, under: Acting, copies: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._under = under
        self._copies = tuple(copies)

    def compose(self) -> ComposeResult:
        """A list in a box."""
        with Vertical(classes="dialog list") as box:
            box.border_title = "Copy"
            box.border_subtitle = "⏎ or a digit sends it to the terminal's clipboard · esc closes"
            table = VirtualTable(
                COLUMNS,
                _CopyRows(self._copies),
                Selection(),
                styles=self._under.palette,
                headed=False,
            )
            table.styles.height = min(16, len(self._copies))
            yield table

    def on_mount(self) -> None:
        """The keys go to the list."""
        table = self.query_one(VirtualTable)
        table.focus()
        self.call_after_refresh(table.point_at, 0)

    def action_leave(self) -> None:
        """Copy nothing."""
        self.dismiss(None)

    def action_take(self, digit: int = 0) -> None:
        """Copy the one of this digit, or the one pointed at."""
        row = digit - 1 if digit else self.query_one(VirtualTable).cursor_row
        if row is not None and row < len(self._copies):
            self.dismiss(row)

    def on_virtual_table_opened(self) -> None:
        """A click copies too."""
        self.action_take()
