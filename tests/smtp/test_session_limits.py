"""What an inbound session does not put up with: other protocols, floods, injected input."""

from __future__ import annotations

import pytest

from empath.reply import Reply
from empath.smtp.decision import (
    Hangup,
    OpenTransaction,
    Refuse,
)
from empath.smtp.session import OutOfTurn
from empath.smtp.states import State
from tests.fakes.inbound_script import play, say, session


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
