"""The message under the queue's cursor, and why it is where it is.

The engine is asked once the cursor has rested on it for a moment, so that going through a list
asks nothing; an answer is kept for as long as `Whys` says.  What cannot be learnt is said in the
same place.
"""

from __future__ import annotations

from textual.timer import Timer

from empath.control.link import ExplainMessage, LinkLost, QueueItem, RequestRefused, WhyReply
from empath.envelope import MessageId
from tui.screens.base import ConsoleScreen
from tui.widgets.why_line import REST, WhyLine, Whys

LOW = 30
"""Lines of a terminal below which the message under the cursor is told of in one line."""


class QueueWhy(ConsoleScreen):
    """A screen with a list of messages, and a line that tells of the one under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._whys = Whys()
        self._resting: Timer | None = None

    @property
    def pointed(self) -> QueueItem | None:
        """The message under the cursor, as far as it is known."""
        cursor = self.store.selection.cursor
        return self.store.queue.items.get(MessageId(cursor)) if cursor else None

    def mind_why(self) -> None:
        """Ask once the cursor has rested for a moment, where the answer is not known yet."""
        item = self.pointed
        at = self.store.clock.monotonic()
        if item is None or self.store.outdated or not self._whys.wanted(item, at):
            return
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._ask_why)

    def _ask_why(self) -> None:
        self._resting = None
        if self.is_current and not self.console.paused:
            self.run_worker(self._learn_why(), name="why", group="why", exclusive=True)

    async def _learn_why(self) -> None:
        item = self.pointed
        at = self.store.clock.monotonic()
        if item is None or not self._whys.wanted(item, at):
            return
        try:
            said: WhyReply | str = await self.console.ask(ExplainMessage(id=item.id))
        except RequestRefused as refusal:
            said = str(refusal)
        except LinkLost:
            return  # the line above the keys tells of it
        self._whys.keep(item, at, said)
        self.paint_why()

    def paint_why(self) -> None:
        """Show what is known of the message under the cursor."""
        item = self.pointed
        why = None if item is None else self._whys.of(item, self.store.now)
        low = self.console.size.height < LOW
        self.query_one(WhyLine).show(item, why, self.store.now, low=low)
