"""The `empathctl` line that asks the engine for what a request asks: one rule for all changes.

It is made from the request itself, as it is shown in a question before it is sent and as it was
sent, so that it cannot say anything else than what is done.  Pure; a test has `empathctl` read the
lines back.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

from empath.control.link import (
    ApplyConfig,
    BounceMessages,
    CancelJob,
    FlushQueue,
    GateChange,
    LimitDestination,
    OpenBreaker,
    PrioritizeMessages,
    QueueChange,
    ReleaseCaptured,
    Request,
    RerouteDestination,
    RerouteMessages,
    RollBackConfig,
    SuspendDestination,
    UndoJob,
)

_GROUPS: Final = {"destinations": "destination", "jobs": "job"}
"""What `empathctl` calls the groups of routes that it names otherwise."""

_UNITS: Final = (("d", 86400), ("h", 3600), ("m", 60))


def line_of(request: Request[Any]) -> str:
    """The line, with all that the request says; empty for a config whose text is in no file that
    `empathctl` could read.
    """
    if isinstance(request, ApplyConfig) and request.text is not None:
        return ""
    return shlex.join(["empathctl", *_verb(request), *_about(request), *_options(request)])


def line_of_applying(request: ApplyConfig) -> str:
    """The line that puts the same config in force; a text of its own stands in FILE for it."""
    if request.text is None:
        return line_of(request)
    return shlex.join(["empathctl", "config", "apply", "FILE", *_options(request)])


def _verb(request: Request[Any]) -> list[str]:
    if isinstance(request, ApplyConfig):
        return ["config", "reload"]
    group, *rest = request.route.split("/")
    if rest[0] == "breaker":
        return rest
    return [_GROUPS.get(group, group), *rest]


def _about(request: Request[Any]) -> Iterator[str]:
    """What it is about, as arguments."""
    match request:
        case QueueChange(ids=ids):
            yield from ids
            if isinstance(request, PrioritizeMessages):
                yield request.priority
        case ReleaseCaptured(ids=ids):
            yield from ids
        case GateChange(destination=destination):
            yield destination
            if isinstance(request, LimitDestination):
                yield rate(request.per_second)
        case FlushQueue(destination=destination) if destination is not None:
            yield destination
        case CancelJob(id=id) | UndoJob(id=id) if id:
            yield id
        case RollBackConfig(version=version) if version:
            yield str(version)
        case _:
            pass


def _options(request: Request[Any]) -> Iterator[str]:
    if isinstance(request, QueueChange):
        yield from _chosen(request)
    match request:
        case BounceMessages(status=status):
            yield from ("--status", status)
        case ApplyConfig(watch=watch) if watch:
            yield from ("--watch", duration(watch))
        case RerouteMessages(to=""):
            yield "--back"
        case RerouteMessages(to=to) | ReleaseCaptured(to=to) if to:
            yield from ("--to", to)
        case RerouteDestination(to=servers):
            for server in servers:
                yield from ("--to", server)
        case _:
            pass
    if isinstance(request, ReleaseCaptured):
        for address in request.recipients:
            yield from ("--rcpt", address)
    yield from _term(request)
    if reason := getattr(request, "reason", ""):
        yield from ("--reason", reason)


def _chosen(request: QueueChange) -> Iterator[str]:
    if request.selection:
        yield from ("--selection", request.selection)
    if request.query:
        yield from ("--query", request.query)
    if request.expect is not None:
        yield from ("--expect", str(request.expect))


def _term(request: Request[Any]) -> Iterator[str]:
    match request:
        case (
            RerouteMessages(seconds=seconds)
            | RerouteDestination(seconds=seconds)
            | SuspendDestination(seconds=seconds)
            | LimitDestination(seconds=seconds)
            | OpenBreaker(seconds=seconds)
        ) if seconds is not None:
            yield from ("--for", duration(seconds))
        case _:
            pass


def duration(seconds: float) -> str:
    """A length of time in the largest unit that it is a whole number of: ``90s``, ``2h``."""
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


def rate(per_second: float) -> str:
    """How often, in the first unit in which it is a whole number: ``7/s``, ``30/m``."""
    for unit, size in (("s", 1), ("m", 60), ("h", 3600)):
        times = per_second * size
        if times >= 1 and abs(times - round(times)) < 1e-6:
            return f"{times:.0f}/{unit}"
    return f"{per_second * 3600:f}".rstrip("0").rstrip(".") + "/h"
