"""Priorities on their way onward: in MAIL where the server knows them, else in a field."""

from __future__ import annotations

import pytest

from empath.address import Domain, EmailAddress
from empath.delivery.tunnel import tunnelled
from empath.envelope import Lot, MessageId, Priority, Recipient, Waiting
from empath.reply import Delivered
from empath.smtp.lines import mail_line
from empath.spool.content import InlineContent
from empath.spool.face import Content
from tests.delivery.test_attempt import tried
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import BODY
from tests.fakes.memory_spool import lot as message
from tests.fakes.scripted_mx import ONE_MESSAGE, Script, ScriptedMx, hello

CONTENT = InlineContent(b"Received: x\r\n", b"Subject: y\r\n\r\nz\r\n")


def lot(mt_priority: int) -> Lot:
    """A message to be sent, with a number to be told."""
    return Lot(
        MessageId.compose(1, 1),
        Domain("there.test"),
        (Waiting(0, Recipient(EmailAddress("b@there.test")), 0),),
        EmailAddress("a@here.test"),
        Priority.of(mt_priority),
        0.0,
        0.0,
        CONTENT.size,
        mt_priority=mt_priority,
    )


def opening(*extensions: str, mail: str) -> Script:
    """A session up to the reply to MAIL, which begins with *mail*."""
    return (*hello(*extensions), f"> {mail}", *ONE_MESSAGE[1:])


async def delivered(script: Script, number: int, body: bytes) -> list[bytes]:
    """What a server that plays *script* gets of a message with a number to be told."""
    async with ScriptedMx(script) as mx:
        lot_ = message(size=len(body), mt_priority=number)
        report = await tried(routed(mx.port), lot_, body=body)
    assert [type(each) for each in report.outcomes] == [Delivered]
    return mx.contents


async def test_a_server_that_offers_it_hears_it() -> None:
    """3.6-1b, 3.6-2a: on the wire, with a policy name behind the keyword or without."""
    for offer in ("MT-PRIORITY", "MT-PRIORITY STANAG4406"):
        said = f"MAIL FROM:<a@sender.test> SIZE={len(BODY)} MT-PRIORITY=-5"
        script = opening(offer, "SIZE", mail=said)
        assert await delivered(script, -5, BODY) == [BODY]


async def test_a_server_that_does_not_gets_the_field() -> None:
    """3.6-5a: on the wire the field comes first, and SIZE counts it."""
    field = b"MT-Priority: 7\r\n"
    script = opening("SIZE", mail=f"MAIL FROM:<a@sender.test> SIZE={len(field + BODY)}")
    assert await delivered(script, 7, BODY) == [field + BODY]


async def octets(content: Content) -> bytes:
    """All of a content."""
    return b"".join([chunk async for chunk in content.chunks()])


@pytest.mark.parametrize("number", [-9, -1, 1, 6, 9])
async def test_in_mail(number: int) -> None:
    """3.6-1b, 3.6-2a: a server that offers MT-PRIORITY is told the number in MAIL."""
    offered = {"MT-PRIORITY": "MIXER", "SIZE": "1000"}
    one, content = tunnelled(lot(number), CONTENT, offered)
    assert content is CONTENT
    assert mail_line(one, offered) == (
        f"MAIL FROM:<a@here.test> SIZE={CONTENT.size} MT-PRIORITY={number}"
    )


@pytest.mark.parametrize("number", [-9, -1, 1, 6, 9])
async def test_in_a_field(number: int) -> None:
    """3.6-5a: other servers get the number in a field, and the size that goes with it."""
    offered = {"SIZE": "1000"}
    one, content = tunnelled(lot(number), CONTENT, offered)
    field = f"MT-Priority: {number}\r\n".encode()
    whole = await octets(content)
    assert whole == field + await octets(CONTENT)
    assert len(whole) == content.size == one.size
    assert mail_line(one, offered) == f"MAIL FROM:<a@here.test> SIZE={len(whole)}"
    for limit in (0, 3, len(field), len(field) + 5, 1000):
        for start in (0, 1, len(field) - 1, len(field), len(field) + 1, len(whole), 2000):
            assert await content.part(start, limit) == whole[start : start + limit]


async def test_the_field_of_a_message_that_has_nothing() -> None:
    """Also content of no octets gets its field."""
    _, content = tunnelled(lot(3), InlineContent(b"", b""), {})
    assert (await octets(content)).startswith(b"MT-Priority: 3\r\n")


@pytest.mark.parametrize("offered", [{}, {"MT-PRIORITY": ""}])
async def test_nothing_to_tell(offered: dict[str, str]) -> None:
    """3.6-2b: 0 is what a server takes for granted, so it is not said."""
    one, content = tunnelled(lot(0), CONTENT, offered)
    assert (one.size, content) == (CONTENT.size, CONTENT)
    assert mail_line(one, offered) == "MAIL FROM:<a@here.test>"


async def test_a_message_that_just_fits() -> None:
    """A field that would make the message too large is left out: the mail matters more."""
    one, content = tunnelled(lot(6), CONTENT, {"SIZE": str(CONTENT.size + 15)})
    assert (one.size, content) == (CONTENT.size, CONTENT)
    one, content = tunnelled(lot(6), CONTENT, {"SIZE": str(CONTENT.size + 16)})
    assert one.size == CONTENT.size + 16
    assert content.size == one.size
