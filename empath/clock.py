"""Time as something handed in: `SystemClock` in the product, a hand-turned clock in tests.

Pure floors do not even import this; they take `now` as a number.
"""

from __future__ import annotations

import time
from typing import Protocol, final


class Clock(Protocol):
    """What the time is."""

    def now(self) -> float:
        """Seconds since the Unix epoch; for what is stored and shown."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines and for measuring."""
        ...


@final
class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    now = staticmethod(time.time)  # noqa: TID251 - the clock that everybody is given
    monotonic = staticmethod(time.monotonic)
