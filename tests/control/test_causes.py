"""What an operator is told when the DNS or a smarthost keeps mail waiting."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress, ServerId
from empath.config.outbound import Route
from empath.control.causes import CALM, REMEMBERED, Cause, LastAttempts, causes
from empath.envelope import MessageId, State
from empath.events import AttemptEnded, EngineStopping, RecipientResult
from empath.spool.face import DestinationRow

NOW = 1_790_000_000.0
ID = MessageId("0197a8c0f3e41b2c")
HOST = ServerId("127.0.0.1:2525")
ROUTES = (Route(domain="*", host=HOST), Route(domain="x.org", host=ServerId("relay.test:25")))
NO_DNS = "451 4.4.3 The mail servers could not be looked up: no answer within 10 s."
REFUSED = "451 4.4.1 cannot connect to 127.0.0.1:2525: connection refused"


def row(name: str, deferred: int = 4, next_at: float | None = NOW + 60) -> DestinationRow:
    """A destination with deferred mail."""
    return DestinationRow(Domain(name), {State.DEFERRED: deferred}, NOW - 60, next_at, "")


def ended(
    name: str, stage: str, reply: str = "250 2.0.0 Ok", *, at: float = NOW, server: str = ""
) -> AttemptEnded:
    """The end of an attempt."""
    result = RecipientResult(0, EmailAddress(f"a@{name}"), "deferred", reply)
    return AttemptEnded(
        at=at,
        id=ID,
        destination=Domain(name),
        server=server,
        stage=stage,
        seconds=0.1,
        size=1,
        latency=1.0,
        results=(result,),
    )


def found(
    *told: AttemptEnded,
    rows: tuple[DestinationRow, ...],
    shut: Mapping[Domain, float | None] | None = None,
) -> list[Cause]:
    """What is named after these attempts."""
    attempts = LastAttempts()
    for event in told:
        attempts(event)
    return list(causes(rows, attempts, ROUTES, now=NOW, shut=shut or {}))


def test_a_dns_that_does_not_answer_is_named_for_a_single_message() -> None:
    """With nothing looked up since, one destination is enough, and it is told when it goes on."""
    (cause,) = found(ended("a.org", "DNS", NO_DNS), rows=(row("a.org", 1),))
    assert cause.item.sentence == (
        "The DNS does not answer (dns.servers): 1 deferred for a.org; next attempt at 14:14:20 UTC."
    )
    assert (cause.item.severity, cause.item.query) == ("error", "state:deferred dest:a.org")


@pytest.mark.parametrize(
    ("shut", "told"),
    [
        ({}, "."),  # it is due, and waits for its turn
        ({"a.org": NOW + 60}, "; next attempt at 14:14:20 UTC."),
        ({"a.org": NOW - 60}, "."),
        ({"a.org": None}, "."),  # an operator resumes it
        ({"b.org": NOW + 60}, "."),
    ],
)
def test_the_next_attempt_is_when_the_breaker_lets_one_through(
    shut: dict[str, float | None], told: str
) -> None:
    """Mail that is due behind an open breaker is told to go when that closes, never in the past."""
    gates = {Domain(name): until for name, until in shut.items()}
    due = row("a.org", 1, next_at=NOW - 1)
    (cause,) = found(ended("a.org", "DNS", NO_DNS), rows=(due,), shut=gates)
    assert cause.item.sentence.endswith(f"1 deferred for a.org{told}")


def test_several_destinations_are_counted() -> None:
    """Three destinations without an answer are the DNS, whatever was known of others before."""
    told = [ended(f"{name}.org", "DNS", NO_DNS) for name in "abc"]
    rows = tuple(row(f"{name}.org", next_at=None) for name in "abc")
    fine = ended("fine.org", "DONE", at=NOW - 1)
    (cause,) = found(fine, *told, rows=rows)
    assert cause.item.sentence.endswith("12 deferred for 3 destinations.")
    assert cause.destinations == {"a.org", "b.org", "c.org"}
    assert found(fine, *told[:2], rows=rows) == []


def test_the_dns_of_one_domain_is_its_own_affair() -> None:
    """While other lookups succeed, a single domain without an answer is not reported."""
    lame = ended("lame.org", "DNS", NO_DNS)
    for at in (NOW - CALM, NOW, NOW + 1):
        assert found(lame, ended("fine.org", "DONE", at=at), rows=(row("lame.org"),)) == []
    quiet = ended("fine.org", "DONE", at=NOW - CALM - 1)
    assert len(found(quiet, lame, rows=(row("lame.org"),))) == 1
    relayed = ended("x.org", "DONE", server="relay.test [192.0.2.1]:25")
    assert len(found(lame, relayed, rows=(row("lame.org"),))) == 1


def test_once_the_dns_answers_again_old_failures_are_forgotten() -> None:
    """Mail that still waits for its retry does not keep the alarm up."""
    told = [ended(f"{name}.org", "DNS", NO_DNS) for name in "abc"]
    rows = tuple(row(f"{name}.org") for name in "abc")
    assert len(found(*told, ended("fine.org", "DONE", at=NOW + 1), rows=rows)) == 1
    assert found(*told, ended("fine.org", "DONE", at=NOW + CALM), rows=rows) == []


@pytest.mark.parametrize(
    ("stage", "reply", "words"),
    [
        ("CONNECT", REFUSED, "The smarthost 127.0.0.1:2525 refuses connections: 8 deferred"),
        (
            "CONNECT",
            "451 4.4.1 cannot connect to 127.0.0.1:2525: no answer in time",
            "cannot be reached (no answer in time)",
        ),
        ("AUTH", "535 5.7.8 Bad", "takes no session (AUTH: 535 5.7.8 Bad)"),
    ],
)
def test_a_smarthost_is_named_with_what_is_wrong(stage: str, reply: str, words: str) -> None:
    """The next hop of a route is the operator's own: one message that it does not take counts."""
    told = [ended(name, stage, reply, server=HOST) for name in ("a.org", "b.org")]
    (cause,) = found(*told, rows=(row("a.org"), row("b.org"), row("other.org")))
    assert words in cause.item.sentence
    assert "for 2 destinations" in cause.item.sentence


