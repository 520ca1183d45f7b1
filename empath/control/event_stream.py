"""The engine's events as one operator reads them: numbered, in batches, with losses counted."""

from __future__ import annotations

from empath.bus import Reader
from empath.control.link import Notice


class EventStream:
    """Numbered events for one reader, each with how many were lost before it."""

    def __init__(self, reader: Reader, last: int) -> None:
        self._reader = reader
        self._last = last

    async def batch(self) -> list[Notice]:
        """Wait for events and take all that wait.  Loses none when cancelled."""
        notices = []
        for numbered in await self._reader.batch():
            missed = max(0, numbered.sequence - self._last - 1)
            self._last = numbered.sequence
            notices.append(Notice(sequence=numbered.sequence, event=numbered.event, missed=missed))
        return notices
