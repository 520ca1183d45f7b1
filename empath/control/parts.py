"""What control asks of the rest of the engine: one small Protocol a part.

Receiving and delivering live in rooms below; naming here the little that is used keeps this
room's tests free of sockets and mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from empath.address import Domain
from empath.delivery.gates import Gates
from empath.delivery.progress import Position
from empath.envelope import MessageId, Priority
from empath.policy.reachability import Place, Unreached
from empath.policy.verdict import Hold


class Deliverer(Protocol):
    """`empath.delivery.engine.Engine`."""

    @property
    def active(self) -> int:
        """Attempts that run now."""
        ...

    def connections(self) -> Mapping[Domain, int]:
        """Open connections by destination."""
        ...

    @property
    def gates(self) -> Gates:
        """What keeps destinations from their turn."""
        ...

    def explain(self, destination: Domain, priority: Priority) -> tuple[Hold, ...]:
        """What holds mail of this class at *destination* now."""
        ...

    def position(self, id: MessageId, destination: Domain) -> Position | None:
        """Where the attempt at this message stands that runs now; None if none runs."""
        ...

    def unreached(self) -> Mapping[Place, Unreached]:
        """Hosts and addresses that could not be reached lately."""
        ...

    def wake(self) -> None:
        """A gate was changed: look again who may go."""
        ...

    async def keep_gates(self) -> None:
        """Write down what a restart must know of the gates."""
        ...


class Receiving(Protocol):
    """`empath.inbound.listener.Reception`."""

    @property
    def sessions(self) -> int:
        """Sessions open now."""
        ...


Stop = Callable[[str], None]
"""Asks the engine to drain and end, for the reason given."""
