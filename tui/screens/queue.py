"""The queue, live: the list, and what can be done to its messages.

An action is about the marked messages, or else the one under the cursor, which must have been
there long enough to be seen: a message that came under the cursor by itself is not acted on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable
from typing import ClassVar

from textual.widget import Widget

from empath.control.link import ListQueue, QueueItem
from empath.envelope import MessageId
from tui.actions import Danger, action
from tui.changes import Change, Target, carry_out, changing
from tui.export import FORMATS
from tui.figures import count, octets, plural
from tui.jobs import progress
from tui.queue_copies import copies_of
from tui.queue_export import MOST, encode
from tui.safety import safe
from tui.saving import save_message
from tui.screens import undoing
from tui.screens.choose import Choice, Choose
from tui.screens.queue_list import why_not_open
from tui.screens.queue_marks import QueueMarks
from tui.undoing import cancel_running
from tui.widgets.bars import Line

SEEN = 1.5
"""Seconds that a message which came under the cursor by itself must be there to be acted on."""
_PIECE = 1000
JOBS_EVERY = 1.0
"""Seconds between two looks at a change that runs."""


def _why_not_cancel(screen: QueueScreen) -> str:
    if reason := screen.store.why_no_change():
        return reason
    return "" if screen.store.jobs.running else "Nothing runs that could be cancelled."


class QueueScreen(QueueMarks):
    """The live queue."""

    SCOPE: ClassVar[str] = "queue"

    # Taking along.

    def copies(self) -> list[tuple[str, str]]:
        """Texts of the message under the cursor, the marked ones, and this list."""
        selection = self.store.selection
        marked = selection.targets() if selection.marks else ()
        return copies_of(self.pointed, marked, self.store.queue.query)

    @action(
        "e",
        "export",
        help="Write the marked messages, or all that are listed, to a file; :export csv.",
        takes="[jsonl|csv]",
        values=lambda _screen: FORMATS,
    )
    def export(self, form: str = "") -> None:
        """Ask in which form, unless it is said."""
        if form in FORMATS:
            self._export(form)
            return
        number = len(self.store.selection.marks) or min(MOST, self.store.queue.matched)
        choices = [
            Choice("jsonl", "j", "JSON lines", plural(number, "message")),
            Choice("csv", "c", "CSV", "for spreadsheets"),
        ]
        self.app.push_screen(Choose("Export", choices, styles=self.palette), self._export)

    def _export(self, form: str | None) -> None:
        if form is not None:
            self.run_worker(self._finish(self._write_list(form), None), name="export")

    async def _write_list(self, form: str) -> None:
        items, whole = await self._read_all()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.console.wall_time))
        content = await asyncio.to_thread(encode, items, form)
        said = await self.console.write_state(f"queue-{stamp}.{form}", content)
        more = "" if whole else f"; only the first {count(MOST)}"
        self.flash(f"{plural(len(items), 'message')} {said}{more}", "info")

    async def _read_all(self) -> tuple[list[QueueItem], bool]:
        """What is marked, or listed in its order; and whether that is all of it."""
        pages, selection = self.store.queue, self.store.selection
        items: list[QueueItem] = []
        if selection.marks:
            ids = selection.targets()
            for start in range(0, len(ids), _PIECE):
                some = ids[start : start + _PIECE]
                items += (await self.console.ask(ListQueue(ids=some, limit=len(some)))).items
            return items, True
        query, sort, cursor = pages.query, pages.sort, ""
        while True:
            request = ListQueue(query=query, sort=sort, cursor=cursor, limit=_PIECE)
            page = await self.console.ask(request)
            items += page.items
            cursor = page.cursor
            if not cursor:
                return items, True
            if len(items) >= MOST:
                return items[:MOST], False
            self.flash(f"Reading … {count(len(items))}", "info")

    @action("E", "save .eml", id="save", help="Save the message as a file.", why_off=why_not_open)
    async def save(self) -> None:
        """The message under the cursor, as it is stored, into the state folder."""
        folder, cursor = self.console.state_folder, self.store.selection.cursor
        assert cursor is not None
        if folder is None:
            self.flash("There is no folder for files.", "warn")
            return
        try:
            path, written = await save_message(self.console.ask, MessageId(cursor), folder)
        except OSError as error:
            self.flash(f"{folder} cannot be written: {error.strerror}.", "bad")
            return
        self.flash(f"{octets(written)} saved to {safe(str(path), 300)}")

    # Changing.

    retry = changing("retry", "R", help="Try to deliver now.", rank=4)
    hold = changing("hold", "H", help="Keep from being delivered until released.", rank=5)
    release = changing("release", "U", help="Queue held messages again.", rank=6)
    delete = changing("delete", "D", help="Take out of the queue without telling anybody.", rank=7)
    bounce = changing(
        "bounce", "B", help="Return to the sender, with a status and a reason.", rank=8
    )
    reroute = changing("reroute", "T", help="Send to another server, for a while or for good.")
    priority = changing("priority", "P", help="Give another class: critical … bulk.")

    def why_no_change(self) -> str:
        """Why nothing can be changed now."""
        if reason := self.store.why_no_change():
            return reason
        return "" if self._target().number else self.why_none("There is no message to act on.")

    def _target(self) -> Target:
        selection = self.store.selection
        if selection.frozen is not None:
            return Target(frozen=selection.frozen)
        ids = selection.targets()
        items = self.store.queue.items
        return Target(ids, None, tuple(items[one] for one in ids if one in items))

    def change(self, change: Change) -> Awaitable[None] | None:
        """Do it to what is under the cursor or marked at this moment, and say what came of it."""
        self.touch()
        if not self.store.selection.any and self._unseen():
            self.flash(
                "The message that was here has left the queue; this is another one."
                " Look, and press again.",
                "warn",
            )
            return None
        return self._report(carry_out(self.console, change, self._target()))

    async def _report(self, doing: Awaitable[str | None]) -> None:
        result = await doing
        self.touch()
        if result is None:
            return
        self.store.selection.clear()
        self.flash(result)
        self.table.refresh()
        self.console.poke()

    def _unseen(self) -> bool:
        """The cursor came to this message by itself, a moment ago."""
        return self.store.clock.monotonic() - self.table.moved_by_itself_at < SEEN

    # Jobs.

    undo = undoing.undo

    @action(
        "X",
        "cancel job",
        id="cancel-job",
        help="End the change that runs; what it has changed can be undone.",
        danger=Danger.CHANGES,
        why_off=_why_not_cancel,
    )
    async def cancel_job(self) -> None:
        """End it before its next lot."""
        self.flash(*await cancel_running(self.console))
        self.console.poke()

    def body(self) -> Iterable[Widget]:
        """The list, and below it the change that runs."""
        yield from super().body()
        yield Line(styles=self.palette, id="job")

    def paint(self) -> None:
        """The list and the change that runs."""
        super().paint()
        job = self.store.jobs.running
        line = self.query_one("#job", Line)
        line.display = job is not None
        if job is not None:
            line.show(
                [(" ◐ ", "accent"), (f"{safe(job.what, 80)}  ", "text"), (progress(job), "accent")],
                [("X", "key"), (" cancels ", "muted")],
            )
        if self.store.jobs.watched:
            self.set_timer(JOBS_EVERY, self.console.poke)
