"""Which events an operator wants to see: by kind, destination, message and words.

`EventFilter` travels with the request for the stream, so that the engine sends no more than is
shown.  `parse_event_filter` reads the line that an operator types.  Pure: an event passes or not.
`BadEventFilter` says what is wrong, with what is meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec
from msgspec import Struct

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

_RESULTS: Final = ("failed", "expired", "deferred", "delivered")
"""The worst first: an attempt is of the kind of its worst result."""

_KINDS: Final[dict[type[Struct], str]] = {
    EngineStarted: "started",
    EngineStopping: "stopping",
    ListenerOpened: "listening",
    SessionRefused: "refused",
    SessionLost: "lost",
    MessageAccepted: "accepted",
    NotificationSent: "notified",
    OperatorActed: "operator",
    BodyDamaged: "damaged",
    SpoolFault: "spool",
    AttemptStuck: "stuck",
    DnsChanged: "dns",
    DestinationGated: "gate",
    ConfigLoaded: "config",
    ConfigReloaded: "config",
    ConfigWatched: "config",
    ConfigRefused: "config",
    TaskFailed: "fault",
}

EVENT_KINDS: Final = (*_RESULTS, "ended", *dict.fromkeys(_KINDS.values()))
"""The words for kinds of events."""

ROUTINE_EVENTS: Final = frozenset({"accepted", "delivered"})
"""Kinds that come with every message when all is well."""

LONGEST: Final = 500
"""Characters of a filter's words."""


class BadEventFilter(ValueError):
    """What was given is no filter; the message says why."""


class EventFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What passes; a field that is empty lets everything through."""

    kinds: tuple[str, ...] = ()
    """Of `EVENT_KINDS`."""
    destination: str = ""
    """A domain, or a pattern such as ``*.example``."""
    id: str = ""
    """A message, by its id or by the end of it."""
    text: str = ""
    """Occurs in one of the event's texts; case does not matter."""
    rate: int = 0
    """At most so many a second; those left out are counted.  0 sends all."""

    @property
    def selects(self) -> bool:
        """It leaves events out by what they are, and not only by how many there are."""
        return bool(self.kinds or self.destination or self.id or self.text)

    def passes(self, event: Event) -> bool:
        """Whether the operator wants to see *event*."""
        if self.kinds and kind_of(event) not in self.kinds:
            return False
        if self.id and not str(getattr(event, "id", "")).endswith(self.id):
            return False
        if self.destination:
            wanted = self.destination.lower()
            if not any(fnmatchcase(name.lower(), wanted) for name in _destinations(event)):
                return False
        if self.text:
            wanted = self.text.lower()
            return any(wanted in word.lower() for word in _words(event))
        return True


def kind_of(event: Event) -> str:
    """The word for an event's kind."""
    if isinstance(event, AttemptEnded):
        results = {result.result for result in event.results}
        return next((word for word in _RESULTS if word in results), "ended")
    return _KINDS[type(event)]


def _destinations(event: Event) -> Iterator[str]:
    match event:
        case AttemptEnded() | AttemptStuck() | DestinationGated():
            yield event.destination
        case MessageAccepted() | NotificationSent():
            for address in event.recipients:
                yield address.rpartition("@")[2]
        case DnsChanged():
            yield event.domain
        case _:
            pass


def _words(value: Any) -> Iterator[str]:
    """Every text in an event."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, Struct):
        for part in msgspec.structs.astuple(value):
            yield from _words(part)


def checked(only: EventFilter) -> EventFilter:
    """The filter, if it is one.  Raises `BadEventFilter`."""
    for kind in only.kinds:
        if kind not in EVENT_KINDS:
            near = difflib.get_close_matches(kind, EVENT_KINDS, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(EVENT_KINDS)}"
            raise BadEventFilter(f'There is no kind of event "{kind[:40]}"; {hint}')
    if not 0 <= only.rate <= 100_000:
        raise BadEventFilter("rate is a number of events per second from 1 to 100000, or 0 for all")
    for name in ("destination", "id", "text"):
        if len(getattr(only, name)) > LONGEST:
            raise BadEventFilter(f"{name} is longer than {LONGEST} characters")
    return only


def parse_event_filter(line: str) -> EventFilter:
    """Read ``kind:deferred,failed dest:*.example id:… words``.  Raises `BadEventFilter`."""
    kinds: list[str] = []
    fields = {"dest": "", "id": ""}
    words: list[str] = []
    for part in line.split():
        name, colon, value = part.partition(":")
        if colon and name == "kind":
            kinds += [kind for kind in value.split(",") if kind]
            if not value:
                raise BadEventFilter("kind: wants a word, as in kind:deferred,failed")
        elif colon and name in fields:
            fields[name] = value
        elif colon and name in ("destination", "text", "level"):
            raise BadEventFilter(
                f'There is no field "{name}"; there are kind:, dest:, id: and words'
            )
        else:
            words.append(part)
    return checked(
        EventFilter(
            kinds=tuple(dict.fromkeys(kinds)),
            destination=fields["dest"],
            id=fields["id"],
            text=" ".join(words),
        )
    )


def event_filter_text(only: EventFilter) -> str:
    """The line that means this filter."""
    parts = [f"kind:{','.join(only.kinds)}"] if only.kinds else []
    parts += [f"dest:{only.destination}"] if only.destination else []
    parts += [f"id:{only.id}"] if only.id else []
    return " ".join([*parts, only.text] if only.text else parts)
