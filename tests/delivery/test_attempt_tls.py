"""TLS and passwords on the way out (SMTP-RULES 3.2 to 3.4), on real sockets."""

from __future__ import annotations

import pytest

from empath.config.model import Tls
from empath.config.units import Duration
from empath.reply import Deferred, Delivered
from tests.fakes.certificates import server_context
from tests.fakes.fixed_route import routed
from tests.fakes.one_attempt import only, tried
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello


@pytest.mark.parametrize("extra", [b"", b"250 mx.test\r\n", b"2"])
async def test_plaintext_behind_the_answer_to_starttls_is_not_believed(extra: bytes) -> None:
    """3.4-4, 3.2: an octet in clear behind 220 to STARTTLS: protocol error, no handshake."""
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
    """3.4-5a: STARTTLS 454, handshake hang or failure: plaintext for opportunistic only."""
    async with ScriptedMx(first, (*hello("STARTTLS"), *ONE_MESSAGE)) as mx:
        report = await tried(routed(mx.port, connect_timeout=Duration(0.3)))
    assert isinstance(only(report), Delivered)
    assert mx.connections == 2
    assert report.tls is None


@pytest.mark.parametrize("first", [REFUSED, BROKEN, HANGS, (*hello(), "> QUIT")])
async def test_required_tls_that_fails_is_never_made_up_for_in_clear(first: Script) -> None:
    """3.3 TLS downgrade, 3.4-5b: one connection, no MAIL, defer; and the sentence says why."""
    async with ScriptedMx(first) as mx:
        report = await tried(routed(mx.port, tls=Tls.STARTTLS, connect_timeout=Duration(0.3)))
    assert isinstance(only(report), Deferred)
    said = {
        REFUSED: " refused STARTTLS: not now; ",
        HANGS: ": the TLS handshake failed: no end of it within 300ms; ",
        BROKEN: ": ",
    }.get(first, ": it does not offer STARTTLS; ")
    assert only(report).reply.text.startswith(f"127.0.0.1:{mx.port}{said}")
    assert only(report).reply.ours
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
