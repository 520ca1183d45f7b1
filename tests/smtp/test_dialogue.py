"""One mail transaction, as the wire shows it (SMTP-RULES 3.4)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from empath.address import EmailAddress
from empath.envelope import Body, Lot, Notify, Recipient
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply
from empath.smtp.dialogue import Transaction, transact
from empath.smtp.lines import size_limit
from empath.smtp.steps import Broken, Say, SendContent, lost, nonsense
from tests.fakes.memory_spool import lot
from tests.fakes.script import play

MAIL = ("> MAIL FROM:<a@sender.test>", "< 250 2.1.0 Ok")
ONE = (*MAIL, "> RCPT TO:<b@there.test>", "< 250 2.1.5 Ok")
DATA = (*ONE, "> DATA", "< 354 go on")
TAKEN = Reply.of("250 2.0.0 taken")


def sent(message: Lot, *script: str | Broken, reset: bool = False, **offered: str) -> Transaction:
    """Play the transaction of *message* with a server that offers what is named."""
    extensions = {name.strip("_"): value for name, value in offered.items()}
    result = play(transact(message, extensions, reset=reset), *script)
    assert isinstance(result, Transaction)
    return result


def words(transaction: Transaction) -> list[str]:
    """The outcomes in short."""
    return [
        "left" if each is None else f"{type(each).__name__} {each.reply.code}"
        for each in transaction.outcomes
    ]


def test_a_message_is_taken() -> None:
    """MAIL, RCPT, DATA, content; the session can be used again at once."""
    done = sent(lot(), *DATA, "> (content)", "< 250 2.0.0 taken")
    assert done == Transaction((Delivered(TAKEN),), "DONE")


def test_one_refused_recipient_does_not_stop_the_other() -> None:
    """Each recipient has its own outcome."""
    done = sent(
        lot("x@there.test", "b@there.test", "y@there.test"),
        *MAIL,
        "> RCPT TO:<x@there.test>",
        "< 550 5.1.1 no such user",
        "> RCPT TO:<b@there.test>",
        "< 250 2.1.5 Ok",
        "> RCPT TO:<y@there.test>",
        "< 450 4.2.1 busy",
        "> DATA",
        "< 354 go on",
        "> (content)",
        "< 250 2.0.0 taken",
    )
    assert words(done) == ["Failed 550", "Delivered 250", "Deferred 450"]
    assert done.stage == "DONE"


def test_all_recipients_refused_sends_no_data() -> None:
    """3.4-9: no content goes where nobody takes it; RSET comes before the next message."""
    done = sent(lot(), *MAIL, "> RCPT TO:<b@there.test>", "< 550 5.1.1 no such user")
    assert words(done) == ["Failed 550"]
    assert (done.stage, done.usable, done.clean) == ("RCPT", True, False)


def test_a_session_that_was_left_unclean_begins_with_rset() -> None:
    """After a refused transaction RSET, after a good one none (DESIGN 12)."""
    done = sent(lot(), "> RSET", "< 250 Ok", *DATA, "> (content)", "< 250 2.0.0 taken", reset=True)
    assert done.outcomes == (Delivered(TAKEN),)


def test_a_refused_rset_ends_the_session_before_anything_began() -> None:
    """The message may go on another connection at once."""
    done = sent(lot(), "> RSET", "< 500 no", reset=True)
    assert (done.begun, done.usable) == (False, False)
    assert words(done) == ["Deferred 500"]


@pytest.mark.parametrize(
    ("reply", "outcome"), [("451 4.3.0 no", "Deferred 451"), ("550 5.7.1 no", "Failed 550")]
)
def test_a_refused_sender_is_the_answer_for_all(reply: str, outcome: str) -> None:
    """MAIL is about the message, so about every recipient."""
    done = sent(lot("b@there.test", "c@there.test"), MAIL[0], f"< {reply}")
    assert words(done) == [outcome, outcome]
    assert (done.stage, done.usable) == ("MAIL", True)


@pytest.mark.parametrize(
    ("reply", "outcome"), [("451 4.3.0 no", "Deferred 451"), ("550 5.7.1 no", "Failed 550")]
)
def test_an_answer_instead_of_354_is_for_the_accepted_recipients(reply: str, outcome: str) -> None:
    """3.4-16: 550 or 451 instead of 354."""
    done = sent(lot(), *ONE, "> DATA", f"< {reply}")
    assert words(done) == [outcome]
    assert done.stage == "DATA"


@pytest.mark.parametrize(
    ("reply", "outcome"), [("451 4.3.0 no", "Deferred 451"), ("550 5.7.1 no", "Failed 550")]
)
def test_an_answer_after_the_dot_is_for_the_accepted_recipients(reply: str, outcome: str) -> None:
    """3.4-16: 550 or 451 after the dot: bounce or defer; the refused before stay as they are."""
    done = sent(
        lot("x@there.test", "b@there.test"),
        *MAIL,
        "> RCPT TO:<x@there.test>",
        "< 553 5.1.3 bad",
        *DATA[2:],
        "> (content)",
        f"< {reply}",
    )
    assert words(done) == ["Failed 553", outcome]
    assert (done.stage, done.clean) == ("CONTENT", True)


def test_552_to_a_recipient_after_accepted_ones_is_as_452() -> None:
    """3.4-12, C3: too many recipients: the others are sent, those go next (RFC 5321 4.5.3.1.10)."""
    done = sent(
        lot("b@there.test", "c@there.test"),
        *ONE,
        "> RCPT TO:<c@there.test>",
        "< 552 too many recipients",
        "> DATA",
        "< 354 go on",
        "> (content)",
        "< 250 2.0.0 taken",
    )
    assert words(done) == ["Delivered 250", "left"]
    assert done.room == 1


def test_552_to_the_first_recipient_is_552() -> None:
    """A mailbox that is full for good is refused for good."""
    done = sent(lot(), *MAIL, "> RCPT TO:<b@there.test>", "< 552 5.2.2 full")
    assert words(done) == ["Failed 552"]


def test_421_to_mail_means_that_nothing_began() -> None:
    """3.4-11a: an idle session that the server closed is found out at MAIL."""
    done = sent(lot(), MAIL[0], "< 421 4.4.2 too slow")
    assert words(done) == ["Deferred 421"]
    assert (done.begun, done.usable) == (False, False)


def test_421_to_a_recipient_defers_all_that_were_not_refused() -> None:
    """3.4-11a: 421 anywhere: defer, connection closed."""
    done = sent(
        lot("x@there.test", "b@there.test", "c@there.test", "d@there.test"),
        *MAIL,
        "> RCPT TO:<x@there.test>",
        "< 550 5.1.1 no",
        *ONE[2:],
        "> RCPT TO:<c@there.test>",
        "< 421 4.3.2 going down",
    )
    assert words(done) == ["Failed 550", "Deferred 421", "Deferred 421", "Deferred 421"]
    assert not done.usable


@pytest.mark.parametrize("script", [(*ONE, "> DATA"), (*DATA, "> (content)")])
def test_421_to_data_or_content_defers_and_closes(script: tuple[str, ...]) -> None:
    """3.4-11a: 421 anywhere."""
    done = sent(lot(), *script, "< 421 4.3.2 going down")
    assert words(done) == ["Deferred 421"]
    assert not done.usable


@pytest.mark.parametrize("script", [MAIL[:1], ONE[:3], (*ONE, "> DATA")])
def test_a_connection_that_closes_before_the_content_defers(script: tuple[str, ...]) -> None:
    """3.4-6a: closes; nothing was taken, so nothing is uncertain."""
    done = sent(lot(), *script, lost("it closed the connection"))
    assert done.outcomes == (Deferred(Reply.own(421, "4.4.2", "it closed the connection")),)
    assert not done.usable


def test_a_connection_that_closes_in_the_content_defers() -> None:
    """3.4-6a: closes after 354: the final dot was not sent."""
    done = sent(lot(), *DATA, "> (content)", lost("it closed the connection"))
    assert done.outcomes == (Deferred(Reply.own(421, "4.4.2", "it closed the connection")),)


def test_a_connection_that_closes_after_the_dot_may_have_delivered() -> None:
    """3.4-6b: closes after the final dot: flagged, since the server may have the message."""
    done = sent(lot(), *DATA, "> (content)", lost("it closed the connection", dotted=True))
    [outcome] = done.outcomes
    assert isinstance(outcome, Deferred)
    assert outcome.uncertain


def test_a_reply_of_3xx_where_none_belongs_is_a_protocol_error() -> None:
    """3.4-7b: `354` to MAIL is neither yes nor no: 4.5.0, close, defer."""
    done = sent(lot(), MAIL[0], "< 354 what")
    assert done.outcomes == (Deferred(Reply.own(451, "4.5.0", "it answered MAIL with 354")),)
    assert not done.usable


def test_a_3xx_to_a_recipient_is_a_protocol_error() -> None:
    """3.4-7b: nobody is delivered to or failed by it."""
    done = sent(lot(), *ONE[:3], "< 354 what")
    assert words(done) == ["Deferred 451"]
    assert not done.usable


def test_250_to_data_is_a_protocol_error() -> None:
    """The server must not be sent content that it reads as commands."""
    done = sent(lot(), *ONE, "> DATA", "< 250 fine")
    assert words(done) == ["Deferred 451"]
    assert not done.usable


def test_354_to_the_content_is_a_protocol_error_that_may_have_delivered() -> None:
    """It had the final dot; what it made of it is anybody's guess."""
    done = sent(lot(), *DATA, "> (content)", "< 354 more?")
    assert done.outcomes == (
        Deferred(Reply.own(451, "4.5.0", "it answered CONTENT with 354"), uncertain=True),
    )


