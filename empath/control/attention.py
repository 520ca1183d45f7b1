"""What an operator should see to, decided from what the engine knows of itself.

Pure: facts in, items out, worst first.  Console, ``empathctl system status`` and any later
alert show the same list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from empath.address import Domain
from empath.config.model import Config
from empath.config.units import ByteSize, Duration
from empath.control.causes import LastAttempts, causes
from empath.control.link import AttentionItem, GateItem
from empath.envelope import MessageId, State
from empath.events import (
    AttemptEnded,
    Event,
    MessageAccepted,
    SpoolFault,
    TaskFailed,
)
from empath.spool.face import DestinationRow

MANY: Final = 10
"""Deferred recipients from which on a destination is worth a look."""
SHOWN: Final = 5
"""Most destinations named."""
LATE: Final = 0.1
"""Seconds of loop lag from which on the engine is overloaded."""
RECENT: Final = 300.0
"""Most seconds for which a fault of the spool is shown; a good write ends it at once."""

_SHUT: Final = frozenset({"open", "suspended"})
"""States of a gate that lets nothing through before its time."""


@dataclass(slots=True)
class Remembered:
    """What happened that no table of the spool can tell: a fold over the events."""

    spool_fault: SpoolFault | None = None
    task_failed: TaskFailed | None = None
    attempts: LastAttempts = field(default_factory=LastAttempts)

    def __call__(self, event: Event) -> None:
        """Take note of *event*."""
        self.attempts(event)
        match event:
            case SpoolFault():
                self.spool_fault = event
            case MessageAccepted() | AttemptEnded():  # both are published once they are written
                self.spool_fault = None
            case TaskFailed():
                self.task_failed = event
            case _:
                pass


def needs_attention(
    *,
    now: float,
    config: Config,
    free_octets: int,
    loop_lag: float,
    destinations: Sequence[DestinationRow],
    remembered: Remembered,
    damaged: Mapping[MessageId, str],
    config_items: Sequence[AttentionItem] = (),
    gates: Sequence[GateItem] = (),
) -> tuple[AttentionItem, ...]:
    """The list, errors first."""
    shut = {gate.destination: gate.until for gate in gates if gate.state in _SHUT}
    common = causes(destinations, remembered.attempts, config.route, now=now, shut=shut)
    explained = {name for cause in common for name in cause.destinations}
    items = [
        *_disk(config.spool.min_free, free_octets),
        *_faults(now, remembered),
        *_damaged(damaged),
        *config_items,
        *(cause.item for cause in common),
        *_gated(now, gates, destinations, explained),
        *_backlogs(
            now,
            config.delivery.retry.expiry,
            destinations,
            explained | {gate.destination for gate in gates if gate.gate in _KEEPING},
        ),
    ]
    if loop_lag >= LATE:
        items.append(
            AttentionItem(
                severity="warning",
                subject="engine",
                sentence=f"The engine was {loop_lag * 1000:.0f} ms late: this machine has more to"
                " do than its processors can.",
            )
        )
    return tuple(sorted(items, key=lambda item: item.severity != "error"))


def _gated(
    now: float,
    gates: Sequence[GateItem],
    destinations: Sequence[DestinationRow],
    explained: Collection[Domain],
) -> list[AttentionItem]:
    """Breakers that are open and suspended destinations, as far as mail waits behind them."""
    waiting = {row.destination: sum(row.counts.values()) for row in destinations}
    items = []
    for gate in gates:
        count = waiting.get(gate.destination, 0)
        failures = gate.gate == "breaker" and not gate.actor
        if gate.gate not in _KEEPING or not count or (failures and gate.destination in explained):
            continue
        who = f"{gate.actor}: {gate.reason}" if gate.actor else gate.reason
        if gate.until is None:
            ends = "until it is resumed"
        elif gate.until <= now:
            ends = "one probe decides"
        else:
            ends = f"for {_length(gate.until - now)} more"
        word = f"breaker {gate.state}" if gate.gate == "breaker" else gate.state
        items.append(
            (
                count,
                AttentionItem(
                    severity="error" if gate.state == "open" else "warning",
                    subject=gate.destination,
                    sentence=f"{word} {ends}, {count:,} wait: {who}".rstrip(": "),
                    query=f"dest:{gate.destination}",
                    destination=gate.destination,
                ),
            )
        )
    items.sort(key=lambda pair: -pair[0])
    return [item for _, item in items[:SHOWN]]


_KEEPING: Final = frozenset({"breaker", "suspension"})
"""The gates that keep mail from going at all."""


def _length(seconds: float) -> str:
    """A length of time in one unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _disk(min_free: ByteSize, free: int) -> list[AttentionItem]:
    megabytes = f"{free / 1e6:,.0f} MB of disk are left"
    if free < min_free:
        sentence = f"{megabytes}, spool.min_free is {min_free}: mail is refused with 452."
        return [AttentionItem(severity="error", subject="disk", sentence=sentence)]
    if free < 2 * min_free:
        sentence = f"{megabytes}; below {min_free} (spool.min_free) mail is refused."
        return [AttentionItem(severity="warning", subject="disk", sentence=sentence)]
    return []


def _faults(now: float, remembered: Remembered) -> list[AttentionItem]:
    items = []
    fault, failed = remembered.spool_fault, remembered.task_failed
    if fault is not None and now - fault.at < RECENT:
        items.append(AttentionItem(severity="error", subject="spool", sentence=fault.sentence))
    if failed is not None:
        sentence = f"A bug in {failed.task}: {failed.error}. The log has more; please report it."
        items.append(AttentionItem(severity="error", subject="engine", sentence=sentence))
    return items


def _damaged(damaged: Mapping[MessageId, str]) -> list[AttentionItem]:
    match list(damaged.items()):
        case []:
            return []
        case [(id, reason)]:
            sentence = f"The stored body of {id} is damaged and is held: {reason}"
            query = f"id:{id}"
        case many:
            sentence = (
                f"{len(many)} stored bodies are damaged and are held; the first is {many[0][0]}."
            )
            query = "state:held"
    return [AttentionItem(severity="error", subject="body", sentence=sentence, query=query)]


def _backlogs(
    now: float,
    expiry: Duration,
    destinations: Sequence[DestinationRow],
    explained: Collection[Domain],
) -> list[AttentionItem]:
    items = []
    for row in sorted(destinations, key=lambda row: -row.counts.get(State.DEFERRED, 0)):
        deferred = row.counts.get(State.DEFERRED, 0)
        age = 0.0 if row.oldest_tried_at is None else now - row.oldest_tried_at
        soon = bool(deferred) and age > 0.8 * expiry
        if not soon and (deferred < MANY or row.destination in explained):
            continue
        sentence = f"{deferred:,} deferred; last reply: {row.last_reply or 'none yet'}"
        if soon:
            left = max(0.0, expiry - age) / 3600
            sentence += f"; the oldest is given up in {left:.0f} h"
        items.append(
            AttentionItem(
                severity="error" if soon else "warning",
                subject=row.destination,
                sentence=sentence,
                query=f"state:deferred dest:{row.destination}",
                destination=row.destination,
            )
        )
    return sorted(items, key=lambda item: item.severity != "error")[:SHOWN]
