"""One event in full: the lines below the log, and what can be copied of it."""

from __future__ import annotations

import textwrap

from rich.text import Text

from tui.event_lines import EventLine
from tui.export import exported
from tui.figures import moment
from tui.theme import Styles

WRAPPED = 4
"""Lines that the text of an event may take."""


def detail_lines(line: EventLine | None, width: int, styles: Styles) -> list[Text]:
    """What is known of an event, in lines of at most *width* cells."""
    if line is None:
        return []
    head = Text.assemble(
        (f" {line.sign} {line.word}", styles[line.role]),
        (f"  {moment(line.at)}", styles["text"]),
        (f"  event {line.sequence}", styles["muted"]),
        (f"  message {line.id}" if line.id else "", styles["text"]),
        (f"  to {line.destination}" if line.destination else "", styles["muted"]),
    )
    lines = [head, Text.assemble((f" {line.subject}", styles["text"]))]
    wrapped = textwrap.wrap(line.detail, width)[:WRAPPED]
    return [*lines, *(Text.assemble((f" {part}", styles["muted"])) for part in wrapped)]


def copies_of(line: EventLine) -> list[tuple[str, str]]:
    """What ``y`` offers of an event."""
    found = [("the line", f"{moment(line.at)} {line.word} {line.subject} {line.detail}")]
    if line.id:
        found = [("message id", line.id), *found]
        found.append(("empathctl command", f"empathctl queue view {line.id}"))
    if line.destination:
        found.append(("destination", line.destination))
    found.append(("JSON", exported([line], "jsonl").decode().rstrip("\n")))
    return found
