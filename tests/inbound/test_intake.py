"""Content on its way into the spool: limits, line ends, and a spool that refuses."""

from __future__ import annotations

import pytest

from empath.config.model import BareNewlines
from empath.events import MessageAccepted, SessionRefused, TaskFailed
from empath.spool.face import SpoolFull, SpoolRefused
from tests.fakes.eventually import turns
from tests.inbound.conftest import Desk
from tests.smtp.test_data import SMUGGLED


@pytest.mark.parametrize("end", SMUGGLED, ids=repr)
async def test_one_message_stays_one(desk: Desk, end: bytes) -> None:
    """3.1: no look-alike of the end of data makes two messages of one."""
    client = await desk.in_content()
    smuggled = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nsmuggled"
    client.send(b"Subject: x\r\n\r\nfirst" + end + smuggled + b"\r\n.\r\n")
    assert (await client.reply()).startswith(b"250 2.0.0")
    assert (await client.say(b"NOOP")).startswith(b"250")
    (message,) = desk.spool.messages
    assert b"smuggled\r\n" in message.content
    assert message.content.count(b"\n") == message.content.count(b"\r\n")
    assert message.content.count(b"\r") == message.content.count(b"\r\n")


async def test_bare_newlines_may_be_refused(desk: Desk) -> None:
    """3.1: with "reject" the message is read to its real end, then 550 5.5.2."""
    desk.change(bare_newlines=BareNewlines.REJECT)
    client = await desk.in_content()
    client.send(b"a\n.\nMAIL FROM:<evil@x.test>\r\n")
    client.send(b"b\r\n.\r\n")
    assert (await client.reply()).startswith(b"550 5.5.2")
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"250")
    assert not desk.spool.messages


async def test_commands_behind_a_refused_message_are_not_run(desk: Desk) -> None:
    """3.1: where octets follow a message with bare line ends, the connection is closed."""
    desk.change(bare_newlines=BareNewlines.REJECT)
    client = await desk.in_content()
    client.send(b"a\rb\r\n.\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<b@y.test>\r\n")
    assert (await client.rest()).splitlines() == [b"550 5.5.2 Bare CR or LF in message"]


async def test_a_message_over_the_limit(desk: Desk) -> None:
    """RFC 1870 6.3: content over the limit is read to its end and refused with 552."""
    client = await desk.in_content()
    for _ in range(30):
        client.send(b"x" * 49_998 + b"\r\n")
        await client.writer.drain()
    client.send(b".\r\n")
    assert (await client.reply()).startswith(b"552 5.3.4")
    assert desk.spool.aborted == 1
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"250")


async def test_long_lines_are_taken(desk: Desk) -> None:
    """L12: a text line of any length is accepted as it is."""
    client = await desk.in_content()
    client.send(b"\r\n" + b"x" * 500_000 + b"\r\n.\r\n")
    assert (await client.reply()).startswith(b"250")
    assert desk.spool.messages[0].content == b"\r\n" + b"x" * 500_000 + b"\r\n"


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (b"Received: from x\r\n" * 100, b"554 5.4.6"),
        (b"X-Flood: yes\r\n" * 2001, b"552 5.3.4"),
        (b"X-Flood: " + b"y" * 20_000 + b"\r\n", b"552 5.3.4"),
    ],
    ids=["hops", "fields", "octets"],
)
async def test_limits_of_the_header(desk: Desk, header: bytes, refusal: bytes) -> None:
    """L11: too many hops, fields or octets in a header are refused at the end of the message."""
    desk.change(header_size=200_000 if b"Flood: yes" in header else 16_384)
    client = await desk.in_content()
    client.send(header + b"\r\nbody\r\n.\r\n")
    assert (await client.reply()).startswith(refusal)
    (event,) = desk.heard(SessionRefused)
    assert isinstance(event, SessionRefused)
    assert (event.stage, event.subject) == ("CONTENT", "a@x.test")
    assert not desk.spool.messages


