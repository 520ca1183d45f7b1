"""How fast a message's content comes: a client that only drips it does not hold a connection.

Content is judged by its silence, its rate and its whole time (SMTP-RULES L3).  *now* is monotonic
throughout.
"""

from __future__ import annotations

from typing import Final, final

from empath.config.model import Inbound

RATE_WINDOW: Final = 120.0
"""Seconds over which the rate is taken: shorter stalls are the network's."""


@final
class Pace:
    """How the content of one message comes."""

    __slots__ = ("_began_at", "_octets", "_since")

    def __init__(self, began_at: float) -> None:
        self._began_at = self._since = began_at
        self._octets = 0

    def __repr__(self) -> str:
        return f"<Pace since={self._since} octets={self._octets}>"

    def forgive(self, seconds: float) -> None:
        """The client was kept waiting by us; that is not held against its rate."""
        self._since += seconds

    def late(self, now: float, heard_at: float, octets: int, limits: Inbound) -> bool:
        """Whether the last octet came too long ago, the first did, or the *octets* in all are
        too few by now.
        """
        return (
            now - heard_at > limits.content_timeout
            or now - self._began_at > limits.content_deadline
            or self._too_slow(now, octets, limits)
        )

    def _too_slow(self, now: float, octets: int, limits: Inbound) -> bool:
        elapsed = now - self._since
        if elapsed < RATE_WINDOW:
            return False
        slow = (octets - self._octets) < limits.content_rate * elapsed
        self._since, self._octets = now, octets
        return slow
