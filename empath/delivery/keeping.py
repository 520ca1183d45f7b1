"""Writes down what a restart must know of the gates, and reads it again.

An operator's change is written before he is told.  Breakers that open and close by themselves
are written soon after, all that turned meanwhile at once: where ten thousand destinations fail,
several do every second, and all of them stand in one text.  What a kill takes is what the last
`PAUSE` taught, and the next attempts teach it again.
"""

from __future__ import annotations

import asyncio
from typing import Final, final

import msgspec

from empath.bus import Bus
from empath.clock import Clock
from empath.delivery.gates import KEY, Gates, written
from empath.events import SpoolFault
from empath.safe_text import safe_text
from empath.spool.face import Spool, SpoolRefused

PAUSE: Final = 1.0
"""Seconds between two times that breakers are written down by themselves."""


@final
class Keeping:
    """Keeps *gates* over a restart."""

    def __init__(self, gates: Gates, spool: Spool, bus: Bus, clock: Clock) -> None:
        self._gates = gates
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._turn = asyncio.Lock()
        self._turned = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Keeping {'changed' if self._turned.is_set() else 'written'}>"

    def turned(self) -> None:
        """A breaker opened or closed by itself."""
        self._turned.set()

    async def run(self) -> None:
        """Write down what turned, again and again."""
        while True:
            await self._turned.wait()
            await self.keep()
            await asyncio.sleep(PAUSE)

    async def finish(self) -> None:
        """Write down what turned since the last time; what is being written is, too."""
        async with self._turn:
            pending = self._turned.is_set()
        if pending:
            await self.keep()

    async def keep(self) -> None:
        """Write down what holds now."""
        async with self._turn:  # a later state is never overtaken by an earlier one
            self._turned.clear()
            kept = self._gates.kept(self._clock.now())
            try:
                # A text of ten thousand breakers takes 20 ms: that is not the loop's to wait for.
                await self._spool.keep(KEY, await asyncio.to_thread(written, kept))
            except SpoolRefused as error:  # They hold all the same, until a restart.
                self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))

    async def restore(self) -> None:
        """Go on with what was written down."""
        try:
            text = await self._spool.setting(KEY)
            if text:
                self._gates.restore(text)
        except (SpoolRefused, msgspec.MsgspecError, ValueError) as error:
            sentence = f"Breakers and suspensions cannot be read and begin anew: {error}"
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=safe_text(sentence)))
