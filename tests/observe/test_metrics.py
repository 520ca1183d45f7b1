"""Counters folded from events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.bus import Bus
from empath.envelope import MessageId, Priority
from empath.events import (
    AttemptEnded,
    EngineStopping,
    MessageAccepted,
    OperatorActed,
    RecipientResult,
    SessionRefused,
)
from empath.observe.figures import Figures
from empath.observe.metrics import Counters

ID = MessageId("0" * 15 + "1")
ADA = EmailAddress("ada@example.test")


def attempt(*results: str) -> AttemptEnded:
    """An attempt with these results."""
    return AttemptEnded(
        at=0,
        id=ID,
        destination=Domain("example.test"),
        server="mx.example.test",
        stage="DONE",
        seconds=0.1,
        size=10,
        latency=0.2,
        results=tuple(
            RecipientResult(number, ADA, result, "reply") for number, result in enumerate(results)
        ),
    )


def accepted(size: int) -> MessageAccepted:
    """A message that was accepted."""
    return MessageAccepted(
        at=0,
        id=ID,
        reverse_path=None,
        recipients=(ADA,),
        size=size,
        client="192.0.2.1",
        helo="c",
        protocol="ESMTP",
        priority=next(iter(Priority)),
        subject="",
    )


def test_a_message_is_counted_with_its_octets() -> None:
    """Accepted messages and their octets add up."""
    counters, bus = Counters(), Bus()
    bus.fold(counters)
    bus.publish(accepted(100))
    bus.publish(accepted(50))
    assert (counters.accepted, counters.octets) == (2, 150)


@pytest.mark.parametrize(
    ("result", "counted"),
    [
        ("delivered", (1, 0, 0)),
        ("deferred", (0, 1, 0)),
        ("failed", (0, 0, 1)),
        ("expired", (0, 0, 1)),
    ],
)
def test_each_recipient_counts_for_itself(result: str, counted: tuple[int, int, int]) -> None:
    """A recipient is delivered, deferred, or given up: refused or too old is a bounce alike."""
    counters = Counters()
    counters(attempt(result))
    assert (counters.delivered, counters.deferrals, counters.bounced) == counted


@given(st.lists(st.sampled_from(["delivered", "deferred", "failed", "expired"]), max_size=50))
def test_no_recipient_is_counted_twice_or_not_at_all(results: list[str]) -> None:
    """Whatever the attempts were, the counters sum to their recipients."""
    counters = Counters()
    counters(attempt(*results))
    assert counters.delivered + counters.deferrals + counters.bounced == len(results)


def test_what_an_operator_returns_is_counted_apart() -> None:
    """A bounce by an operator counts its recipients, and is no failure of an attempt."""
    counters, figures = Counters(), Figures()
    for action in ("bounce", "hold", "delete"):
        event = OperatorActed(at=0, id=ID, action=action, actor="ada", recipients=3)
        counters(event)
        figures(event)
    assert counters == Counters(returned=3)
    assert (figures.results["returned"], figures.results["failed"]) == (3, 0)


def test_refusals_count_and_other_events_do_not() -> None:
    """A refused command is counted; an engine that stops changes nothing."""
    counters = Counters()
    counters(SessionRefused(0, "192.0.2.1", "c", "RCPT", "x@y", "550 no"))
    counters(EngineStopping(0, "SIGTERM"))
    assert counters == Counters(refused=1)
