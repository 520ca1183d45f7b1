"""What can be done to a destination: how each change is asked for, written and reported.

One table.  A change says which fields it has, and makes a request of what was typed.  That is read
here, so that a dialog can say what is wrong with it before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from empath.address import Domain
from empath.control.link import (
    CloseBreaker,
    GateChange,
    LiftLimit,
    LimitDestination,
    OpenBreaker,
    ProbeDestination,
    RerouteDestination,
    ResetBreaker,
    RestoreRoute,
    ResumeDestination,
    SuspendDestination,
)

Values = Mapping[str, str]
"""What was typed, by field."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Unclear(ValueError):
    """What was typed cannot be read; the message says what can."""


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the dialog."""

    name: str
    title: str
    value: str
    hint: str


@dataclass(frozen=True, slots=True)
class GateVerb:
    """One kind of change."""

    id: str
    title: str
    """For the dialog, before the destination."""
    yes: str
    done: str
    """What is said afterwards, before the destination."""
    consequence: str
    fields: tuple[Field, ...]
    make: Callable[[Domain, Values], GateChange]

    def request(self, destination: str, values: Values) -> GateChange:
        """The change itself.  Raises `Unclear` and `empath.address.BadAddress`."""
        return self.make(Domain(destination), values)


def seconds(text: str) -> float | None:
    """How long ``90s``, ``30m``, ``2h`` or ``1d`` is; None for nothing.  Raises `Unclear`."""
    text = text.strip().lower()
    if not text:
        return None
    number, unit = text[:-1], text[-1]
    if not (number.isascii() and number.replace(".", "", 1).isdigit()) or unit not in _UNITS:
        raise Unclear('how long is written "90s", "30m", "2h" or "1d"')
    return float(number) * _UNITS[unit]


def per_second(text: str) -> float:
    """How often ``20/s``, ``30/m`` or ``100/h`` is, a second.  Raises `Unclear`."""
    number, _, unit = text.strip().lower().partition("/")
    if not (number.isascii() and number.replace(".", "", 1).isdigit()) or unit not in {
        "s",
        "m",
        "h",
    }:
        raise Unclear('a rate is written "20/s", "30/m" or "100/h"')
    return float(number) / _UNITS[unit]


def hosts(text: str) -> tuple[str, ...]:
    """The servers that are named, in order of preference.  Raises `Unclear`."""
    found = tuple(text.replace(",", " ").split())
    if not found:
        raise Unclear("name a server, such as mx.example.net or mx.example.net:2525")
    return found


_FOR: Final = Field("for", "For", "30m", "such as 90s, 30m, 2h, 1d")
_OR_EVER: Final = Field("for", "For", "1h", "such as 30m, 2h; empty: until you end it")
_REASON: Final = Field("reason", "Reason", "", "kept in the record, and shown to the others")

VERBS: Final = {
    verb.id: verb
    for verb in (
        GateVerb(
            "open",
            "Open the breaker of",
            "Open",
            "breaker opened for",
            "left alone for this time; then one attempt probes it",
            (_FOR, _REASON),
            lambda name, v: OpenBreaker(
                destination=name, seconds=seconds(v["for"]), reason=v["reason"]
            ),
        ),
        GateVerb(
            "close",
            "Close the breaker of",
            "Close",
            "breaker closed for",
            "let through at once, as many attempts as it may have",
            (_REASON,),
            lambda name, v: CloseBreaker(destination=name, reason=v["reason"]),
        ),
        GateVerb(
            "probe",
            "Probe",
            "Probe",
            "probe asked for at",
            "probed by one attempt now; a success closes the breaker",
            (),
            lambda name, v: ProbeDestination(destination=name, reason=v.get("reason", "")),
        ),
        GateVerb(
            "reset",
            "Forget the failures of",
            "Forget",
            "failures forgotten of",
            "tried as if nothing had ever failed: breaker closed, concurrency from the start",
            (_REASON,),
            lambda name, v: ResetBreaker(destination=name, reason=v["reason"]),
        ),
        GateVerb(
            "limit",
            "Limit the rate of",
            "Limit",
            "rate limited of",
            "sent no faster than this, whatever the config says",
            (Field("rate", "Rate", "1/s", "such as 20/s, 30/m, 100/h"), _OR_EVER, _REASON),
            lambda name, v: LimitDestination(
                destination=name,
                per_second=per_second(v["rate"]),
                seconds=seconds(v["for"]),
                reason=v["reason"],
            ),
        ),
        GateVerb(
            "lift",
            "Lift the limit of",
            "Lift",
            "limit lifted of",
            "sent as fast as the config says",
            (_REASON,),
            lambda name, v: LiftLimit(destination=name, reason=v["reason"]),
        ),
        GateVerb(
            "suspend",
            "Suspend",
            "Suspend",
            "suspended",
            "kept in the queue: nothing is sent there",
            (_OR_EVER, _REASON),
            lambda name, v: SuspendDestination(
                destination=name, seconds=seconds(v["for"]), reason=v["reason"]
            ),
        ),
        GateVerb(
            "resume",
            "Resume",
            "Resume",
            "resumed",
            "sent again",
            (_REASON,),
            lambda name, v: ResumeDestination(destination=name, reason=v["reason"]),
        ),
        GateVerb(
            "reroute",
            "Re-route",
            "Re-route",
            "re-routed",
            "sent to these servers, encrypted as config requires it there",
            (
                Field("to", "To", "", "host or host:port, the best first"),
                _OR_EVER,
                _REASON,
            ),
            lambda name, v: RerouteDestination(
                destination=name,
                to=hosts(v["to"]),
                seconds=seconds(v["for"]),
                reason=v["reason"],
            ),
        ),
        GateVerb(
            "restore",
            "Restore the route of",
            "Restore",
            "route restored of",
            "sent to its own servers again",
            (_REASON,),
            lambda name, v: RestoreRoute(destination=name, reason=v["reason"]),
        ),
    )
}
"""The changes by their name."""
