"""The reception as a whole: one message, limits on clients, opening and closing."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import msgspec
import pytest

from empath.address import ServerId
from empath.config.model import Config, Listener, Mode, Tls
from empath.events import ListenerOpened, MessageAccepted, SessionLost, SessionRefused
from empath.inbound.listener import ListenerRefused, Reception, why_not
from tests.fakes.eventually import turns
from tests.inbound.conftest import Desk


async def test_one_message(desk: Desk) -> None:
    """A message is committed with its envelope, trace and subject, then told with its id."""
    client = await desk.in_content()
    client.send(b"Subject: hello\r\n\r\n..dot\r\n.\r\n")
    reply = await client.reply()
    (message,) = desk.spool.messages
    assert reply == b"250 2.0.0 Ok: queued as %b\r\n" % message.id.encode()
    assert message.content == b"Subject: hello\r\n\r\n.dot\r\n"
    assert message.prefix.startswith(
        b"Received: from client.test ([127.0.0.1])\r\n\tby mx.test with ESMTP\r\n"
    )
    assert message.id.encode() in message.prefix
    assert message.envelope.reverse_path == "a@x.test"
    assert (message.subject, message.hold) == ("hello", "")
    assert message.origin.client == "127.0.0.1"
    assert message.origin.listener == f"127.0.0.1:{desk.port}"
    (event,) = desk.heard(MessageAccepted)
    assert isinstance(event, MessageAccepted)
    assert event.id == message.id
    assert event.size == len(message.prefix) + len(message.content)
    assert await client.say(b"QUIT") == b"221 2.0.0 Bye\r\n"
    assert await client.rest() == b""


async def test_several_messages_in_one_session(desk: Desk) -> None:
    """A session may bring many messages, one after another."""
    client = await desk.ready()
    for number in range(3):
        await client.play(
            (b"MAIL FROM:<>", b"250"), (b"RCPT TO:<b@y.test>", b"250"), (b"DATA", b"354")
        )
        client.send(b"N: %d\r\n\r\n.\r\n" % number)
        assert (await client.reply()).startswith(b"250 2.0.0")
    assert [each.content for each in desk.spool.messages] == [
        b"N: 0\r\n\r\n",
        b"N: 1\r\n\r\n",
        b"N: 2\r\n\r\n",
    ]


async def test_dev_mode_captures(desk: Desk) -> None:
    """In dev mode a message is held from the moment it is accepted."""
    desk.config = msgspec.structs.replace(desk.config, mode=Mode.DEV)
    client = await desk.in_content()
    client.send(b"\r\n.\r\n")
    await client.reply()
    assert desk.spool.messages[0].hold == "captured in dev mode"
    (event,) = desk.heard(MessageAccepted)
    assert isinstance(event, MessageAccepted)
    assert event.held


async def test_too_many_connections(desk: Desk) -> None:
    """3.3: above a cap a client is told 421 4.7.0; when one leaves, another may come."""
    desk.change(connections_per_client=2)
    first, second = await desk.ready(), await desk.ready()
    third = await desk.connect()
    assert (await third.rest()).startswith(b"421 4.7.0")
    (event,) = desk.heard(SessionRefused)
    assert isinstance(event, SessionRefused)
    assert event.stage == "CONNECT"
    await first.say(b"QUIT")
    await desk.until(lambda: desk.reception.sessions == 1)
    assert (await (await desk.ready()).say(b"NOOP")).startswith(b"250")
    assert (await second.say(b"NOOP")).startswith(b"250")
    desk.change(connections=1)
    assert (await (await desk.connect()).rest()).startswith(b"421 4.7.0")


async def test_a_silent_client_is_told(desk: Desk) -> None:
    """L4: a client that says nothing is told 421 4.4.2, then the connection is closed."""
    client = await desk.ready()
    desk.clock.advance(299)
    desk.reception.sweep()
    assert (await client.say(b"NOOP")).startswith(b"250")
    desk.clock.advance(301)
    desk.reception.sweep()
    assert (await client.rest()).startswith(b"421 4.4.2")
    assert not desk.heard(SessionLost)


async def test_a_client_that_trickles_a_command_is_silent(desk: Desk) -> None:
    """3.3: octets of an unfinished line do not put the deadline off."""
    client = await desk.ready()
    for _ in range(4):
        client.send(b"N")
        await turns()
        desk.clock.advance(100)
        desk.reception.sweep()
    assert (await client.rest()).startswith(b"421 4.4.2")


async def test_content_has_its_own_deadlines(desk: Desk) -> None:
    """L3: content that flows is not cut by the command timeout; silence is, after 180 s."""
    client = await desk.in_content()
    for _ in range(10):
        client.send(b"x" * 3998 + b"\r\n")
        await turns()
        desk.clock.advance(100)
        desk.reception.sweep()
    assert desk.reception.sessions == 1
    desk.clock.advance(181)
    desk.reception.sweep()
    assert (await client.rest()).startswith(b"421 4.4.2")
    (event,) = desk.heard(SessionLost)
    assert isinstance(event, SessionLost)
    assert event.stage == "CONTENT"
    assert not desk.spool.messages


async def test_a_minimum_rate(desk: Desk) -> None:
    """L3: a client that sends an octet now and then is sent away after two minutes."""
    client = await desk.in_content()
    for _ in range(2):
        client.send(b"x")
        await turns()
        desk.clock.advance(60)
        desk.reception.sweep()
    assert (await client.rest()).startswith(b"421 4.4.2")
    assert not desk.spool.messages


async def test_an_absolute_deadline(desk: Desk) -> None:
    """L3: one message may not take for ever, however steadily it flows."""
    desk.change(content_deadline=300.0)
    client = await desk.in_content()
    for _ in range(4):
        client.send(b"x" * 10_000)
        await turns()
        desk.clock.advance(100)
        desk.reception.sweep()
    assert (await client.rest()).startswith(b"421 4.4.2")


async def test_who_does_not_take_our_last_words_is_cut(desk: Desk) -> None:
    """A connection that is being closed is ended for good a while later."""
    client = await desk.ready()
    client.send(b"NOOP\r\n" * 90)
    desk.clock.advance(301)
    desk.reception.sweep()
    desk.clock.advance(11)
    desk.reception.sweep()
    await desk.until(lambda: desk.reception.sessions == 0)


async def test_drain(desk: Desk) -> None:
    """Drain sends idle clients away, lets a transaction finish, and takes nobody in."""
    idle, busy = await desk.ready(), await desk.in_content()
    async with asyncio.TaskGroup() as tasks:
        draining = tasks.create_task(desk.reception.drain(10))
        assert (await idle.rest()).startswith(b"421 4.3.2")
        busy.send(b"\r\nhello\r\n.\r\n")
        assert (await busy.reply()).startswith(b"250 2.0.0")
        assert (await busy.rest()).startswith(b"421 4.3.2")
        await draining
    assert desk.spool.count == 1
    with pytest.raises(OSError, match=r"."):
        await desk.connect()


async def test_drain_has_an_end(desk: Desk) -> None:
    """A client that never finishes does not keep the service from stopping."""
    client = await desk.in_content()
    await desk.reception.drain(0.05)
    assert desk.reception.sessions == 1
    await desk.reception.close()
    await client.rest()
    assert desk.reception.sessions == 0
    assert "listeners=0 sessions=0" in repr(desk.reception)


async def test_a_port_in_use(desk: Desk) -> None:
    """A port that another program has is named, with what to do."""
    second = Reception(
        spool=desk.reception.desk.spool, config=lambda: desk.config, bus=desk.bus, clock=desk.clock
    )
    with pytest.raises(ListenerRefused, match=rf"127.0.0.1:{desk.port}.* in use .*stop"):
        await second.open()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "below 1024"),
        (errno.EADDRNOTAVAIL, "does not have that address"),
        (errno.ENOMEM, "change `bind`"),
    ],
)
def test_why_a_listener_cannot_open(number: int, words: str) -> None:
    """Each reason the system gives comes with a remedy."""
    sentence = why_not(Listener().bind, OSError(number, "reason"))
    assert sentence.startswith("cannot listen at 127.0.0.1:1025: ")
    assert words in sentence


async def test_a_listener_without_its_certificate(desk: Desk, tmp_path: Path) -> None:
    """TLS without a certificate, or with one that cannot be read, is refused at the start."""
    bind = ServerId(f"127.0.0.1:{desk.port}")
    for listener, words in (
        (Listener(bind=bind, tls=Tls.STARTTLS), "set its `certificate` and `key`"),
        (
            Listener(bind=bind, tls=Tls.IMPLICIT, certificate=tmp_path / "c", key=tmp_path / "k"),
            "cannot read the private key",
        ),
    ):
        config = Config(listener=(listener,))
        reception = Reception(
            spool=desk.reception.desk.spool,
            config=lambda config=config: config,
            bus=desk.bus,
            clock=desk.clock,
        )
        with pytest.raises(ListenerRefused, match=words):
            await reception.open()


async def test_listeners_are_announced(desk: Desk) -> None:
    """Each address that answers is an event."""
    (event,) = desk.heard(ListenerOpened)
    assert isinstance(event, ListenerOpened)
    assert event.address == f"127.0.0.1:{desk.port}"


async def test_a_client_that_is_gone_before_the_greeting(desk: Desk) -> None:
    """A client that connects and resets at once leaves nothing behind."""
    for _ in range(20):
        probe = socket.create_connection(("127.0.0.1", desk.port))
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        probe.close()
    assert (await (await desk.ready()).say(b"NOOP")).startswith(b"250")
    await desk.until(lambda: desk.reception.sessions == 1)
