"""A transaction said at once (RFC 2920, RFC 3030), as the wire shows it (SMTP-RULES 3.3, 3.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.envelope import Lot
from empath.reply import Deferred, Delivered, Failed, Reply
from empath.smtp.dialogue import Transaction, transact
from empath.smtp.lines import limit
from empath.smtp.manner import BATCH_OCTETS, WHOLE_OCTETS, Manner
from empath.smtp.steps import Batch, Broken, Dialogue, SendChunks, SendContent, Step, lost, nonsense
from tests.fakes.memory_spool import lot
from tests.fakes.script import play

MAIL = "> MAIL FROM:<a@sender.test>"
X, Y, Z = (f"> RCPT TO:<{name}@there.test>" for name in "xyz")
TWO = (MAIL, X, Y)
OK = "< 250 2.0.0 Ok"
GO = "< 354 go on"
CONTENT = ("> (content)", OK)
CLOSED = lost("it closed the connection", closed=True)
SILENT = lost("no reply within 5m")


def sent(
    *script: str | Broken,
    people: str = "xy",
    chunking: bool = False,
    reset: bool = False,
    most: int = 0,
    **fields: object,
) -> Transaction:
    """Play the transaction of a message to *people* with a server that takes it all at once."""
    message = lot(*(f"{name}@there.test" for name in people), **fields)  # type: ignore[arg-type]
    manner = Manner(pipelining=True, chunking=chunking, most=most)
    result = play(transact(message, {}, reset=reset, manner=manner), *script)
    assert isinstance(result, Transaction)
    return result


def words(done: Transaction) -> list[str]:
    """The outcomes in short; "?" marks what may have been taken."""
    return [
        "left"
        if each is None
        else f"{type(each).__name__} {each.reply.code}"
        + ("?" if isinstance(each, Deferred) and each.uncertain else "")
        for each in done.outcomes
    ]


def test_the_envelope_and_data_are_one_write() -> None:
    """RFC 2920 3.1: MAIL, all RCPT and DATA, then the replies in that order."""
    done = sent(*TWO, "> DATA", OK, OK, OK, GO, *CONTENT)
    assert words(done) == ["Delivered 250"] * 2
    assert (done.stage, done.usable, done.clean, done.broke) == ("DONE", True, True, "")


def test_rset_goes_with_the_rest() -> None:
    """What was refused before is ended without a round trip of its own."""
    done = sent("> RSET", *TWO, "> DATA", OK, OK, OK, OK, GO, *CONTENT, reset=True)
    assert done.stage == "DONE"


def test_a_refused_recipient_is_the_one_that_was_said_at_its_place() -> None:
    """Replies are matched in order: the wrong one is never bounced."""
    done = sent(*TWO, Z, "> DATA", OK, OK, "< 550 5.1.1 no", OK, GO, *CONTENT, people="xyz")
    assert words(done) == ["Delivered 250", "Failed 550", "Delivered 250"]


@pytest.mark.parametrize("dot", ["< 554 5.5.1 no valid recipients", OK, "< 451 4.3.0 what?"])
def test_all_refused_and_354_all_the_same_gets_a_lone_dot(dot: str) -> None:
    """3.4-9: all RCPT refused but DATA answered 354 (pipelined): a lone dot, no content."""
    no = "< 550 5.1.1 no"
    done = sent(*TWO, "> DATA", OK, no, no, GO, "> .", dot)
    assert words(done) == ["Failed 550"] * 2
    assert (done.usable, done.clean) == (True, True)


def test_all_refused_and_data_refused_ends_the_transaction_there() -> None:
    """The refusal of DATA is not the answer for anybody; RSET comes before the next."""
    done = sent(*TWO, "> DATA", OK, "< 550 no", "< 450 no", "< 503 5.5.1 need RCPT")
    assert words(done) == ["Failed 550", "Deferred 450"]
    assert (done.usable, done.clean, done.broke) == (True, False, "")


@pytest.mark.parametrize(
    ("mail", "outcome"), [("550 no", "Failed 550"), ("451 no", "Deferred 451")]
)
def test_a_refused_sender_is_the_answer_whatever_is_said_to_the_rest(
    mail: str, outcome: str
) -> None:
    """503 to RCPT and DATA only follow from the refused MAIL."""
    bad = "< 503 5.5.1 need MAIL"
    done = sent(*TWO, "> DATA", f"< {mail}", bad, bad, bad)
    assert words(done) == [outcome] * 2
    assert (done.usable, done.clean, done.broke) == (True, False, "")


def test_recipients_after_a_refused_sender_are_not_believed() -> None:
    """A server that accepts recipients of nothing gets a lone dot."""
    done = sent(*TWO, "> DATA", "< 550 no", OK, OK, GO, "> .", "< 503 no")
    assert words(done) == ["Failed 550"] * 2
    assert done.clean


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_421_in_mid_batch_defers_all_and_ends_the_session(place: int) -> None:
    """3.4-11a: 421 anywhere; nothing more is waited for."""
    done = sent(*TWO, "> DATA", *[OK] * place, "< 421 4.3.2 closing")
    assert words(done) == ["Deferred 421"] * 2
    assert not done.usable
    assert done.begun == (place > 0)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_connection_closed_in_mid_batch_defers_and_is_not_uncertain(place: int) -> None:
    """3.4-6a: closes after part of a batch: no content was sent; next time one by one."""
    done = sent(*TWO, "> DATA", *[OK] * place, CLOSED)
    assert words(done) == ["Deferred 421"] * 2
    assert (done.broke, done.again, done.uncertain) == ("PIPELINING", False, False)


@pytest.mark.parametrize("broken", [SILENT, nonsense("it said more than it was asked")])
def test_fewer_or_more_replies_than_commands_fall_back_at_once(broken: Broken) -> None:
    """3.3: the replies are counted; a server that cannot count is tried without PIPELINING."""
    done = sent(*TWO, "> DATA", OK, OK, broken)
    assert (done.broke, done.again) == ("PIPELINING", True)
    assert {type(each) for each in done.outcomes} == {Deferred}


def test_a_recipient_of_a_batch_that_was_answered_before_the_end_keeps_its_answer() -> None:
    """What was said of it holds, whatever becomes of the connection."""
    done = sent(*TWO, "> DATA", OK, "< 550 5.1.1 no", CLOSED)
    assert words(done) == ["Failed 550", "Deferred 421"]


@pytest.mark.parametrize("code", [500, 502, 503])
def test_a_server_that_loses_commands_of_a_batch_is_tried_without(code: int) -> None:
    """It offers PIPELINING and breaks it: nobody is bounced for that."""
    done = sent(*TWO, "> DATA", OK, OK, OK, f"< {code} what?")
    assert (done.broke, done.again) == ("PIPELINING", True)
    done = sent(*TWO, "> DATA", OK, f"< {code} what?", OK, GO, *CONTENT)
    assert words(done) == ["left", "Delivered 250"]
    assert (done.broke, done.again) == ("PIPELINING", False), "again would send y twice"


def test_data_answered_250_is_nonsense() -> None:
    """3.4-7b: protocol error, defer; without PIPELINING at once."""
    done = sent(*TWO, "> DATA", OK, OK, OK, OK)
    assert words(done) == ["Deferred 451"] * 2
    assert (done.broke, done.again, done.usable) == ("PIPELINING", True, False)


@pytest.mark.parametrize("no", ["452 4.5.3 too many", "452 too many", "552 5.5.3 too many"])
def test_recipients_without_room_are_left_for_the_next_transaction(no: str) -> None:
    """3.4-12: 552 to RCPT after accepting some, as 452: they go at once, not deferred."""
    done = sent(*TWO, Z, "> DATA", OK, OK, f"< {no}", f"< {no}", GO, *CONTENT, people="xyz")
    assert words(done) == ["Delivered 250", "left", "left"]
    assert done.room == 1


def test_recipients_without_room_wait_where_nobody_was_taken() -> None:
    """The same server would say the same again at once, for ever."""
    done = sent(*TWO, "> DATA", OK, OK, "< 452 4.5.3 too many", "< 451 4.3.0 later")
    assert words(done) == ["Deferred 451", "Deferred 452"]


@pytest.mark.parametrize("no", ["452 4.2.2 mailbox full", "452 4.3.1 disk full"])
def test_another_452_is_a_deferral_of_that_recipient(no: str) -> None:
    """Only what says too many recipients is about their number."""
    done = sent(*TWO, "> DATA", OK, OK, f"< {no}", GO, *CONTENT)
    assert words(done) == ["Delivered 250", "Deferred 452"]


def test_rcptmax_bounds_a_transaction() -> None:
    """RFC 9422: the server's own limit is kept to, the rest goes next."""
    done = sent(MAIL, X, "> DATA", OK, OK, GO, *CONTENT, most=1)
    assert words(done) == ["Delivered 250", "left"]
    assert done.room == 0, "nothing was learnt"


