"""What may keep mail from its turn, and how it says so.

A gate answers with a verdict: None lets a destination have its turn, a `Hold` names the
reason, until when it lasts, and the setting or fact that caused it (DESIGN P6).  Gates are
told of each start, so that the next verdict counts it.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from empath.address import Domain


class Hold(Struct, frozen=True):
    """Not this destination now."""

    reason: str
    """What keeps it, as the end of a sentence that begins "held because"."""
    until: float | None = None
    """Seconds since the epoch; None: until an attempt there ends, or an operator acts."""
    source: str = ""
    """The setting or fact behind it, such as ``delivery.per_destination``."""


Verdict = Hold | None
"""What a gate says: None lets the destination have its turn."""


class Gate(Protocol):
    """Something that may keep a destination from its turn: a cap, a rate, a breaker."""

    def verdict(self, destination: Domain, now: float) -> Verdict:
        """Whether *destination* may have a turn now; changes nothing that shows."""
        ...

    def started(self, destination: Domain, now: float) -> None:
        """An attempt at *destination* was chosen."""
        ...
