"""Keeps captured mail to `dev.keep` messages: the oldest go first, and nobody is told.

Looks once mail was captured or the config was changed, at most once in `EVERY` seconds, so that a
burst is tidied up in one go.  What an operator holds by hand is not captured mail and stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.events import ConfigReloaded, Event, MessageAccepted, SpoolFault
from empath.query import QueueQuery, Term
from empath.spool.face import Spool, SpoolRefused

EVERY: Final = 1.0
"""Seconds between two looks."""
CAPTURED_MAIL: Final = QueueQuery((Term("state", "held"), Term("hold", "captured")))
"""What captured mail is found by."""
_PAGE: Final = 1000


@final
class CaptureLimit:
    """Forgets old captured mail; `run` is its task, and it is a fold of the bus."""

    def __init__(
        self, *, spool: Spool, config: Callable[[], Config], bus: Bus, clock: Clock
    ) -> None:
        self._spool = spool
        self._config = config
        self._bus = bus
        self._clock = clock
        self._wake = asyncio.Event()
        self._wake.set()  # what an earlier run has left counts too
        self.every = EVERY
        """Seconds between two looks."""

    def __repr__(self) -> str:
        return f"<CaptureLimit {self._config().dev.keep}>"

    def __call__(self, event: Event) -> None:
        """Mail was captured, or less of it may be kept: look again, soon."""
        captured = isinstance(event, MessageAccepted) and event.held
        if captured or isinstance(event, ConfigReloaded):
            self._wake.set()

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._config().mode is Mode.DEV:
                try:
                    await self.look()
                except SpoolRefused as error:
                    self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
            await asyncio.sleep(self.every)

    async def look(self) -> int:
        """Delete what is too much; how many messages that were."""
        keep = self._config().dev.keep
        page = await self._spool.page(CAPTURED_MAIL, sort="-age", limit=1)
        if not keep or page.matched <= keep:
            return 0
        ids, cursor, seen = [], "", 0
        while seen == 0 or cursor:
            page = await self._spool.page(CAPTURED_MAIL, sort="-age", cursor=cursor, limit=_PAGE)
            ids += [row.id for place, row in enumerate(page.rows, seen) if place >= keep]
            seen += len(page.rows)
            cursor = page.next_cursor
            if not page.rows:
                break
        if ids:
            at = self._clock.now()
            await self._spool.delete(
                QueueQuery(ids=tuple(ids)), actor="empath", reason="more than dev.keep", at=at
            )
        return len(ids)