async def test_hops_below_the_limit(desk: Desk) -> None:
    """RFC 5321 6.3: 99 hosts are no loop yet, and Received in the body never counts."""
    client = await desk.in_content()
    client.send(b"Received: x\r\n" * 99 + b"\r\n" + b"Received: x\r\n" * 99 + b".\r\n")
    assert (await client.reply()).startswith(b"250")


async def test_a_full_spool(desk: Desk) -> None:
    """3.3: below `spool.min_free` MAIL is 452 4.3.1, and again 250 when there is room."""
    client = await desk.ready()
    desk.spool.refuse_draft = SpoolFull("the disk is full")
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"452 4.3.1")
    desk.spool.refuse_draft = SpoolRefused("closing")
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"451 4.3.0")
    desk.spool.refuse_draft = None
    assert (await client.say(b"MAIL FROM:<a@x.test>")).startswith(b"250 2.1.0")


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        (SpoolFull("/var/spool/secret is full"), b"452 4.3.1"),
        (SpoolRefused("/var/spool/secret"), b"451 4.3.0"),
        (OSError(5, "/var/spool/secret"), b"451 4.3.0"),
    ],
)
async def test_a_commit_that_fails(desk: Desk, fault: Exception, reply: bytes) -> None:
    """L1, P1: without a commit there is no 250; the reason is not told, the session goes on."""
    desk.spool.refuse_commit = fault
    client = await desk.in_content()
    client.send(b"\r\n.\r\n")
    refusal = await client.reply()
    assert refusal.startswith(reply)
    assert b"secret" not in refusal
    assert not desk.heard(MessageAccepted)
    assert len(desk.heard(TaskFailed)) == isinstance(fault, OSError)
    desk.spool.refuse_commit = None
    await client.play(
        (b"MAIL FROM:<a@x.test>", b"250"), (b"RCPT TO:<b@y.test>", b"250"), (b"DATA", b"354")
    )
    client.send(b"\r\n.\r\n")
    assert (await client.reply()).startswith(b"250 2.0.0")


async def test_a_pressed_spool_slows_the_client(desk: Desk) -> None:
    """While the disk is behind the client is not read from; nothing is lost."""
    desk.spool.pressed = True
    client = await desk.in_content()
    content = b"x" * 998 + b"\r\n"
    client.send(b"\r\n")
    for _ in range(500):
        client.send(content)
        await client.writer.drain()
    client.send(b".\r\n")
    assert (await client.reply()).startswith(b"250")
    assert desk.spool.drains > 0
    assert desk.spool.messages[0].content == b"\r\n" + content * 500


async def test_a_disk_that_fills_while_receiving(desk: Desk) -> None:
    """A spool that refuses in the middle of content has its say at the end of data."""
    desk.spool.pressed = True
    desk.spool.refuse_drain = SpoolFull("full")
    client = await desk.in_content()
    client.send(b"\r\nhello\r\n")
    await desk.until(lambda: desk.spool.drains)
    client.send(b"more\r\n.\r\n")
    assert (await client.reply()).startswith(b"452 4.3.1")
    assert (await client.say(b"NOOP")).startswith(b"250")


async def test_rset_forgets_the_draft(desk: Desk) -> None:
    """RSET and EHLO end a transaction, and its draft with it."""
    client = await desk.ready()
    for command in (b"RSET", b"EHLO client.test"):
        await client.play((b"MAIL FROM:<a@x.test>", b"250"), (command, b"250"))
    await desk.until(lambda: desk.spool.aborted == 2)


async def test_durable_then_reply_then_news(desk: Desk) -> None:
    """House rule 10: the event comes after the 250, the 250 after the commit."""
    order: list[str] = []
    desk.bus.fold(lambda event: order.append(type(event).__name__))
    desk.spool.gate.clear()
    client = await desk.in_content()
    client.send(b"\r\n.\r\n")
    await desk.spool.waiting.wait()
    await turns()
    assert order == []
    assert not client.reader._buffer  # type: ignore[attr-defined]
    desk.spool.gate.set()
    assert (await client.reply()).startswith(b"250")
    assert order == ["MessageAccepted"]
