"""Below the queue: the message under the cursor, and the sentence that says why it is there.

The sentence is asked for once the cursor rests, for this one message, and kept until its row
changes or some seconds have passed; never for every row.  `Whys` is plain Python.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final, final

from rich.cells import cell_len
from textual.containers import Vertical
from textual.strip import Strip

from empath.control.link import QueueItem, WhyReply
from empath.envelope import MessageId
from tui.figures import age, due, octets, plural
from tui.safety import safe
from tui.theme import COLOURED, Styles, sign
from tui.widgets.bars import Line, Piece

KEPT: Final = 200
"""Sentences that are remembered."""
FRESH: Final = 10.0
"""Seconds for which a sentence counts as true while its row does not change."""
MOST: Final = 3
"""Lines that a sentence may take from the table."""
REST: Final = 0.15
"""Seconds that the cursor rests on a row before the engine is asked."""


@final
class Whys:
    """The sentences known, by message."""

    def __init__(self) -> None:
        self._known: OrderedDict[MessageId, tuple[float, QueueItem, WhyReply | str]] = OrderedDict()

    def of(self, item: QueueItem, now: float) -> tuple[Piece, ...] | None:
        """What is known of this message, even if it is not fresh any more; its countdown runs."""
        known = self._known.get(item.id)
        if known is None:
            return None
        said = known[2]
        return ((safe(said, 300), "muted"),) if isinstance(said, str) else sentence(said, now)

    def wanted(self, item: QueueItem, at: float) -> bool:
        """Whether the engine should be asked at monotonic *at*."""
        known = self._known.get(item.id)
        return known is None or known[1] != item or at - known[0] > FRESH

    def keep(self, item: QueueItem, at: float, said: WhyReply | str) -> None:
        """Remember what the engine said, or why it did not; the oldest are forgotten."""
        self._known[item.id] = (at, item, said)
        self._known.move_to_end(item.id)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


def sentence(reply: WhyReply, now: float) -> tuple[Piece, ...]:
    """Why the message is where it is: of its first recipient that waits, and how many more."""
    if not reply.recipients:
        return (("nobody waits for it any more", "muted"),)
    first = reply.recipients[0]
    mark, role = sign(first.state)
    pieces: list[Piece] = [(f"{mark} ", role), (safe(first.sentence, 400), "text")]
    if first.next_at is not None and first.next_event:
        pieces.append((f" · {safe(first.next_event)} {due(first.next_at, now)}", "muted"))
    same = sum(1 for each in reply.recipients if each.sentence == first.sentence)
    if reply.total > 1:
        other = reply.total - same
        pieces.append(
            (f" · so for all {reply.total}" if not other else f" · {other} more otherwise", "muted")
        )
    return tuple(pieces)


def about(item: QueueItem, now: float) -> tuple[Piece, ...]:
    """Which message it is, on one line."""
    tried = plural(item.attempts, "attempt") if item.attempts else "not tried yet"
    facts = (octets(item.size), f"queued {age(now - item.received_at)}", tried)
    return (
        (safe(item.subject, 200) or "(no subject)", "strong"),
        (f" · {safe(item.reverse_path or '<>')} → {safe(item.recipient)}", "text"),
        (" · " + " · ".join(facts), "muted"),
    )


class WhyText(Line):
    """The sentence, on as many lines as it needs, up to `MOST`."""

    def __init__(self, *, styles: Styles = COLOURED, id: str | None = None) -> None:
        super().__init__(styles=styles, id=id)
        self._rows: tuple[tuple[Piece, ...], ...] = ()

    def say(self, pieces: Sequence[Piece], width: int) -> int:
        """Show *pieces*, broken to *width* cells; how many lines that takes."""
        rows = tuple(broken(pieces, width, MOST))
        if rows != self._rows:
            self._rows = rows
            self.refresh()
        return max(1, len(rows))

    def render_line(self, y: int) -> Strip:
        """Draw one of the lines."""
        self._left = self._rows[y] if y < len(self._rows) else ()
        return super().render_line(0)


def broken(pieces: Sequence[Piece], width: int, most: int) -> Iterator[tuple[Piece, ...]]:
    """*pieces* as at most *most* lines, all but the first indented as the first piece is wide.

    What does not fit any more stays on the last line, which is cut where it is drawn.
    """
    if not pieces:
        return
    indent = cell_len(pieces[0][0])
    words = [(word, role) for text, role in pieces[1:] for word in re.findall(r"\s*\S+|\s+$", text)]
    line, used, lines = [pieces[0]], indent, 1
    for word, role in words:
        if used > indent and used + cell_len(word) > width and lines < most:
            yield tuple(line)
            line, used, lines = [(" " * indent, "muted")], indent, lines + 1
            word = word.lstrip()  # noqa: PLW2901 - the blank stays on the line before
        line.append((word, role))
        used += cell_len(word)
    yield tuple(line)


class WhyLine(Vertical):
    """A line of facts, and the sentence below; in a low terminal only the sentence."""

    def __init__(self, *, styles: Styles = COLOURED) -> None:
        super().__init__()
        self._about = Line(styles=styles, id="why-about")
        self._why = WhyText(styles=styles, id="why-why")

    def compose(self) -> list[Line]:
        """The lines."""
        return [self._about, self._why]

    def show(
        self, item: QueueItem | None, why: tuple[Piece, ...] | None, now: float, *, low: bool
    ) -> None:
        """Show what is known of *item*."""
        self._about.display = not low
        if item is None:
            self._about.show([])
            pieces: list[Piece] = []
        else:
            self._about.show([(f" ▌{item.id[-7:]}  ", "accent"), *about(item, now)])
            lead = (f" ▌{item.id[-7:]}  " if low else "   why    ", "accent" if low else "muted")
            pieces = [lead, *(why if why is not None else (("…", "faint"),))]
        lines = self._why.say(pieces, self.app.size.width)
        if self._why.styles.height is None or self._why.styles.height.value != lines:
            self._why.styles.height = lines