@pytest.mark.parametrize(
    ("said", "value"),
    [("RCPTMAX=20 MAILMAX=5", 20), ("rcptmax=7", 7), ("RCPTMAX=x", 0), ("", 0), ("RCPTMAX", 0)],
)
def test_limits_are_read(said: str, value: int) -> None:
    """RFC 9422 4: name=value, any other word is passed over."""
    assert limit({"LIMITS": said}, "RCPTMAX") == value
    assert limit({}, "RCPTMAX") == 0


def test_many_recipients_are_split_into_batches() -> None:
    """RFC 2920 3.1: what is on the way unanswered is bounded; DATA goes with the last."""
    people = [f"{n:04}{'x' * 40}@there.test" for n in range(1000)]
    dialogue = transact(lot(*people), {}, manner=Manner(pipelining=True))
    sizes, done = [], None
    reply, step = Reply.of("250 Ok"), next(dialogue)
    try:
        while True:
            if isinstance(step, Batch):
                sizes.append(sum(len(line) + 2 for line in step.lines))
                last = step.lines[-1]
            data = isinstance(step, Batch) or not isinstance(step, SendContent)
            reply = Reply.of("250 Ok")
            if data and owed_data(step, last, dialogue):
                reply = Reply.of("354 go on")
            step = dialogue.send(reply)
    except StopIteration as stop:
        done = stop.value
    assert done.stage == "DONE"
    assert len(done.outcomes) == 1000
    assert all(isinstance(each, Delivered) for each in done.outcomes)
    assert len(sizes) > 3
    assert max(sizes) <= BATCH_OCTETS


