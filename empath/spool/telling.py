"""Adding to the timeline of a message without changing what becomes of it.

For what happens to mail that stays held, such as a trial delivery of captured mail.
"""

from __future__ import annotations

import asyncio
from typing import final

import apsw

from empath import codec
from empath.events import MessageEvent
from empath.spool.writer import Single


@final
class Tell(Single[None]):
    """Write an event into the timeline; with a reason, held recipients are held for that now."""

    __slots__ = ("_event", "_key", "_place", "_reason")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, place: int, event: MessageEvent, reason: str
    ) -> None:
        super().__init__(loop)
        self._key = event.id.key
        self._place = place
        self._event = codec.encode(event).decode()
        self._reason = reason

    def run(self, cursor: apsw.Cursor) -> None:
        """Write it, if there is still such a message."""
        cursor.execute(
            "INSERT INTO timeline (key, place, event)"
            " SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM message WHERE key = ?1)",
            (self._key, self._place, self._event),
        )
        if self._reason:
            cursor.execute(
                "UPDATE recipient SET hold_reason = ? WHERE key = ? AND state = 2",
                (self._reason, self._key),
            )

    def landed(self) -> None:
        """Nothing in memory follows from it."""
