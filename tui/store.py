"""Everything the console knows, as plain Python: snapshots, rates, pages, marks, the link's state.

The feed folds replies and events in; screens read and paint.  Nothing here waits, draws or
imports Textual, so all of it is tested as values.  Bounded: 600 seconds of each rate, 40 pages
of the queue, `EVENTS` lines of events.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Final, final

from empath.clock import Clock
from empath.control.link import Notice, Pong, Status
from empath.control.link import Selection as Frozen
from empath.envelope import MessageId
from tui.connection import Connection, Phase
from tui.event_lines import EventLine, line_of
from tui.jobs import JobBook
from tui.pages import QueuePages
from tui.places import Glance, Places
from tui.replay import Tape
from tui.series import Counter, Series

EVENTS: Final = 20_000
"""Lines of events that are kept."""

_SLACK: Final = 2_000

COUNTERS: Final = ("accepted", "delivered", "deferrals", "bounced", "refused")
"""The counters of `Status` whose rates are shown."""


@final
class EventRing:
    """The last `EVENTS` lines; found by position in constant time."""

    def __init__(self, limit: int = EVENTS) -> None:
        self._limit = limit
        self._lines: list[EventLine] = []
        self.missed = 0
        """Events that the engine counted as lost on the way here."""
        self.sampled = 0
        """Events that the engine left out because there were too many a second."""
        self.sampled_at = -1000.0
        """When it last did, in monotonic seconds."""
        self.dropped = 0
        """Lines that were too old to keep."""
        self.version = 0

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> EventLine:
        return self._lines[index]

    def add(self, line: EventLine) -> None:
        """Append; the oldest go when there are too many."""
        self._lines.append(line)
        self.version += 1
        if len(self._lines) > self._limit + _SLACK:
            old = len(self._lines) - self._limit
            del self._lines[:old]
            self.dropped += old

    def note_sample(self, left_out: int, at: float) -> None:
        """The engine left out so many, as it said at monotonic *at*."""
        if left_out:
            self.sampled += left_out
            self.sampled_at = at

    def find(self, sequence: str) -> int | None:
        """Where the line of this number is; lines are in order of their numbers."""
        number = int(sequence)
        low, high = 0, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            if self._lines[middle].sequence < number:
                low = middle + 1
            else:
                high = middle
        found = low < len(self._lines) and self._lines[low].sequence == number
        return low if found else None

    def tail(self, count: int, level: int = 0) -> list[EventLine]:
        """The last *count* lines of at least *level*, oldest first."""
        found: list[EventLine] = []
        for line in reversed(self._lines[-2000:]):
            if line.level >= level:
                found.append(line)
                if len(found) == count:
                    break
        found.reverse()
        return found

    def clear(self) -> None:
        """Forget all: another engine numbers anew."""
        self._lines.clear()
        self.version += 1


@final
class Selection:
    """What a list points at and what is marked in it, by id and never by row."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.marks: dict[str, None] = {}
        self.anchor: str | None = None
        """Where a range begins that goes to the cursor; None when none is being marked."""
        self.frozen: Frozen | None = None
        """All that a filter matched, marked in the engine; then no other marks count."""
        self._before: dict[str, None] = {}
        self._newest = ""

    @property
    def any(self) -> bool:
        """Something is marked."""
        return bool(self.marks) or self.frozen is not None

    def holds(self, id: str) -> bool:
        """Whether this row is marked."""
        return id in self.marks or (self.frozen is not None and id < self._newest)

    def toggle(self, id: str) -> None:
        """Mark, or take the mark off."""
        self.frozen = None
        if id in self.marks:
            del self.marks[id]
        else:
            self.marks[id] = None

    def freeze(self, frozen: Frozen) -> None:
        """Mark all that the engine has frozen; rows that came later are not among them."""
        self.clear()
        self.frozen = frozen
        self._newest = MessageId.compose(int(frozen.taken_at * 1000) + 1, 0)

    def begin_range(self, id: str) -> None:
        """Begin a range at this row; what is marked already stays so."""
        self.frozen = None
        self.anchor = id
        self._before = dict(self.marks)
        self.marks[id] = None

    def stretch(self, ids: Iterable[str]) -> None:
        """The range is now these rows."""
        self.marks = {**self._before, **dict.fromkeys(ids)}

    def end_range(self) -> None:
        """Leave the range as it is; moving no longer changes it."""
        self.anchor = None

    def clear(self) -> None:
        """Take all marks off."""
        self.marks.clear()
        self.anchor = None
        self.frozen = None

    def targets(self) -> tuple[MessageId, ...]:
        """What an action is about: the marked messages, or else the one pointed at."""
        if self.marks:
            return tuple(MessageId(marked) for marked in self.marks)
        return (MessageId(self.cursor),) if self.cursor else ()


