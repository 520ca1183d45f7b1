"""Who read whose mail: a record of bodies that operators read, outside dev mode.

One entry for a message and operator in `EVERY` seconds, whatever he reads of it.  What he is told
of the envelope and of the subject is not the body.
"""

from __future__ import annotations

import re
from typing import Final, final

from empath.bus import Bus
from empath.clock import Clock
from empath.control.ledger import Ledger
from empath.envelope import MessageId
from empath.spool.face import Spool

EVERY: Final = 3600.0
"""Seconds for which one entry speaks."""
KEPT: Final = 1000
"""Readings that are remembered; of more, the oldest are noted anew."""
_PROCESS: Final = re.compile(r" pid \d+$")


@final
class Reading:
    """Remembers who read what lately; one for an engine."""

    def __init__(self, spool: Spool, bus: Bus, clock: Clock) -> None:
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._noted: dict[tuple[str, MessageId], float] = {}

    def __repr__(self) -> str:
        return f"<Reading {len(self._noted)}>"

    async def note(self, actor: str, id: MessageId) -> None:
        """*actor* reads the body of *id*."""
        who = (_PROCESS.sub("", actor), id)
        now = self._clock.monotonic()
        at = self._noted.get(who)
        if at is not None and now - at < EVERY:
            return
        self._noted.pop(who, None)
        self._noted[who] = now
        while len(self._noted) > KEPT:
            del self._noted[next(iter(self._noted))]
        ledger = Ledger(spool=self._spool, bus=self._bus, clock=self._clock, actor=actor)
        await ledger.note("read", id)
