"""TLS on the listener: STARTTLS, from the start, and what is done against it."""

from __future__ import annotations

import ssl

import pytest

from empath.config.model import Tls
from empath.events import SessionRefused
from tests.fakes.eventually import turns
from tests.inbound.conftest import Desk

starttls = pytest.mark.parametrize("tls", [Tls.STARTTLS])


@starttls
async def test_a_message_over_starttls(desk: Desk) -> None:
    """3.2: after the handshake EHLO is owed again, and STARTTLS is not offered again."""
    client = await desk.ready()
    assert b"STARTTLS" in await client.say(b"EHLO liar.test")
    assert (await client.say(b"STARTTLS")).startswith(b"220 2.0.0")
    assert desk.trust is not None
    await client.secure(desk.trust)
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"503 5.5.1")
    assert b"STARTTLS" not in await client.say(b"EHLO client.test")
    assert (await client.say(b"STARTTLS")).startswith(b"503 5.5.1")
    await client.play(
        (b"MAIL FROM:<a@x.test>", b"250"), (b"RCPT TO:<b@y.test>", b"250"), (b"DATA", b"354")
    )
    client.send(b"\r\nsecret\r\n.\r\n")
    assert (await client.reply()).startswith(b"250 2.0.0")
    (message,) = desk.spool.messages
    assert message.origin.protocol == "ESMTPS"
    assert message.origin.tls.startswith("TLSv1.3 TLS_")
    assert message.origin.helo == "client.test"
    assert b"with ESMTPS (TLSv1.3 " in message.prefix
    assert await client.say(b"QUIT") == b"221 2.0.0 Bye\r\n"


@starttls
@pytest.mark.parametrize(
    "behind", [b"EHLO evil.test\r\n", b"\r\n", b"x", b"\x16\x03\x01"], ids=repr
)
async def test_input_behind_starttls(desk: Desk, behind: bytes) -> None:
    """3.2, L10: any octet behind STARTTLS in its packet is 554 5.5.0 and the end."""
    client = await desk.ready()
    client.send(b"STARTTLS\r\n" + behind)
    assert (await client.rest()).startswith(b"554 5.5.0")
    (event,) = desk.heard(SessionRefused)
    assert isinstance(event, SessionRefused)
    assert event.stage == "STARTTLS"


@starttls
async def test_a_handshake_that_fails(desk: Desk) -> None:
    """A client that does not speak TLS after 220 is gone; the others are not disturbed."""
    client, other = await desk.ready(), await desk.ready()
    await client.say(b"STARTTLS")
    client.send(b"MAIL FROM:<a@x.test>\r\n")
    await client.rest()
    await desk.until(lambda: desk.reception.sessions == 1)
    assert (await other.say(b"NOOP")).startswith(b"250")


@starttls
async def test_a_client_that_is_gone_in_the_handshake(desk: Desk) -> None:
    """A client that leaves instead of shaking hands leaves nothing behind."""
    client = await desk.ready()
    await client.say(b"STARTTLS")
    client.reset()
    await desk.until(lambda: desk.reception.sessions == 0)


@starttls
async def test_half_closing_is_closing_in_tls(desk: Desk) -> None:
    """A TLS client that ends its side is gone; its commit is not."""
    desk.spool.gate.clear()
    client = await desk.ready()
    await client.say(b"STARTTLS")
    assert desk.trust is not None
    await client.secure(desk.trust)
    await client.play(
        (b"EHLO c.test", b"250"),
        (b"MAIL FROM:<a@x.test>", b"250"),
        (b"RCPT TO:<b@y.test>", b"250"),
        (b"DATA", b"354"),
    )
    client.send(b"\r\n.\r\n")
    await desk.spool.waiting.wait()
    client.hang_up()
    await turns()
    desk.spool.gate.set()
    await desk.until(lambda: desk.spool.count == 1)
    await desk.until(lambda: desk.reception.sessions == 0)


@pytest.mark.parametrize("tls", [Tls.IMPLICIT])
async def test_tls_from_the_start(desk: Desk) -> None:
    """An implicit TLS listener greets after the handshake (RFC 8314 3.3)."""
    client = await desk.connect(tls=desk.trust)
    assert (await client.reply()).startswith(b"220 mx.test")
    assert b"STARTTLS" not in await client.say(b"EHLO client.test")
    await client.play(
        (b"MAIL FROM:<a@x.test>", b"250"), (b"RCPT TO:<b@y.test>", b"250"), (b"DATA", b"354")
    )
    client.send(b"\r\n" + b"x" * 200_000 + b"\r\n.\r\n")
    assert (await client.reply()).startswith(b"250 2.0.0")
    assert desk.spool.messages[0].origin.protocol == "ESMTPS"
    assert len(desk.spool.messages[0].content) == 200_004


@pytest.mark.parametrize("tls", [Tls.IMPLICIT])
async def test_clear_text_at_a_tls_port(desk: Desk) -> None:
    """A client that speaks in clear to a TLS port is never answered in clear."""
    client = await desk.connect()
    client.send(b"EHLO client.test\r\n")
    assert b"220" not in await client.rest()
    await desk.until(lambda: desk.reception.sessions == 0)


@starttls
async def test_tls_of_another_age(desk: Desk) -> None:
    """TLS 1.1 is refused in the handshake."""
    client = await desk.ready()
    await client.say(b"STARTTLS")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        await client.secure(old)
    await desk.until(lambda: desk.reception.sessions == 0)
