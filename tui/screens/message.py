"""One message: envelope, recipients, its timeline, the dialogue of each attempt, its content.

Content is read in ranges of 64 kB when it is asked for and scrolled to, never rendered, never
fetched from anywhere but the spool; control octets show as ``·``.  In a small terminal one
pane shows at a time, and tab goes to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.containers import Container, Horizontal
from textual.widget import Widget

from empath.control.link import MessageView, ReadContent, RequestRefused, ViewMessage
from empath.envelope import MessageId
from empath.events import AttemptEnded
from tui.actions import action
from tui.changes import Change, carry_out, changing
from tui.figures import count, octets
from tui.message_text import content_lines, envelope_lines, header_lines
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.store import Selection
from tui.widgets.bars import Piece
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.timeline import COLUMNS, Moment, Ruler, TimelineRows, moments
from tui.widgets.transcript import Transcript
from tui.widgets.virtual_table import VirtualTable

RANGE = 65536
"""Octets of content in one request."""

PANES = ("envelope", "timeline", "transcript", "content")


def _why_not_raw(screen: MessageScreen) -> str:
    if screen.view is None or not screen.view.body_stored:
        return "The content is not stored any more."
    return ""


class MessageScreen(ConsoleScreen):
    """The detail of one message."""

    SCOPE: ClassVar[str] = "message"

    def __init__(self, id: MessageId, *, tab: str = "queue") -> None:
        super().__init__()
        self.message_id = id
        self.TAB = tab  # type: ignore[misc] # the tab it was opened from
        self.view: MessageView | None = None
        self.problem = ""
        self._raw = ""
        self._read = 0
        self._octets = 0
        self._showing_raw = False
        self._pane = "timeline"
        self._rows = TimelineRows()
        self._shown_moment: str | None = None

    def body(self) -> Iterable[Widget]:
        """Four panes."""
        styles = self.palette
        table = VirtualTable(
            COLUMNS,
            self._rows,
            Selection(),
            styles=styles,
            empty="Nothing has happened to it yet.",
            id="moments",
        )
        envelope = LinesPane(styles=styles, id="envelope-lines")
        transcript = Transcript(styles=styles, id="transcript-lines")
        content = LinesPane(styles=styles, id="content-lines")
        yield Container(
            Horizontal(
                Pane("Envelope", envelope, id="envelope"),
                Pane("Timeline", Ruler(styles=styles), table, id="timeline"),
                id="upper",
            ),
            Horizontal(
                Pane("Transcript", transcript, id="transcript"),
                Pane("Headers", content, id="content"),
                id="lower",
            ),
            id="panes",
        )

    def on_mount(self) -> None:
        """Begin at the timeline."""
        super().on_mount()
        self._show_pane("timeline")

    # Data.

    async def fetch(self) -> None:
        """The message as it is now."""
        try:
            self.view = await self.console.ask(ViewMessage(id=self.message_id))
        except RequestRefused as refusal:
            self.view = None
            self.problem = str(refusal)
            return
        self._rows.moments = moments(self.view.timeline)
        table = self.query_one("#moments", VirtualTable)
        if table.selection.cursor is None and self._rows.moments:
            table.selection.cursor = str(self._telling_moment().index)

    def _telling_moment(self) -> Moment:
        """The last attempt with a transcript, else the last thing that happened."""
        for moment in reversed(self._rows.moments):
            if isinstance(moment.event, AttemptEnded) and moment.event.transcript:
                return moment
        return self._rows.moments[-1]

    async def _read_more(self) -> None:
        part = await self.console.ask(
            ReadContent(id=self.message_id, offset=self._read, limit=RANGE)
        )
        self._octets = part.size
        self._read = min(part.size, self._read + RANGE)
        self._raw += part.text

    # Painting.

    def paint(self) -> None:
        """All panes."""
        table = self.query_one("#moments", VirtualTable)
        envelope = self.query_one("#envelope-lines", LinesPane)
        if self.view is None:
            envelope.show([], empty=self.problem or "Asking the engine …")
            return
        now = self.store.now
        envelope.show(envelope_lines(self.view, now, self.palette))
        table.dimmed = self.store.outdated
        table.paint(self.store.clock.monotonic())
        waiting = [r.next_at for r in self.view.recipients if r.next_at is not None]
        self.query_one(Ruler).show(
            self._rows.moments,
            self.view.received_at,
            self.view.expires_at,
            min(waiting, default=None),
        )
        attempts = sum(1 for moment in self._rows.moments if moment.number)
        self.query_one("#timeline", Pane).name_it(
            f"Timeline · {count(attempts)} attempt" + ("" if attempts == 1 else "s")
        )
        self._paint_transcript(table)
        self._paint_content()

    def _paint_transcript(self, table: VirtualTable) -> None:
        cursor = table.selection.cursor
        if cursor == self._shown_moment or cursor is None:
            return
        self._shown_moment = cursor
        index = self._rows.find(cursor)
        if index is None:
            return
        moment = self._rows.moments[index]
        pane = self.query_one("#transcript", Pane)
        lines: tuple[str, ...] = ()
        empty = "Not an attempt: nothing was said."
        pane.name_it("Transcript")
        if isinstance(moment.event, AttemptEnded):
            lines = moment.event.transcript
            empty = "The dialogue of attempts that succeed is not kept."
            pane.name_it(f"Transcript · attempt {moment.number}")
        self.query_one(Transcript).show_transcript(lines, empty=empty)

    def _paint_content(self) -> None:
        assert self.view is not None
        pane = self.query_one("#content", Pane)
        lines = self.query_one("#content-lines", LinesPane)
        shown: list[Text]
        if self._showing_raw:
            read = f"{octets(self._read)} of {octets(self._octets)}" if self._octets else ""
            pane.name_it(f"Raw · {read}", "m reads more" if self._read < self._octets else "")
            shown = content_lines(self._raw, self.palette)
        else:
            pane.name_it("Headers")
            shown = header_lines(self.view.headers, self.palette)
        if list(lines.lines) != shown:
            lines.show(shown, empty="The content is not stored any more.")

    def crumbs(self) -> str:
        """The way here."""
        query = self.store.queue.query
        above = f"Queue › {safe(query)}" if query and self.TAB == "queue" else self.TAB.title()
        return f"{above} › {self.message_id[-7:]}"

    def standing(self) -> list[Piece]:
        """Id and subject."""
        pieces: list[Piece] = [(f" {self.message_id}", "text")]
        if self.view is not None and self.view.subject:
            pieces.append((f" · {safe(self.view.subject, 200)}", "muted"))
        return pieces

    def on_virtual_table_moved(self) -> None:
        """Another attempt is under the cursor."""
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A double click shows the transcript."""
        self.perform_by_id("message.transcript")

    def _show_pane(self, name: str) -> None:
        self._pane = name
        for pane in self.query(Pane):
            pane.set_class(pane.id == name, "-current")
        for half in ("upper", "lower"):
            here = self.query_one(f"#{half}")
            here.set_class(bool(here.query(f"#{name}")), "-current")
        target = "#moments" if name == "timeline" else f"#{name}-lines"
        self.query_one(target).focus()
        self.call_after_refresh(self.paint_all)

    # Looking.

    @action("tab", "next pane", id="pane", help="Go to the next pane.", rank=1, priority=True)
    def next_pane(self) -> None:
        """Go to the next pane."""
        self._show_pane(PANES[(PANES.index(self._pane) + 1) % len(PANES)])

    @action("shift+tab", "previous pane", help="Go to the pane before.", priority=True)
    def previous_pane(self) -> None:
        """Go to the pane before."""
        self._show_pane(PANES[PANES.index(self._pane) - 1])

    @action(
        "enter", "transcript", id="transcript", help="Read what was said in this attempt.", rank=2
    )
    def transcript(self) -> None:
        """Go to the transcript."""
        self._show_pane("transcript")

    @action("h", "headers", help="Show the header fields.", rank=3)
    def headers(self) -> None:
        """Show the header fields."""
        self._showing_raw = False
        self._show_pane("content")

    @action(
        "w", "raw", id="raw", help="Show the content as it is stored.", rank=4, why_off=_why_not_raw
    )
    async def raw(self) -> None:
        """Show the content; reads the first range."""
        if not self._read:
            await self._read_more()
        self._showing_raw = True
        self._show_pane("content")

    @action("m", "more", help="Read the next 64 kB of the content.", why_off=_why_not_raw)
    async def more(self) -> None:
        """Read the next range."""
        if self._showing_raw and self._read < self._octets:
            await self._read_more()
            self.paint_all()

    @action(
        "left_square_bracket", "previous", help="The message above this one in the queue.", rank=5
    )
    def previous(self) -> None:
        """The message above."""
        self._go(-1)

    @action("right_square_bracket", "next", help="The message below this one in the queue.", rank=6)
    def next(self) -> None:
        """The message below."""
        self._go(1)

    def _go(self, steps: int) -> None:
        pages = self.store.queue
        row = pages.row_of(self.message_id)
        other = None if row is None else pages.id_at(row + steps) if row + steps >= 0 else None
        if other is None:
            self.flash("There is no further message in this list.", "warn")
            return
        self.store.selection.cursor = other
        self.app.switch_screen(MessageScreen(other, tab=self.TAB))

    # Changing.

    retry = changing("retry", "R", help="Try to deliver now.", rank=7)
    hold = changing("hold", "H", help="Keep from being delivered until released.", rank=8)
    release = changing("release", "U", help="Queue it again.", rank=9)
    delete = changing("delete", "D", help="Give it up without telling anybody.", rank=10)

    def why_no_change(self) -> str:
        """Why nothing can be changed now."""
        if reason := self.store.why_no_change():
            return reason
        return "" if self.view is not None else "The message is not here."

    def command(self, change: Change) -> str:
        """The `empathctl` line that does the same."""
        return change.command((self.message_id,))

    async def change(self, change: Change) -> None:
        """Do it, and say what came of it."""
        item = self.store.queue.items.get(self.message_id)
        known = [item] if item is not None else []
        result = await carry_out(self.console, change, (self.message_id,), known)
        if result is not None:
            self.flash(result)
            self.console.poke()
