"""What next hops may do to us (SMTP-RULES 3.4), on real sockets."""

from __future__ import annotations

import asyncio

import pytest

from empath.reply import Deferred, Delivered, Failed
from empath.spool.face import BodyUnfit
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import BODY, lot
from tests.fakes.one_attempt import SHORT, SHORT_CONTENT, TO_DATA, attempts, only, tried
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello


async def test_a_message_is_delivered() -> None:
    """The content arrives octet for octet; the connection can be used again."""
    async with ScriptedMx((*hello(), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)
    assert mx.contents == [BODY]
    assert (report.stage, report.server) == ("DONE", f"127.0.0.1:{mx.port}")
    assert report.connection is not None


async def test_dots_are_stuffed_and_large_content_streamed() -> None:
    """RFC 5321 4.5.2, in pieces and all."""
    body = b"Subject: x\r\n\r\n" + b".\r\n..x\r\n" * 40_000
    async with ScriptedMx((*hello(), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port), lot(size=len(body)), body=body)
    assert isinstance(only(report), Delivered)
    assert mx.contents[0].replace(b"\r\n.", b"\r\n") == body


@pytest.mark.parametrize(
    "script",
    [
        (b"2" * 20_000,),
        ("< 220-x", Do.FLOOD),
        (*hello()[:2], Do.FLOOD),
        (b"220-" + b"x" * 5000 + b"\r\n",),
    ],
)
async def test_a_banner_or_ehlo_without_end_is_given_up(script: Script) -> None:
    """3.4-1a, 3.4-1b, 3.4-1c: a size bound, then defer."""
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    outcome = only(report)
    assert isinstance(outcome, Deferred)
    assert outcome.reply.enhanced == "4.5.0"


@pytest.mark.parametrize("script", [(Do.HANG,), ("< 220-slowly", Do.HANG), (Do.TRICKLE,)])
async def test_a_banner_that_does_not_come_is_given_up(script: Script) -> None:
    """3.4-1d: a total deadline, which a line now and then does not push on."""
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port, **SHORT))
    assert str(only(report).reply) == "421 4.4.2 no greeting within 200ms"
    assert report.stage == "CONNECT"


@pytest.mark.parametrize("greeting", ["554 5.7.1 go away", "421 4.3.2 busy"])
async def test_a_refusing_greeting_defers(greeting: str) -> None:
    """3.4-2b: greeting 554 or 421: next MX, then defer."""
    async with ScriptedMx((f"< {greeting}",)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert str(only(report).reply) == greeting


async def test_a_reply_full_of_escapes_is_harmless_from_the_socket_on() -> None:
    """3.4-3a, C2: sanitised once; it can be stored, logged and shown."""
    evil = b"550 5.1.1 \x1b]52;c;AA\x07\x00\xe2\x80\xae\xed\xb2\x9b\r\n"
    async with ScriptedMx((*hello(), "> MAIL", evil)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Failed)
    for text in (only(report).reply.text, *report.transcript.lines()):
        assert text.isprintable()
        assert text.encode()


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_a_server_that_goes_after_354_defers(end: Do) -> None:
    """3.4-6a: closes or resets after 354."""
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.SOME_CONTENT, end)) as mx:
        report = await tried(routed(mx.port), body=body * 500_000)
    outcome = only(report)
    assert isinstance(outcome, Deferred)
    assert not outcome.uncertain
    assert report.stage == "CONTENT"


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_a_server_that_goes_after_the_final_dot_may_have_delivered(end: Do) -> None:
    """3.4-6b: closes or resets after the final dot: deferred, and flagged."""
    async with ScriptedMx((*TO_DATA, Do.CONTENT, end)) as mx:
        report = await tried(routed(mx.port))
    assert report.uncertain
    assert isinstance(only(report), Deferred)


async def test_a_server_silent_after_the_final_dot_may_have_delivered() -> None:
    """The final wait is bounded; what it did with the message is not known."""
    async with ScriptedMx((*TO_DATA, Do.CONTENT, Do.HANG)) as mx:
        report = await tried(routed(mx.port, **SHORT_CONTENT))
    assert report.uncertain
    assert str(only(report).reply) == "421 4.4.2 no reply to the content within 200ms"


async def test_a_server_that_stops_reading_is_bounded_by_a_write_deadline() -> None:
    """3.4-15a: stops reading: a block of content that is not taken in time ends the attempt, and
    since the final dot never left nothing is uncertain.
    """
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.HANG)) as mx:
        report = await tried(routed(mx.port, **SHORT_CONTENT), body=body * 500_000)
    assert str(only(report).reply) == "421 4.4.2 it took no more of the content within 200ms"
    assert not report.uncertain


