"""From the spool's rows to what an operator sees: pure conversions, and their bounds.

A reply stays readable and small whatever the message: long lists are cut here, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from empath.address import Domain
from empath.config.model import Config, Mode
from empath.control.link import (
    DestinationItem,
    MessageView,
    QueueItem,
    RecipientItem,
    SpoolReport,
    TlsDestination,
)
from empath.control.standing import Detour
from empath.envelope import MessageId, State
from empath.events import AttemptEnded, MessageAccepted, MessageEvent
from empath.observe.encryption import Encryption
from empath.spool.face import DestinationRow, MessageRecord, QueueRow, RecipientRow, SpoolStats

RECIPIENTS_SHOWN: Final = 1000
"""Most recipients in one view; those that still wait come first."""
TIMELINE_SHOWN: Final = 200
"""Most events in one view; the newest are kept."""


Shut: TypeAlias = Mapping[Domain, float | None]
"""Destinations that get no attempt for long, and until when; None: until an operator acts."""
NONE_SHUT: Final[Shut] = MappingProxyType({})


def next_attempt(due_at: float | None, destination: Domain, shut: Shut) -> float | None:
    """When mail that is due at *due_at* may go: not while its destination is *shut*."""
    if due_at is None or destination not in shut:
        return due_at
    until = shut[destination]
    return None if until is None else max(due_at, until)


def queue_item(row: QueueRow, shut: Shut = NONE_SHUT, now: float = inf) -> QueueItem:
    """One line of the queue."""
    next_at = row.next_at
    # The time is that of the first of its recipients, the destination that of one that waits.
    # What is due and goes elsewhere does not wait; of what is due later nothing is known here.
    if next_at is not None and (row.recipients == 1 or next_at <= now):
        next_at = next_attempt(next_at, row.destination, shut)
    return QueueItem(
        id=row.id,
        state=row.state.word,
        received_at=row.received_at,
        next_at=next_at,
        attempts=row.attempts,
        size=row.size,
        priority=row.priority.word,
        reverse_path=row.reverse_path,
        recipient=row.recipient,
        recipients=row.recipients,
        destination=row.destination,
        last_reply=row.last_reply,
        subject=row.subject,
        client=row.client,
        listener=row.listener,
        tls=row.tls,
    )


def destination_item(
    row: DestinationRow, connections: Mapping[Domain, int], shut: Shut = NONE_SHUT
) -> DestinationItem:
    """One line of the destinations."""
    return DestinationItem(
        destination=row.destination,
        queued=row.counts.get(State.QUEUED, 0),
        deferred=row.counts.get(State.DEFERRED, 0),
        held=row.counts.get(State.HELD, 0),
        active=row.counts.get(State.ACTIVE, 0),
        connections=connections.get(row.destination, 0),
        oldest_at=row.oldest_at,
        next_at=next_attempt(row.next_at, row.destination, shut),
        last_reply=row.last_reply,
    )


def tls_destination(known: Encryption) -> TlsDestination:
    """How mail to one destination was encrypted."""
    return TlsDestination(
        destination=known.destination,
        policy=known.policy,
        source=known.source,
        versions=dict(known.versions),
        verified=known.verified,
        plaintext=known.plaintext,
        failures=dict(known.failures),
        names=known.names,
        expires_at=known.expires_at,
        last_at=known.last_at,
        last_failure=known.last_failure,
        last_failure_at=known.last_failure_at,
    )


def given_up_after(config: Config) -> float:
    """The age in seconds at which mail is given up; infinite in dev mode, which tries none."""
    return inf if config.mode is Mode.DEV else config.delivery.retry.expiry


def message_view(
    record: MessageRecord,
    *,
    expiry: float,
    headers: tuple[tuple[str, str], ...],
    hop: Callable[[RecipientRow], Detour | None] = lambda row: Detour.of(row.next_hop),
    doing: Callable[[MessageId, Domain], str] = lambda _id, _destination: "",
) -> MessageView:
    """Everything about one message; *expiry* as `given_up_after` tells it.

    *hop* says where a recipient is re-routed, *doing* what an attempt that runs now waits for.
    """
    envelope, origin = record.envelope, record.origin
    tried = any(not row.state.final and row.state is not State.HELD for row in record.recipients)
    waiting_first = sorted(record.recipients, key=lambda row: (row.state.final, row.number))
    recipients = tuple(
        _recipient(
            row,
            hop(row),
            doing(record.id, row.destination) if row.state is State.ACTIVE else "",
        )
        for row in waiting_first[:RECIPIENTS_SHOWN]
    )
    return MessageView(
        id=record.id,
        reverse_path=envelope.reverse_path,
        recipients=tuple(sorted(recipients, key=lambda item: item.number)),
        recipient_count=len(record.recipients),
        subject=record.subject,
        size=record.size,
        sha256=record.sha256,
        priority=envelope.priority.word,
        received_at=record.received_at,
        expires_at=record.received_at + expiry if tried and expiry < inf else None,
        client=origin.client,
        helo=origin.helo,
        protocol=origin.protocol,
        listener=origin.listener,
        tls=origin.tls,
        body=envelope.body.value,
        smtputf8=envelope.smtputf8,
        body_stored=record.body_stored,
        timeline=_timeline(record),
        headers=headers,
    )


def _recipient(row: RecipientRow, hop: Detour | None, doing: str) -> RecipientItem:
    return RecipientItem(
        number=row.number,
        address=row.recipient.address,
        destination=row.destination,
        state=row.state.word,
        attempts=row.attempts,
        next_at=row.next_at,
        last_reply=row.last_reply,
        hold_reason=row.hold_reason,
        doing=doing,
        next_hop="" if hop is None else str(hop),
        next_hop_until=None if hop is None else hop.until,
    )


def spool_report(path: str, stats: SpoolStats, trash: tuple[int, int]) -> SpoolReport:
    """The spool's figures."""
    return SpoolReport(
        path=path,
        messages=stats.messages,
        finished=stats.finished,
        octets=stats.octets,
        file_bodies=stats.file_bodies,
        database_octets=stats.database_octets,
        free_octets=stats.free_octets,
        commits=stats.commits,
        operations=stats.operations,
        trash_messages=trash[0],
        trash_octets=trash[1],
    )


def _timeline(record: MessageRecord) -> tuple[MessageEvent, ...]:
    """The newest events, after the arrival, which the spool does not store twice."""
    events: Sequence[MessageEvent] = record.timeline
    arrival = next((one for one in events if isinstance(one, MessageAccepted)), None)
    later = [_shortened(one) for one in events if not isinstance(one, MessageAccepted)]
    return (arrival or _arrival(record), *later[-TIMELINE_SHOWN:])


def _arrival(record: MessageRecord) -> MessageAccepted:
    envelope, origin = record.envelope, record.origin
    addresses = tuple(one.address for one in envelope.recipients[:RECIPIENTS_SHOWN])
    return MessageAccepted(
        at=record.received_at,
        id=record.id,
        reverse_path=envelope.reverse_path,
        recipients=addresses,
        size=record.size,
        client=origin.client,
        helo=origin.helo,
        protocol=origin.protocol,
        priority=envelope.priority,
        subject=record.subject,
    )


def _shortened(event: MessageEvent) -> MessageEvent:
    if isinstance(event, AttemptEnded) and len(event.results) > RECIPIENTS_SHOWN:
        return msgspec.structs.replace(event, results=event.results[:RECIPIENTS_SHOWN])
    return event
