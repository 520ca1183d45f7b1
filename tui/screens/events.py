"""What happens, as it happens: a log that follows its end, what to leave out, and ways to the mail.

``f`` and ``l`` choose what the engine sends (`tui.event_feed`), ``/`` looks for words in what is
here.  Whoever moves up stays there, and is told how many lines have come since.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from empath.control.link import BadEventFilter, EventFilter, event_filter_text, parse_event_filter
from empath.envelope import MessageId
from tui.actions import action
from tui.event_detail import copies_of, detail_lines
from tui.event_feed import ChosenEvents, fault_of
from tui.event_lines import kinds_of_level
from tui.export import FORMATS, exported
from tui.figures import plural
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.widgets.bars import Line, Piece
from tui.widgets.event_log import EventLog
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.typed_line import TypedLine

LEVELS = ("everything", "no routine", "trouble only")
FILTER, SEARCH = "f", "/"
"""What the line is for in which something is typed."""


def _why_no_line(screen: EventsScreen) -> str:
    return "" if screen.log_pane.line is not None else "There is no event here."


def _why_no_message(screen: EventsScreen) -> str:
    line = screen.log_pane.line
    return "" if line is not None and line.id else "This event is not about a message."


def _why_no_destination(screen: EventsScreen) -> str:
    line = screen.log_pane.line
    return "" if line is not None and line.destination else "This event names no destination."


def _why_no_words(screen: EventsScreen) -> str:
    return "" if screen.words else "Type what to look for first: /."


class EventsScreen(ConsoleScreen):
    """The log of events."""

    SCOPE: ClassVar[str] = "events"
    TAB = "events"

    def body(self) -> Iterable[Widget]:
        """The line to type in, the log, and the whole of the event under the cursor."""
        self._line = TypedLine(id="findbar")
        yield self._line
        yield EventLog(self.store.events, styles=self.palette, id="log")
        yield Pane("Event", LinesPane(styles=self.palette, id="event-lines"), id="event")
        yield Line(styles=self.palette, id="detail")

    def on_mount(self) -> None:
        """The keys go to the log."""
        self.words = ""
        self.only = EventFilter()
        super().on_mount()
        self.query_one("#event-lines").can_focus = False
        self.log_pane.focus()

    @property
    def log_pane(self) -> EventLog:
        """The log."""
        return self.query_one("#log", EventLog)

    # Painting.

    def paint(self) -> None:
        """The log and the detail."""
        log = self.log_pane
        log.dimmed = self.store.outdated
        if self.store.status is None:
            log.empty = "Waiting for the engine …"
        elif self.narrowed:
            log.empty = "No event passes this filter; esc clears it."
        else:
            log.empty = log.NOTHING
        log.paint(self.store.clock.monotonic())
        line = log.line
        pieces: list[Piece] = []
        if line is not None:
            pieces = [(f" {line.sign} {line.word} ", line.role), (line.subject, "text")]
            pieces += [("  ", "faint"), (line.detail, "muted")]
        self.query_one("#detail", Line).show(pieces)
        pane = self.query_one("#event-lines", LinesPane)
        pane.show(detail_lines(line, max(20, pane.size.width - 2), self.palette))

    @property
    def narrowed(self) -> bool:
        """Something is left out."""
        return self.only.selects or bool(self.log_pane.ring_rows.level)

    def crumbs(self) -> str:
        """What is left out, and what is looked for."""
        parts = ["Events"]
        if level := self.log_pane.ring_rows.level:
            parts.append(LEVELS[level])
        if self.only.selects:
            parts.append(safe(event_filter_text(self.only), 200))
        if self.words:
            parts.append(f"/{safe(self.words, 60)}")
        return " › ".join(parts)

    def standing(self) -> list[Piece]:
        """How many there are, how fast they come, and whether the end is followed."""
        flow = sum(self.store.rate(name) or 0.0 for name in self.store.rates)
        return self.log_pane.standing(flow, self.store.clock.monotonic())

    def copies(self) -> list[tuple[str, str]]:
        """The event under the cursor, its message and its destination."""
        line = self.log_pane.line
        return [] if line is None else copies_of(line)

    def on_virtual_table_moved(self) -> None:
        """Another event is under the cursor."""
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("events.open")

    # What is typed.

    def on_typed_line_typed(self, event: TypedLine.Typed) -> None:
        """Use it."""
        self._close_line()
        if event.sign == FILTER:
            self.choose(parse_event_filter(event.text))
            return
        self.words = event.text.strip()
        if self.words:
            self._look(-1)
        self.paint_all()

    def on_typed_line_wrong(self, event: TypedLine.Wrong) -> None:
        """All of it, where there is room."""
        self.flash(event.fault, "warn")

    def _close_line(self) -> None:
        self._line.display = False
        self.log_pane.focus()

    def choose(self, only: EventFilter, level: int | None = None) -> None:
        """Show only these events, from the engine's history on."""
        log = self.log_pane
        rows = log.ring_rows
        self.only = only
        rows.narrow(level=level)
        kinds = kinds_of_level(rows.level)
        pushed = EventFilter(
            kinds=tuple(kind for kind in only.kinds or kinds if not kinds or kind in kinds),
            destination=only.destination,
            id=only.id,
            text=only.text,
        )
        if self.narrowed:
            chosen = ChosenEvents(self.console.link, self.store, pushed, self.console.paint_soon)
            log.use(chosen.ring)
            self.run_worker(chosen.run(), name="chosen events", group="chosen", exclusive=True)
        else:
            self.workers.cancel_group(self, "chosen")
            log.use(self.store.events)
        self.call_after_refresh(self.paint_all)

    def seek(self, text: str) -> None:
        """Take the filter that was typed on the `:` line."""
        try:
            self.choose(parse_event_filter(text))
        except BadEventFilter as error:
            self.flash(str(error), "warn")

    def _look(self, step: int) -> None:
        log = self.log_pane
        found = log.ring_rows.search(self.words, log.cursor_row, step)
        if found is None:
            self.flash(f'No other event has "{self.words}".', "warn")
        else:
            log.go(found)

    # Going.

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
        self.log_pane.stay()
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

    @action("space", "follow", help="Stand still, or follow the end again.", rank=3)
    def follow(self) -> None:
        """Follow or stay."""
        log = self.log_pane
        if log.following:
            log.stay()
        else:
            log.following = True
        self.paint_all()

    @action(
        "f",
        "filter",
        help="Have the engine send only some: kind:deferred,failed dest:*.example words.",
        rank=4,
    )
    def filter(self) -> None:
        """Type a filter."""
        text = event_filter_text(self.only)
        hint = "kind:deferred,failed  dest:*.example  id:…  words; esc leaves it"
        self._line.ask(FILTER, text, hint, fault_of)

    @action("l", "level", help="Everything, all but routine, or trouble only.", rank=5)
    def level(self) -> None:
        """The next level."""
        self.choose(self.only, (self.log_pane.ring_rows.level + 1) % len(LEVELS))

    @action("slash", "search", help="Look for words in the events that are here.", rank=6)
    def find(self) -> None:
        """Type words."""
        self._line.ask(SEARCH, "", "words to look for; n and N go on")

    @action("n", "next found", id="older", help="The next older one found.", why_off=_why_no_words)
    def find_older(self) -> None:
        """The next older one."""
        self._look(-1)

    @action(
        "N", "last found", id="newer", help="Back to the newer one found.", why_off=_why_no_words
    )
    def find_newer(self) -> None:
        """The next newer one."""
        self._look(1)

    @action("comma", "a minute back", help="Go back a minute.", why_off=_why_no_line)
    def minute_back(self) -> None:
        """A minute back."""
        self._jump(-60.0)

    @action("full_stop", "a minute on", help="Go on a minute.", why_off=_why_no_line)
    def minute_on(self) -> None:
        """A minute on."""
        self._jump(60.0)

    @action("less_than_sign", "an hour back", help="Go back an hour.", why_off=_why_no_line)
    def hour_back(self) -> None:
        """An hour back."""
        self._jump(-3600.0)

    @action("greater_than_sign", "an hour on", help="Go on an hour.", why_off=_why_no_line)
    def hour_on(self) -> None:
        """An hour on."""
        self._jump(3600.0)

    def _jump(self, seconds: float) -> None:
        log = self.log_pane
        assert log.line is not None
        log.go(log.ring_rows.at_time(log.line.at + seconds))

    @action("m", "mark", help="Mark the event, or take its mark off.", rank=7, why_off=_why_no_line)
    def mark(self) -> None:
        """Mark it and go to the one above."""
        log = self.log_pane
        assert log.line is not None
        log.selection.toggle(str(log.line.sequence))
        log.action_move(-1)
        log.refresh()

    @action(
        "e",
        "export",
        help="Write the marked events, or all that are shown, to a file; :export csv for a table.",
        rank=8,
        takes="[jsonl|csv]",
        values=lambda _screen: FORMATS,
        why_off=_why_no_line,
    )
    async def export(self, argument: str = "jsonl") -> None:
        """Write them to the state folder."""
        if argument not in FORMATS:
            self.flash("Events are written as jsonl or csv.", "warn")
            return
        lines = self.log_pane.chosen()
        name = time.strftime(
            f"events-%Y%m%d-%H%M%S.{argument}", time.localtime(self.console.wall_time)
        )
        content = await asyncio.to_thread(exported, lines, argument)
        said = await self.console.write_state(name, content)
        self.flash(f"{plural(len(lines), 'event')} {said}", "info")

    @action("q,escape", "back", help="Clear marks, search, filter, level; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        if self._line.display:
            self._close_line()
        elif self.log_pane.selection.marks:
            self.log_pane.selection.clear()
            self.log_pane.refresh()
        elif self.words:
            self.words = ""
        elif self.only.selects:
            self.choose(EventFilter())
        elif self.log_pane.ring_rows.level:
            self.choose(self.only, 0)
        else:
            await super().back()
            return
        self.paint_all()
