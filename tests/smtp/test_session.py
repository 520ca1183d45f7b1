"""The inbound dialogue, as scripts that read like the wire."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from empath.smtp.session import OutOfTurn
from empath.smtp.states import TRANSITIONS, Did, State
from tests.fakes.inbound_script import play, say, session


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
    """3.6-4b: who may not raise is told 2.3.6 and the new priority; lowering is for all."""
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
