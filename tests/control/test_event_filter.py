"""Which events an operator sees: by kind, destination, message and words, and how many a second."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.bus import Bus
from empath.control.event_filter import (
    EVENT_KINDS,
    BadEventFilter,
    EventFilter,
    checked,
    event_filter_text,
    kind_of,
    parse_event_filter,
)
from empath.control.event_stream import EventStream
from empath.control.link import RequestUnclear
from empath.control.routes import read_stream_query, write_stream_query
from empath.envelope import MessageId
from empath.events import (
    AttemptEnded,
    DnsChanged,
    EngineStopping,
    Event,
    RecipientResult,
    SpoolFault,
)
from tests.fakes.clock import HandClock

ID = MessageId("0123456789abcdef")


def attempt(*results: str, destination: str = "mail.example", reply: str = "250 ok") -> Event:
    """An attempt with these results."""
    return AttemptEnded(
        at=1.0,
        id=ID,
        destination=Domain(destination),
        server="",
        stage="DONE",
        seconds=0.1,
        size=100,
        latency=1.0,
        results=tuple(
            RecipientResult(
                number=number,
                address=EmailAddress(f"u{number}@{destination}"),
                result=result,
                reply=reply,
            )
            for number, result in enumerate(results)
        ),
    )


FAULT = SpoolFault(at=1.0, sentence="Disk full")

FILTERS = st.builds(
    EventFilter,
    kinds=st.lists(st.sampled_from(EVENT_KINDS), unique=True).map(tuple),
    destination=st.sampled_from(["", "a.example", "*.example"]),
    id=st.sampled_from(["", "cdef"]),
    text=st.sampled_from(["", "disk", "two words"]),
)


def test_every_event_has_a_kind() -> None:
    """An event that is new has its word, so that it can be asked for."""
    for kind in Event.__args__:  # type: ignore[attr-defined] # the union's members
        assert issubclass(kind, Struct)
        if kind is not AttemptEnded:
            blank = {field.name: 0 for field in msgspec.structs.fields(kind)}
            assert kind_of(kind(**blank)) in EVENT_KINDS
    assert kind_of(attempt("delivered", "deferred")) == "deferred"
    assert kind_of(attempt()) == "ended"


@pytest.mark.parametrize(
    ("line", "event", "passes"),
    [
        ("", FAULT, True),
        ("kind:spool,deferred", FAULT, True),
        ("kind:deferred", FAULT, False),
        ("kind:deferred", attempt("delivered", "deferred"), True),
        ("dest:MAIL.example", attempt("delivered"), True),
        ("dest:*.example", attempt("delivered"), True),
        ("dest:other.example", attempt("delivered"), False),
        ("dest:mail.example", FAULT, False),
        ("dest:d.example", DnsChanged(at=1.0, action="x", domain="d.example", actor="a"), True),
        ("id:abcdef", attempt("delivered"), True),
        ("id:0000", attempt("delivered"), False),
        ("disk FULL", FAULT, True),
        ("greylisted", attempt("deferred", reply="451 Greylisted"), True),
        ("client", FAULT, False),
        ("kind:spool nothing", FAULT, False),
    ],
)
def test_what_passes(line: str, event: Event, passes: bool) -> None:
    """Every field that is given must hold; names of fields are no text of an event."""
    assert parse_event_filter(line).passes(event) is passes


@given(FILTERS)
def test_a_filter_is_read_as_it_is_written(only: EventFilter) -> None:
    """Written as a line, or as a query of the HTTP API, a filter comes back as it was."""
    assert parse_event_filter(event_filter_text(only)) == only
    pairs = write_stream_query(7, only).items()
    assert read_stream_query(pairs) == (7, only if only.selects else None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("kind:defered", 'did you mean "deferred"?'),
        ("kind:zzz", "there are failed"),
        ("kind:", "kind: wants a word"),
        ("level:2", 'There is no field "level"'),
        ("x" * 501, "text is longer than 500"),
    ],
)
def test_what_is_no_filter_says_why(line: str, why: str) -> None:
    """A wrong word is one sentence with what is meant."""
    with pytest.raises(BadEventFilter, match="^.*" + why.replace("?", r"\?")):
        parse_event_filter(line)


def test_a_rate_is_bounded() -> None:
    """A rate that is no rate is refused."""
    with pytest.raises(BadEventFilter, match="rate is a number"):
        checked(EventFilter(rate=-1))


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([("rate", "many")], "rate is a number of events per second"),
        ([("after", "-1")], "after is the number"),
        ([("after", "1"), ("after", "2")], '"after" is given twice'),
        ([("since", "1")], 'no field "since"; there are after, kind'),
    ],
)
def test_a_query_that_cannot_be_read_says_why(pairs: list[tuple[str, str]], why: str) -> None:
    """What is wrong with the stream's query names the field."""
    with pytest.raises(RequestUnclear, match=why):
        read_stream_query(pairs)


# The stream.


async def test_what_is_left_out_is_no_loss() -> None:
    """Events that a filter leaves out are not counted as missed; those that were lost are."""
    bus, clock = Bus(), HandClock()
    with bus.reader(limit=3) as reader:
        stream = EventStream(reader, 0, clock, EventFilter(kinds=("spool",)))
        for event in (FAULT, EngineStopping(at=1.0, reason="x"), FAULT):
            bus.publish(event)
        got = await stream.batch()
        assert [(notice.sequence, notice.missed) for notice in got] == [(1, 0), (3, 0)]
        for _ in range(5):
            bus.publish(EngineStopping(at=1.0, reason="x"))
        bus.publish(FAULT)
        assert [(notice.sequence, notice.missed) for notice in await stream.batch()] == [(9, 3)]


async def test_too_many_are_thinned_out_and_counted() -> None:
    """Of 2,000 a second 200 are sent, trouble before routine, and each of the others is counted."""
    bus, clock = Bus(), HandClock()
    got = []
    with bus.reader() as reader:
        stream = EventStream(reader, 0, clock, EventFilter(rate=200))
        for _ in range(20):  # a second, as the socket's server reads
            clock.advance(0.05)
            for number in range(100):
                bus.publish(FAULT if number == 50 else attempt("delivered"))
            got += await stream.batch()
    assert 200 <= len(got) <= 400  # what was saved up before, and one second
    left_out = sum(notice.sampled for notice in got)
    assert left_out + len(got) <= 2000
    assert left_out + len(got) >= 2000 - 100
    assert sum(notice.event == FAULT for notice in got) == 20
    assert [n.sequence for n in got] == sorted(n.sequence for n in got)
    assert not any(notice.missed for notice in got)


async def test_few_are_all_sent() -> None:
    """Below the rate nothing is left out."""
    bus, clock = Bus(), HandClock()
    with bus.reader() as reader:
        stream = EventStream(reader, 0, clock, EventFilter(rate=10))
        for _ in range(10):
            bus.publish(FAULT)
        assert [notice.sampled for notice in await stream.batch()] == [0] * 10
        for _ in range(3):
            bus.publish(FAULT)
        clock.advance(0.1)
        (only,) = await stream.batch()
        assert only.sampled == 2
