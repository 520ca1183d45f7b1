"""The keys of messages and of their timeline's entries: milliseconds, then a tail.

Keys made by one process are unique and rise, also when several are made in a millisecond
and when the clock is set back a little.  When it is set back a lot (a machine that began
in the wrong year) keys follow it, so that ages and expiry are right from then on.
"""

from __future__ import annotations

import random
from typing import final

from empath.clock import Clock

_TAIL_BITS = 21
_STEP_BACK = 10_000
"""Milliseconds that a clock may go back without keys going back too."""


@final
class Keys:
    """Gives out keys."""

    def __init__(self, clock: Clock, newest: int = 0) -> None:
        """*newest* is the greatest key that is in use already."""
        self._clock = clock
        self.newest = newest
        """No key is greater, of those in use at the start and those given out since."""
        self._last = 0
        # Ids are no secrets: the system's own randomness costs a call into it for each.
        self._draw = random.Random().getrandbits  # noqa: S311

    def next(self) -> int:
        """A new key."""
        now = int(self._clock.now() * 1000)
        behind = (self._last >> _TAIL_BITS) - now
        if 0 <= behind < _STEP_BACK:
            self._last += 1
        else:
            # A random start keeps keys apart from those of a process before this one.
            self._last = now << _TAIL_BITS | self._draw(_TAIL_BITS - 1)
        self.newest = max(self.newest, self._last)
        return self._last
