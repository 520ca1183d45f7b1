"""What next hops may do to us (SMTP-RULES 3.4), on real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection

import pytest

from empath.config.model import Config, Tls
from empath.config.units import Duration
from empath.delivery.attempt import Attempts, Report
from empath.delivery.pool import Pool
from empath.envelope import Lot
from empath.reply import Deferred, Delivered, Failed, Outcome
from empath.smtp.steps import Dialogue, Say
from empath.spool.face import BodyUnfit
from empath.tls import ClientContexts
from tests.fakes.certificates import server_context
from tests.fakes.fixed_route import finder, routed
from tests.fakes.memory_spool import BODY, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello

TO_DATA: Script = (*hello(), *ONE_MESSAGE[:6])
SHORT = {"connect_timeout": Duration(0.2), "command_timeout": Duration(0.2)}
SHORT_CONTENT = {"content_timeout": Duration(0.2), "final_timeout": Duration(0.2)}


def attempts(config: Config, *, pool: Pool | None = None, body: bytes | None = BODY) -> Attempts:
    """Attempts by *config*, whose messages have *body*."""
    spool = MemorySpool()
    spool.bodies[lot().id] = body
    return Attempts(
        spool,  # type: ignore[arg-type] - the part an attempt uses
        finder(config),
        Pool() if pool is None else pool,
        lambda: config,
        ClientContexts(lambda: config.delivery.tls),
    )


async def tried(config: Config, message: Lot | None = None, *, body: bytes = BODY) -> Report:
    """One attempt, its connection closed behind it."""
    report = await attempts(config, body=body).deliver(message or lot())
    if report.connection is not None:
        report.connection.quit()
    return report


def only(report: Report) -> Outcome:
    """The outcome of the one recipient."""
    [outcome] = report.outcomes
    return outcome


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
    """3.4: 20 MB banner, endless EHLO lines, endless banner: a size bound, then defer."""
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    outcome = only(report)
    assert isinstance(outcome, Deferred)
    assert outcome.reply.enhanced == "4.5.0"


@pytest.mark.parametrize("script", [(Do.HANG,), ("< 220-slowly", Do.HANG)])
async def test_a_banner_that_does_not_come_is_given_up(script: Script) -> None:
    """3.4: a total deadline, which a line now and then does not push on."""
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port, **SHORT))
    assert str(only(report).reply) == "421 4.4.2 no greeting within 200ms"
    assert report.stage == "CONNECT"


@pytest.mark.parametrize("greeting", ["554 5.7.1 go away", "421 4.3.2 busy"])
async def test_a_refusing_greeting_defers(greeting: str) -> None:
    """3.4: greeting 554 or 421: next MX, then defer."""
    async with ScriptedMx((f"< {greeting}",)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert str(only(report).reply) == greeting


async def test_a_reply_full_of_escapes_is_harmless_from_the_socket_on() -> None:
    """3.4, C2: sanitised once; it can be stored, logged and shown."""
    evil = b"550 5.1.1 \x1b]52;c;AA\x07\x00\xe2\x80\xae\xed\xb2\x9b\r\n"
    async with ScriptedMx((*hello(), "> MAIL", evil)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Failed)
    for text in (only(report).reply.text, *report.transcript.lines()):
        assert text.isprintable()
        assert text.encode()


@pytest.mark.parametrize("extra", [b"", b"250 mx.test\r\n", b"2"])
async def test_plaintext_behind_the_answer_to_starttls_is_not_believed(extra: bytes) -> None:
    """3.4, 3.2: an octet in clear behind 220 to STARTTLS: protocol error, no handshake."""
    start = (*hello("STARTTLS"), "> STARTTLS", b"220 go\r\n" + extra)
    if not extra:
        handshake = (Do.TLS, *hello()[1:], *ONE_MESSAGE)
        scripts: tuple[Script, ...] = ((*start, *handshake),)
    else:
        # Opportunistic: nothing of that session is used, the next one is in clear.
        scripts = ((*start, Do.HANG), (*hello("STARTTLS"), *ONE_MESSAGE))
    async with ScriptedMx(*scripts, context=server_context()) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)
    assert (report.tls is None) == bool(extra)


async def test_starttls_is_used_where_it_is_offered() -> None:
    """What was agreed is in the report, and that nobody was verified."""
    script = (*hello("STARTTLS"), "> STARTTLS", "< 220 go", Do.TLS, *hello()[1:], *ONE_MESSAGE)
    async with ScriptedMx(script, context=server_context()) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)
    assert report.tls is not None
    assert (report.tls.version, report.tls.verified) == ("TLSv1.3", "")


REFUSED: Script = (*hello("STARTTLS"), "> STARTTLS", "< 454 4.7.0 not now", "> QUIT")
BROKEN: Script = (*hello("STARTTLS"), "> STARTTLS", "< 220 go", b"this is no TLS\r\n", Do.CLOSE)
HANGS: Script = (*hello("STARTTLS"), "> STARTTLS", "< 220 go", Do.HANG)


@pytest.mark.parametrize("first", [REFUSED, BROKEN, HANGS])
async def test_opportunistic_tls_that_fails_goes_in_clear_on_a_new_connection(
    first: Script,
) -> None:
    """3.4: STARTTLS 454, handshake hang or failure: plaintext for opportunistic only."""
    async with ScriptedMx(first, (*hello("STARTTLS"), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port, connect_timeout=Duration(0.3)))
    assert isinstance(only(report), Delivered)
    assert mx.connections == 2
    assert report.tls is None


@pytest.mark.parametrize("first", [REFUSED, BROKEN, HANGS, (*hello(), "> QUIT")])
async def test_required_tls_that_fails_is_never_made_up_for_in_clear(first: Script) -> None:
    """3.3 TLS downgrade, 3.4: one connection, no MAIL, defer."""
    async with ScriptedMx(first) as mx:
        report = await tried(routed(mx.port, tls=Tls.STARTTLS, connect_timeout=Duration(0.3)))
    assert isinstance(only(report), Deferred)
    assert report.stage == "STARTTLS"
    assert (mx.connections, mx.contents) == (1, [])


async def test_implicit_tls_speaks_tls_from_the_first_octet() -> None:
    """RFC 8314: a route with tls = "implicit"."""
    async with ScriptedMx((*hello(), *ONE_MESSAGE), context=server_context(), implicit=True) as mx:
        report = await tried(routed(mx.port, tls=Tls.IMPLICIT))
    assert isinstance(only(report), Delivered)
    assert report.tls is not None


async def test_implicit_tls_with_a_server_in_clear_defers() -> None:
    """It is a setting's fault, and the sentence says what went wrong."""
    async with ScriptedMx(("< 220 hello", Do.HANG)) as mx:
        report = await tried(routed(mx.port, tls=Tls.IMPLICIT))
    assert isinstance(only(report), Deferred)
    assert f"cannot connect to 127.0.0.1:{mx.port}: " in only(report).reply.text


