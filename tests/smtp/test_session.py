"""The inbound dialogue, as scripts that read like the wire."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import BannerHostname, EmailAddress
from empath.config.units import ByteSize
from empath.reply import Reply
from empath.smtp.decision import (
    Answer,
    Hangup,
    OpenTransaction,
    ReceiveContent,
    Refuse,
    StartTls,
    render,
)
from empath.smtp.knowledge import Connection, Terms
from empath.smtp.session import TRANSITIONS, Did, OutOfTurn, Session, State


class OnlyHere:
    """Takes mail for here.test."""

    def refusal_of(self, recipient: EmailAddress) -> Reply | None:
        return None if recipient.domain == "here.test" else Reply.of("550 5.7.1 Not for there")


def session(*, starttls: bool = True, errors: int = 20, recipients: int = 100) -> Session:
    """A session of a stranger with a host that takes mail for here.test."""
    terms = Terms(
        BannerHostname("mx.test"), 1_000_000, recipients, errors, starttls=starttls, chatter=30
    )
    return Session(Connection("192.0.2.1", "127.0.0.1:25", 0.0), terms, OnlyHere())


def say(session: Session, line: str | bytes) -> str:
    """Send one line; the reply up to its enhanced code, with what else is to be done."""
    decision = session.receive(line if isinstance(line, bytes) else line.encode())
    if isinstance(decision, OpenTransaction):
        decision = session.opened()
    words = str(decision.reply).split()
    reply = " ".join(words[: 2 if decision.reply.enhanced else 1])
    extra = {Hangup: " close", ReceiveContent: " content", StartTls: " tls"}
    return reply + extra.get(type(decision), "")


def play(session: Session, script: str) -> None:
    """Lines ``C: said`` and ``S: answered``, in turn."""
    answered = ""
    for line in script.strip().splitlines():
        who, _, text = line.strip().partition(": ")
        if who == "C":
            answered = say(session, text)
        else:
            assert answered == text, f"{session!r}: {line.strip()} but {answered}"


def test_one_message() -> None:
    """A transaction runs from MAIL to the end of content, and another may follow."""
    one = session()
    for _ in range(2):
        play(
            one,
            """
            C: EHLO client.test
            S: 250
            C: MAIL FROM:<a@x.test> SIZE=100
            S: 250 2.1.0
            C: RCPT TO:<b@here.test>
            S: 250 2.1.5
            C: RCPT TO:<c@there.test>
            S: 550 5.7.1
            C: RCPT TO:<d@here.test>
            S: 250 2.1.5
            C: DATA
            S: 354 content
            """,
        )
        envelope = one.transaction.envelope()
        assert envelope.reverse_path == "a@x.test"
        assert [each.address for each in envelope.recipients] == ["b@here.test", "d@here.test"]
        one.received()
        assert one.state is State.READY
    play(one, "C: QUIT\nS: 221 2.0.0 close")


def test_out_of_turn() -> None:
    """Each command that is known but not allowed now is 503, and changes nothing."""
    play(
        session(),
        """
        C: MAIL FROM:<a@x.test>
        S: 503 5.5.1
        C: RCPT TO:<b@here.test>
        S: 503 5.5.1
        C: DATA
        S: 503 5.5.1
        C: STARTTLS
        S: 503 5.5.1
        C: EHLO client.test
        S: 250
        C: RCPT TO:<b@here.test>
        S: 503 5.5.1
        C: MAIL FROM:<a@x.test>
        S: 250 2.1.0
        C: MAIL FROM:<a@x.test>
        S: 503 5.5.1
        C: STARTTLS
        S: 503 5.5.1
        C: DATA
        S: 554 5.5.1
        C: RSET
        S: 250 2.0.0
        C: RCPT TO:<b@here.test>
        S: 503 5.5.1
        """,
    )


def test_ehlo_and_rset_end_a_transaction() -> None:
    """A second EHLO is a RSET (RFC 5321 4.1.4)."""
    one = session()
    play(
        one,
        """
        C: EHLO client.test
        S: 250
        C: MAIL FROM:<a@x.test>
        S: 250 2.1.0
        C: RCPT TO:<b@here.test>
        S: 250 2.1.5
        C: EHLO client.test
        S: 250
        """,
    )
    assert one.state is State.READY
    with pytest.raises(OutOfTurn):
        _ = one.transaction


def test_ehlo_is_owed_again_after_tls() -> None:
    """3.2: what was said in clear is forgotten at STARTTLS, which is not offered again."""
    one = session()
    play(one, "C: EHLO liar.test\nS: 250\nC: VRFY\nS: 501 5.5.4\nC: STARTTLS\nS: 220 2.0.0 tls")
    assert one.state is State.TLS
    before = one.dialogue
    one.secured("TLSv1.3 TLS_AES_256_GCM_SHA384")
    assert one.dialogue is not before
    assert one.dialogue.helo == ""
    assert one.connection.errors == 1  # what counts against a client stays
    play(
        one,
        """
        C: MAIL FROM:<a@x.test>
        S: 503 5.5.1
        C: STARTTLS
        S: 503 5.5.1
        C: EHLO client.test
        S: 250
        C: STARTTLS
        S: 503 5.5.1
        """,
    )
    offered = one.receive(b"EHLO client.test")
    assert isinstance(offered, Answer)
    assert b"STARTTLS" not in offered.wire


def test_starttls_takes_no_argument_and_needs_a_certificate() -> None:
    """STARTTLS is 501 with an argument and 502 where it was not offered (RFC 3207 4)."""
    play(session(), "C: EHLO c.test\nS: 250\nC: STARTTLS now\nS: 501 5.5.4")
    play(session(starttls=False), "C: EHLO c.test\nS: 250\nC: STARTTLS\nS: 502 5.5.1")


def test_what_is_offered() -> None:
    """L14: EHLO is answered in one piece, with just the extensions that are there."""
    offered = session().receive(b"ehlo client.test")
    assert isinstance(offered, Answer)
    assert offered.wire == (
        b"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-MT-PRIORITY\r\n250 STARTTLS\r\n"
    )


def test_helo_is_plain_smtp() -> None:
    """HELO is answered in one line and offers no extension."""
    play(session(), "C: HELO c.test\nS: 250\nC: MAIL FROM:<a@x.test> SIZE=1\nS: 555 5.5.4")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("NOOP", "250 2.0.0"),
        ("NOOP whatever", "250 2.0.0"),
        ("HELP", "214 2.0.0"),
        ("VRFY ada", "252 2.0.0"),
        ("VRFY", "501 5.5.4"),
        ("EXPN list", "502 5.5.1"),
        ("ETRN x", "502 5.5.1"),
        ("RSET now", "501 5.5.4"),
        ("QUIT now", "501 5.5.4"),
        ("EHLO", "501 5.5.4"),
        ("FOO", "500 5.5.2"),
        ("", "500 5.5.2"),
        ("AUTH PLAIN AGEAYg==", "503 5.5.1"),
        ("AUTH LOGIN", "503 5.5.1"),
        ("BDAT 5 LAST", "502 5.5.1 close"),
    ],
)
def test_other_commands(line: str, reply: str) -> None:
    """L13: every command has its reply, AUTH that is not offered included."""
    assert say(session(), line) == reply


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1", b"POST /", b"CONNECT x:25", b"\x16\x03\x01", b" ", b"\x1b[31mFOO"]
)
def test_other_protocols_are_sent_away(line: bytes) -> None:
    """L11, cross-protocol: HTTP, a TLS hello, anything that begins with no letter: 554, close."""
    assert say(session(), line) == "554 5.5.1 close"


@pytest.mark.parametrize("line", [b"NOOP\rMAIL", b"FOO\x1b[31m", b"FOO \xff<script>"])
def test_a_client_is_never_echoed(line: bytes) -> None:
    """L8: no reply holds what the client sent; the event has it, sanitised."""
    refusal = session().receive(line)
    assert isinstance(refusal, Refuse)
    assert line not in refusal.wire
    assert "\x1b" not in refusal.subject
    assert refusal.wire.isascii()


def test_data_takes_no_argument() -> None:
    """DATA with an argument is 501 and starts no content."""
    one = session()
    play(
        one,
        """
        C: EHLO c.test
        S: 250
        C: MAIL FROM:<>
        S: 250 2.1.0
        C: RCPT TO:<b@here.test>
        S: 250 2.1.5
        C: DATA now
        S: 501 5.5.4
        C: data
        S: 354 content
        """,
    )


def test_too_many_errors() -> None:
    """After `inbound.errors` refusals a client is sent away with 421."""
    one = session(errors=2)
    assert [say(one, "FOO") for _ in range(3)] == ["500 5.5.2", "500 5.5.2", "421 4.7.0 close"]
    assert one.state is State.CLOSED


def test_too_much_chatter() -> None:
    """3.3: a client that moves no mail is sent away after its budget of commands."""
    one = session()
    said = [say(one, "NOOP") for _ in range(31)]
    assert said[29:] == ["250 2.0.0", "421 4.7.0 close"]


def test_too_many_recipients() -> None:
    """L11: recipients above the limit are 452, and do not count as errors."""
    one = session(recipients=2)
    play(one, "C: EHLO c.test\nS: 250\nC: MAIL FROM:<>\nS: 250 2.1.0")
    said = [say(one, f"RCPT TO:<b{n}@here.test>") for n in range(3)]
    assert said == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]
    assert one.connection.errors == 0


def test_a_full_spool_refuses_mail() -> None:
    """3.3: where the spool has no room the transaction does not begin, and nobody is blamed."""
    one = session()
    say(one, "EHLO c.test")
    assert isinstance(one.receive(b"MAIL FROM:<a@x.test>"), OpenTransaction)
    one.unopened(Reply.of("452 4.3.1 Full"))
    assert one.state is State.READY
    assert one.connection.errors == 0
    assert say(one, "MAIL FROM:<a@x.test>") == "250 2.1.0"


def test_input_behind_starttls_ends_the_session() -> None:
    """3.2: what stood behind STARTTLS in its group is answered 554 and never read."""
    one = session()
    play(one, "C: EHLO c.test\nS: 250\nC: STARTTLS\nS: 220 2.0.0 tls")
    assert one.injected() == Hangup(
        Reply.of("554 5.5.0 Input behind STARTTLS, closing the connection"), "STARTTLS"
    )
    with pytest.raises(OutOfTurn, match="SECURED in CLOSED"):
        one.secured("TLSv1.3")


def test_every_state_can_be_left_and_nothing_leaves_the_end() -> None:
    """The table has a row for each state; only CLOSED has no way out."""
    assert set(TRANSITIONS) == set(State)
    assert [state for state in State if not TRANSITIONS[state]] == [State.CLOSED]
    assert {did for row in TRANSITIONS.values() for did in row} == set(Did)


def test_what_decisions_look_like() -> None:
    """Decisions show their reply; two with the same reply are the same."""
    refuse = Refuse(Reply.of("550 5.1.1 No"), "RCPT", "b@x")
    assert repr(refuse) == "<Refuse 550 5.1.1 No>"
    assert len({refuse, Refuse(refuse.reply), Hangup(refuse.reply)}) == 2
    assert repr(OpenTransaction()) == "<OpenTransaction>"
    assert repr(session()) == "<Session 192.0.2.1 GREETED>"
    assert render(Reply.of("211 2.0.0 a\nb")) == b"211-2.0.0 a\r\n211 2.0.0 b\r\n"


LINES = [
    b"EHLO c.test",
    b"HELO c.test",
    b"MAIL FROM:<a@x.test>",
    b"RCPT TO:<b@here.test>",
    b"RCPT TO:<b@there.test>",
    b"DATA",
    b"RSET",
    b"STARTTLS",
    b"NOOP",
    b"\xff",
]


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=30), max_size=30))
def test_no_order_of_commands_breaks_the_session(lines: list[bytes]) -> None:
    """Every line gets exactly one decision, and content is asked for only with a recipient."""
    one = session(errors=1000)
    for line in lines:
        match one.receive(line):
            case OpenTransaction():
                one.opened()
            case ReceiveContent():
                assert one.transaction.recipients
                one.received()
            case StartTls():
                one.secured("TLSv1.3 X")
            case Hangup():
                break
            case Answer() as said:
                assert 200 <= said.reply.code < 600
        if one.dialogue.transaction is None:
            assert one.state not in {State.MAIL, State.RCPT, State.DATA}


def test_lower_case_verbs_and_trailing_blanks() -> None:
    """Verbs are not case-sensitive, and blanks at the end of a line mean nothing (4.1.1)."""
    one = session()
    script = ["ehlo c.test  ", "Mail From:<a@x.test> \t", "rCpT tO:<b@here.test> ", "data "]
    assert [say(one, line) for line in script] == ["250", "250 2.1.0", "250 2.1.5", "354 content"]


def test_the_table_agrees_with_what_is_answered() -> None:
    """For each state and verb, 503 or 554 comes exactly when the table has no such row."""
    ways = {
        State.GREETED: [],
        State.READY: ["EHLO c.test"],
        State.MAIL: ["EHLO c.test", "MAIL FROM:<>"],
        State.RCPT: ["EHLO c.test", "MAIL FROM:<>", "RCPT TO:<b@here.test>"],
    }
    verbs = {
        "EHLO c.test": Did.EHLO,
        "MAIL FROM:<>": Did.MAIL,
        "RCPT TO:<b@here.test>": Did.RCPT,
        "DATA": Did.DATA,
        "STARTTLS": Did.STARTTLS,
        "RSET": Did.RSET,
        "QUIT": Did.QUIT,
    }
    for (state, way), (line, did) in itertools.product(ways.items(), verbs.items()):
        one = session()
        for step in way:
            say(one, step)
        assert one.state is state
        assert (say(one, line)[:3] in {"503", "554"}) == (did not in TRANSITIONS[state])


@pytest.mark.parametrize("may_raise", [True, False])
def test_who_may_raise_a_priority(may_raise: bool) -> None:
    """3.6 trust: who may not raise is told 2.3.6 and the new priority; lowering is for all."""
    one = session()
    one.connection.may_raise = may_raise
    play(
        one,
        f"""
        C: EHLO client.test
        S: 250
        C: MAIL FROM:<a@x.test> MT-PRIORITY=6
        S: 250 {"2.1.0" if may_raise else "2.3.6"}
        C: RSET
        S: 250 2.0.0
        C: MAIL FROM:<a@x.test> MT-PRIORITY=-6
        S: 250 2.1.0
        C: RSET
        S: 250 2.0.0
        C: MAIL FROM:<a@x.test> MT-PRIORITY=0
        S: 250 2.1.0
        """,
    )


def test_the_size_that_is_offered_is_a_number() -> None:
    """RFC 1870 3: SIZE names octets in digits, however the setting is written."""
    terms = Terms(BannerHostname("mx.test"), ByteSize(50_000_000), 100, 10)
    assert b"250-SIZE 50000000\r\n" in terms.ehlo.wire


def test_mt_priority_is_offered() -> None:
    """3.6 EHLO: `MT-PRIORITY` is among the extensions, without a policy name."""
    terms = Terms(BannerHostname("mx.test"), 1000, 100, 10)
    assert "MT-PRIORITY" in terms.ehlo.reply.text.splitlines()
    assert "MT-PRIORITY" not in terms.helo.reply.text
