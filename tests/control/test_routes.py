"""Requests as they are written from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath import codec
from empath.control import link
from empath.control.link import NotFound, RequestUnclear, reply_type
from empath.control.operator import LocalLink
from empath.control.routes import REQUESTS, STATUS_OF, read_json, read_query, request_type

ID = "0197a8c0f3e41b2c"


def test_every_request_has_a_route_and_an_answer() -> None:
    """Each request type of the link is routed and answered, and nothing else is."""
    kinds = {
        kind
        for name in link.__all__
        if isinstance(kind := getattr(link, name), type)
        and issubclass(kind, link.Request)
        and kind not in (link.Request, link.QueueChange, link.GateChange, link.OverrideChange)
    }
    assert set(REQUESTS.values()) == kinds
    assert set(LocalLink.ANSWERS) == kinds
    assert all(route == kind.route for route, kind in REQUESTS.items())


@pytest.mark.parametrize("route", sorted(REQUESTS))
def test_every_request_names_its_reply(route: str) -> None:
    """The type of each reply is known from the request alone."""
    assert issubclass(reply_type(REQUESTS[route]), link.Reply)


def test_an_unknown_route_comes_with_a_suggestion() -> None:
    """A misspelt route is answered with the one that was meant."""
    assert request_type("queue/retry") is link.RetryMessages
    with pytest.raises(NotFound, match="did you mean /v1/queue/retry"):
        request_type("queue/retyr")
    with pytest.raises(NotFound, match="CONTROL"):
        request_type("zzzzzzzz")


def test_a_query_string_is_read_by_the_types_of_the_request() -> None:
    """Numbers are read as numbers, and a list by repeating its field."""
    pairs = [("query", "state:held"), ("limit", "5"), ("ids", ID), ("ids", ID)]
    request = read_query(link.ListQueue, pairs)
    assert request == link.ListQueue(query="state:held", limit=5, ids=(ID, ID))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "pairs", "why"),
    [
        (link.ListQueue, [("limit", "many")], "limit"),
        (link.ListQueue, [("limit", "1"), ("limit", "2")], '"limit" is given twice'),
        (link.ListQueue, [("qery", "x")], 'did you mean "query"'),
        (link.Ping, [("x", "y")], "it takes none"),
        (link.ViewMessage, [], "missing required field `id`"),
        (link.ViewMessage, [("id", "zz")], "16 hexadecimal"),
        (link.RefreshDns, [("domain", "a b")], "neither a host name"),
    ],
)
def test_what_cannot_be_read_is_named(
    kind: type[link.Request[object]], pairs: list[tuple[str, str]], why: str
) -> None:
    """The sentence names the field and what is wrong with it."""
    with pytest.raises(RequestUnclear, match=why):
        read_query(kind, pairs)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not JSON"),
        (b'{"expect": "5"}', "Expected `int"),
        (b'{"ids": "x"}', "Expected `array"),
        (b'{"id": []}', 'did you mean "ids"'),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, why: str) -> None:
    """Broken JSON, another shape, a wrong type and an unknown field are told apart."""
    with pytest.raises(RequestUnclear, match=why):
        read_json(link.RetryMessages, body)


def test_an_empty_body_is_a_request_without_fields() -> None:
    """`POST` without a body asks with the defaults."""
    assert read_json(link.FlushQueue, b"") == link.FlushQueue()


@given(
    st.text(max_size=20),
    st.none() | st.integers(0, 2**31),
    st.lists(st.sampled_from([ID, "0" * 16]), max_size=3),
)
def test_a_request_crosses_the_socket_unchanged(
    query: str, expect: int | None, ids: list[str]
) -> None:
    """What is encoded at the far end is read as the same request at the near end."""
    values = {"query": query, "expect": expect, "ids": ids}
    request: link.RetryMessages = codec.from_builtins(link.RetryMessages, values)
    assert read_json(link.RetryMessages, codec.encode(request)) == request


def test_every_refusal_has_a_status() -> None:
    """Each kind of refusal has one HTTP status, the special ones before the general."""
    assert list(STATUS_OF.values()) == [400, 403, 404, 409]
    assert list(STATUS_OF)[-1] is link.RequestRefused
