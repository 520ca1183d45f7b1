"""Replies and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.reply import Deferred, Delivered, EnhancedCode, Failed, Reply, outcome_of

codes = st.integers(200, 599)


@pytest.mark.parametrize(
    ("line", "enhanced", "text"),
    [
        ("250 2.1.0 Ok", "2.1.0", "Ok"),
        ("250 Ok", None, "Ok"),
        ("550 5.7.1", "5.7.1", ""),
        ("451 5.7.1 odd", None, "5.7.1 odd"),
        ("250 2.1.0x", None, "2.1.0x"),
        ("354 2.0.0 go", None, "2.0.0 go"),
        ("421 4.7.1234 x", None, "4.7.1234 x"),
        ("220", None, ""),
    ],
)
def test_the_enhanced_code_is_taken_where_it_fits(
    line: str, enhanced: str | None, text: str
) -> None:
    """An enhanced code counts only where its class is the reply's own (RFC 2034 4)."""
    reply = Reply.of(line)
    assert (reply.enhanced, reply.text) == (enhanced, text)


@given(codes, st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), max_size=40))
def test_a_reply_reads_back_what_it_says(code: int, text: str) -> None:
    """The sentence shown for a reply reads back as the same reply."""
    reply = Reply.read(code, text)
    assert Reply.of(str(reply)) == reply


def test_a_reply_of_several_lines_is_shown_on_one() -> None:
    """Line breaks inside a reply become blanks where it is shown."""
    assert str(Reply(550, EnhancedCode("5.1.1"), "no such\nuser")) == "550 5.1.1 no such user"


@given(codes)
def test_a_reply_is_of_exactly_one_class(code: int) -> None:
    """A code is positive, intermediate, transient or permanent, and never two of them."""
    reply = Reply(code, None, "")
    classes = [reply.positive, reply.intermediate, reply.transient, reply.permanent]
    assert classes == [code // 100 == digit for digit in (2, 3, 4, 5)]


@given(codes)
def test_what_a_reply_means_for_a_recipient(code: int) -> None:
    """2xx is delivered, 5xx failed, all else deferred (RFC 5321 4.2.1)."""
    reply = Reply(code, None, "")
    expected = {2: Delivered(reply), 5: Failed(reply)}.get(code // 100, Deferred(reply))
    assert outcome_of(reply) == expected


def test_a_status_is_made_up_where_the_peer_gave_none() -> None:
    """A notification needs a status code; without one from the peer it is the class's X.0.0."""
    assert Reply.of("450 busy").status == "4.0.0"
    assert Reply.of("450 4.2.1 busy").status == "4.2.1"


@pytest.mark.parametrize("text", ["", "3.0.0", "2.1", "2.1.0.0", "2.1.0 x", "2.1234.0"])
def test_what_is_no_enhanced_code_is_refused(text: str) -> None:
    """An enhanced code is class 2, 4 or 5 and two numbers of at most three digits (RFC 3463)."""
    with pytest.raises(ValueError, match="enhanced status code"):
        EnhancedCode(text)
