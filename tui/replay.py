"""Playing a recorded session: a `Link` that answers out of a file, and the tape's own clock.

What is asked gets the answer that stood at this moment of the recording; nothing can be changed.
The tape's clock stands still while it is paused and runs at the chosen speed, so that ages and
rates are those of then.  The end is told, and stays in view.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar, final

import msgspec

from empath import codec
from empath.clock import Clock
from empath.control.link import (
    EventFilter,
    GetStatus,
    LinkLost,
    Notice,
    Ping,
    Request,
    RequestRefused,
    reply_type,
)
from tui.recording import FORMAT, LARGEST, Entry, Heading, RecordingUnusable

R = TypeVar("R")

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_LONGEST_WAIT: Final = 3600.0


@final
class Tape:
    """The clock of a recording, from its beginning to *length*; it begins when it is first read."""

    def __init__(self, clock: Clock, *, started_at: float, length: float) -> None:
        self._clock = clock
        self._started_at = started_at
        self.length = length
        """Seconds."""
        self.speed = 1.0
        self.paused = False
        self._passed = 0.0
        self._since: float | None = None
        self.turned = asyncio.Event()
        """Set, and made anew, when it is paused, goes on or changes its speed."""

    def __repr__(self) -> str:
        return f"<Tape {self.position:.1f}/{self.length:.1f} x{self.speed:g}>"

    @property
    def position(self) -> float:
        """Seconds of the recording that have passed."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        going = 0.0 if self.paused else (now - self._since) * self.speed
        return min(self.length, self._passed + going)

    @property
    def ended(self) -> bool:
        """All of it has been played."""
        return self.position >= self.length

    def now(self) -> float:
        """The time of day at this place of the recording."""
        return self._started_at + self.position

    def monotonic(self) -> float:
        """Seconds of the recording; they stand still when it does."""
        return self.position

    def until(self, position: float | None) -> float:
        """Seconds of the world until the tape is there, as it runs now; long when it never is."""
        if position is None or self.paused:
            return _LONGEST_WAIT
        return max(0.01, min(_LONGEST_WAIT, (position - self.position) / self.speed))

    def pause(self) -> None:
        """Stand still, or go on."""
        self._settle()
        self.paused = not self.paused

    def step_speed(self, by: int) -> None:
        """The next higher or lower speed."""
        self._settle()
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, at))]

    def _settle(self) -> None:
        self._passed, self._since = self.position, self._clock.monotonic()
        self.turned.set()
        self.turned = asyncio.Event()


_ALWAYS: Final = frozenset({Ping.route, GetStatus.route})
"""What is known from the beginning, though its answer took a moment to come."""


def _question(route: str, request: bytes) -> bytes:
    """What was asked, whatever number of rows the terminal of then had."""
    fields = msgspec.json.decode(request)
    fields.pop("limit", None)
    return route.encode() + msgspec.json.encode(fields, order="sorted")


class _Answers:
    """What was answered to one question, in the order of time."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.times.append(entry.at)
        self.entries.append(entry)

    def at(self, position: float) -> Entry | None:
        found = bisect_right(self.times, position)
        return self.entries[found - 1] if found else None


@final
class ReplayLink:
    """The link of a session that is played."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Read the file.  Raises `RecordingUnusable`."""
        heading, entries = read_recording(path)
        self._questions: dict[bytes, _Answers] = {}
        self._notices: list[tuple[float, Notice]] = []
        for entry in entries:
            if bytes(entry.notice):
                self._notices.append((entry.at, codec.decode(Notice, entry.notice)))
            elif entry.asked:
                question = _question(entry.asked, bytes(entry.request))
                self._questions.setdefault(question, _Answers()).add(entry)
        if _question(Ping.route, b"{}") not in self._questions:
            raise RecordingUnusable(f"{path} holds no session: its engine never answered.")
        length = entries[-1].at if entries else 0.0
        self.tape = Tape(clock, started_at=heading.started_at, length=length)

    def __repr__(self) -> str:
        return f"<ReplayLink {self.tape}>"

    async def ask(self, request: Request[R]) -> R:
        """What was answered then.  Raises `RequestRefused` for what was never asked."""
        if request.changes:
            raise RequestRefused("This is a recording: nothing can be changed.")
        answers = self._questions.get(_question(request.route, codec.encode(request)))
        if answers is None:
            raise RequestRefused("The recording does not hold this: nobody looked at it then.")
        entry = answers.at(self.tape.position)
        if entry is None and request.route not in _ALWAYS:
            raise RequestRefused(
                f"The recording holds this from its second {answers.times[0]:.0f} on."
            )
        entry = entry or answers.entries[0]
        if entry.lost:
            raise LinkLost(entry.lost)
        if entry.refused:
            raise RequestRefused(entry.refused)
        reply: R = codec.decode(reply_type(type(request)), entry.reply)
        return reply

    async def events(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        """The events, as the tape comes to them; without end."""
        last = after or 0
        at = 0
        while True:
            position = self.tape.position
            while at < len(self._notices) and self._notices[at][0] <= position:
                notice = self._notices[at][1]
                at += 1
                if notice.sequence > last:
                    last = notice.sequence
                    if only is None or only.passes(notice.event):
                        yield notice
            due = self._notices[at][0] if at < len(self._notices) else None
            with suppress(TimeoutError):
                async with asyncio.timeout(self.tape.until(due)):
                    await self.tape.turned.wait()

    async def close(self) -> None:
        """Nothing to let go of."""


def read_recording(path: Path) -> tuple[Heading, list[Entry]]:
    """The lines of a recording; one that was cut off at its end is left out.

    Raises `RecordingUnusable`.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(2 * LARGEST)
    except OSError as error:
        raise RecordingUnusable(f"{path} cannot be played: {error.strerror}.") from error
    first, *lines = octets.splitlines() or [b""]
    try:
        heading: Heading = codec.decode(Heading, first)
    except msgspec.DecodeError as error:
        raise RecordingUnusable(f"{path} is no recording of the console.") from error
    if heading.empath_recording != FORMAT:
        raise RecordingUnusable(f"{path} was recorded by another version of the console.")
    entries: list[Entry] = []
    for number, line in enumerate(lines, 2):
        try:
            entries.append(codec.decode(Entry, line))
        except msgspec.DecodeError as error:
            if number == len(lines) + 1:
                break  # the console was killed while it wrote
            raise RecordingUnusable(f"{path} is damaged in line {number}: {error}.") from error
    return heading, entries
