"""What a server offers in its reply to EHLO, and to HELO."""

from __future__ import annotations

from empath.address import BannerHostname
from empath.config.units import ByteSize
from empath.smtp.decision import (
    Answer,
)
from empath.smtp.knowledge import Terms
from tests.fakes.inbound_script import play, session


def test_what_is_offered() -> None:
    """L14: EHLO is answered in one piece, with just the extensions that are there."""
    offered = session().receive(b"ehlo client.test")
    assert isinstance(offered, Answer)
    assert offered.wire == (
        b"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-MT-PRIORITY\r\n250 STARTTLS\r\n"
    )


def test_helo_is_plain_smtp() -> None:
    """HELO is answered in one line and offers no extension."""
    play(session(), "C: HELO c.test\nS: 250\nC: MAIL FROM:<a@x.test> SIZE=1\nS: 555 5.5.4")


def test_the_size_that_is_offered_is_a_number() -> None:
    """RFC 1870 3: SIZE names octets in digits, however the setting is written."""
    terms = Terms(BannerHostname("mx.test"), ByteSize(50_000_000), 100, 10)
    assert b"250-SIZE 50000000\r\n" in terms.ehlo.wire


def test_mt_priority_is_offered() -> None:
    """3.6-1a: `MT-PRIORITY` is among the extensions, without a policy name."""
    terms = Terms(BannerHostname("mx.test"), 1000, 100, 10)
    assert "MT-PRIORITY" in terms.ehlo.reply.text.splitlines()
    assert "MT-PRIORITY" not in terms.helo.reply.text
