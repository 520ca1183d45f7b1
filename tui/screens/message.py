"""One message: why it is where it is, its recipients, its attempts, what was said, what is in it.

Content is read in pieces when it is looked at and scrolled to, never rendered, never fetched
from anywhere but the spool.  In a small terminal one pane shows at a time, and tab goes to the
next.  What can be done to it is what can be done in the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import ClassVar

from textual.containers import Container, Horizontal
from textual.widget import Widget

from empath import codec
from empath.control.link import ExplainMessage, MessageView, RequestRefused, WhyItem
from empath.envelope import MessageId
from empath.events import AttemptEnded
from tui.actions import action
from tui.changes import Change, carry_out, changing
from tui.figures import count
from tui.inside import Inside
from tui.inside_text import copies_of
from tui.message_text import envelope_lines
from tui.pages import QueuePages
from tui.safety import safe
from tui.screens import looking, undoing
from tui.screens.looking import Looking
from tui.store import Selection
from tui.widgets.bars import Piece
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.preview import Preview
from tui.widgets.timeline import COLUMNS, Moment, Ruler, TimelineRows, moments
from tui.widgets.transcript import Transcript
from tui.widgets.virtual_table import VirtualTable

PANES = ("envelope", "timeline", "transcript", "content")
_STEPS = 20
"""Pages that are read to find the neighbour of a message."""


def _why_no_list(screen: MessageScreen) -> str:
    if screen.pages.row_of(screen.message_id) is None:
        return "This message is not in the list it was opened from any more."
    return ""


class MessageScreen(Looking):
    """The detail of one message."""

    SCOPE: ClassVar[str] = "message"

    def __init__(
        self, id: MessageId, *, tab: str = "queue", pages: QueuePages | None = None
    ) -> None:
        """*tab* it was opened from; *pages* are the list whose neighbours ``[`` and ``]`` go to."""
        super().__init__()
        self.message_id = id
        self.TAB = tab  # type: ignore[misc] # the tab it was opened from
        self._own_pages = pages
        self._inside = Inside(id)
        self._why: tuple[WhyItem, ...] = ()
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
        yield Container(
            Horizontal(
                Pane("Envelope", envelope, id="envelope"),
                Pane("Timeline", Ruler(styles=styles), table, id="timeline"),
                id="upper",
            ),
            Horizontal(
                Pane("Transcript", transcript, id="transcript"),
                Preview(styles=styles, id="content"),
                id="lower",
            ),
            id="panes",
        )

    def on_mount(self) -> None:
        """Begin at the timeline, with the header fields."""
        super().on_mount()
        self.preview.form = "" if self.TAB == "inbox" else "headers"
        self._show_pane("timeline")

    @property
    def pages(self) -> QueuePages:
        """The list it stands in."""
        return self._own_pages if self._own_pages is not None else self.store.queue

    @property
    def inside(self) -> Inside:
        """What is known of it."""
        return self._inside

    @property
    def view(self) -> MessageView | None:
        """The message, as far as it is known."""
        return self._inside.view

    # Data.

    @property
    def reading(self) -> bool:
        """Nothing is known of it yet."""
        return self.view is None and not self._inside.problem

    async def fetch(self) -> None:
        """The message as it is now, why it is so, and the text that is looked at."""
        await self._inside.look(self.console.ask, parts=self.preview.form != "headers")
        view = self.view
        if view is None:
            return
        self._rows.moments = moments(view.timeline)
        table = self.query_one("#moments", VirtualTable)
        if table.selection.cursor is None and self._rows.moments:
            table.selection.cursor = str(self._telling_moment().index)
        try:
            self._why = (await self.console.ask(ExplainMessage(id=self.message_id))).recipients
        except RequestRefused:
            self._why = ()  # it left the queue between the two questions
        await self.read(self._inside)

    def _telling_moment(self) -> Moment:
        """The last attempt with a transcript, else the last thing that happened."""
        for moment in reversed(self._rows.moments):
            if isinstance(moment.event, AttemptEnded) and moment.event.transcript:
                return moment
        return self._rows.moments[-1]

    # Painting.

    def paint(self) -> None:
        """All panes."""
        table = self.query_one("#moments", VirtualTable)
        envelope = self.query_one("#envelope-lines", LinesPane)
        view = self.view
        if view is None:
            envelope.show([], empty=self._inside.problem or "Asking the engine …")
            return
        now = self.store.now
        width = envelope.size.width
        lines = envelope_lines(view, now, self.palette, why=self._why, width=width)
        if list(envelope.lines) != lines:
            envelope.show(lines)
        table.dimmed = self.store.outdated
        table.paint(self.store.clock.monotonic())
        waiting = [r.next_at for r in view.recipients if r.next_at is not None]
        self.query_one(Ruler).show(
            self._rows.moments, view.received_at, view.expires_at, min(waiting, default=None)
        )
        attempts = sum(1 for moment in self._rows.moments if moment.number)
        self.query_one("#timeline", Pane).name_it(
            f"Timeline · {count(attempts)} attempt" + ("" if attempts == 1 else "s")
        )
        self._paint_transcript(table)
        self.preview.show(self._inside)

    def _paint_transcript(self, table: VirtualTable) -> None:
        cursor = table.selection.cursor
        if cursor == self._shown_moment or cursor is None:
            return
        self._shown_moment = cursor
        moment = self._pointed()
        if moment is None:
            return
        pane = self.query_one("#transcript", Pane)
        lines: tuple[str, ...] = ()
        empty = "Not an attempt: nothing was said."
        pane.name_it("Transcript")
        if isinstance(moment.event, AttemptEnded):
            lines = moment.event.transcript
            empty = "The dialogue of attempts that succeed is not kept."
            pane.name_it(f"Transcript · attempt {moment.number}")
        self.query_one(Transcript).show_transcript(lines, empty=empty)

    def _pointed(self) -> Moment | None:
        cursor = self.query_one("#moments", VirtualTable).selection.cursor
        index = None if cursor is None else self._rows.find(cursor)
        return None if index is None else self._rows.moments[index]

    def crumbs(self) -> str:
        """The way here."""
        query = self.store.queue.query
        above = f"Queue › {safe(query)}" if query and self.TAB == "queue" else self.TAB.title()
        return f"{above} › {self.message_id[-7:]}"

    def standing(self) -> list[Piece]:
        """Id, subject, and its place in the list."""
        pieces: list[Piece] = [(f" {self.message_id}", "text")]
        row = self.pages.row_of(self.message_id)
        if row is not None:
            pieces.append((f" · {count(row + 1)} of {count(self.pages.total)}", "muted"))
        if self.view is not None and self.view.subject:
            pieces.append((f" · {safe(self.view.subject, 200)}", "muted"))
        return pieces

    def on_virtual_table_moved(self) -> None:
        """Another attempt is under the cursor."""
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A double click shows the transcript."""
        self.perform_by_id("message.transcript")

    def looked(self) -> None:
        """Another text is shown: go to it."""
        self._show_pane("content")

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

    body_text = looking.body
    headers = looking.headers
    raw = looking.raw
    parts = looking.parts
    more = looking.more
    save = looking.save

    @action(
        "left_square_bracket",
        "previous",
        help="The message above this one in the list.",
        rank=7,
        why_off=_why_no_list,
    )
    async def previous(self) -> None:
        """The message above."""
        await self._go(-1)

    @action(
        "right_square_bracket",
        "next",
        help="The message below this one in the list.",
        rank=8,
        why_off=_why_no_list,
    )
    async def next(self) -> None:
        """The message below."""
        await self._go(1)

    async def _go(self, steps: int) -> None:
        pages = self.pages
        row = pages.row_of(self.message_id)
        other = None
        if row is not None and 0 <= row + steps < pages.total:
            for _ in range(_STEPS):
                wanted = pages.wants(row + steps, row + steps)
                if wanted is None:
                    break
                if not pages.fold(wanted, await self.console.ask(pages.request(wanted))):
                    break
            other = pages.id_at(row + steps)
        if other is None:
            self.flash("There is no further message in this list.", "warn")
            return
        if self._own_pages is None:
            self.store.selection.cursor = other
        self.app.switch_screen(MessageScreen(other, tab=self.TAB, pages=self._own_pages))

    def copies(self) -> list[tuple[str, str]]:
        """What was said last, why it waits, who it is, and its inside."""
        view, found = self.view, []
        if view is None:
            return []
        replies = [item.last_reply for item in view.recipients if item.last_reply]
        if replies:
            found.append(("last reply", replies[-1]))
        if self._why:
            found.append(("why", self._why[0].sentence))
        moment = self._pointed()
        if moment is not None and isinstance(moment.event, AttemptEnded):
            found.append(("transcript", "\n".join(moment.event.transcript)))
        found += copies_of(view, self._inside.parts)
        found.append(("JSON", codec.encode(view).decode()))
        found.append(("empathctl", f"empathctl queue view {self.message_id}"))
        return [(title, text) for title, text in found if text]

    # Changing.

    retry = changing("retry", "R", help="Try to deliver now.", rank=9)
    hold = changing("hold", "H", help="Keep from being delivered until released.", rank=10)
    release = changing("release", "U", help="Queue it again.", rank=11)
    delete = changing("delete", "D", help="Take it out of the queue; nobody is told.", rank=12)
    bounce = changing("bounce", "B", help="Return to the sender, with a status and a reason.")
    reroute = changing("reroute", "T", help="Send to another server, for a while or for good.")
    priority = changing("priority", "P", help="Give another class: critical … bulk.")
    undo = undoing.undo

    def why_no_change(self) -> str:
        """Why nothing can be changed now."""
        if reason := self.store.why_no_change():
            return reason
        return "" if self.view is not None else self.why_none("The message is not here.")

    def change(self, change: Change) -> Awaitable[None]:
        """Do it, and say what came of it."""
        item = self.pages.items.get(self.message_id)
        known = [item] if item is not None else []
        return self._report(carry_out(self.console, change, (self.message_id,), known))

    async def _report(self, doing: Awaitable[str | None]) -> None:
        result = await doing
        if result is not None:
            self.flash(result)
            self.console.poke()
