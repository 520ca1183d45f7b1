"""What an attempt means for each recipient, and what the sender is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import EmailAddress
from empath.config.model import Retry
from empath.delivery.attempt import Report
from empath.delivery.ruling import Judgement, judge
from empath.delivery.transcript import LINE_TEXT, LINES, Transcript
from empath.envelope import Lot, Notify, Recipient, Waiting
from empath.message.dsn import Action
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply
from tests.fakes.memory_spool import ARRIVED, lot

OK = Delivered(Reply.of("250 2.0.0 taken"))
LATER = Deferred(Reply.of("451 4.3.0 later"))
NEVER = Failed(Reply.of("550 5.1.1 no such user"))


def judged(message: Lot, *outcomes: Outcome, age: float = 60, **fields: Any) -> Judgement:
    """The judgement on *message* when it is *age* seconds old."""
    report = Report(outcomes, "DONE", Transcript(), "mx.test [192.0.2.1]:25", "mx.test", **fields)
    return judge(message, report, Retry(), jitter_draw=0.5, now=ARRIVED + age, seconds=0.25)


def wanting(notify: Notify, **fields: Any) -> Lot:
    """A lot whose recipient has these wishes."""
    return lot(Recipient(EmailAddress("b@there.test"), notify), **fields)


def test_each_recipient_is_ruled_on_by_itself() -> None:
    """Delivered, waiting, refused: three words for three fates."""
    done = judged(lot("b@t.test", "c@t.test", "d@t.test"), OK, LATER, NEVER)
    assert [each.result for each in done.event.results] == ["delivered", "deferred", "failed"]
    assert [each.next_at for each in done.rulings] == [None, ARRIVED + 360, None]
    assert [each.recipient.address for each in done.notices] == ["d@t.test"]
    assert done.event.latency == 60
    assert done.event.seconds == 0.25


def test_a_permanent_refusal_is_final_at_once() -> None:
    """A 5xx is final and makes a notification that names the server."""
    [notice] = judged(lot(), NEVER).notices
    assert (notice.action, notice.server, notice.expired) == (Action.FAILED, "mx.test", False)


def test_what_is_given_up_for_its_age_is_expired() -> None:
    """5.4.7, in our own words, with the last answer in them."""
    done = judged(lot(), LATER, age=6 * 86400)
    [ruling] = done.rulings
    assert ruling.expired
    assert str(ruling.outcome.reply) == (
        "550 5.4.7 given up after 5d in the queue; the last answer was: 451 4.3.0 later"
    )
    assert done.event.results[0].result == "expired"
    assert (done.notices[0].expired, done.notices[0].server) == (True, "")


def test_what_was_tried_often_enough_is_expired() -> None:
    """The 25th attempt is the last."""
    people = (Waiting(0, Recipient(EmailAddress("b@t.test")), 24),)
    [ruling] = judged(lot(recipients=people), LATER).rulings
    assert ruling.expired


@pytest.mark.parametrize("outcome", [NEVER, LATER])
def test_nothing_is_told_to_the_null_reverse_path(outcome: Outcome) -> None:
    """3.3 bounces: never bounce a bounce."""
    assert judged(lot(reverse_path=None), outcome, age=6 * 86400).notices == ()


@pytest.mark.parametrize(
    ("notify", "outcome", "told"),
    [
        (Notify.NEVER, NEVER, None),
        (Notify.DELAY | Notify.SUCCESS, NEVER, None),
        (Notify.FAILURE, NEVER, Action.FAILED),
        (Notify.FAILURE, OK, None),
        (Notify.SUCCESS, OK, Action.RELAYED),
        (Notify.FAILURE, LATER, None),
        (Notify.DELAY, LATER, Action.DELAYED),
    ],
)
def test_notify_is_honoured(notify: Notify, outcome: Outcome, told: Action | None) -> None:
    """RFC 3461 5.2: the sender is told what was asked for, and nothing else."""
    notices = judged(wanting(notify), outcome, age=5 * 3600).notices
    assert [notice.action for notice in notices] == ([told] if told else [])


def test_a_server_that_reports_itself_is_left_to_do_so() -> None:
    """RFC 3461 5.2.2: NOTIFY was handed on."""
    assert judged(wanting(Notify.SUCCESS), OK, reports_itself=True).notices == ()


def test_a_delay_is_told_once_and_not_before_four_hours() -> None:
    """The recipient is marked in the same transaction."""
    assert judged(lot(), LATER, age=4 * 3600 - 1).notices == ()
    done = judged(lot(), LATER, age=4 * 3600)
    assert done.rulings[0].delay_noticed
    assert done.notices[0].retry_until == ARRIVED + 5 * 86400
    people = (Waiting(0, Recipient(EmailAddress("b@t.test")), 9, delay_noticed=True),)
    assert judged(lot(recipients=people), LATER, age=5 * 3600).notices == ()


def test_a_delay_is_told_as_the_temporary_thing_it_is() -> None:
    """A greeting with 554 makes mail wait, so its notice says 4.x (RFC 3464 2.3.4)."""
    refused = Deferred(Reply.of("554 5.7.1 go away"))
    [notice] = judged(lot(), refused, age=5 * 3600).notices
    assert str(notice.reply) == "454 4.7.1 go away"


def test_a_clock_that_was_set_back_makes_no_negative_age() -> None:
    """The latency of a message from the future is zero."""
    assert judged(lot(), OK, age=-60).event.latency == 0


def test_the_transcript_is_kept_for_what_was_not_delivered() -> None:
    """Delivered mail needs no evidence."""
    transcript = Transcript()
    transcript.sent("QUIT")
    for outcome, lines in ((OK, ()), (LATER, ("> QUIT",))):
        report = Report((outcome,), "DONE", transcript)
        event = judge(lot(), report, Retry(), jitter_draw=0, now=ARRIVED, seconds=0).event
        assert event.transcript == lines


def test_a_transcript_reads_as_the_wire_does() -> None:
    """Sent, received, remarked."""
    transcript = Transcript()
    transcript.remark("connecting to mx.test [192.0.2.1]:25")
    transcript.received(Reply.of("250 mx.test\nSIZE 1"))
    transcript.sent("MAIL FROM:<a@x.test>")
    transcript.received(Reply.of("451 4.3.0 later"))
    assert transcript.lines() == (
        "* connecting to mx.test [192.0.2.1]:25",
        "< 250-mx.test",
        "< 250 SIZE 1",
        "> MAIL FROM:<a@x.test>",
        "< 451 4.3.0 later",
    )
    assert repr(transcript) == "<Transcript lines=4>"


@given(st.integers(0, 3 * LINES), st.integers(0, 2 * LINE_TEXT), st.integers(1, 300))
def test_a_transcript_is_bounded_and_keeps_the_end(count: int, length: int, lines: int) -> None:
    """A thousand recipients do not fill the timeline."""
    transcript = Transcript()
    for _ in range(count):
        transcript.sent("x" * length)
    transcript.received(Reply(250, None, "\n".join("y" * lines)))
    shown = transcript.lines()
    assert len(shown) <= LINES
    assert max(map(len, shown)) <= LINE_TEXT
    assert shown[-1].startswith("< 250")


_OUTCOMES = st.sampled_from([OK, LATER, NEVER])
_WISHES = st.integers(0, 7).map(Notify)


@given(
    st.lists(st.tuples(_OUTCOMES, _WISHES, st.booleans(), st.integers(0, 30)), min_size=1),
    st.floats(0, 10**6),
    st.booleans(),
)
def test_every_recipient_has_one_ruling_and_at_most_one_notice(
    cases: list[tuple[Outcome, Notify, bool, int]], age: float, bounce: bool
) -> None:
    """Whatever happened: none twice, none against NOTIFY, none to the null reverse-path; what
    waits has its time, what does not has none.
    """
    people = tuple(
        Waiting(n, Recipient(EmailAddress(f"r{n}@t.test"), wish), tries, noticed)
        for n, (_, wish, noticed, tries) in enumerate(cases)
    )
    message = lot(recipients=people, reverse_path=None if bounce else "a@sender.test")
    done = judged(message, *(outcome for outcome, *_ in cases), age=age)
    assert [each.number for each in done.rulings] == [each.number for each in people]
    told = [notice.recipient for notice in done.notices]
    assert len(set(told)) == len(told)
    assert not (bounce and told)
    assert all(recipient.notify is not Notify.NEVER for recipient in told)
    for ruling in done.rulings:
        waits = isinstance(ruling.outcome, Deferred)
        assert (ruling.next_at is not None) == waits
        if ruling.next_at is not None:
            assert ruling.next_at > ARRIVED + age
