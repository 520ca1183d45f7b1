"""What an attempt says about its destination as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.blame import Word, word_on
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply, outcome_of


@pytest.mark.parametrize(
    ("stage", "reply", "word"),
    [
        ("CONNECT", "451 4.4.1 cannot connect", Word.FAILED),
        ("CONNECT", "421 4.3.2 busy", Word.FAILED),
        ("EHLO", "451 4.3.0 not now", Word.FAILED),
        ("MAIL", "451 4.3.0 not now", Word.FAILED),
        ("RCPT", "421 4.7.0 too many", Word.FAILED),
        ("CONTENT", "421 4.4.2 the connection was lost", Word.FAILED),
        ("CONTENT", "451 4.4.2 the connection was lost", Word.FAILED),
        ("RCPT", "451 4.7.1 greylisted", Word.WELL),
        ("DONE", "452 4.2.2 mailbox full", Word.WELL),
        ("MAIL", "550 5.7.1 not you", Word.WELL),
        ("CONTENT", "554 5.7.1 spam", Word.WELL),
        ("DONE", "250 2.0.0 Ok", Word.WELL),
        ("DNS", "451 4.4.3 no name server answers", Word.NOTHING),
        ("STARTTLS", "451 4.7.4 not trusted", Word.NOTHING),
        ("AUTH", "454 4.7.0 later", Word.NOTHING),
        ("CONNECT", "451 4.3.5 192.0.2.7 is no address of this machine", Word.NOTHING),
        ("STARTTLS", "421 4.3.2 closing", Word.FAILED),
        ("AUTH", "421 4.4.2 it closed the connection", Word.FAILED),
        ("AUTH", "250 2.0.0 Ok", Word.NOTHING),
        ("CONNECT", "451 4.4.5 all 20 connections are busy", Word.NOTHING),
    ],
)
def test_only_the_destinations_own_failures_count(stage: str, reply: str, word: Word) -> None:
    """Not what it says of a recipient or a message, nor what is wrong on our side."""
    assert word_on(stage, [outcome_of(Reply.of(reply))]) is word


def test_one_recipient_that_was_told_421_is_enough() -> None:
    """The others may have been answered before the server gave up."""
    mixed: list[Outcome] = [
        Delivered(Reply.of("250 Ok")),
        Failed(Reply.of("550 no")),
        Deferred(Reply.of("421 closing")),
    ]
    assert word_on("RCPT", mixed) is Word.FAILED


@given(st.text(max_size=8), st.lists(st.integers(200, 599)))
def test_there_is_a_word_on_everything(stage: str, codes: list[int]) -> None:
    """Without a temporary failure no destination is ever blamed."""
    outcomes = [outcome_of(Reply(code, None, "")) for code in codes]
    word = word_on(stage, outcomes)
    if not any(isinstance(each, Deferred) for each in outcomes):
        assert word is not Word.FAILED
