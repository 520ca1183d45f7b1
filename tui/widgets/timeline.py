"""What has happened to a message: its attempts as rows, and as points on a line of time.

`moments` turns the engine's timeline into rows; `Ruler` draws them to scale, so that the
growing pauses between attempts can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from empath.events import AttemptEnded, MessageEvent
from tui.event_lines import line_of
from tui.figures import milliseconds, time_of_day
from tui.safety import safe
from tui.theme import COLOURED, Styles
from tui.widgets.columns import Column, cut
from tui.widgets.rows import Row

COLUMNS = (
    Column("number", "#", 2, right=True),
    Column("time", "WHEN", 8),
    Column("sign", "", 1, until=76),
    Column("kind", "WHAT", 11, since=76),
    Column("stage", "STAGE", 7),
    Column("code", "CODE", 4, since=60),
    Column("took", "TOOK", 5, right=True),
    Column("tls", "TLS", 7, since=56),
    Column("server", "WHERE", 10, share=2, most=44, since=76),
    Column("where", "WHERE", 10, share=2, until=76),
    Column("reply", "REPLY", 10, share=3, since=90),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to the message; *number* counts attempts, 0 for other things."""

    index: int
    number: int
    event: MessageEvent


def moments(timeline: Sequence[MessageEvent]) -> list[Moment]:
    """The timeline with its attempts numbered."""
    result: list[Moment] = []
    attempts = 0
    for index, event in enumerate(timeline):
        if isinstance(event, AttemptEnded):
            attempts += 1
            result.append(Moment(index, attempts, event))
        else:
            result.append(Moment(index, 0, event))
    return result


def row_of(moment: Moment) -> Row:
    """One moment as cells."""
    event = moment.event
    line = line_of(moment.index, event)
    cells: dict[str, str | tuple[str, str]] = {
        "number": str(moment.number) if moment.number else ("·", "faint"),
        "time": (time_of_day(event.at), "muted"),
        "sign": (line.sign, line.role),
        "kind": (f"{line.sign} {line.word}", line.role),
    }
    if isinstance(event, AttemptEnded):
        cells["stage"] = (safe(event.stage), "muted")
        cells["took"] = milliseconds(event.seconds)
        cells["code"] = _code(event)
        cells["tls"] = _tls(event)
        cells["server"] = cells["where"] = safe(event.server or event.destination)
        replies = dict.fromkeys(safe(result.reply, 300) for result in event.results)
        cells["reply"] = (" | ".join(replies), "muted")
    else:
        cells["server"] = line.subject
        cells["where"] = f"{line.word} {line.subject}"
        cells["reply"] = (line.detail, "muted")
    return Row(str(moment.index), cells)


def _code(event: AttemptEnded) -> tuple[str, str]:
    """The greatest code of the replies; a dash where no server spoke."""
    codes = [result.reply[:3] for result in event.results if result.reply[:3].isdecimal()]
    if not codes or all(result.ours for result in event.results):
        return "–", "faint"
    code = max(codes)
    return code, {"2": "good", "4": "warn", "5": "bad"}.get(code[0], "text")


def _tls(event: AttemptEnded) -> tuple[str, str]:
    """What was agreed, and a tick if the server proved its name."""
    if event.tls is not None:
        version = safe(event.tls.version).removeprefix("TLSv")
        return (f"{version} ✓", "good") if event.tls.verified else (f"{version} ○", "info")
    if event.tls_failures:
        return "✖ fail", "bad"
    return ("▲ none", "warn") if event.server else ("–", "faint")


class TimelineRows:
    """The moments as rows of a table."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def __len__(self) -> int:
        return len(self.moments)

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        return row_of(self.moments[index]) if 0 <= index < len(self.moments) else None

    def find(self, id: str) -> int | None:
        """Where a moment is."""
        index = int(id)
        return index if index < len(self.moments) else None


def ruler(
    moments: Sequence[Moment],
    begun: float,
    ends: float | None,
    next_at: float | None,
    width: int,
) -> list[tuple[str, str]]:
    """The life of a message to scale: pieces of one line, *width* cells in all."""
    last = max([begun, *(moment.event.at for moment in moments)])
    stop = max(last, min(next_at or last, inf if ends is None else ends)) + 1e-6
    span = max(1.0, stop - begun)
    cells: list[tuple[str, str]] = [("─", "faint")] * width
    for moment in moments:
        place = min(width - 1, int((moment.event.at - begun) / span * (width - 1)))
        line = line_of(moment.index, moment.event)
        cells[place] = (line.sign, line.role)
    if next_at is not None and next_at > last:
        cells[min(width - 1, int((next_at - begun) / span * (width - 1)))] = ("▸", "accent")
    return cells


class Ruler(Widget):
    """The line of time."""

    def __init__(self, *, styles: Styles = COLOURED) -> None:
        super().__init__()
        self.palette = styles
        self._what: tuple[tuple[Moment, ...], float, float | None, float | None] = (
            (),
            0.0,
            None,
            None,
        )

    def show(
        self,
        moments: Sequence[Moment],
        begun: float,
        ends: float | None,
        next_at: float | None,
    ) -> None:
        """Show the life of a message from *begun*."""
        what = (tuple(moments), begun, ends, next_at)
        if what != self._what:
            self._what = what
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        moments, begun, ends, next_at = self._what
        width = max(0, self.size.width - 20)
        if y or not begun or width < 8:
            return Strip.blank(self.size.width, self.rich_style)
        pieces = ruler(moments, begun, ends, next_at, width)
        # What was due is no end: the line goes on to the last of what happened.
        times = [moment.event.at for moment in moments] + ([next_at] if next_at else [])
        last = time_of_day(max(times)) if times else ""
        segments = [Segment(f" {time_of_day(begun)} ", self.palette["muted"])]
        segments += [Segment(text, self.palette[role]) for text, role in pieces]
        segments.append(Segment(cut(f" {last}", 10), self.palette["muted"]))
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)
