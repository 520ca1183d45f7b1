"""Events as log lines: one line each, for a reader or for a program.

Pure: the same event always makes the same line.  A text line has its time, level, what
happened, the message, then who and the reply; a JSON line has every field of the event.
Neither holds a control character or a line break, whatever a peer sent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from empath import codec
from empath.config.model import LogLevel
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
from empath.instant import utc
from empath.safe_text import safe_text

RANK: Final = {level: rank for rank, level in enumerate(LogLevel)}
"""Levels in order; the higher, the more important."""
_LIMIT: Final = 4000
_ERRORS: Final = (BodyDamaged, SpoolFault, TaskFailed)
_NO_ID: Final = "-" * 16


def level_of(event: Event) -> LogLevel:
    """How important an event is."""
    if isinstance(event, _ERRORS):
        return LogLevel.ERROR
    if isinstance(event, AttemptStuck | ConfigRefused):
        return LogLevel.WARNING
    if isinstance(event, ConfigWatched) and event.outcome in ("rolled back", "restarted", "stuck"):
        return LogLevel.WARNING
    if isinstance(event, AttemptEnded):
        for result in event.results:
            if result.result != "delivered":
                return LogLevel.WARNING
    return LogLevel.INFO


def text_line(event: Event, *, transcript: bool = False) -> str:
    """The event for a reader; with *transcript*, a failed attempt's dialogue at its end."""
    what, message, rest = _describe(event)
    if transcript and isinstance(event, AttemptEnded) and event.transcript:
        rest += " | " + " | ".join(event.transcript)
    head = f"{timestamp(event.at)} {level_of(event).upper():<7} {what:<10} {message or _NO_ID}"
    return safe_text(f"{head} {rest}", _LIMIT)


def json_line(event: Event) -> str:
    """The event for a program: an object with time, level, event and the event's fields."""
    fields = codec.to_builtins(event)
    del fields["at"]
    head = {"time": timestamp(event.at), "level": level_of(event).value}
    try:
        return codec.encode(head | fields).decode()
    except UnicodeEncodeError:
        # Half a character, as in the name of a file that is not UTF-8: escaped in the text form.
        return codec.encode(head | {"message": text_line(event)}).decode()


def text_sentence(at: float, level: LogLevel, sentence: str) -> str:
    """A sentence that is no event, for a reader."""
    return safe_text(f"{timestamp(at)} {level.upper():<7} {sentence}", _LIMIT)


def json_sentence(at: float, level: LogLevel, sentence: str) -> str:
    """A sentence that is no event, for a program."""
    line = {"time": timestamp(at), "level": level.value, "message": sentence}
    return codec.encode(line).decode()


def timestamp(at: float) -> str:
    """UTC to the millisecond, as RFC 3339 writes it."""
    milliseconds = int(at * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03}Z"


@lru_cache(maxsize=8)
def _second(at: int) -> str:
    """Most lines share their second with the one before."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%S")


def _describe(event: Event) -> tuple[str, str, str]:
    """What happened in a word, the id of the message or nothing, and the rest."""
    match event:
        case MessageAccepted():
            held = " held" if event.held else ""
            who = f"{_sender(event.reverse_path)} -> {_several(event.recipients)}"
            return "accepted", event.id, f"{who} {event.size}B from {event.client}{held}"
        case AttemptEnded():
            return _describe_attempt(event)
        case NotificationSent():
            rest = f"{event.kind} notice for {_several(event.recipients)} as {event.dsn}"
            return "notified", event.id, rest
        case OperatorActed():
            reason = f": {event.reason}" if event.reason else ""
            several = "" if event.recipients == 1 else "s"
            rest = (
                f"{event.action} of {event.recipients} recipient{several} by {event.actor}{reason}"
            )
            return "operator", event.id, rest
        case BodyDamaged():
            return "damaged", event.id, event.reason
        case AttemptStuck():
            return "stuck", event.id, f"to {event.destination}: {event.reason} ({event.stage})"
        case _:
            what, rest = _describe_engine(event)
            return what, "", rest


def _describe_attempt(event: AttemptEnded) -> tuple[str, str, str]:
    words = {result.result for result in event.results}
    what = words.pop() if len(words) == 1 else "attempted"
    server = event.server or event.destination
    if what != "attempted":
        addresses = tuple(result.address for result in event.results)
        reply = event.results[0].reply
        rest = f"{_several(addresses)} at {server}: {reply}"
    else:
        each = (f"{result.address} {result.result}: {result.reply}" for result in event.results)
        rest = f"at {server}: {'; '.join(each)}"
    uncertain = "; the server may have it all the same" if event.uncertain else ""
    return what, event.id, f"{rest} ({event.seconds:.3g}s, {event.stage}){uncertain}"


def _describe_engine(event: Event) -> tuple[str, str]:
    match event:
        case SessionRefused():
            subject = f" {event.subject}" if event.subject else ""
            return "refused", f"{_client(event)} {event.stage}{subject}: {event.reply}"
        case SessionLost():
            return "lost", f"{_client(event)} {event.stage}: {event.reason}"
        case EngineStarted():
            rest = f"empath {event.version}, {event.mode} mode, pid {event.pid}"
            return "started", f"{rest}, {event.queued} messages queued"
        case EngineStopping():
            return "stopping", event.reason
        case ListenerOpened():
            return "listening", event.address
        case SpoolFault():
            return "spool", event.sentence
        case DnsChanged():
            return "dns", f"{event.action} {event.domain} by {event.actor}"
        case DestinationGated():
            until = "" if event.until is None else f" until {timestamp(event.until)}"
            said = f": {event.reason}" if event.reason else ""
            return "gate", f"{event.destination} {event.action} by {event.actor}{until}{said}"
        case ConfigLoaded():
            return "config", f"{event.path} is in force"
        case ConfigReloaded() | ConfigRefused() | ConfigWatched():
            return "config", _describe_config(event)
        case TaskFailed():
            return "fault", f"{event.task}: {event.error}"
        case _:
            return type(event).__name__, ""


def _describe_config(event: ConfigReloaded | ConfigRefused | ConfigWatched) -> str:
    if isinstance(event, ConfigWatched):
        by = f"{event.outcome} by {event.actor}"
        return f"{event.path} version {event.version} {by}: {event.sentence}"
    by = f"{event.source} by {event.actor}"
    if isinstance(event, ConfigRefused):
        return f"{event.path} refused ({by}), nothing has changed: {'; '.join(event.sentences)}"
    if event.back_to:
        by = f"{event.source} to version {event.back_to} by {event.actor}"
    said = f", {event.reason}" if event.reason else ""
    parts = [*event.changes, *event.renewed]
    if event.pending:
        parts.append(f"waiting for a restart: {', '.join(event.pending)}")
    parts += event.warnings
    what = "; ".join(parts) or "no setting has changed"
    return f"{event.path} is in force as version {event.version} ({by}{said}): {what}"


def _client(event: SessionRefused | SessionLost) -> str:
    return f"{event.client} ({event.helo})" if event.helo else event.client


def _sender(reverse_path: str | None) -> str:
    return f"<{reverse_path or ''}>"


def _several(addresses: tuple[str, ...]) -> str:
    first = f"<{addresses[0]}>" if addresses else "nobody"
    return first if len(addresses) < 2 else f"{first} and {len(addresses) - 1} more"
