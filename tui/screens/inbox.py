"""Captured mail: looking through it, releasing it for real, deleting it.

Nothing leaves the machine from here unless it is released, and a release asks where to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar, TypeVar

from textual.screen import ModalScreen

from empath.control.link import DeleteMessages, ReleaseCaptured
from empath.envelope import MessageId
from tui.actions import Danger, action
from tui.change_facts import people
from tui.change_table import DELETE_CAPTURED
from tui.changes import CHANGES, Change, carry_out, changing, outcome
from tui.equivalent import line_of
from tui.figures import count, plural
from tui.inside_text import copies_of
from tui.safety import safe
from tui.screens import looking, undoing
from tui.screens.dialogs import TYPED_ABOVE, Ask
from tui.screens.inbox_list import InboxList
from tui.screens.inbox_rows import outcome_of
from tui.screens.release_dialog import Destination, ReleaseDialog
from tui.widgets.filter_bar import FilterBar

T = TypeVar("T")

SEEN = 1.5
"""Seconds that a message which came under the cursor by itself must be there to be acted on."""


def _why_no_message(screen: InboxScreen) -> str:
    return "" if screen.selection.cursor else screen.why_none("There is no message here.")


def _why_no_release(screen: InboxScreen) -> str:
    return screen.why_no_change()


def _why_no_clear(screen: InboxScreen) -> str:
    if reason := screen.store.why_no_change():
        return reason
    if not screen.pages.exact:
        return "There is too much to count: use `empathctl inbox delete --all`."
    return "" if screen.pages.total else "There is nothing to clear."


class InboxScreen(InboxList):
    """The inbox."""

    SCOPE: ClassVar[str] = "inbox"

    def __init__(self) -> None:
        super().__init__()
        self._before = Destination()

    # Looking.

    @action(
        "enter",
        "open",
        help="Open the message: envelope, timeline, parts.",
        rank=1,
        why_off=_why_no_message,
    )
    def open(self) -> None:
        """Show all of one message."""
        from tui.screens.message import MessageScreen  # noqa: PLC0415 - it is a screen itself

        cursor = self.selection.cursor
        assert cursor is not None
        self.app.push_screen(MessageScreen(MessageId(cursor), tab="inbox", pages=self.pages))

    @action(
        "slash",
        "search",
        help="Search subject, sender, recipients; header:~X looks further.",
        rank=2,
    )
    def search(self) -> None:
        """Type what to look for."""
        self.query_one(FilterBar).open(self.searched)

    body_text = looking.body
    headers = looking.headers
    raw = looking.raw
    parts = looking.parts
    more = looking.more
    save = looking.save

    @action(
        "space", "mark", help="Mark the message, or take its mark off.", why_off=_why_no_message
    )
    def mark(self) -> None:
        """Mark the row and go to the next one."""
        assert self.selection.cursor is not None
        self.selection.toggle(self.selection.cursor)
        self.table.refresh()
        self.table.action_move(1)

    @action("ctrl+backslash", "unmark", help="Take all marks off.")
    def unmark(self) -> None:
        """Take all marks off."""
        self.selection.clear()
        self.table.refresh()
        self.paint_all()

    @action("q,escape", "back", help="Clear the marks, then the search; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        if self.selection.marks:
            self.unmark()
        elif self.searched:
            self.begin("")
            self.paint_all()
        else:
            await super().back()

    def copies(self) -> list[tuple[str, str]]:
        """The code, the links, and the rest."""
        inside = self.inside
        if inside is None:
            return []
        found = copies_of(inside.view, inside.parts)
        found.append(("empathctl", f"empathctl inbox view {inside.id}"))
        return found

    # Changing.

    @action(
        "F",
        "release",
        id="release",
        help="Send it for real: to a server that is named, or by the config.",
        rank=7,
        danger=Danger.CHANGES,
        why_off=_why_no_release,
    )
    def release(self) -> Awaitable[None] | None:
        """Ask where to, then send."""
        if self._unseen():
            return None
        ids = self.selection.targets()
        pong = self.store.connection.pong

        async def dry_run(wanted: Destination) -> str:
            reply = await self.console.ask(self._release(ids, wanted, dry_run=True))
            return reply.items[0].route if reply.items else ""

        known = [self.pages.items[each] for each in ids if each in self.pages.items]
        what = plural(len(ids), "message")
        if len(known) == len(ids):
            what += f" to {plural(sum(one.recipients for one in known), 'recipient')}"
        dialog = ReleaseDialog(
            f"Release {what}?",
            people(known[0]) if known and len(ids) == 1 else "those of each envelope",
            self._before,
            queued=pong is not None and pong.mode != "dev",
            dry_run=dry_run,
        )
        asked = self._question(dialog)
        return self._send(ids, asked)

    async def _send(self, ids: tuple[MessageId, ...], asked: Awaitable[Destination | None]) -> None:
        wanted = await asked
        if wanted is None:
            return
        self._before = wanted
        for each in ids:
            known = self.pages.items.get(each)
            self.awaited[each] = outcome_of(known) if known is not None else ""
        done = await self.console.ask(self._release(ids, wanted))
        where = "into the queue" if done.queued else f"to {wanted.to or 'where the config says'}"
        if done.queued:
            self.awaited.clear()
        self.selection.clear()
        self.flash(f"released {plural(done.messages, 'message')} {safe(where)}")
        self.console.poke()

    @staticmethod
    def _release(
        ids: tuple[MessageId, ...], wanted: Destination, *, dry_run: bool = False
    ) -> ReleaseCaptured:
        return ReleaseCaptured(ids=ids, to=wanted.to, recipients=wanted.recipients, dry_run=dry_run)

    delete = changing("delete", "D", help="Delete captured mail.", rank=8, change=DELETE_CAPTURED)

    @action(
        "X",
        "clear",
        help="Delete all captured mail, or all that the search finds.",
        rank=9,
        danger=Danger.DESTROYS,
        why_off=_why_no_clear,
    )
    def clear(self) -> Awaitable[None]:
        """Ask, with the number typed, then delete."""
        pages = self.pages
        request = DeleteMessages(query=pages.query, expect=pages.matched)
        what = f"that match {self.searched}" if self.searched else "in the inbox, all of them"
        dialog = Ask(
            f"Delete {plural(pages.matched, 'message')}?",
            (
                ("Messages", f"{count(pages.matched)} {safe(what)}"),
                ("Undo", "u, for as long as the trash keeps it (spool.trash_for)"),
                ("Equivalent", safe(line_of(request), 300)),
            ),
            yes="Delete",
            destroys=True,
            typed=pages.matched if pages.matched > TYPED_ABOVE else None,
        )
        asked = self._question(dialog)
        return self._clear(request, asked)

    async def _clear(self, request: DeleteMessages, asked: Awaitable[str | None]) -> None:
        if await asked != "yes":
            return
        done = await self.console.ask(request)
        self.store.jobs.began(done, "delete captured mail")
        self.selection.clear()
        self.selection.cursor = None
        self.flash(outcome(CHANGES["delete"], done))
        self.console.poke()

    def _question(self, dialog: ModalScreen[T]) -> Awaitable[T | None]:
        """Put a question on screen, now; what is awaited is its answer."""
        decided: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

        def decide(answer: T | None) -> None:
            if not decided.done():
                decided.set_result(answer)

        self.app.push_screen(dialog, decide)
        return decided

    def why_no_change(self) -> str:
        """Why nothing can be changed now."""
        if reason := self.store.why_no_change():
            return reason
        return "" if self.selection.targets() else self.why_none("There is no message to act on.")

    def change(self, change: Change) -> Awaitable[None] | None:
        """Do it to what is meant at this moment, and say what came of it."""
        if self._unseen():
            return None
        targets = self.selection.targets()
        known = [self.pages.items[one] for one in targets if one in self.pages.items]
        return self._report(carry_out(self.console, change, targets, known))

    async def _report(self, doing: Awaitable[str | None]) -> None:
        result = await doing
        if result is not None:
            self.selection.clear()
            self.flash(result)
            self.console.poke()

    def _unseen(self) -> bool:
        """The cursor came to this message by itself, a moment ago: say so, and do nothing."""
        at = self.store.clock.monotonic()
        if self.selection.marks or at - self.table.moved_by_itself_at >= SEEN:
            return False
        self.flash(
            "The message that was here is gone; this is another one. Look, and press again.", "warn"
        )
        return True

    undo = undoing.undo