_seen: dict[int, int] = {}


def owed_data(step: Step, last: str, dialogue: Dialogue[Transaction]) -> bool:
    """Whether the reply that is due now is the one to DATA: the last of a batch that ends so."""
    if isinstance(step, Batch):
        _seen[id(dialogue)] = len(step.lines) - 1
        return last == "DATA" and len(step.lines) == 1
    _seen[id(dialogue)] -= 1
    return last == "DATA" and _seen[id(dialogue)] == 0


# CHUNKING.


def test_small_content_goes_with_its_envelope() -> None:
    """RFC 3030 4.2: MAIL, RCPT and BDAT LAST in one write; no 354, no dots."""
    done = sent(*TWO, "> (bdat)", OK, OK, OK, "< 250 2.0.0 taken", chunking=True)
    assert words(done) == ["Delivered 250"] * 2
    assert (done.stage, done.clean) == ("DONE", True)


def test_large_content_waits_for_somebody_to_take_it() -> None:
    """A refused envelope costs no megabytes."""
    size = WHOLE_OCTETS + 1
    done = sent(*TWO, OK, OK, OK, "> (bdat)", OK, chunking=True, size=size)
    assert words(done) == ["Delivered 250"] * 2
    no = "< 550 5.1.1 no"
    done = sent(*TWO, OK, no, no, chunking=True, size=size)
    assert words(done) == ["Failed 550"] * 2
    assert (done.usable, done.clean) == (True, False)


def test_some_refused_and_bdat_taken_is_for_the_others() -> None:
    """One refused recipient does not touch the others."""
    done = sent(*TWO, "> (bdat)", OK, "< 550 5.1.1 no", OK, OK, chunking=True)
    assert words(done) == ["Failed 550", "Delivered 250"]


