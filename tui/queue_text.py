"""The queue at a glance as lines of text: by state, by class, by age, and what comes next.

Pure: figures, a time and a width in, lines out.
"""

from __future__ import annotations

from typing import Final

from rich.text import Text

from empath.control.link import Shape, Status, Upcoming
from tui.figures import age, count, due, short_count
from tui.theme import Styles, sign
from tui.widgets.shape_table import bin_titles, heat, tight
from tui.widgets.spark import BLOCKS

CLASSES: Final = ("critical", "high", "normal", "low", "bulk")
STATES: Final = ("queued", "active", "deferred", "held")


def queue_lines(
    status: Status,
    shape: Shape | None,
    upcoming: Upcoming | None,
    now: float,
    width: int,
    styles: Styles,
) -> list[Text]:
    """By state with bars, by class, an age histogram, the oldest and the next."""
    lines = _states(status, width, styles)
    if shape is not None:
        lines.append(_classes(shape, status, styles))
        lines += _ages(shape, width, styles)
    oldest = None if status.oldest_at is None else now - status.oldest_at
    text = Text.assemble((" oldest   ", styles["muted"]), (age(oldest), styles["text"]))
    if shape is not None and shape.expires_at is not None:
        left = max(0.0, shape.expires_at - now)
        role = "bad" if left < 3600 else "warn" if left < 6 * 3600 else "muted"
        text.append(f" → given up in {age(left)}", styles[role])
    lines.append(text)
    text = Text.assemble(
        (" next due ", styles["muted"]), (due(status.next_at, now), styles["text"])
    )
    soon = status.next_at is not None and status.next_at - now < 300
    # The count is some seconds old: none is said only where nothing says otherwise.
    if upcoming is not None and upcoming.due and (upcoming.due[0] or not soon):
        text.append(f" · {count(upcoming.due[0])} within 5 min", styles["muted"])
    lines.append(text)
    return lines


def _states(status: Status, width: int, styles: Styles) -> list[Text]:
    numbers = {state: int(getattr(status, state)) for state in STATES}
    most = max(numbers.values(), default=0)
    room = max(0, width - 24)
    lines = []
    for state, number in numbers.items():
        mark, role = sign(state)
        length = 0 if not number else max(1, round(number / most * room))
        lines.append(
            Text.assemble(
                (f" {mark} {state:<9}", styles[role if number else "muted"]),
                (f"{count(number):>9}  ", styles["strong" if number else "muted"]),
                ("█" * length, styles[role]),
            )
        )
    return lines


def _classes(shape: Shape, status: Status, styles: Styles) -> Text:
    """One line of at most 46 cells: the classes that mail waits of."""
    text = Text()
    shown = [name for name in CLASSES if shape.classes.get(name)]
    for name in shown:
        text.append(f" {name[:4]} ", styles["muted"])
        text.append(short_count(shape.classes[name]), styles["text"])
    if not shown:
        said = " by class: being counted …" if status.messages else " no mail waits"
        text.append(said, styles["muted"])
    return text


def _ages(shape: Shape, width: int, styles: Styles) -> list[Text]:
    """Minutes since arrival, recipients, and a block for each bin."""
    bins = shape.total.bins
    room = max(4, (width - 6) // max(1, len(bins)))
    most = max(bins, default=0)
    lead = 6 if room > 4 else 5
    titles = Text(" age".ljust(lead), styles["muted"])
    numbers = Text(" min".ljust(lead), styles["muted"])
    blocks = Text(" " * lead)
    for place, (title, number) in enumerate(zip(bin_titles(shape.bounds), bins, strict=True), 1):
        if room == 4 and place == len(bins):
            room = 5  # the last title has a sign more
        titles.append(title.rjust(room), styles["muted"])
        numbers.append(_tightest(number, room).rjust(room), styles["text" if number else "muted"])
        height = 0 if not number else max(1, round(8 * number / most))
        role = {"heat4": "bad", "heat3": "warn"}.get(heat(number, most), "info")
        blocks.append((BLOCKS[height] * 2).rjust(room), styles[role])
    return [titles, numbers, blocks]


def _tightest(number: int, room: int) -> str:
    """A number that leaves a blank in *room* cells, four at the least."""
    shown = tight(number)
    if len(shown) < room:
        return shown
    return f"{number / 1000:.0f}k" if number < 999_500 else f"{number / 1e6:.0f}M"