def test_nonsense_from_the_server_defers_and_closes() -> None:
    """3.4-7b, C3: a code that is not 2xx to 5xx is a protocol error."""
    done = sent(lot(), *ONE[:3], nonsense('"999" is not a reply'))
    assert words(done) == ["Deferred 451"]
    assert done.outcomes[0].reply.enhanced == "4.5.0"


@pytest.mark.parametrize("limit", ["30", "0031"])
def test_a_message_over_the_servers_size_is_failed_without_mail(limit: str) -> None:
    """3.4-13: SIZE smaller than the message: bounce 5.3.4 without MAIL."""
    done = sent(lot(), SIZE=limit)
    assert words(done) == ["Failed 552"]
    assert done.outcomes[0].reply.enhanced == "5.3.4"


@pytest.mark.parametrize(
    ("text", "limit"), [("", 0), ("0", 0), ("x", 0), ("9" * 21, 0), ("52428800", 52428800)]
)
def test_the_servers_size_limit(text: str, limit: int) -> None:
    """RFC 1870: nothing, zero and nonsense are no limit; huge digits cost nothing."""
    assert size_limit({"SIZE": text}) == limit


def test_an_8bit_message_is_never_sent_to_a_server_without_8bitmime() -> None:
    """3.4-14a, C4: 5.6.3."""
    done = sent(lot(body=Body.EIGHT_BIT))
    assert done.outcomes[0].reply.enhanced == "5.6.3"
    assert isinstance(done.outcomes[0], Failed)