@pytest.mark.parametrize("line", ["999 what", "25 ok", "hello"])
async def test_a_reply_that_is_none_defers_and_closes(line: str) -> None:
    """3.4-7b: `999`, `25 ok`: protocol error 4.5.0, close, defer."""
    async with ScriptedMx((*hello(), "> MAIL", f"< {line}", Do.HANG)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert only(report).reply.enhanced == "4.5.0"
    assert report.connection is None


async def test_200_to_mail_and_250_without_text_are_good() -> None:
    """3.4-7a: `200` to MAIL, `250` without text: the first digit decides."""
    script = (*hello(), "> MAIL", "< 200 hm", "> RCPT", "< 250", *ONE_MESSAGE[4:])
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)


async def test_250_and_then_550_is_550() -> None:
    """3.4-8: `250-` then `550`: the last line counts."""
    async with ScriptedMx((*hello(), "> MAIL", b"250-fine\r\n550 5.7.1 no\r\n")) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Failed)


async def test_replies_sent_before_we_asked_are_refused() -> None:
    """3.4-10: unsolicited data before a command: close, defer; no RCPT is believed."""
    script = (*hello(), "> MAIL", b"250 Ok\r\n250 Ok\r\n354 go\r\n250 taken\r\n", Do.HANG)
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert str(only(report).reply) == "451 4.5.0 it said more than it was asked"
    assert report.connection is None


async def test_what_was_asked_for_holds_even_if_more_comes_with_it() -> None:
    """The 250 to the content is a delivery, though the session ends for what came behind."""
    script = (*TO_DATA, Do.CONTENT, b"250 2.0.0 taken\r\n421 bye\r\n")
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)
    assert report.connection is None


async def test_a_refusal_in_the_middle_of_the_content_is_one() -> None:
    """A server may say 550 before the final dot; the session is over then."""
    body = b"x" * 60 + b"\r\n"
    script = (*TO_DATA, Do.SOME_CONTENT, "< 552 5.3.4 too much", Do.HANG)
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port), body=body * 500_000)
    assert str(only(report).reply) == "552 5.3.4 too much"
    assert isinstance(only(report), Failed)
    assert report.connection is None


async def test_250_in_the_middle_of_the_content_delivers_nothing() -> None:
    """A yes to half a message is no yes."""
    body = b"x" * 60 + b"\r\n"
    script = (*TO_DATA, Do.SOME_CONTENT, "< 250 taken", Do.HANG)
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port), body=body * 500_000)
    assert isinstance(only(report), Deferred)
    assert only(report).reply.enhanced == "4.5.0"


async def test_421_in_the_middle_defers_and_closes() -> None:
    """3.4-11a: 421 anywhere."""
    async with ScriptedMx((*hello(), *ONE_MESSAGE[:3], "< 421 4.3.2 down", "> QUIT")) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert report.connection is None


async def test_a_server_that_refuses_connections_defers() -> None:
    """Smarthost down: the sentence says so and names it, and nothing is lost."""
    async with ScriptedMx() as mx:
        pass
    report = await tried(routed(mx.port))
    sentence = f"451 4.4.1 cannot connect to 127.0.0.1:{mx.port}: connection refused"
    assert str(only(report).reply) == sentence
    assert (report.stage, report.server) == ("CONNECT", f"127.0.0.1:{mx.port}")


@pytest.mark.parametrize("body", [b"lone \n newline\r\n", b"lone \r here\r\n", b"at the end\r"])
async def test_content_with_a_bare_newline_never_leaves(body: bytes) -> None:
    """3.1, C5: the writer asserts it; the body is damaged, and the server gets no final dot."""
    async with ScriptedMx((*TO_DATA, Do.CONTENT)) as mx:
        with pytest.raises(BodyUnfit, match="cannot be sent"):
            await attempts(routed(mx.port), body=body).deliver(lot())
    assert mx.contents == []


async def test_a_damaged_body_sends_nothing() -> None:
    """SMTP-RULES 2: a body that is not what was accepted is never sent."""
    async with ScriptedMx((*hello(), "> QUIT")) as mx:
        with pytest.raises(BodyUnfit):
            await attempts(routed(mx.port), body=None).deliver(lot())
    assert mx.contents == []


async def test_8bit_content_is_not_sent_under_a_7bit_name() -> None:
    """3.4-14a, C4: a client that did not say BODY=8BITMIME does not make its message 7-bit."""
    body = "Subject: x\r\n\r\nGrüße\r\n".encode()
    async with ScriptedMx((*hello(), "> QUIT")) as mx:
        report = await tried(routed(mx.port), body=body)
    assert isinstance(only(report), Failed)
    assert only(report).reply.enhanced == "5.6.3"
    async with ScriptedMx((*hello("8BITMIME"), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port), body=body)
    assert mx.contents == [body]


async def test_an_attempt_that_is_cancelled_leaves_no_final_dot() -> None:
    """Shutting down in the middle of content cuts the connection: half a message is none."""
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.SOME_CONTENT, Do.HANG)) as mx:
        delivery = attempts(routed(mx.port), body=body * 500_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await delivery.deliver(lot())
    assert mx.contents == []
