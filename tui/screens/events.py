"""What happens, as it happens: a log that follows its end, and the way to the mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from empath.envelope import MessageId
from tui.actions import action
from tui.figures import count, plural, rate
from tui.screens.base import ConsoleScreen
from tui.widgets.bars import Line, Piece
from tui.widgets.event_log import EventLog

LEVELS = ("everything", "no routine", "trouble only")


def _why_no_message(screen: EventsScreen) -> str:
    line = screen.log_pane.line
    return "" if line is not None and line.id else "This event is not about a message."


def _why_no_destination(screen: EventsScreen) -> str:
    line = screen.log_pane.line
    return "" if line is not None and line.destination else "This event names no destination."


class EventsScreen(ConsoleScreen):
    """The log of events."""

    SCOPE: ClassVar[str] = "events"
    TAB = "events"

    def body(self) -> Iterable[Widget]:
        """The filter, the log, and the whole text of the event under the cursor."""
        field = Input(placeholder="words to find", compact=True, id="find")
        field.cursor_blink = False
        yield Horizontal(Static(" / ", markup=False, id="slash"), field, id="findbar")
        yield EventLog(self.store.events, styles=self.palette, id="log")
        yield Line(styles=self.palette, id="detail")

    def on_mount(self) -> None:
        """The keys go to the log."""
        super().on_mount()
        self.query_one("#findbar").display = False
        self.log_pane.focus()

    @property
    def log_pane(self) -> EventLog:
        """The log."""
        return self.query_one("#log", EventLog)

    def paint(self) -> None:
        """The log and the detail."""
        log = self.log_pane
        log.dimmed = self.store.outdated
        log.paint(self.store.clock.monotonic())
        line = log.line
        pieces: list[Piece] = []
        if line is not None:
            pieces = [(f" {line.sign} {line.word} ", line.role), (line.subject, "text")]
            pieces += [("  ", "faint"), (line.detail, "muted")]
        self.query_one("#detail", Line).show(pieces)

    def crumbs(self) -> str:
        """What is left out."""
        rows = self.log_pane.ring_rows
        parts = ["Events"]
        if rows.level:
            parts.append(LEVELS[rows.level])
        if rows.text:
            parts.append(rows.text)
        return " › ".join(parts)

    def standing(self) -> list[Piece]:
        """How many there are, how fast they come, and whether the end is followed."""
        log = self.log_pane
        total = len(log.rows)
        pieces: list[Piece] = [(f" {plural(total, 'event')}", "text")]
        if missed := self.store.events.missed:
            pieces.append((f" · {count(missed)} missed", "warn"))
        flow = sum(self.store.rate(name) or 0.0 for name in self.store.rates)
        pieces.append((f" · {rate(flow)}/s", "muted"))
        if log.following:
            pieces += [(" · ", "faint"), ("● following", "good")]
        else:
            below = total - 1 - (log.cursor_row or 0)
            pieces.append((f" · {count(below)} below, G follows", "warn"))
        return pieces

    def on_virtual_table_moved(self) -> None:
        """Another event is under the cursor."""
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("events.open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow as it is typed."""
        self._narrow(text=event.value)

    def on_input_submitted(self) -> None:
        """Keep it."""
        self.log_pane.focus()

    def _narrow(self, *, level: int | None = None, text: str | None = None) -> None:
        log = self.log_pane
        log.ring_rows.narrow(level=level, text=text)
        log.selection.cursor = None
        log.following = True
        log.scroll_to(y=0, animate=False, force=True)
        log.refresh()
        self.call_after_refresh(self.paint_all)

    @action(
        "enter",
        "message",
        id="open",
        help="Open the message of this event.",
        rank=1,
        why_off=_why_no_message,
    )
    def open(self) -> None:
        """Show the message."""
        from tui.screens.message import MessageScreen  # noqa: PLC0415 - it is a screen itself

        line = self.log_pane.line
        assert line is not None
        self.log_pane.following = False
        self.app.push_screen(MessageScreen(MessageId(line.id), tab="events"))

    @action(
        "d",
        "destination",
        help="Show the queue of this event's destination.",
        rank=2,
        why_off=_why_no_destination,
    )
    def destination(self) -> None:
        """Show the queue of the destination."""
        line = self.log_pane.line
        assert line is not None
        self.console.show_queue(f"dest:{line.destination}")

    @action("space", "follow", help="Follow the end, or stay here.", rank=3)
    def follow(self) -> None:
        """Follow or stay."""
        log = self.log_pane
        log.following = not log.following
        self.paint_all()

    @action("slash", "find", help="Show only lines with these words.", rank=4)
    def find(self) -> None:
        """Type words."""
        bar = self.query_one("#findbar")
        bar.display = True
        bar.query_one(Input).focus()

    @action("l", "level", help="Everything, all but routine, or trouble only.", rank=5)
    def level(self) -> None:
        """The next level."""
        self._narrow(level=(self.log_pane.ring_rows.level + 1) % len(LEVELS))

    @action("q,escape", "back", help="Clear the words, then the level; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        rows = self.log_pane.ring_rows
        bar = self.query_one("#findbar")
        if bar.display:
            bar.query_one(Input).value = ""
            bar.display = False
            self.log_pane.focus()
            self._narrow(text="")
        elif rows.level:
            self._narrow(level=0)
        else:
            await super().back()