@pytest.mark.parametrize(
    "message",
    [
        lot(smtputf8=True),
        lot("bücher@there.test"),
        lot(reverse_path="bücher@sender.test"),
    ],
)
def test_internationalised_mail_is_never_sent_to_a_server_without_smtputf8(message: Lot) -> None:
    """3.4-14b: 5.6.7, never sent as it is."""
    done = sent(message)
    assert done.outcomes[0].reply.enhanced == "5.6.7"
    assert isinstance(done.outcomes[0], Failed)


def test_what_the_server_offers_is_used() -> None:
    """SIZE, BODY and SMTPUTF8 go with MAIL where the server knows them."""
    message = lot("bücher@there.test", body=Body.EIGHT_BIT, smtputf8=True)
    sent(
        message,
        "> MAIL FROM:<a@sender.test> SIZE=32 BODY=8BITMIME SMTPUTF8",
        "< 550 5.7.1 no",
        SIZE="",
        _8BITMIME="",
        SMTPUTF8="",
    )


def test_dsn_parameters_go_to_a_server_that_offers_dsn() -> None:
    """RFC 3461: RET, ENVID, NOTIFY and ORCPT are handed on as they came."""
    people = (
        Recipient(EmailAddress("b@there.test"), Notify.NEVER, "rfc822;b+2Bx@old.test"),
        Recipient(EmailAddress("c@there.test"), Notify.SUCCESS | Notify.FAILURE),
        Recipient(EmailAddress("d@there.test"), original="rfc822;not xtext"),
    )
    done = sent(
        lot(*people, envid="QQ+2B1", return_headers_only=False),
        "> MAIL FROM:<a@sender.test> RET=FULL ENVID=QQ+2B1",
        "< 250 Ok",
        "> RCPT TO:<b@there.test> NOTIFY=NEVER ORCPT=rfc822;b+2Bx@old.test",
        "< 550 no",
        "> RCPT TO:<c@there.test> NOTIFY=SUCCESS,FAILURE",
        "< 550 no",
        "> RCPT TO:<d@there.test>",
        "< 550 no",
        DSN="",
    )
    assert done.relayed


