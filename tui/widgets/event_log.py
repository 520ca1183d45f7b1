"""The events as a log that follows its end until somebody scrolls up.

A `VirtualTable` over the store's ring: a fixed number of lines is drawn whatever the flow, and
nothing is laid out when a line comes.  Rows are known by the event's number, so the cursor
stays on its event while others arrive.
"""

from __future__ import annotations

from tui.event_lines import EventLine
from tui.figures import time_of_day
from tui.store import EventRing, Selection
from tui.theme import COLOURED, Styles
from tui.widgets.columns import Column
from tui.widgets.virtual_table import Row, VirtualTable

COLUMNS = (
    Column("time", "TIME", 8),
    Column("kind", "KIND", 11),
    Column("id", "ID", 7),
    Column("subject", "WHO", 18, share=2, most=46),
    Column("detail", "WHAT", 12, share=5),
)


def row_of(line: EventLine) -> Row:
    """One event as cells."""
    return Row(
        str(line.sequence),
        {
            "time": (time_of_day(line.at), "muted"),
            "kind": (f"{line.sign} {line.word}", line.role),
            "id": (line.id[-7:] if line.id else "–", "muted" if line.id else "faint"),
            "subject": line.subject,
            "detail": (line.detail, "muted"),
        },
    )


class RingRows:
    """The lines of the ring that pass a filter, as rows; at most what the ring holds."""

    def __init__(self, ring: EventRing) -> None:
        self._ring = ring
        self.level = 0
        self.text = ""
        self._passed: list[EventLine] = []
        self._seen = -1
        self._version = -1

    def __len__(self) -> int:
        self._catch_up()
        return len(self._passed) if self._filtered else len(self._ring)

    @property
    def _filtered(self) -> bool:
        return bool(self.level or self.text)

    def narrow(self, *, level: int | None = None, text: str | None = None) -> None:
        """Show only lines of at least *level* in which *text* occurs."""
        self.level = self.level if level is None else level
        self.text = self.text if text is None else text.lower()
        self._passed = []
        self._seen = -1
        self._version = -1

    def _passes(self, line: EventLine) -> bool:
        if line.level < self.level:
            return False
        if not self.text:
            return True
        words = f"{line.word} {line.id} {line.subject} {line.detail} {line.destination}"
        return self.text in words.lower()

    def _catch_up(self) -> None:
        if not self._filtered or self._version == self._ring.version:
            return
        self._version = self._ring.version
        start = len(self._ring)
        while start > 0 and self._ring[start - 1].sequence > self._seen:
            start -= 1
        for number in range(start, len(self._ring)):
            line = self._ring[number]
            if self._passes(line):
                self._passed.append(line)
        if len(self._ring):
            self._seen = self._ring[len(self._ring) - 1].sequence
            oldest = self._ring[0].sequence
            if self._passed and self._passed[0].sequence < oldest:
                self._passed = [line for line in self._passed if line.sequence >= oldest]

    def line(self, index: int) -> EventLine:
        """The event in this row."""
        return self._passed[index] if self._filtered else self._ring[index]

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        if not 0 <= index < len(self):
            return None
        return row_of(self.line(index))

    def find(self, id: str) -> int | None:
        """Where an event is."""
        if not self._filtered:
            return self._ring.find(id)
        self._catch_up()
        number = int(id)
        low, high = 0, len(self._passed)
        while low < high:
            middle = (low + high) // 2
            if self._passed[middle].sequence < number:
                low = middle + 1
            else:
                high = middle
        found = low < len(self._passed) and self._passed[low].sequence == number
        return low if found else None


class EventLog(VirtualTable):
    """The log."""

    def __init__(
        self, ring: EventRing, *, styles: Styles = COLOURED, id: str | None = None
    ) -> None:
        self.ring_rows = RingRows(ring)
        self.following = True
        self._top_while_following = True
        super().__init__(
            COLUMNS,
            self.ring_rows,
            Selection(),
            styles=styles,
            empty="No events yet.",
            id=id,
        )

    @property
    def line(self) -> EventLine | None:
        """The event under the cursor."""
        row = self.cursor_row
        return self.ring_rows.line(row) if row is not None else None

    def paint(self, at: float) -> None:
        """Follow the end, or stay where the operator is."""
        count = len(self.rows)
        if self.following and count:
            newest = self.ring_rows.line(count - 1)
            if self.selection.cursor != str(newest.sequence):
                if self.virtual_size.height != count + 1 and at - self._sized_at >= 0.9:
                    self._sized_at = at
                    self._resize_virtual()
                last = self.virtual_size.height - 2
                if last >= 0:
                    self._cursor_row = min(last, count - 1)
                    self.selection.cursor = str(self.ring_rows.line(self._cursor_row).sequence)
                    self.scroll_to(y=max(0, last), animate=False, force=True)
                    self.post_message(self.Moved())
        super().paint(at)

    def action_move(self, steps: int) -> None:
        """Moving up stops following."""
        if steps < 0:
            self.following = False
        super().action_move(steps)

    def action_first(self) -> None:
        """The first line; stops following."""
        self.following = False
        super().action_first()

    def action_last(self) -> None:
        """The last line; follows from now on."""
        self.following = True
        super().action_last()
