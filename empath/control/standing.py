"""What the history of a message says of one of its recipients: what `policy.why` explains."""

from __future__ import annotations

from typing import NamedTuple

from empath.address import ServerId
from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder
from empath.envelope import NextHop, State
from empath.events import AttemptEnded, NotificationSent, OperatorActed
from empath.policy.why import Standing
from empath.spool.face import MessageRecord, RecipientRow


class Detour(NamedTuple):
    """Where an operator sends mail, and until when."""

    hosts: tuple[ServerId, ...]
    """In order of preference."""
    until: float | None

    @classmethod
    def of(cls, hop: NextHop | None) -> Detour | None:
        """That of one recipient."""
        return None if hop is None else cls((hop.host,), hop.until)

    def __str__(self) -> str:
        return ", ".join(self.hosts)


def rerouted(row: RecipientRow, finder: RouteFinder) -> Detour | None:
    """Where a recipient goes instead of to its destination's own servers, if it does."""
    hop = finder.in_force(row.next_hop)
    if hop is not None:
        return Detour.of(hop)
    override = None if row.state.final else finder.override(row.destination)
    return None if override is None else Detour(override.hosts, override.until)


def standing(
    record: MessageRecord, row: RecipientRow, engine: Deliverer | None, hop: Detour | None
) -> Standing:
    """What the history says of one recipient, that goes to *hop* if given."""
    last: AttemptEnded | None = None
    actor, before, told, uncertain, ours = "", "", False, False, False
    for event in record.timeline:
        match event:
            case AttemptEnded():
                for each in event.results:
                    if each.number == row.number:
                        last, ours = event, each.ours
                        uncertain = event.uncertain and ours
            case OperatorActed() if not event.touched(row.number):
                pass  # It was about others of the same message.
            case OperatorActed(action="hold" | "delete" | "bounce"):
                before, actor = actor, event.actor
            case OperatorActed(action="release"):
                before, actor = actor, ""
            case OperatorActed(action="undo hold" | "undo release" | "restore"):
                actor = before
            case NotificationSent() if event.kind == "failed":
                told = told or row.recipient.address in event.recipients
            case _:
                pass
    running = None if engine is None else engine.position(record.id, row.destination)
    operated = row.state in (State.HELD, State.DELETED) or (
        row.state is State.FAILED and not _refused(last, row.number)
    )
    return Standing(
        address=row.recipient.address,
        destination=row.destination,
        state=row.state,
        priority=record.envelope.priority,
        attempts=row.attempts,
        next_at=row.next_at,
        last_reply=row.last_reply,
        ours=ours and not operated,
        uncertain=uncertain and not operated,
        hold_reason=row.hold_reason,
        server=last.server if last else "",
        stage=last.stage if last else "",
        ended_at=last.at if last else None,
        actor=actor if operated else "",
        told=told,
        began_at=None if running is None else running.began_at,
        doing="" if running is None else running.shown,
        doing_since=None if running is None else running.since,
        next_hop=None if hop is None else str(hop),
        next_hop_until=None if hop is None else hop.until,
    )


def _refused(last: AttemptEnded | None, number: int) -> bool:
    """The last attempt failed that recipient, rather than an operator."""
    return last is not None and any(
        each.number == number and each.result == "failed" for each in last.results
    )
