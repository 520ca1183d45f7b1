"""What next hops may do to us (SMTP-RULES 3.4), in whole: the spool, the breaker, memory."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from msgspec.structs import replace

from empath.config.model import DeliveryTls, Tls, TlsPolicy
from empath.envelope import Body, Lot, State
from empath.policy.blame import Word, word_on
from empath.query import QueueQuery
from empath.reply import Deferred, Delivered, Failed, Reply
from tests.delivery.test_real_parts import relay
from tests.fakes.certificates import server_context
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.one_attempt import only, tried
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello
from tests.fakes.sender import ENVELOPE, PIPE, Sender

MOST_GROWTH = 4096
"""KiB by which this process may grow while a server sends without end."""


@pytest.mark.parametrize(
    "script",
    [(b"2" * 65536,) * 320, ("< 220-x", Do.FLOOD), (*hello()[:2], Do.FLOOD)],
    ids=["20 MB banner", "endless banner", "endless EHLO lines"],
)
async def test_what_has_no_end_costs_no_memory(script: Script) -> None:
    """3.4-1e: given up at its first kilobytes, with memory flat."""
    async with ScriptedMx(script) as mx:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = await tried(routed(mx.port))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert isinstance(only(report), Deferred)
    assert grown < MOST_GROWTH, f"{grown} KiB"


async def test_a_reply_that_is_not_text_is_written_down(tmp_path: Path) -> None:
    """3.4-3b: a lone surrogate and its like are stored, so the message is not sent again."""
    evil = b"451 4.3.0 \xed\xb2\x9b\xff \x1b]52;c;AA\x07\x00\xe2\x80\xae\xf3\xa0\x80\x81\r\n"
    later: Script = (*hello(), "> MAIL", evil, "> QUIT")
    async with ScriptedMx(later) as mx, relay(tmp_path, mx.port) as parts:
        id = await parts.accept("b@there.test")  # noqa: A001 - what it is called everywhere
        await eventually(lambda: bool(parts.published))
        record = await parts.store.message(id)
        page = await parts.store.page(QueueQuery())
    assert record is not None
    assert record.recipients[0].state is State.DEFERRED
    assert record.recipients[0].last_reply.startswith("451 4.3.0 ")
    for text in (record.recipients[0].last_reply, page.rows[0].last_reply):
        assert text.isprintable()
        assert text.encode()
    assert mx.connections == 1


async def test_all_refused_and_354_all_the_same_gets_a_lone_dot() -> None:
    """3.4-9: on the wire too: the content stays here, and the session is as good as before."""
    replies = b"250 Ok\r\n550 5.1.1 no\r\n550 5.1.1 no\r\n354 go\r\n"
    script: Script = (
        *PIPE, *ENVELOPE, "> RCPT TO:<", "> DATA", replies, "> .", "< 554 5.5.1 nobody",
        "> MAIL", "> RCPT", "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n",
        Do.CONTENT, "< 250 2.0.0 taken", "> QUIT",
    )  # fmt: skip
    async with ScriptedMx(script) as mx:
        sender = Sender(routed(mx.port))
        refused = await sender.deliver(lot("b@there.test", "c@there.test"))
        taken = await sender.one()
    assert [type(each) for each in refused.outcomes] == [Failed, Failed]
    assert isinstance(only(taken), Delivered)
    assert mx.connections == 1


BEFORE: dict[str, Script] = {
    "EHLO": (b"220 mx ESMTP\r\n250 mx.test\r\n",),
    "MAIL": (*hello()[:2], b"250 mx.test\r\n250 Ok\r\n"),
    "RCPT": (*hello(), "> MAIL", b"250 Ok\r\n250 Ok\r\n"),
    "DATA": (*hello(), *ONE_MESSAGE[:3], b"250 Ok\r\n354 go\r\n"),
    "the content": (*hello(), *ONE_MESSAGE[:5], b"354 go\r\n250 2.0.0 taken\r\n"),
}


@pytest.mark.parametrize("script", BEFORE.values(), ids=BEFORE)
async def test_an_answer_that_comes_before_its_question(script: Script) -> None:
    """3.4-10: before each command unsolicited data is refused: close, defer, nothing believed."""
    async with ScriptedMx((*script, Do.HANG)) as mx:
        report = await tried(routed(mx.port))
    assert str(only(report).reply) == "451 4.5.0 it said more than it was asked"
    assert isinstance(only(report), Deferred)
    assert report.connection is None
    assert mx.contents == []


GONE = ("< 421 4.3.2 closing", "> QUIT")
IN_TLS: Script = (*hello("STARTTLS"), "> STARTTLS", "< 220 go", Do.TLS)
CLOSING: dict[str, Script] = {
    "CONNECT": GONE,
    "EHLO": (*hello()[:2], *GONE),
    "STARTTLS": (*hello("STARTTLS"), "> STARTTLS", *GONE),
    "EHLO in TLS": (*IN_TLS, "> EHLO", *GONE),
    "MAIL": (*IN_TLS, *hello()[1:], "> MAIL", *GONE),
    "RCPT": (*IN_TLS, *hello()[1:], *ONE_MESSAGE[:3], *GONE),
    "DATA": (*IN_TLS, *hello()[1:], *ONE_MESSAGE[:5], *GONE),
    "CONTENT": (*IN_TLS, *hello()[1:], *ONE_MESSAGE[:7], *GONE),
}


@pytest.mark.parametrize(("stage", "script"), CLOSING.items(), ids=CLOSING)
async def test_421_anywhere_defers_and_counts_for_the_breaker(stage: str, script: Script) -> None:
    """3.4-11a, 3.4-11b: even where its STARTTLS is required, 421 is no refusal of encryption."""
    async with ScriptedMx(script, context=server_context()) as mx:
        config = routed(mx.port)
        wanted = DeliveryTls(policy=TlsPolicy.REQUIRED)
        report = await tried(replace(config, delivery=replace(config.delivery, tls=wanted)))
    assert only(report) == Deferred(Reply.of("421 4.3.2 closing"))
    assert report.stage == stage.split(maxsplit=1)[0]
    assert report.connection is None
    assert word_on(report.stage, report.outcomes) is Word.FAILED


async def test_421_to_a_password_is_no_word_about_the_password() -> None:
    """3.4-11a, 3.4-11b: the server goes away; the operator is not told to look at the route."""
    login: Script = (*hello("AUTH PLAIN"), "> AUTH PLAIN", *GONE)
    async with ScriptedMx(login, context=server_context(), implicit=True) as mx:
        report = await tried(routed(mx.port, tls=Tls.IMPLICIT, username="relay"))
    assert only(report) == Deferred(Reply.of("421 4.3.2 closing"))
    assert word_on(report.stage, report.outcomes) is Word.FAILED


@pytest.mark.parametrize(
    ("offered", "message", "code"),
    [
        ("SIZE 20", lot(), "5.3.4"),
        ("SIZE", lot(body=Body.EIGHT_BIT), "5.6.3"),
        ("8BITMIME", lot(smtputf8=True), "5.6.7"),
        ("8BITMIME", lot("bücher@there.test"), "5.6.7"),
    ],
    ids=["3.4-13", "3.4-14a", "3.4-14b", "3.4-14b address"],
)
async def test_what_a_server_cannot_take_is_not_begun(
    offered: str, message: Lot, code: str
) -> None:
    """3.4-13, 3.4-14a, 3.4-14b: on the wire: no MAIL is said, and the bounce has its own code."""
    async with ScriptedMx((*hello(offered), "> QUIT")) as mx:
        report = await tried(routed(mx.port), message)
        await eventually(lambda: mx.heard[-1] == "QUIT")
    assert isinstance(only(report), Failed)
    assert only(report).reply.enhanced == code
