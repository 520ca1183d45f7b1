"""What still keeps mail that was told to try again now: an operator's hold, or a gate.

A retry makes mail due; due mail behind an open breaker or a suspension is not tried for that.
The note says what keeps it and until when, and what lets it go.  Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from empath.address import Domain
from empath.delivery.gates import Gates
from empath.envelope import State
from empath.policy.why import moment
from empath.spool.face import QueueRow

HELD_NOTE: Final = "held ones are released with U or `empathctl queue release`"
"""Why trying held mail again changes nothing."""


def still_kept(rows: Sequence[QueueRow], gates: Gates | None, now: float) -> str:
    """Why the messages of *rows* are not tried at *now* although they are due; empty if they
    are.  Of gates the one is told that keeps most of them.
    """
    notes = []
    if any(row.state is State.HELD for row in rows):
        notes.append(HELD_NOTE)
    kept = _most(rows, gates.shut(now)) if gates is not None else None
    if gates is not None and kept is not None:
        notes.append(_gate_note(kept, gates, now))
    return "; ".join(notes)


def _most(rows: Sequence[QueueRow], shut: Mapping[Domain, float | None]) -> Domain | None:
    counts: dict[Domain, int] = {}
    for row in rows:
        if row.state in (State.QUEUED, State.DEFERRED) and row.destination in shut:
            counts[row.destination] = counts.get(row.destination, 0) + 1
    return max(counts, key=lambda name: counts[name], default=None)


def _gate_note(name: Domain, gates: Gates, now: float) -> str:
    suspension = gates.suspensions.standing(now).get(name)
    if suspension is not None:
        until = "" if suspension.until is None else f" until {moment(suspension.until)}"
        return (
            f"not tried yet: {name} is suspended{until}; U in Destinations, or"
            f" `empathctl destination resume {name}`, lets it go"
        )
    opens = gates.breakers[name].open_until
    until = "" if opens is None else f" until {moment(opens)}"
    return (
        f"not tried yet: the breaker of {name} is open{until}; F in Destinations, or"
        f" `empathctl breaker probe {name}`, tries now"
    )
