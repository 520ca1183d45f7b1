"""Whether the engine answers: the console's view of its link, as a value that is folded.

`LIVE` turns `STALE` when replies stay out for three ticks, and `OFFLINE` when the link says
it is lost; then tries come after 0.25 to 8 seconds with jitter.  An engine that speaks another
protocol is `INCOMPATIBLE`: it may be looked at, not changed.  Plain Python; times are
monotonic seconds handed in.
"""

from __future__ import annotations

import enum
import random
from typing import Any, Final, final

from empath.control.link import PROTOCOL, LinkIncompatible, LinkLost, NoEngine, Pong, Request

FIRST_WAIT: Final = 0.25
LAST_WAIT: Final = 8.0
STALE_AFTER: Final = 3.0
"""Seconds without a reply: three missed ticks of the header."""


def changes_something(request: Request[Any]) -> bool:
    """It is no question, and no dry run."""
    return request.changes and not getattr(request, "dry_run", False)


def unanswered(request: Request[Any], lost: LinkLost) -> LinkLost:
    """What is to be said of a request whose answer did not come."""
    if not changes_something(request) or isinstance(lost, LinkIncompatible):
        return lost
    if isinstance(lost, NoEngine):
        return LinkLost(f"Nothing was sent. {lost}")
    return LinkLost(f"It is not known whether this was done: look once the engine answers. {lost}")


class Phase(enum.Enum):
    """How the link stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"
    INCOMPATIBLE = "incompatible"


@final
class Connection:
    """The state of the link, its latency, and when to try again."""

    def __init__(
        self, rng: random.Random, *, read_only: bool = False, recorded: bool = False
    ) -> None:
        """*recorded* says that a recording answers, which has no silence and takes no change."""
        self._recorded = recorded
        self._random = rng
        self._read_only = read_only
        self.pong: Pong | None = None
        self.latency: float | None = None
        """Seconds that the last request took."""
        self.sentence = ""
        """Why the link is lost, for the operator."""
        self.lost_at: float | None = None
        self.heard_at: float | None = None
        self.attempt = 0
        self._lost = False
        self._incompatible = False

    def __repr__(self) -> str:
        return f"<Connection attempt={self.attempt} lost={self._lost}>"

    def greeted(self, pong: Pong, at: float) -> bool:
        """The engine answered a ping; True when it is another engine than before."""
        another = self.pong is not None and (self.pong.pid, self.pong.started_at) != (
            pong.pid,
            pong.started_at,
        )
        self.pong = pong
        self.heard(at)
        return another

    def heard(self, at: float, latency: float | None = None) -> None:
        """A reply came."""
        self.heard_at = at
        self._lost = False
        self.lost_at = None
        self.attempt = 0
        self.sentence = ""
        if latency is not None:
            self.latency = latency

    def lost(self, sentence: str, at: float, *, incompatible: bool = False) -> float:
        """The link is gone; returns how many seconds to wait before the next try.

        *incompatible* says that something answers, in a way that cannot be read.
        """
        self._lost = True
        self._incompatible = incompatible
        self.sentence = sentence
        if self.lost_at is None:
            self.lost_at = at
        wait = min(LAST_WAIT, FIRST_WAIT * 2.0 ** min(self.attempt, 10))
        self.attempt += 1
        return wait * self._random.uniform(0.75, 1.0)

    def phase(self, at: float) -> Phase:
        """How the link stands at monotonic *at*."""
        if self._lost:
            return Phase.INCOMPATIBLE if self._incompatible else Phase.OFFLINE
        if self.pong is None or self.heard_at is None:
            return Phase.CONNECTING
        if at - self.heard_at > STALE_AFTER and not self._recorded:
            return Phase.STALE
        if self.pong.protocol != PROTOCOL:
            return Phase.INCOMPATIBLE
        return Phase.LIVE

    def stale_in(self, at: float) -> float:
        """Seconds from monotonic *at* until silence makes it `STALE`; 0 once it is."""
        return max(0.0, (self.heard_at or 0.0) + STALE_AFTER - at)

    @property
    def read_only(self) -> bool:
        """The console or its link may look and not touch."""
        return self._read_only or (self.pong is not None and self.pong.read_only)

    def why_no_change(self, at: float) -> str:
        """Why nothing may be changed now, as a sentence; empty when it may."""
        if self._recorded:
            return "This is a recording: nothing can be changed."
        match self.phase(at):
            case Phase.CONNECTING:
                return "Not connected yet: wait for the first snapshot."
            case Phase.OFFLINE:
                return "The engine does not answer: changes wait until it does."
            case Phase.STALE:
                return "The engine has not answered for some seconds: changes wait until it does."
            case Phase.INCOMPATIBLE:
                return "The engine speaks another protocol: restart this console to change things."
            case Phase.LIVE:
                return "This console is read-only." if self.read_only else ""