async def test_a_password_goes_over_tls_and_into_no_transcript() -> None:
    """AUTH on a fixed route; the timeline shows that it was done, not what was said."""
    login = ("> AUTH PLAIN AHJlbGF5AGh1bnRlcjI=", "< 535 5.7.8 no", "> QUIT")
    script = (*hello("AUTH PLAIN"), *login)
    async with ScriptedMx(script, context=server_context(), implicit=True) as mx:
        config = routed(mx.port, tls=Tls.IMPLICIT, username="relay")
        report = await tried(config)
    assert isinstance(only(report), Deferred)
    assert report.stage == "AUTH"
    said = "\n".join(report.transcript.lines())
    assert "> AUTH PLAIN ••••" in said
    assert "hunter2" not in said
    assert "AHJlbGF5" not in said


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_a_server_that_goes_after_354_defers(end: Do) -> None:
    """3.4: closes or resets after 354."""
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.SOME_CONTENT, end)) as mx:
        report = await tried(routed(mx.port), body=body * 500_000)
    outcome = only(report)
    assert isinstance(outcome, Deferred)
    assert not outcome.uncertain
    assert report.stage == "CONTENT"


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_a_server_that_goes_after_the_final_dot_may_have_delivered(end: Do) -> None:
    """3.4: closes or resets after the final dot: deferred, and flagged."""
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
    """3.4: stops reading: a block of content that is not taken in time ends the attempt, and
    since the final dot never left nothing is uncertain.
    """
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.HANG)) as mx:
        report = await tried(routed(mx.port, **SHORT_CONTENT), body=body * 500_000)
    assert str(only(report).reply) == "421 4.4.2 no taking of the content within 200ms"
    assert not report.uncertain


@pytest.mark.parametrize("line", ["999 what", "25 ok", "hello"])
async def test_a_reply_that_is_none_defers_and_closes(line: str) -> None:
    """3.4: `999`, `25 ok`: protocol error 4.5.0, close, defer."""
    async with ScriptedMx((*hello(), "> MAIL", f"< {line}", Do.HANG)) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert only(report).reply.enhanced == "4.5.0"
    assert report.connection is None


async def test_200_to_mail_and_250_without_text_are_good() -> None:
    """3.4: `200` to MAIL, `250` without text: the first digit decides."""
    script = (*hello(), "> MAIL", "< 200 hm", "> RCPT", "< 250", *ONE_MESSAGE[4:])
    async with ScriptedMx(script) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Delivered)


