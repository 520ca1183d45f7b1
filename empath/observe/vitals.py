"""What a config on trial is judged by: the engine's health, folded from the events.

`Vitals` counts what `Counters` does not (faults of the spool and of the engine's tasks), and
`health` puts both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from empath.events import Event, SessionRefused, SpoolFault, TaskFailed
from empath.observe.health import LoopLag
from empath.observe.metrics import Counters
from empath.policy.probation import Health

_SPOOL_REPLIES: Final = ("452 4.3.1", "451 4.3.0")
"""What a client is told when the spool refuses its message."""


@dataclass(slots=True)
class Vitals:
    """Totals since the start; call it with each event (``bus.fold(vitals)``)."""

    counters: Counters
    lag: LoopLag
    refusals: int = 0
    errors: int = 0

    def __call__(self, event: Event) -> None:
        """Count one event."""
        match event:
            case SpoolFault():
                self.refusals += 1
            case SessionRefused(reply=reply) if reply.startswith(_SPOOL_REPLIES):
                self.refusals += 1
            case TaskFailed():
                self.errors += 1
            case _:
                pass

    def health(self) -> Health:
        """How the engine is."""
        return Health(
            delivered=self.counters.delivered,
            failed=self.counters.deferrals + self.counters.bounced,
            refusals=self.refusals,
            errors=self.errors,
            lag=self.lag.worst,
        )
