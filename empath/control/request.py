"""What a request, a reply and a refusal are: the base of every exchange over a `Link`.

Each request is a struct whose type argument is its reply, so ``await link.ask(ListQueue())``
is typed.  `route` is the path below ``/v1/`` of the HTTP API; `changes` marks requests that
a read-only link refuses, as it does those that are `for_operators`.
"""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, get_args

from msgspec import Struct

R_co = TypeVar("R_co", covariant=True)


class LinkLost(Exception):
    """The engine does not answer; the message names the socket and what to do."""


class NoEngine(LinkLost):
    """There is no socket, or nobody listens at it."""


class LinkIncompatible(LinkLost):
    """Something answers, but in another version of the protocol, or in none that is known."""


class RequestRefused(Exception):
    """The engine understood and said no; the message says why and what to do."""


class RequestUnclear(RequestRefused):
    """The request itself is wrong: a field, a value, a filter that cannot be read."""


class NotFound(RequestRefused):
    """There is no such message, override or route."""


class LinkReadOnly(RequestRefused):
    """This link may look and not touch."""


class Request(Struct, Generic[R_co], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something an operator asks; its type argument is the reply."""

    route: ClassVar[str] = ""
    changes: ClassVar[bool] = False
    operators_only: ClassVar[bool] = False
    """It tells what is in mail, or costs much: a read-only link refuses it too."""

    def for_operators(self) -> bool:
        """Is this one, with what it asks, refused on a read-only link?"""
        return self.operators_only


def reply_type(request: type[Request[object]]) -> type:
    """The type of the reply to this type of request."""
    kind: type = get_args(request.__orig_bases__[0])[0]  # type: ignore[attr-defined]
    return kind


class Reply(Struct, frozen=True, kw_only=True):
    """An answer."""
