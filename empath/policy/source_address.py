"""Which address of this machine a connection comes from."""

from __future__ import annotations

from empath.config.model import Config
from empath.policy.routing import Target

Sources = tuple[str | None, str | None]
"""The addresses of this machine to connect from, IPv4 and IPv6; None where the system chooses."""


def sources_for(target: Target, config: Config) -> Sources:
    """Those of the target's route, else those for all mail."""
    fixed, every = target.fixed, config.delivery
    if fixed is None:
        return every.source_address, every.source_address_v6
    return (
        fixed.source_address or every.source_address,
        fixed.source_address_v6 or every.source_address_v6,
    )
