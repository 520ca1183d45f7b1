"""Events as lines: the time, a sign and a word, and what it is about, for logs and timelines.

The one place that knows how each kind of event reads; adding an event without a line here is
a type error.  Texts are made safe; a line is plain data, so that tests read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from empath.control.link import EVENT_KINDS, ROUTINE_EVENTS
from empath.events import (
    AttemptEnded,
    AttemptStuck,
    BodyDamaged,
    ConfigLoaded,
    ConfigRefused,
    ConfigReloaded,
    ConfigWatched,
    DestinationGated,
    DnsChanged,
    EngineStarted,
    EngineStopping,
    Event,
    ListenerOpened,
    MessageAccepted,
    NotificationSent,
    OperatorActed,
    SessionLost,
    SessionRefused,
    SpoolFault,
    TaskFailed,
)
from tui.figures import age, milliseconds, octets
from tui.safety import safe


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as it is shown.  *role* is the colour's role; *important* shows on Overview."""

    sequence: int
    at: float
    sign: str
    role: str
    word: str
    id: str
    subject: str
    detail: str
    destination: str = ""
    level: int = 1
    """0 is routine, 1 is worth a look, 2 is trouble."""


def kinds_of_level(level: int) -> tuple[str, ...]:
    """The kinds of events that are of at least this level; none for all."""
    if not level:
        return ()
    if level == 1:
        return tuple(kind for kind in EVENT_KINDS if kind not in ROUTINE_EVENTS)
    return ("damaged", "spool", "fault")


def line_of(sequence: int, event: Event) -> EventLine:
    """How *event* reads."""
    sign, role, word, message, subject, detail, level = _read(event)
    return EventLine(
        sequence,
        event.at,
        sign,
        role,
        word,
        message,
        safe(subject, 200),
        safe(detail, 400),
        destination=event.destination if isinstance(event, AttemptEnded) else "",
        level=level,
    )


_Read = tuple[str, str, str, str, str, str, int]


def _read(event: Event) -> _Read:
    match event:
        case AttemptEnded():
            return _attempt(event)
        case MessageAccepted():
            detail = f"from {event.client}  {octets(event.size)}  {event.protocol}"
            if event.held:
                detail += "  captured"
            if event.subject:
                detail += f"  {event.subject}"
            sender = event.reverse_path or "<>"
            return "●", "info", "accepted", event.id, _to(sender, event.recipients), detail, 0
        case NotificationSent():
            detail = f"{event.kind} notice queued as {event.dsn}"
            return "▲", "warn", "notified", event.id, _several(event.recipients), detail, 1
        case OperatorActed():
            return "■", "special", event.action, event.id, _recipients(event), _acted(event), 1
        case AttemptStuck():
            return "▲", "warn", "stuck", event.id, event.destination, event.reason, 1
        case BodyDamaged():
            return "✖", "bad", "damaged", event.id, "body", event.reason, 2
        case SessionRefused():
            subject = f"{event.client} {event.stage} {event.subject}".rstrip()
            return "✖", "bad", "refused", "", subject, event.reply, 1
        case SessionLost():
            return "▲", "warn", "lost", "", f"{event.client} {event.stage}", event.reason, 1
        case _:
            return _of_engine(event)


def _of_engine(
    event: EngineStarted
    | EngineStopping
    | ListenerOpened
    | SpoolFault
    | DnsChanged
    | DestinationGated
    | ConfigLoaded
    | ConfigReloaded
    | ConfigRefused
    | ConfigWatched
    | TaskFailed,
) -> _Read:
    match event:
        case EngineStarted():
            detail = f"pid {event.pid}  {event.mode}  {event.queued} in the queue"
            return "●", "accent", "started", "", f"empath {event.version}", detail, 1
        case EngineStopping():
            return "▲", "warn", "stopping", "", "engine", event.reason, 1
        case ListenerOpened():
            return "●", "accent", "listening", "", event.address, "", 1
        case SpoolFault():
            return "✖", "bad", "spool", "", "fault", event.sentence, 2
        case DnsChanged():
            return "●", "accent", "dns", "", event.domain, f"{event.action} by {event.actor}", 1
        case DestinationGated():
            detail = f"{event.action} by {event.actor}"
            if event.until is not None:
                detail += f" for {age(event.until - event.at)}"
            if event.reason:
                detail += f": {event.reason}"
            return "●", "accent", "gate", "", event.destination, detail, 1
        case ConfigLoaded() | ConfigReloaded() | ConfigRefused() | ConfigWatched():
            return _of_config(event)
        case TaskFailed():
            return "✖", "bad", "fault", "", event.task, event.error, 2


def _of_config(event: ConfigLoaded | ConfigReloaded | ConfigRefused | ConfigWatched) -> _Read:
    match event:
        case ConfigLoaded():
            return "●", "accent", "config", "", event.path, "in force", 1
        case ConfigReloaded():
            told = (*event.changes, *event.renewed, *event.warnings)
            what = "; ".join(told) or "no setting has changed"
            back = f", version {event.back_to} again," if event.back_to else ""
            detail = f"version {event.version}{back} by {event.actor}: {what}"
            return "●", "accent", "config", "", event.path, detail, 1
        case ConfigRefused():
            detail = f"refused, nothing has changed: {'; '.join(event.sentences)}"
            return "▲", "warn", "config", "", event.path, detail, 1
        case ConfigWatched():
            detail = f"version {event.version} {event.outcome} by {event.actor}: {event.sentence}"
            bad = event.outcome in ("rolled back", "restarted", "stuck")
            return *(("▲", "warn") if bad else ("●", "accent")), "config", "", event.path, detail, 1


_WORST = ("failed", "expired", "deferred", "delivered")


def _attempt(event: AttemptEnded) -> _Read:
    results = sorted(event.results, key=lambda result: _rank(result.result))
    worst = results[0] if results else None
    word = worst.result if worst else "ended"
    sign, role, level = {
        "delivered": ("✓", "good", 0),
        "deferred": ("▲", "warn", 1),
    }.get(word, ("✖", "bad", 1))
    reply = worst.reply if worst else ""
    tls = f" over {event.tls.version}" if event.tls is not None else ""
    where, took = event.server or event.destination, milliseconds(event.seconds)
    if word == "delivered":
        detail = f"{reply} ({took}{tls}, {where})"
    else:
        detail = f"{reply} ({event.stage} at {where}{tls}, {took})"
    if event.uncertain:
        detail += "; the server may have it all the same"
    if worst is not None and worst.next_at is not None:
        detail += f"; again in {age(worst.next_at - event.at)}"
    addresses = tuple(result.address for result in results)
    return sign, role, word, event.id, _several(addresses), detail, level


def _rank(word: str) -> int:
    return _WORST.index(word) if word in _WORST else len(_WORST)


def _several(addresses: tuple[str, ...]) -> str:
    if not addresses:
        return ""
    more = len(addresses) - 1
    return f"{addresses[0]} +{more}" if more else addresses[0]


def _to(sender: str, recipients: tuple[str, ...]) -> str:
    return f"{sender} → {_several(recipients)}"


_DONE = {"hold": "held", "release": "released", "retry": "made due", "delete": "deleted"}


def _acted(event: OperatorActed) -> str:
    """What an operator did, who it was and why."""
    if event.action == "priority":  # the class is kept as the reason
        return f"given class {event.reason} by {event.actor}"
    done = _DONE.get(event.action, event.action)
    return f"{done} by {event.actor}" + (f": {event.reason}" if event.reason else "")


def _recipients(event: OperatorActed) -> str:
    return f"{event.recipients} recipient{'' if event.recipients == 1 else 's'}"
