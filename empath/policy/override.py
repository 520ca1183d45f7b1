"""A route that an operator set for one destination, in the place of all others, for a time.

`empathctl destination reroute` and `empathctl dns set-override` set the same thing: the hosts,
and who chose them, why, since when and until when.
"""

from __future__ import annotations

from dataclasses import dataclass

from empath.address import ServerId


@dataclass(frozen=True, slots=True)
class Override:
    """Where a destination's mail goes, whatever config and DNS say."""

    hosts: tuple[ServerId, ...]
    """In order of preference."""
    actor: str = ""
    reason: str = ""
    since: float = 0.0
    until: float | None = None
    """From when on it no longer holds; None: until it is removed."""

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.until is None or now < self.until