@final
class Store:
    """The state of the console."""

    def __init__(
        self,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        read_only: bool = False,
        replay: Tape | None = None,
    ) -> None:
        """*replay* is the recording that is played, when this is none of a living engine."""
        self.clock = clock
        self.replay = replay
        self.connection = Connection(
            rng or random.Random(),  # noqa: S311 - jitter
            read_only=read_only or replay is not None,
            recorded=replay is not None,
        )
        self.status: Status | None = None
        self.status_at = 0.0
        self._skew = 0.0
        self.rates = {name: Counter() for name in COUNTERS}
        self.queue_size = Series()
        self.lag = Series()
        self.connections = Series()
        self.queue = QueuePages()
        self.selection = Selection()
        self.places = Places()
        self.glance = Glance()
        self.jobs = JobBook()
        self.events = EventRing()
        self.sequence: int | None = None
        self.version = 0
        self.refused = ""
        """Why the engine does not give what the screen in front shows; empty when it does."""

    def __repr__(self) -> str:
        return f"<Store {self.phase.value} version={self.version} events={len(self.events)}>"

    # The link.

    @property
    def phase(self) -> Phase:
        """How the link stands now."""
        return self.connection.phase(self.clock.monotonic())

    @property
    def outdated(self) -> bool:
        """What is known may no longer be so: the engine is silent, or out of reach."""
        return self.connection.lost_at is not None or self.phase is Phase.STALE

    @property
    def now(self) -> float:
        """The engine's time, so that ages are right when the clocks of two machines differ."""
        return self.clock.now() + self._skew

    def destination_names(self) -> list[str]:
        """The destinations that are known here, those with most mail first."""
        known = self.glance.rows, self.places.rows
        shapes = [rows.shape for rows in known if rows.shape is not None]
        return list(dict.fromkeys(row.name for shape in shapes for row in shape.rows))

    @property
    def catches_mail(self) -> bool:
        """There is an inbox: the engine captures mail, or some that it captured is left."""
        status, pong = self.status, self.connection.pong
        captures = pong is not None and pong.mode == "dev"
        return captures or (status is not None and status.captured > 0)

    def why_no_change(self) -> str:
        """Why nothing may be changed now; empty when it may."""
        return self.connection.why_no_change(self.clock.monotonic())

    def greet(self, pong: Pong) -> None:
        """The link is up and its snapshot is in; another engine's rates and events begin anew."""
        if self.connection.greeted(pong, self.clock.monotonic()):
            for counter in self.rates.values():
                counter.reset()
        self.version += 1

    def another_engine(self, pong: Pong) -> bool:
        """Whether *pong* comes from an engine other than the one known so far."""
        known = self.connection.pong
        return known is not None and (known.pid, known.started_at) != (pong.pid, pong.started_at)

    # Snapshots.

    def fold_status(self, status: Status, latency: float | None = None) -> None:
        """Take the engine's figures; derive rates from what its counters have done since."""
        at = self.clock.monotonic()
        if self.status is not None and self.status.pong.started_at != status.pong.started_at:
            for counter in self.rates.values():
                counter.reset()
        self.status = status
        self.status_at = at
        self._skew = status.pong.now - self.clock.now()
        if abs(self._skew) < 1.0:
            self._skew = 0.0  # the time of the reply's way; smoother without
        for name, counter in self.rates.items():
            counter.read(at, getattr(status, name))
        self.queue_size.add(at, float(status.messages))
        self.lag.add(at, status.loop_lag)
        self.connections.add(at, float(status.connections_out))
        if latency is not None:
            self.connection.heard(at, latency)
        self.version += 1

    def rate(self, name: str, seconds: int = 5) -> float | None:
        """The rate of a counter per second, over the last *seconds*."""
        return self.rates[name].series.recent(seconds)

    # Events.

    def fold_notices(self, notices: Iterable[Notice]) -> int:
        """Take events from the stream; returns how many."""
        taken = 0
        for notice in notices:
            if self.sequence is not None and notice.sequence <= self.sequence:
                continue
            self.events.missed += notice.missed
            self.events.note_sample(notice.sampled, self.clock.monotonic())
            self.sequence = notice.sequence
            self.events.add(line_of(notice.sequence, notice.event))
            taken += 1
        if taken:
            self.version += 1
        return taken

    def forget_events(self) -> None:
        """Another engine: its events are numbered anew."""
        self.events.clear()
        self.sequence = None
