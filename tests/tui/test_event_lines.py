"""How events read."""

from __future__ import annotations

import typing

import pytest

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId
from empath.events import (
    AttemptEnded,
    BodyDamaged,
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
    assert line.detail == "RCPT  451 Later  250ms"
    assert line.destination == "x.example"


def test_a_delivery_is_routine_and_tells_its_tls() -> None:
    """A delivery is of the lowest level and says how it was encrypted."""
    line = line_of(1, attempt(("delivered", "250 Ok"), tls=True))
    assert (line.sign, line.level) == ("✓", 0)
    assert line.detail == "250 Ok  250ms  TLSv1.3"


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