@pytest.mark.parametrize("bdat", ["503 5.5.1 no valid recipients", "554 5.5.1 no"])
def test_all_refused_and_bdat_refused_is_about_the_recipients(bdat: str) -> None:
    """RFC 3030 2: the refusal of BDAT follows from theirs; RSET comes next."""
    no = "< 450 4.2.0 not now"
    done = sent(*TWO, "> (bdat)", OK, no, no, f"< {bdat}", chunking=True)
    assert words(done) == ["Deferred 450"] * 2
    assert (done.usable, done.clean, done.broke) == (True, False, "")


def test_content_taken_for_nobody_ends_the_session() -> None:
    """There is no telling what such a server did."""
    no = "< 550 5.1.1 no"
    done = sent(*TWO, "> (bdat)", OK, no, no, OK, chunking=True)
    assert words(done) == ["Failed 550"] * 2
    assert not done.usable


@pytest.mark.parametrize(
    ("bdat", "outcome"), [("451 4.3.0 later", "Deferred 451"), ("554 5.6.0 bad", "Failed 554")]
)
def test_refused_content_is_the_answer_for_the_accepted(bdat: str, outcome: str) -> None:
    """3.4-16: 550 or 451 after the content; the session wants RSET (RFC 3030 2)."""
    done = sent(*TWO, "> (bdat)", OK, "< 553 5.1.3 bad", OK, f"< {bdat}", chunking=True)
    assert words(done) == ["Failed 553", outcome]
    assert (done.usable, done.clean, done.stage) == (True, False, "CONTENT")


@pytest.mark.parametrize("code", [500, 501, 502, 503, 504])
def test_a_server_that_does_not_know_bdat_is_tried_with_data(code: int) -> None:
    """It offers CHUNKING and breaks it: remembered, and nobody is bounced for that."""
    done = sent(*TWO, "> (bdat)", OK, OK, OK, f"< {code} what?", chunking=True)
    assert (done.broke, done.again) == ("CHUNKING", True)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_connection_lost_after_all_was_sent_is_uncertain(place: int) -> None:
    """3.4-6b: closes after the end of the content: flagged, never tried at once."""
    broken = lost("it closed the connection", dotted=True, closed=True)
    done = sent(*TWO, "> (bdat)", *[OK] * place, broken, chunking=True)
    assert words(done) == ["Deferred 421?"] * 2
    assert (done.again, done.usable) == (False, False)


def test_nonsense_to_an_envelope_with_its_content_is_uncertain() -> None:
    """All octets are there: whatever it says, it may have taken them."""
    done = sent(*TWO, "> (bdat)", OK, OK, "< 354 go on", chunking=True)
    assert words(done) == ["Deferred 451?"] * 2
    assert (done.usable, done.again) == (False, False)


REPLIES = st.sampled_from(
    [
        "250 Ok",
        "354 go on",
        "421 bye",
        "450 no",
        "452 full",
        "500 what",
        "503 no",
        "550 no",
        "552 x",
    ]
)


@given(
    st.lists(REPLIES, max_size=12),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([CLOSED, SILENT]),
)
def test_whatever_is_said_everybody_has_an_outcome_and_content_only_where_it_may(
    said: list[str], chunking: bool, people: int, end: Broken
) -> None:
    """No reply, in any order, loses a recipient, or sends content twice, or bounces at random."""
    message: Lot = lot(*(f"p{n}@there.test" for n in range(people)))
    manner = Manner(pipelining=True, chunking=chunking)
    dialogue = transact(message, {}, manner=manner)
    contents, step, replies = 0, next(dialogue), iter(said)
    refusals = {int(line[:3]) for line in said}
    try:
        while True:
            contents += isinstance(step, (SendContent, SendChunks))
            line = next(replies, None)
            step = dialogue.throw(end) if line is None else dialogue.send(Reply.of(line))
    except StopIteration as stop:
        done: Transaction = stop.value
    assert contents <= 1
    assert len(done.outcomes) == people
    if any(each is None for each in done.outcomes):
        assert any(isinstance(each, Delivered) for each in done.outcomes)
    assert not (done.again and any(isinstance(each, Delivered) for each in done.outcomes))
    for outcome in done.outcomes:
        if isinstance(outcome, Failed):
            assert outcome.reply.code in refusals
