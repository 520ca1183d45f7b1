"""How events read."""

from __future__ import annotations

import typing

import msgspec
import pytest

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    DestinationGated,
    Event,
    NotificationSent,
    OperatorActed,
    RecipientResult,
    SessionRefused,
    TlsSession,
)
from tui.event_lines import line_of

ID = MessageId("0197a8c0f3e41b2c")


def attempt(*results: tuple[str, str], tls: bool = False) -> AttemptEnded:
    """An attempt with these results and replies."""
    return AttemptEnded(
        at=1.0,
        id=ID,
        destination=Domain("x.example"),
        server="",
        stage="RCPT",
        seconds=0.25,
        size=1,
        latency=1.0,
        results=tuple(
            RecipientResult(
                number=n, address=EmailAddress(f"u{n}@x.example"), result=r, reply=reply
            )
            for n, (r, reply) in enumerate(results, 1)
        ),
        tls=TlsSession("TLSv1.3", "X") if tls else None,
    )


def test_an_attempt_shows_its_worst_result() -> None:
    """Of several recipients the one that fared worst is named first, with its reply."""
    line = line_of(1, attempt(("delivered", "250 Ok"), ("deferred", "451 Later")))
    assert (line.sign, line.word) == ("▲", "deferred")
    assert line.subject == "u2@x.example +1"
    assert line.detail == "451 Later (RCPT at x.example, 250ms)"
    assert line.destination == "x.example"


def test_a_delivery_is_routine_and_tells_its_tls() -> None:
    """A delivery is of the lowest level and says how it was encrypted."""
    line = line_of(1, attempt(("delivered", "250 Ok"), tls=True))
    assert (line.sign, line.level) == ("✓", 0)
    assert line.detail == "250 Ok (250ms over TLSv1.3, x.example)"


def test_a_deferral_names_the_server_and_when_it_is_tried_again() -> None:
    """The line says what was answered, by whom, at which step, and what comes next."""
    event = attempt(("deferred", "451 Later"))
    (result,) = event.results
    event = msgspec.structs.replace(
        event,
        server="mx1.x.example [192.0.2.1]:25",
        results=(msgspec.structs.replace(result, next_at=301.0),),
        uncertain=True,
    )
    assert line_of(1, event).detail == (
        "451 Later (RCPT at mx1.x.example [192.0.2.1]:25, 250ms);"
        " the server may have it all the same; again in 5m00s"
    )


@pytest.mark.parametrize(
    ("action", "reason", "detail"),
    [
        ("hold", "looks like spam", "held by root(uid 0): looks like spam"),
        ("release", "", "released by root(uid 0)"),
        ("retry", "", "made due by root(uid 0)"),
        ("delete", "asked to", "deleted by root(uid 0): asked to"),
        ("priority", "high", "given class high by root(uid 0)"),
        ("bounced", "no such", "bounced by root(uid 0): no such"),
    ],
)
def test_what_an_operator_did_is_told_with_name_and_reason(
    action: str, reason: str, detail: str
) -> None:
    """Who did what, and why where it was said."""
    event = OperatorActed(
        at=1.0, id=ID, action=action, actor="root(uid 0)", reason=reason, recipients=1
    )
    assert (line_of(1, event).subject, line_of(1, event).detail) == ("1 recipient", detail)


def test_a_gate_is_told_with_how_long_and_why() -> None:
    """A suspension names its destination, who made it, for how long and the reason."""
    event = DestinationGated(
        at=1.0,
        action="suspended",
        destination=Domain("x.example"),
        actor="root(uid 0)",
        reason="they move",
        until=3601.0,
    )
    line = line_of(1, event)
    assert (line.subject, line.detail) == (
        "x.example",
        "suspended by root(uid 0) for 1h00m: they move",
    )


@pytest.mark.parametrize(
    ("event", "word", "level"),
    [
        (BodyDamaged(at=1.0, id=ID, reason="size differs"), "damaged", 2),
        (OperatorActed(at=1.0, id=ID, action="hold", actor="root", recipients=2), "hold", 1),
        (NotificationSent(at=1.0, id=ID, dsn=ID, kind="failed", recipients=()), "notified", 1),
        (
            SessionRefused(
                at=1.0, client="::1", helo="x", stage="RCPT", subject="", reply="554 No"
            ),
            "refused",
            1,
        ),
    ],
)
def test_each_kind_has_its_word(event: Event, word: str, level: int) -> None:
    """Every event is named by one word and weighed."""
    line = line_of(7, event)
    assert (line.word, line.level, line.sequence) == (word, level, 7)


def test_every_kind_of_event_has_a_line() -> None:
    """No event of the union is without a line, whatever stands in it."""
    for kind in typing.get_args(Event):
        values = {name: _sample(hint) for name, hint in typing.get_type_hints(kind).items()}
        line = line_of(1, kind(**values))
        assert line.word
        assert line.sign


def _sample(hint: object) -> object:
    samples: dict[object, object] = {str: "text", float: 1.0, int: 1, bool: False, MessageId: ID}
    if hint in samples:
        return samples[hint]
    if hint is Domain:
        return Domain("x.example")
    if type(None) in typing.get_args(hint):
        return None
    return () if typing.get_origin(hint) is tuple else 0
