"""What Empath has done since it started, as counters folded from the events.

Rates are for the reader to derive.  A counter only grows, and is exact: the fold sees every
event.
"""

from __future__ import annotations

from dataclasses import dataclass

from empath.events import AttemptEnded, Event, MessageAccepted, OperatorActed, SessionRefused


@dataclass(slots=True)
class Counters:
    """Totals since the start; call it with each event (``bus.fold(counters)``)."""

    accepted: int = 0
    """Messages acknowledged to a client."""
    octets: int = 0
    """Octets of those messages."""
    refused: int = 0
    """Clients sent away, commands refused, messages refused."""
    delivered: int = 0
    """Recipients whose server took the message."""
    deferrals: int = 0
    """Times that a recipient has to be tried again."""
    bounced: int = 0
    """Recipients given up by an attempt: refused for good, or too old."""
    returned: int = 0
    """Recipients that an operator returned to their senders."""

    def __call__(self, event: Event) -> None:
        """Count one event."""
        match event:
            case MessageAccepted():
                self.accepted += 1
                self.octets += event.size
            case AttemptEnded():
                for result in event.results:
                    match result.result:
                        case "delivered":
                            self.delivered += 1
                        case "deferred":
                            self.deferrals += 1
                        case _:
                            self.bounced += 1
            case OperatorActed(action="bounce"):
                self.returned += event.recipients
            case SessionRefused():
                self.refused += 1
            case _:
                pass
