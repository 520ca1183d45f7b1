"""Messages of the queue as rows of a table: which columns there are and what stands in them.

The default columns follow the width of the terminal: under 80 columns ID, AGE, TO and what
went wrong; from 140 on also class and client.  An operator's own choice is shown as chosen,
as far as there is room.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from empath.control.link import QueueItem
from empath.envelope import Priority
from tui.figures import age, due, octets
from tui.pages import FINAL
from tui.safety import safe
from tui.store import Store
from tui.theme import sign
from tui.widgets.columns import Column
from tui.widgets.rows import Cell, Row

NEVER: Final = 10_000
"""A width no terminal has: shown only when chosen, or all that there is."""

COLUMNS: Final = (
    Column("id", "ID", 7),
    Column("state", "STATE", 10, since=76),
    Column("age", "AGE", 6, right=True),
    Column("next", "NEXT", 6, right=True, since=76),
    Column("tries", "TRY", 4, right=True, since=64),
    Column("size", "SIZE", 6, right=True, since=100),
    Column("priority", "PRIO", 8, since=136),
    Column("from", "FROM", 14, share=3, since=100, most=40),
    Column("client", "CLIENT", 13, share=1, since=136, most=24),
    Column("tls", "TLS", 4, since=150),
    Column("to", "TO", 16, share=4, most=46),
    Column("destination", "DESTINATION", 14, share=2, since=NEVER, most=40),
    Column("recipients", "RCPTS", 5, right=True, since=NEVER),
    Column("listener", "LISTENER", 14, share=1, since=NEVER, most=24),
    Column("subject", "SUBJECT", 14, share=3, since=166, most=50),
    Column("note", "LAST REPLY, OR SUBJECT", 10, share=6, until=166),
    Column("reply", "LAST REPLY", 10, share=6, since=166),
)

ABOUT: Final = {
    "id": "the last seven digits of the message's id",
    "state": "queued, deferred, held, active",
    "age": "how long it waits",
    "next": "when it is tried next",
    "tries": "attempts so far",
    "size": "octets",
    "priority": "its class",
    "from": "sender",
    "client": "who handed it in",
    "tls": "TLS version of the session it came in by",
    "to": "recipient, and how many more",
    "destination": "the recipient's domain",
    "recipients": "how many recipients",
    "listener": "where it came in",
    "subject": "subject",
    "note": "last reply, or the subject if there is none",
    "reply": "last reply",
}
"""What each column shows, for the picker."""


def columns_for(chosen: Collection[str], *, wide: bool) -> tuple[Column, ...]:
    """The columns to lay out: those *chosen*, or with none chosen the default ones.

    *wide* shows also what a terminal of this width leaves out, as far as there is room.
    """
    if chosen:
        picked = [column for column in COLUMNS if column.name in chosen]
        return tuple(replace(column, since=0, until=NEVER) for column in picked)
    if wide:
        return tuple(
            replace(column, since=0, until=NEVER)
            for column in COLUMNS
            if column.since < NEVER and column.name not in ("note", "subject")
        )
    return COLUMNS


class QueueRows:
    """The store's pages as rows of a table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return self._store.queue.total

    def row(self, index: int) -> Row | None:
        """The row as it is drawn now."""
        pages = self._store.queue
        item = pages.item_at(index)
        if item is None:
            return None
        return row_of(item, self._store.now, gone=item.id in pages.gone)

    def find(self, id: str) -> int | None:
        """Where a message is."""
        return self._store.queue.row_of(id)


def row_of(item: QueueItem, now: float, *, gone: bool = False) -> Row:
    """One message as cells."""
    mark, role = sign(item.state)
    more = f" +{item.recipients - 1}" if item.recipients > 1 else ""
    cells: dict[str, Cell] = {
        "id": (item.id[-7:], "muted"),
        "state": (f"{mark} {item.state}", role),
        "age": age(now - item.received_at),
        "next": (due(item.next_at, now), "muted"),
        "tries": str(item.attempts) if item.attempts else ("–", "faint"),
        "size": (octets(item.size), "muted"),
        "priority": _priority(item.priority),
        "from": safe(item.reverse_path or "<>"),
        "client": (safe(item.client) or "–", "muted"),
        "tls": _tls(item.tls),
        "to": safe(item.recipient) + more,
        "destination": safe(item.destination),
        "recipients": str(item.recipients),
        "listener": (safe(item.listener) or "–", "muted"),
        "subject": (safe(item.subject, 200), "muted"),
        "reply": (safe(item.last_reply, 300), "muted"),
        "note": (safe(item.last_reply or item.subject, 300), "muted"),
    }
    if gone and item.state not in FINAL:
        cells["state"] = "✖ left"
    return Row(item.id, cells, gone)


def _priority(word: str) -> Cell:
    role = {Priority.CRITICAL.word: "bad", Priority.HIGH.word: "warn"}.get(word, "muted")
    return word, role


def _tls(session: str) -> Cell:
    """``1.3`` of ``TLSv1.3 TLS_AES_256_GCM_SHA384``; a dash for a session in clear."""
    version = session.partition(" ")[0].removeprefix("TLSv")
    return (safe(version, 8), "good") if version else ("–", "faint")
