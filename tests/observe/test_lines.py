"""Events as log lines, for a reader and for a program."""

from __future__ import annotations

import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.config.model import LogLevel
from empath.envelope import MessageId, Priority
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
    RecipientResult,
    SessionLost,
    SessionRefused,
    SpoolFault,
    TaskFailed,
)
from empath.observe.lines import json_line, json_sentence, level_of, text_line, text_sentence

AT = 1_790_000_000.25
TIME = "2026-09-21T14:13:20.250Z"
ID = MessageId("0" * 15 + "1")
DSN = MessageId("0" * 15 + "2")
ADA, BOB, EVE = (EmailAddress(f"{name}@example.test") for name in ("ada", "bob", "eve"))


def attempt(*results: RecipientResult, **changes: typing.Any) -> AttemptEnded:
    """An attempt at one server."""
    fields: dict[str, typing.Any] = {
        "at": AT,
        "id": ID,
        "destination": Domain("example.test"),
        "server": "mx.example.test [192.0.2.1]:25",
        "stage": "DONE",
        "seconds": 0.25,
        "size": 10,
        "latency": 0.5,
        "results": results,
    }
    return AttemptEnded(**(fields | changes))


def result(address: EmailAddress, word: str, reply: str) -> RecipientResult:
    """What the attempt meant for one recipient."""
    return RecipientResult(0, address, word, reply)


ACCEPTED = MessageAccepted(
    at=AT,
    id=ID,
    reverse_path=ADA,
    recipients=(BOB, EVE),
    size=1234,
    client="192.0.2.9",
    helo="client.example",
    protocol="ESMTP",
    priority=next(iter(Priority)),
    subject="hello",
    held=True,
)

LINES: list[tuple[Event, str]] = [
    (
        ACCEPTED,
        (
            f"INFO    accepted   {ID} <ada@example.test> -> <bob@example.test> and 1 more"
            " 1234B from 192.0.2.9 held"
        ),
    ),
    (
        attempt(result(BOB, "delivered", "250 2.0.0 Ok")),
        (
            f"INFO    delivered  {ID} <bob@example.test> at mx.example.test [192.0.2.1]:25:"
            " 250 2.0.0 Ok (0.25s, DONE)"
        ),
    ),
    (
        attempt(result(BOB, "deferred", "451 4.3.2 later"), server="", stage="RCPT"),
        (
            f"WARNING deferred   {ID} <bob@example.test> at example.test: 451 4.3.2 later"
            " (0.25s, RCPT)"
        ),
    ),
    (
        attempt(
            result(BOB, "delivered", "250 Ok"), result(EVE, "failed", "550 no"), uncertain=True
        ),
        (
            f"WARNING attempted  {ID} at mx.example.test [192.0.2.1]:25: bob@example.test"
            " delivered: 250 Ok; eve@example.test failed: 550 no (0.25s, DONE); the server may have"
            " it all the same"
        ),
    ),
    (
        NotificationSent(AT, ID, DSN, "failed", (BOB,)),
        f"INFO    notified   {ID} failed notice for <bob@example.test> as {DSN}",
    ),
    (
        OperatorActed(AT, ID, "hold", "root(uid 0) pid 7", "too many", 2),
        f"INFO    operator   {ID} hold of 2 recipients by root(uid 0) pid 7: too many",
    ),
    (BodyDamaged(AT, ID, "its body is gone"), f"ERROR   damaged    {ID} its body is gone"),
    (
        SessionRefused(AT, "192.0.2.9", "c.example", "RCPT", "x@y.example", "550 5.7.1 no"),
        f"INFO    refused    {'-' * 16} 192.0.2.9 (c.example) RCPT x@y.example: 550 5.7.1 no",
    ),
    (
        SessionRefused(AT, "192.0.2.9", "", "CONNECT", "", "421 full"),
        f"INFO    refused    {'-' * 16} 192.0.2.9 CONNECT: 421 full",
    ),
    (
        SessionLost(AT, "192.0.2.9", "c.example", "DATA", "connection reset"),
        f"INFO    lost       {'-' * 16} 192.0.2.9 (c.example) DATA: connection reset",
    ),
    (
        EngineStarted(AT, "0.1.0", 7, "relay", 3),
        f"INFO    started    {'-' * 16} empath 0.1.0, relay mode, pid 7, 3 messages queued",
    ),
    (EngineStopping(AT, "SIGTERM"), f"INFO    stopping   {'-' * 16} SIGTERM"),
    (ListenerOpened(AT, "127.0.0.1:25"), f"INFO    listening  {'-' * 16} 127.0.0.1:25"),
    (
        AttemptStuck(AT, ID, Domain("x.test"), "mx:25", "BODY", 211.0, "stuck: reading the body"),
        f"WARNING stuck      {ID} to x.test: stuck: reading the body (BODY)",
    ),
    (SpoolFault(AT, "the disk is full"), f"ERROR   spool      {'-' * 16} the disk is full"),
    (
        DnsChanged(AT, "clear", "example.test", "root"),
        f"INFO    dns        {'-' * 16} clear example.test by root",
    ),
    (
        DestinationGated(
            AT, "suspended", Domain("example.test"), "root", reason="moving", until=AT + 60
        ),
        (
            f"INFO    gate       {'-' * 16} example.test suspended by root until"
            " 2026-09-21T14:14:20.250Z: moving"
        ),
    ),
    (
        ConfigLoaded(AT, "/etc/empath.toml"),
        f"INFO    config     {'-' * 16} /etc/empath.toml is in force",
    ),
    (
        ConfigReloaded(
            AT,
            "/etc/empath.toml",
            4,
            "reload",
            "root",
            reason="slower",
            changes=('delivery.retry.base: "5m" -> "10m" (live)',),
            pending=("mode",),
            renewed=("the certificate in mx.pem was renewed",),
        ),
        (
            f"INFO    config     {'-' * 16} /etc/empath.toml is in force as version 4 (reload by"
            ' root, slower): delivery.retry.base: "5m" -> "10m" (live); the certificate in mx.pem'
            " was renewed; waiting for a restart: mode"
        ),
    ),
    (
        ConfigReloaded(AT, "/etc/empath.toml", 4, "rollback", "root", "too slow", back_to=1),
        (
            f"INFO    config     {'-' * 16} /etc/empath.toml is in force as version 4 (rollback to"
            " version 1 by root, too slow): no setting has changed"
        ),
    ),
    (
        ConfigReloaded(AT, "/etc/empath.toml", 4, "signal", "SIGHUP"),
        (
            f"INFO    config     {'-' * 16} /etc/empath.toml is in force as version 4 (signal by"
            " SIGHUP): no setting has changed"
        ),
    ),
    (
        ConfigRefused(AT, "/etc/empath.toml", "watcher", "reload.watch", ("1: no", "2: nor this")),
        (
            f"WARNING config     {'-' * 16} /etc/empath.toml refused (watcher by reload.watch),"
            " nothing has changed: 1: no; 2: nor this"
        ),
    ),
    (
        ConfigWatched(AT, "/etc/empath.toml", 5, "rolled back", "config watch", "It is worse."),
        (
            f"WARNING config     {'-' * 16} /etc/empath.toml version 5 rolled back by config watch:"
            " It is worse."
        ),
    ),
    (
        TaskFailed(AT, "delivery", "KeyError: 'x'"),
        f"ERROR   fault      {'-' * 16} delivery: KeyError: 'x'",
    ),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=lambda value: type(value).__name__)
