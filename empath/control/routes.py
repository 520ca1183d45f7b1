"""Where each request lives in the HTTP API, and how its fields are read from outside.

The table is made from `empath.control.link` itself: a request struct with a `route` is a
route.  Server, client, manual and tests all go by it, so none can know more than the others.
What cannot be read raises `RequestUnclear` with a sentence that names the field.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from empath import codec
from empath.control import link
from empath.control.link import EventFilter, NotFound, Request, RequestUnclear

PREFIX: Final = "/v1/"
"""All routes begin with it."""
EVENTS: Final = "events"
"""The one route that is no request but a stream."""
BODY_LIMIT: Final = 1024 * 1024
"""Octets of a request's body; more is refused with 413 …"""
BODY_LIMITS: Final[Mapping[type[Request[Any]], int]] = dict.fromkeys(
    (link.PlanConfig, link.ApplyConfig, link.CheckConfig), 4 * BODY_LIMIT
)
"""… but for these: a config as long as a file may be, with each of its characters escaped."""
HEARTBEAT: Final = 4.0
"""Seconds after which an idle event stream sends an empty line."""
ANSWER_TIME: Final = 30.0
"""Seconds within which a request is answered …"""
ANSWER_TIMES: Final[Mapping[type[Request[Any]], float]] = {
    link.CheckSpool: 3600.0,
    link.PlanConfig: 600.0,
    link.ApplyConfig: 600.0,
    link.RollBackConfig: 600.0,
}
"""… but for these."""
STATUS_OF: Final[Mapping[type[Exception], int]] = {
    link.RequestUnclear: 400,
    link.LinkReadOnly: 403,
    link.NotFound: 404,
    link.RequestRefused: 409,
}
"""The HTTP status of each kind of refusal."""


def _requests(kind: type[Request[Any]]) -> Iterable[type[Request[Any]]]:
    for below in kind.__subclasses__():
        if below.route and below.__name__ in link.__all__:
            yield below
        yield from _requests(below)


REQUESTS: Final[Mapping[str, type[Request[Any]]]] = {
    kind.route: kind for kind in sorted(_requests(Request), key=lambda kind: kind.route)
}
"""Every request type by its route."""


def request_type(route: str) -> type[Request[Any]]:
    """The request type of *route*.  Raises `NotFound`, with a suggestion."""
    kind = REQUESTS.get(route)
    if kind is None:
        near = difflib.get_close_matches(route, (*REQUESTS, EVENTS), n=1, cutoff=0.5)
        hint = f"; did you mean {PREFIX}{near[0]}?" if near else "; docs/CONTROL.md lists them all."
        raise NotFound(f'There is no route "{route[:80]}"{hint}')
    return kind


def read_query(kind: type[Request[Any]], pairs: Iterable[tuple[str, str]]) -> Request[Any]:
    """Read a request from a query string.  A field that holds a list may be repeated."""
    lists = {f.encode_name for f in msgspec.structs.fields(kind) if _holds_list(f)}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise RequestUnclear(f'"{name}" is given twice')
        else:
            values[name] = value
    return _read(kind, values, strict=False)


def read_json(kind: type[Request[Any]], body: bytes) -> Request[Any]:
    """Read a request from a JSON object; an empty body is an empty object."""
    try:
        values = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestUnclear(f"The body is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise RequestUnclear("The body is not a JSON object with the request's fields.")
    return _read(kind, values, strict=True)


def _holds_list(field: msgspec.structs.FieldInfo) -> bool:
    return "tuple" in str(field.type)


def _read(kind: type[Request[Any]], values: Mapping[str, Any], *, strict: bool) -> Request[Any]:
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            allowed = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names)}"
            raise RequestUnclear(
                f'{kind.route} has no field "{name[:80]}"; {allowed if names else "it takes none"}'
            )
    try:
        request: Request[Any] = codec.from_builtins(kind, values, strict=strict)
    except msgspec.ValidationError as error:
        raise RequestUnclear(f"{kind.route}: {error}.") from error
    return request


STREAM_FIELDS: Final = ("after", "kind", "dest", "id", "text", "rate")
"""What may be said of the stream of events; ``kind`` may be repeated."""


def read_stream_query(pairs: Iterable[tuple[str, str]]) -> tuple[int | None, EventFilter | None]:
    """From where a reader wants the events, and which.  Raises `RequestUnclear`."""
    values: dict[str, str] = {}
    kinds: list[str] = []
    for name, value in pairs:
        if name not in STREAM_FIELDS:
            allowed = ", ".join(STREAM_FIELDS)
            raise RequestUnclear(f'{EVENTS} has no field "{name[:80]}"; there are {allowed}')
        if name == "kind":
            kinds += [kind for kind in value.split(",") if kind]
        elif name in values:
            raise RequestUnclear(f'"{name}" is given twice')
        else:
            values[name] = value
    after = _number(values, "after", "is the number of the last event seen, such as 1042")
    rate = _number(values, "rate", "is a number of events per second, such as 200")
    only = EventFilter(
        kinds=tuple(dict.fromkeys(kinds)),
        destination=values.get("dest", ""),
        id=values.get("id", ""),
        text=values.get("text", ""),
        rate=rate or 0,
    )
    return after, only if only.selects or only.rate else None


def _number(values: Mapping[str, str], name: str, meaning: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RequestUnclear(f"{name} {meaning}")
    return int(text)


def write_stream_query(after: int | None, only: EventFilter | None) -> dict[str, str]:
    """The query that asks for these events; what `read_stream_query` reads."""
    query = {} if after is None else {"after": str(after)}
    if only is not None:
        query["kind"] = ",".join(only.kinds)
        query["dest"], query["id"], query["text"] = only.destination, only.id, only.text
        query["rate"] = str(only.rate or "")
    return {name: value for name, value in query.items() if value}
