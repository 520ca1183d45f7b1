"""How the engine itself is: how late its loop runs, how much memory it holds.

The loop is measured from within: a timer that comes late shows how long something else held
the loop.  Measuring costs 20 wake-ups a second.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from pathlib import Path
from typing import Final

from empath.clock import Clock

WINDOW: Final = 10.0
"""Seconds for which a lag is remembered."""
_PERIOD: Final = 0.05
_STATM: Final = Path("/proc/self/statm")


class LoopLag:
    """The worst lag of the event loop in the last ten seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Falling values only: the first is the worst, and each one is the worst since it was.
        self._peaks: deque[tuple[float, float]] = deque()

    def __repr__(self) -> str:
        return f"<LoopLag {self.worst * 1000:.1f} ms>"

    @property
    def worst(self) -> float:
        """Seconds; 0 when nothing was late."""
        self._forget()
        return self._peaks[0][1] if self._peaks else 0.0

    def note(self, lag: float) -> None:
        """Remember that the loop was *lag* seconds late just now."""
        lag = max(0.0, lag)
        self._forget()
        while self._peaks and self._peaks[-1][1] <= lag:
            self._peaks.pop()
        self._peaks.append((self._clock.monotonic(), lag))

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(_PERIOD)
            self.note(self._clock.monotonic() - before - _PERIOD)

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - WINDOW
        while self._peaks and self._peaks[0][0] < oldest:
            self._peaks.popleft()


def resident_memory(statm: Path = _STATM) -> int:
    """Octets of memory this process holds; 0 where the system does not say (not Linux)."""
    try:
        pages = int(statm.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