def test_each_event_is_one_readable_line(event: Event, line: str) -> None:
    """Time, level, what, id, then who and the reply, in columns."""
    assert text_line(event) == f"{TIME} {line}"


def test_no_event_is_without_its_line() -> None:
    """A new event cannot be forgotten here: every struct of `Event` has an example above."""
    assert {type(event) for event, _ in LINES} == set(typing.get_args(Event))


@pytest.mark.parametrize(("event", "line"), LINES, ids=lambda value: type(value).__name__)
def test_a_json_line_has_every_field_of_the_event(event: Event, line: str) -> None:
    """Programs get time, level, the event's name and its fields as one object."""
    del line
    read = json.loads(json_line(event))
    assert read["time"] == TIME
    assert read["level"] == level_of(event)
    assert read["event"] == type(event).__name__
    assert "at" not in read


def test_a_failed_dialogue_is_shown_on_request() -> None:
    """At level debug an attempt's transcript stands at the end of its line."""
    event = attempt(result(BOB, "failed", "550 no"), transcript=("> MAIL", "< 550 no"))
    assert text_line(event, transcript=True).endswith(" | > MAIL | < 550 no")
    assert "MAIL" not in text_line(event)


def test_a_sentence_has_time_and_level_too() -> None:
    """What is no event is logged in the same columns, or as an object with a message."""
    assert text_sentence(AT, LogLevel.WARNING, "x\ny") == f"{TIME} WARNING x\\x0ay"
    assert json.loads(json_sentence(AT, LogLevel.ERROR, "x")) == {
        "time": TIME,
        "level": "error",
        "message": "x",
    }


@given(st.text(max_size=200))
def test_whatever_a_peer_sends_a_line_is_one_line(words: str) -> None:
    """P8: no control character, line break or escape sequence reaches the log."""
    for event in (
        SessionRefused(AT, words, words, "RCPT", words, words),
        SessionLost(AT, words, words, "DATA", words),
        TaskFailed(AT, words, words),
    ):
        line = text_line(event)
        assert len(line) <= 4000
        assert len(line.splitlines()) == 1
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
        assert len(json_line(event).splitlines()) == 1 or "\x85" in words or "\u2028" in words


def test_half_a_character_does_no_harm() -> None:
    """The journal is a fold and must not raise, whatever a file is called."""
    event = SpoolFault(AT, "cannot write /tmp/\udcff")
    assert text_line(event).endswith("/tmp/\\udcff")
    assert json.loads(json_line(event))["message"].endswith("/tmp/\\udcff")
