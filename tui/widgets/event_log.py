"""The events as a log that follows its end until somebody scrolls up.

A `VirtualTable` over the store's ring: a fixed number of lines is drawn whatever the flow, and
nothing is laid out when a line comes.  Rows are known by the event's number, so the cursor
stays on its event while others arrive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from tui.event_lines import EventLine
from tui.figures import count, plural, rate, time_of_day
from tui.store import EventRing, Selection
from tui.theme import COLOURED, Styles
from tui.widgets.bars import Piece
from tui.widgets.columns import Column
from tui.widgets.rows import Row
from tui.widgets.virtual_table import VirtualTable

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
        self.ring = ring
        self.level = 0
        self.text = ""
        self._passed: list[EventLine] = []
        self._dropped = 0
        self._seen = -1
        self._version = -1

    def __len__(self) -> int:
        self._catch_up()
        return len(self._passed) if self._filtered else len(self.ring)

    @property
    def _filtered(self) -> bool:
        return bool(self.level or self.text)

    @property
    def dropped(self) -> int:
        """Rows that have gone from the beginning."""
        return self._dropped if self._filtered else self.ring.dropped

    def use(self, ring: EventRing) -> None:
        """Show the lines of another ring."""
        self.ring = ring
        self.narrow()

    def narrow(self, *, level: int | None = None, text: str | None = None) -> None:
        """Show only lines of at least *level* in which *text* occurs."""
        self.level = self.level if level is None else level
        self.text = self.text if text is None else text.lower()
        self._passed = []
        self._dropped = 0
        self._seen = -1
        self._version = -1

    def _passes(self, line: EventLine) -> bool:
        return line.level >= self.level and (not self.text or self.text in _words(line))

    def _catch_up(self) -> None:
        if not self._filtered or self._version == self.ring.version:
            return
        self._version = self.ring.version
        start = len(self.ring)
        while start > 0 and self.ring[start - 1].sequence > self._seen:
            start -= 1
        for number in range(start, len(self.ring)):
            line = self.ring[number]
            if self._passes(line):
                self._passed.append(line)
        if len(self.ring):
            self._seen = self.ring[len(self.ring) - 1].sequence
            oldest = self.ring[0].sequence
            if self._passed and self._passed[0].sequence < oldest:
                gone = bisect_left(self._passed, oldest, key=lambda line: line.sequence)
                del self._passed[:gone]
                self._dropped += gone

    def line(self, index: int) -> EventLine:
        """The event in this row."""
        return self._passed[index] if self._filtered else self.ring[index]

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        if not 0 <= index < len(self):
            return None
        return row_of(self.line(index))

    def find(self, id: str) -> int | None:
        """Where an event is."""
        if not self._filtered:
            return self.ring.find(id)
        number = int(id)
        found = self.first_after(number - 1)
        return found if found < len(self) and self.line(found).sequence == number else None

    def first_after(self, sequence: int) -> int:
        """The row of the first event with a higher number; their count if there is none."""
        return self._bisect(lambda line: line.sequence <= sequence)

    def at_time(self, at: float) -> int:
        """The row of the event at this time, or of the nearest one behind it."""
        return max(0, min(len(self) - 1, self._bisect(lambda line: line.at < at)))

    def _bisect(self, before: Callable[[EventLine], bool]) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if before(self.line(middle)):
                low = middle + 1
            else:
                high = middle
        return low

    def search(self, words: str, start: int | None, step: int) -> int | None:
        """The next row from *start* on, with *words* in it: upwards with -1, downwards with 1."""
        words = words.lower()
        begin = len(self) if start is None else start
        stop = -1 if step < 0 else len(self)
        for row in range(begin + step, stop, step):
            if words in _words(self.line(row)):
                return row
        return None


def _words(line: EventLine) -> str:
    return f"{line.word} {line.id} {line.subject} {line.detail} {line.destination}".lower()


class EventLog(VirtualTable):
    """The log."""

    NOTHING = "No events yet."

    def __init__(
        self, ring: EventRing, *, styles: Styles = COLOURED, id: str | None = None
    ) -> None:
        self.ring_rows = RingRows(ring)
        self.following = True
        self.stopped_at: float | None = None
        """The time of the last event there was when following ended."""
        self._last_followed = 0
        self._dropped = 0
        super().__init__(
            COLUMNS,
            self.ring_rows,
            Selection(),
            styles=styles,
            empty=self.NOTHING,
            id=id,
        )

    @property
    def line(self) -> EventLine | None:
        """The event under the cursor."""
        row = self.cursor_row
        return self.ring_rows.line(row) if row is not None else None

    @property
    def come_since(self) -> int:
        """Events that have come since the end is not followed."""
        return len(self.ring_rows) - self.ring_rows.first_after(self._last_followed)

    def chosen(self) -> list[EventLine]:
        """The marked events, or all that there are."""
        lines = [self.ring_rows.line(row) for row in range(len(self.rows))]
        if marks := self.selection.marks:
            lines = [line for line in lines if str(line.sequence) in marks]
        return lines

    def standing(self, flow: float, at: float) -> list[Piece]:
        """Whether the end is followed, how many events there are, and what is not among them, at
        monotonic *at*; *flow* is how many come each second.
        """
        ring = self.ring_rows.ring
        pieces: list[Piece] = []
        if self.following:
            pieces += [(" ● following", "good"), (" · ", "faint")]
        else:
            stopped_at = time_of_day(self.stopped_at) if self.stopped_at else "–"
            pieces.append((f" ■ stands at {stopped_at}", "warn"))
            pieces.append((f" · +{count(self.come_since)} new below, G follows · ", "warn"))
        pieces.append((plural(len(self.rows), "event"), "text"))
        if marks := len(self.selection.marks):
            pieces.append((f" · {marks} marked", "mark"))
        pieces.append((f" · {rate(flow)}/s", "muted"))
        if at - ring.sampled_at < 5.0:
            pieces.append((f" · a sample: {count(ring.sampled)} left out so far", "warn"))
        if ring.missed:
            pieces.append((f" · {count(ring.missed)} missed", "warn"))
        return pieces

    def stay(self) -> None:
        """Stand here; what comes is counted."""
        if self.following:
            self.following = False
            lines = len(self.ring_rows)
            last = self.ring_rows.line(lines - 1) if lines else None
            self._last_followed = last.sequence if last else 0
            self.stopped_at = last.at if last else None

    def use(self, ring: EventRing) -> None:
        """Show another ring, from its end."""
        self.ring_rows.use(ring)
        self._dropped = self.ring_rows.dropped
        self.selection.cursor = None
        self.following = True
        self._resize_virtual()
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    def go(self, row: int) -> None:
        """Point at a row, and stay there."""
        self.stay()
        self.point_at(row)

    def paint(self, at: float) -> None:
        """Follow the end, or stay where the operator is."""
        lines = len(self.rows)
        dropped = self.ring_rows.dropped - self._dropped
        self._dropped += dropped
        if self.following and lines:
            newest = self.ring_rows.line(lines - 1)
            if self.selection.cursor != str(newest.sequence):
                if self.virtual_size.height != lines + 1 and at - self._sized_at >= 0.9:
                    self._sized_at = at
                    self._resize_virtual()
                last = self.virtual_size.height - 2
                if last >= 0:
                    self._cursor_row = min(last, lines - 1)
                    at_end = str(self.ring_rows.line(self._cursor_row).sequence)
                    if at_end != self.selection.cursor:  # else it waits for its next size
                        self.selection.cursor = at_end
                        self.scroll_to(y=max(0, last), animate=False, force=True)
                        self.post_message(self.Moved())
        elif dropped:
            # The oldest lines have gone: what is on screen stays on screen.
            self.scroll_to(y=max(0, self.scroll_offset.y - dropped), animate=False, force=True)
        super().paint(at)

    def action_move(self, steps: int) -> None:
        """Moving up stops following."""
        if steps < 0:
            self.stay()
        super().action_move(steps)

    def action_page(self, pages: int) -> None:
        """So does paging up."""
        if pages < 0:
            self.stay()
        super().action_page(pages)

    def on_mouse_scroll_up(self) -> None:
        """And the wheel."""
        self.stay()

    def action_first(self) -> None:
        """The first line; stops following."""
        self.stay()
        super().action_first()

    def action_last(self) -> None:
        """The last line; follows from now on."""
        self.following = True
        super().action_last()