def test_an_envid_says_that_headers_are_wanted_back() -> None:
    """RET=HDRS goes with an ENVID; a client that said nothing of DSN adds nothing."""
    script = ("> MAIL FROM:<a@sender.test> RET=HDRS ENVID=q1", "< 550 no")
    sent(lot(envid="q1"), *script, DSN="")


def test_the_null_reverse_path_is_written_empty() -> None:
    """RFC 5321 4.5.5: a notification has no sender, and no wishes about one."""
    sent(lot(reverse_path=None, envid="q1"), "> MAIL FROM:<>", "< 550 no", DSN="")


@pytest.mark.parametrize("address", ['"a b"@there.test', '"a<b"@there.test', '"a>"@there.test'])
def test_a_path_with_a_space_or_bracket_is_not_sent(address: str) -> None:
    """3.3, C1: the sender refuses to emit space and <> in a path; the others go on."""
    done = sent(lot(address, "b@there.test"), *DATA, "> (content)", "< 250 2.0.0 taken")
    assert words(done) == ["Failed 553", "Delivered 250"]


def test_a_reverse_path_with_a_space_is_not_sent() -> None:
    """3.3, C1: nothing is said at all."""
    done = sent(lot(reverse_path='"a b"@sender.test'))
    assert done.outcomes[0].reply.enhanced == "5.1.7"


_REPLIES = st.sampled_from([200, 250, 251, 354, 421, 450, 452, 500, 550, 552, 554])
_PEOPLE = st.integers(1, 4)


@given(_PEOPLE, st.lists(_REPLIES, min_size=12, max_size=12), st.booleans())
@example(2, [200, 200, 452, 354, *[200] * 8], False)
def test_every_recipient_gets_an_outcome_whatever_the_server_says(
    people: int, codes: list[int], lose: bool
) -> None:
    """Nobody is forgotten, none is delivered without a 2xx to the content, none failed without a
    5xx, and who the server had no room for goes next, behind one who got an outcome.
    """
    dialogue = transact(lot(*(f"r{n}@there.test" for n in range(people))), {})
    step, answers, content = next(dialogue), iter(codes), False
    try:
        for code in answers:
            content = isinstance(step, SendContent)
            assert isinstance(step, Say | SendContent)
            if lose and content:
                step = dialogue.throw(lost("gone", dotted=True))
            step = dialogue.send(Reply(code, None, ""))
        raise AssertionError("it never ends")
    except StopIteration as stop:
        done = stop.value
    assert len(done.outcomes) == people
    assert any(outcome is not None for outcome in done.outcomes)
    for outcome in done.outcomes:
        if outcome is None:
            assert 452 in codes or 552 in codes
        else:
            assert _fits(outcome, content and not lose)


def _fits(outcome: Outcome, content: bool) -> bool:
    match outcome:
        case Delivered(reply):
            return content and reply.positive
        case Failed(reply):
            return reply.permanent
        case Deferred():
            return True