def test_a_smarthost_that_took_a_session_since_is_back() -> None:
    """The alarm ends with the first session, though other mail still waits for its retry."""
    down = ended("a.org", "CONNECT", REFUSED, server=HOST)
    back = ended("b.org", "DONE", at=NOW + 1, server=HOST)
    assert found(down, back, rows=(row("a.org"),)) == []
    again = ended("b.org", "EHLO", "421 4.3.2 No", at=NOW + 2, server=HOST)
    assert len(found(down, back, again, rows=(row("a.org"), row("b.org")))) == 1


def test_what_is_no_cause() -> None:
    """Strange servers that are down, a full house of ours, and mail that has gone are not named."""
    strange = ended("a.org", "CONNECT", REFUSED, server="mx.a.org [192.0.2.1]:25")
    busy = ended("a.org", "CONNECT", "451 4.4.5 all connections are busy", server=HOST)
    later = ended("a.org", "RCPT", "451 4.7.1 Later", server=HOST)
    for event in (strange, busy, later):
        assert found(event, rows=(row("a.org"),)) == []
    assert found(ended("a.org", "DNS", NO_DNS), rows=(row("a.org", 0), row("b.org"))) == []


def test_few_attempts_are_remembered() -> None:
    """However many destinations there are, memory is bounded; other events are passed over."""
    attempts = LastAttempts()
    attempts(EngineStopping(at=NOW, reason="x"))
    for number in range(REMEMBERED + 5):
        attempts(ended(f"d{number}.org", "DONE"))
    assert len(attempts.by_destination) == REMEMBERED
    assert Domain("d0.org") not in attempts.by_destination


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=30))
def test_the_end_of_an_outage_ends_the_alarm(story: list[tuple[str, bool]]) -> None:
    """Whatever went before, once every destination has been looked up nothing is named."""
    rows = tuple(row(f"{name}.org") for name in "abcd")
    told = [
        ended(f"{name}.org", "DNS", NO_DNS, at=NOW + at)
        if fails
        else ended(f"{name}.org", "RCPT", "451 4.7.1 Later", at=NOW + at)
        for at, (name, fails) in enumerate(story)
    ]
    fine = [ended(f"{name}.org", "RCPT", "451 4.7.1 Later", at=NOW + 99) for name in "abcd"]
    assert found(*told, *fine, rows=rows) == []
