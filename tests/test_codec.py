"""Values to JSON and back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath import codec
from empath.address import Domain, EmailAddress
from empath.config.units import ByteSize, Duration, Rate
from empath.control.link import Changed, DnsOverride, ListQueue, RetryMessages, ViewMessage
from empath.envelope import MessageId, Priority
from empath.events import AttemptEnded, Event, MessageAccepted, RecipientResult, TlsSession

ids = st.builds(MessageId.compose, st.integers(0, 2**42 - 1), st.integers(0, 2**21 - 1))
mailboxes = st.sampled_from([EmailAddress("ada@x.org"), EmailAddress("jürgen@xn--bcher-kva.x")])
times = st.floats(0, 2e9)
texts = st.text(max_size=30).filter(lambda text: text.isprintable())

accepted = st.builds(
    MessageAccepted,
    at=times,
    id=ids,
    reverse_path=st.none() | mailboxes,
    recipients=st.lists(mailboxes, max_size=3).map(tuple),
    size=st.integers(0, 2**40),
    client=texts,
    helo=texts,
    protocol=texts,
    priority=st.sampled_from(Priority),
    subject=texts,
    held=st.booleans(),
)
attempts = st.builds(
    AttemptEnded,
    at=times,
    id=ids,
    destination=st.just(Domain("x.org")),
    server=texts,
    stage=texts,
    seconds=times,
    size=st.integers(0, 2**40),
    latency=times,
    results=st.lists(
        st.builds(
            RecipientResult,
            number=st.integers(0, 1000),
            address=mailboxes,
            result=texts,
            reply=texts,
            next_at=st.none() | times,
        ),
        max_size=2,
    ).map(tuple),
    tls=st.none() | st.builds(TlsSession, version=texts, cipher=texts, verified=texts),
    uncertain=st.booleans(),
    transcript=st.lists(texts, max_size=3).map(tuple),
)


@given(accepted | attempts)
def test_an_event_comes_back_as_it_went(event: MessageAccepted | AttemptEnded) -> None:
    """An event in JSON is one line and reads back as the same event, types and all."""
    line = codec.encode(event)
    assert b"\n" not in line
    back: Any = codec.decode(Event, line)
    assert back == event
    assert type(back) is type(event)
    assert type(back.id) is MessageId
    assert codec.from_builtins(Event, codec.to_builtins(event)) == event


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"id": "short"}', "16 hexadecimal"),
        (b'{"id": 7}', "expected text"),
        (b"{}", "missing required field"),
        (b'{"id": "0197a8c0f3e41b2c", "x": 1}', "unknown field"),
        (b"[]", "Expected `object`"),
    ],
)
def test_what_does_not_fit_is_a_validation_error(body: bytes, why: str) -> None:
    """A wrong value never becomes a struct; the error names what was expected."""
    with pytest.raises(msgspec.ValidationError, match=why):
        codec.decode(ViewMessage, body)


def test_broken_json_is_a_decode_error() -> None:
    """Text that is no JSON is refused as such."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode(ViewMessage, b"{")


def test_query_strings_are_read_when_not_strict() -> None:
    """Numbers may be written as text where a request comes from a query string."""
    values = {"limit": "7", "ids": ["0197a8c0f3e41b2c"]}
    request: ListQueue = codec.from_builtins(ListQueue, values, strict=False)
    assert (request.limit, request.ids) == (7, (MessageId("0197a8c0f3e41b2c"),))
    with pytest.raises(msgspec.ValidationError):
        codec.from_builtins(ListQueue, values)


def test_addresses_are_plain_text_on_the_wire() -> None:
    """A domain goes out as a string and comes back as a domain."""
    override = DnsOverride(domain=Domain("x.org"), hosts=("mx:25",))
    assert codec.to_builtins(override) == {
        "domain": "x.org",
        "hosts": ("mx:25",),
        "actor": "",
        "reason": "",
        "since": 0.0,
        "until": None,
    }
    back: DnsOverride = codec.decode(DnsOverride, codec.encode(override))
    assert type(back.domain) is Domain


@pytest.mark.parametrize("value", [Rate(5), Duration(90), ByteSize(1024)])
def test_settings_go_out_as_plain_numbers(value: float) -> None:
    """A rate, duration or size of the config in an answer is a number on the wire."""
    assert codec.encode(value) == codec.encode(type(value).__mro__[1](value))
    assert codec.to_builtins({"x": value}) == {"x": value}


def test_only_values_of_ours_have_a_form_on_the_wire() -> None:
    """An object of no known kind is a bug, and says so."""
    with pytest.raises(NotImplementedError, match="complex"):
        codec.encode({"x": 1j})
    with pytest.raises(NotImplementedError, match="complex"):
        codec.decode(complex, b"1")


def test_a_decoder_is_made_once() -> None:
    """Reading the same type twice gives equal values."""
    body = codec.encode(Changed(messages=1, recipients=2, in_flight=0))
    assert codec.decode(Changed, body) == codec.decode(Changed, body.decode())
    assert codec.decode(RetryMessages, b"{}") == RetryMessages()
