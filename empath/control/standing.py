"""What the history of a message says of one of its recipients: what `policy.why` explains."""

from __future__ import annotations

from empath.control.parts import Deliverer
from empath.delivery.route import RouteFinder
from empath.envelope import NextHop, State
from empath.events import AttemptEnded, NotificationSent, OperatorActed
from empath.policy.why import Standing
from empath.spool.face import MessageRecord, RecipientRow


def rerouted(row: RecipientRow, finder: RouteFinder) -> NextHop | None:
    """Where a recipient goes instead of to its destination's own servers, if it does."""
    hop = finder.in_force(row.next_hop)
    if hop is not None or row.state.final:
        return hop
    override = finder.override(row.destination)
    return None if override is None else NextHop(override.hosts[0], override.until)


def standing(
    record: MessageRecord, row: RecipientRow, engine: Deliverer | None, hop: NextHop | None
) -> Standing:
    """What the history says of one recipient, that goes to *hop* if given."""
    last: AttemptEnded | None = None
    actor, told = "", False
    for event in record.timeline:
        match event:
            case AttemptEnded() if any(each.number == row.number for each in event.results):
                last = event
            case OperatorActed(action="hold" | "delete" | "bounce"):
                actor = event.actor
            case OperatorActed(action="release"):
                actor = ""
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
        hold_reason=row.hold_reason,
        server=last.server if last else "",
        stage=last.stage if last else "",
        ended_at=last.at if last else None,
        actor=actor if operated else "",
        told=told,
        began_at=None if running is None else running.began_at,
        doing="" if running is None else running.shown,
        doing_since=None if running is None else running.since,
        next_hop=None if hop is None else hop.host,
        next_hop_until=None if hop is None else hop.until,
    )


def _refused(last: AttemptEnded | None, number: int) -> bool:
    """The last attempt failed that recipient, rather than an operator."""
    return last is not None and any(
        each.number == number and each.result == "failed" for each in last.results
    )
