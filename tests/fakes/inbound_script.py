"""Plays an inbound session as a script that reads as the wire does."""

from __future__ import annotations

from empath.address import BannerHostname, EmailAddress
from empath.reply import Reply
from empath.smtp.decision import Hangup, OpenTransaction, ReceiveContent, StartTls
from empath.smtp.knowledge import Connection, Terms
from empath.smtp.session import Session


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
