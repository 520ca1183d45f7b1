"""What `y` offers for a message of the queue: the texts an operator pastes elsewhere.  Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from empath import codec
from empath.control.link import QueueItem
from empath.envelope import MessageId
from tui.figures import plural
from tui.safety import safe

MOST: Final = 1000
"""Most marked messages whose ids are copied at once."""


def copies_of(
    item: QueueItem | None, marked: Sequence[MessageId], query: str
) -> list[tuple[str, str]]:
    """Titles and texts: of the message under the cursor, of the marked ones, of the filter."""
    found: list[tuple[str, str]] = []
    if item is not None:
        found = [
            ("id", item.id),
            ("sender", item.reverse_path or "<>"),
            ("recipient", item.recipient),
            ("last reply", item.last_reply),
            ("subject", item.subject),
            ("JSON", codec.encode(item).decode()),
            ("empathctl why", f"empathctl why {item.id}"),
            ("empathctl view", f"empathctl queue view {item.id}"),
        ]
    if marked:
        ids = "\n".join(marked[:MOST])
        found.append((f"ids of {plural(len(marked), 'marked message')}", ids))
    line = f"empathctl queue list -q {shlex.quote(query)}" if query else "empathctl queue list"
    found.append(("empathctl line of this list", line))
    return [(title, "\n".join(map(safe, text.split("\n")))) for title, text in found if text]
