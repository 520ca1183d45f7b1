"""What control asks of the rest of the engine: one small Protocol a part.

Receiving and delivering live in rooms below; naming here the little that is used keeps this
room's tests free of sockets and mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from empath.address import Domain


class Deliverer(Protocol):
    """`empath.delivery.engine.Engine`."""

    @property
    def active(self) -> int:
        """Attempts that run now."""
        ...

    def connections(self) -> Mapping[Domain, int]:
        """Open connections by destination."""
        ...


class Receiving(Protocol):
    """`empath.inbound.listener.Reception`."""

    @property
    def sessions(self) -> int:
        """Sessions open now."""
        ...


Stop = Callable[[str], None]
"""Asks the engine to drain and end, for the reason given."""