async def test_250_and_then_550_is_550() -> None:
    """3.4: `250-` then `550`: the last line counts."""
    async with ScriptedMx((*hello(), "> MAIL", b"250-fine\r\n550 5.7.1 no\r\n")) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Failed)


async def test_replies_sent_before_we_asked_are_refused() -> None:
    """3.4: unsolicited data before a command: close, defer; no RCPT is believed."""
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
    """3.4: 421 anywhere."""
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
    """3.4, C4: a client that did not say BODY=8BITMIME does not make its message 7-bit."""
    body = "Subject: x\r\n\r\nGrüße\r\n".encode()
    async with ScriptedMx((*hello(), "> QUIT")) as mx:
        report = await tried(routed(mx.port), body=body)
    assert isinstance(only(report), Failed)
    assert only(report).reply.enhanced == "5.6.3"
    async with ScriptedMx((*hello("8BITMIME"), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port), body=body)
    assert mx.contents == [body]


async def test_a_connection_serves_one_message_after_another() -> None:
    """No RSET between messages that were taken (DESIGN 12)."""
    pool = Pool()
    async with ScriptedMx((*hello(), *ONE_MESSAGE, *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        for _ in range(2):
            report = await delivery.deliver(lot())
            keep(pool, report)
        assert isinstance(only(report), Delivered)
        assert len(pool) == 1
        pool.close()
    assert mx.connections == 1


def keep(pool: Pool, report: Report) -> None:
    """Put the connection of *report* back."""
    assert report.connection is not None
    assert report.key is not None
    pool.put(report.key, report.connection)


async def test_rset_comes_after_a_refused_transaction() -> None:
    """What the server kept of the refused one is not mixed into the next."""
    pool = Pool()
    refused = ("> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no")
    async with ScriptedMx((*hello(), *refused, "> RSET", "< 250 Ok", *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        report = await delivery.deliver(lot())
        pool.close()
    assert isinstance(only(report), Delivered)


async def test_nothing_to_send_leaves_the_session_as_it_was() -> None:
    """A message too large for the server says nothing at all; RSET is still owed if it was."""
    pool = Pool()
    refused = ("> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no")
    script = (*hello("SIZE 100"), *refused, "> RSET", "< 250 Ok", *ONE_MESSAGE)
    async with ScriptedMx(script) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        keep(pool, await delivery.deliver(dataclasses.replace(lot(), size=101)))
        report = await delivery.deliver(lot())
        pool.close()
    assert isinstance(only(report), Delivered)


GOODBYES: Collection[Script] = (
    ("> MAIL", Do.CLOSE),
    ("> MAIL", "< 421 4.4.2 idle too long"),
    ("> MAIL", Do.RESET),
)


@pytest.mark.parametrize("goodbye", GOODBYES)
async def test_a_reused_connection_that_proves_dead_costs_no_attempt(goodbye: Script) -> None:
    """The message goes on a fresh connection at once."""
    pool = Pool()
    async with ScriptedMx((*hello(), *ONE_MESSAGE, *goodbye), (*hello(), *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        report = await delivery.deliver(lot())
        assert report.connection is not None
        report.connection.quit()
    assert isinstance(only(report), Delivered)
    assert mx.connections == 2


async def test_a_fresh_connection_that_says_421_to_mail_defers() -> None:
    """There is no second go at a server that means it."""
    async with ScriptedMx((*hello(), "> MAIL", "< 421 4.7.0 not you")) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert mx.connections == 1


async def test_a_command_of_two_lines_is_never_sent() -> None:
    """C1: the last door of the transport, for whatever made the line; a bug comes out as one."""

    def injected() -> Dialogue[None]:
        yield Say("NOOP")
        yield Say("MAIL FROM:<a@x.test>\r\nRCPT TO:<y@x.test>")

    pool = Pool()
    script = (*hello(), *ONE_MESSAGE, "> NOOP", "< 250 Ok", "> QUIT")
    async with ScriptedMx(script) as mx:
        report = await attempts(routed(mx.port), pool=pool).deliver(lot())
        assert report.connection is not None
        with pytest.raises(ValueError, match="more than one line"):
            await report.connection.run(injected())
        assert not report.connection.usable
    assert "RCPT TO:<y@x.test>" not in mx.heard


async def test_an_attempt_that_is_cancelled_leaves_no_final_dot() -> None:
    """Shutting down in the middle of content cuts the connection: half a message is none."""
    body = b"x" * 60 + b"\r\n"
    async with ScriptedMx((*TO_DATA, Do.SOME_CONTENT, Do.HANG)) as mx:
        delivery = attempts(routed(mx.port), body=body * 500_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await delivery.deliver(lot())
    assert mx.contents == []
