"""What clients do to a connection: lines, pipelining, half-closing, silence, floods."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import socket

import pytest

from empath.events import MessageAccepted, SessionLost, SessionRefused, TaskFailed
from tests.fakes.eventually import turns
from tests.inbound.conftest import Desk


async def test_pipelined_commands_are_answered_in_one_write(desk: Desk) -> None:
    """L14 and RFC 2920: a group of commands has its replies in order, in one piece."""
    client = await desk.ready()
    client.send(
        b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<>\r\n"
        b"RCPT TO:<c@y.test>\r\nDATA\r\n"
    )
    async with asyncio.timeout(10):
        replies = await client.reader.read(65536)
    assert [line[:9] for line in replies.splitlines()] == [
        b"250 2.1.0",
        b"250 2.1.5",
        b"501 5.1.3",
        b"250 2.1.5",
        b"354 End d",
    ]


async def test_a_whole_session_in_one_write(desk: Desk) -> None:
    """RFC 2920 3.2: no input is lost behind content; commands wait for the reply to it."""
    client = await desk.ready()
    message = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: %d\r\n\r\n.\r\n"
    client.send(message % 1 + message % 2 + b"QUIT\r\n")
    replies = await client.rest()
    assert [line[:3] for line in replies.splitlines()] == [
        *(b"250", b"250", b"354", b"250") * 2,
        b"221",
    ]
    assert [each.subject for each in desk.spool.messages] == ["1", "2"]


async def test_octet_by_octet(desk: Desk) -> None:
    """A session means the same however it is cut into packets."""
    client = await desk.connect()
    session = (
        b"EHLO c.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"
        b"A: b\r\n\r\n..x\r\n.\r\nQUIT\r\n"
    )
    for place in range(len(session)):
        client.send(session[place : place + 1])
        await asyncio.sleep(0)
    assert (await client.rest()).endswith(b"221 2.0.0 Bye\r\n")
    assert desk.spool.messages[0].content == b"A: b\r\n\r\n.x\r\n"


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\rOP\r\n", b"EHLO a.test\rMAIL\r\n", b"NOOP\r\r\n"]
)
async def test_command_lines_end_in_crlf_only(desk: Desk, line: bytes) -> None:
    """L8, L9: a line that ends in LF alone, or holds a CR, is refused and not echoed."""
    client = await desk.ready()
    client.send(line)
    assert await client.reply() == b"500 5.5.2 Lines end with <CR><LF>, and only there\r\n"
    assert (await client.say(b"NOOP")).startswith(b"250")


async def test_a_line_that_is_too_long(desk: Desk) -> None:
    """3.3: a command line over 2048 octets is 500; the next one is answered as ever."""
    client = await desk.ready()
    assert (await client.say(b"NOOP " + b"x" * 2030)).startswith(b"250")
    assert (await client.say(b"NOOP " + b"x" * 3000)).startswith(b"500 5.5.2")
    assert (await client.say(b"AUTH PLAIN " + b"x" * 12000)).startswith(b"503 5.5.1")
    assert (await client.say(b"AUTH PLAIN " + b"x" * 60_000)).startswith(b"500 5.5.2")
    assert (await client.say(b"NOOP")).startswith(b"250")


async def test_twenty_megabytes_without_a_line_end(desk: Desk) -> None:
    """3.3: input without a line end is discarded as it comes; memory does not grow."""
    client = await desk.ready()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    block = b"x" * 65536
    for _ in range(320):
        client.send(block)
        await client.writer.drain()
    client.send(b"\r\n")
    assert (await client.reply()).startswith(b"500 5.5.2")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 4096, f"{grown} KiB"
    assert (await client.say(b"NOOP")).startswith(b"250")


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\nEHLO x\r\n",
        b"\x16\x03\x01\x02\0",
    ],
)
async def test_other_protocols(desk: Desk, hello: bytes) -> None:
    """L11, cross-protocol: a browser or a TLS client is told 554 and cut off; nothing is run."""
    client = await desk.connect()
    await client.reply()
    client.send(hello)
    assert (await client.rest()).startswith(b"554 5.5.1 This is an SMTP server\r\n")
    assert len(desk.heard(SessionRefused)) == 1


async def test_half_closed_after_the_final_dot(desk: Desk) -> None:
    """L2: a client that says no more behind the final dot still gets its 250."""
    desk.spool.gate.clear()
    client = await desk.in_content()
    client.send(b"\r\n.\r\n")
    client.writer.write_eof()
    await desk.spool.waiting.wait()
    desk.spool.gate.set()
    assert (await client.rest()).startswith(b"250 2.0.0 Ok: queued as ")


async def test_half_closed_before_all_is_answered(desk: Desk) -> None:
    """L2: what was sent before the half-close is answered."""
    client = await desk.ready()
    client.send(b"NOOP\r\nVRFY a\r\n")
    client.writer.write_eof()
    assert [line[:3] for line in (await client.rest()).splitlines()] == [b"250", b"252"]


async def test_gone_right_after_the_final_dot(desk: Desk) -> None:
    """L2: the commit of a client that is gone goes on and ends; the message is accepted."""
    desk.spool.gate.clear()
    client = await desk.in_content()
    client.send(b"\r\nhello\r\n.\r\n")
    await desk.spool.waiting.wait()
    client.reset()
    await desk.until(lambda: desk.reception.sessions == 0)
    desk.spool.gate.set()
    await desk.until(lambda: desk.heard(MessageAccepted))
    assert desk.spool.messages[0].content == b"\r\nhello\r\n"
    assert not desk.heard(SessionLost)


async def test_close_waits_for_a_commit(desk: Desk) -> None:
    """P1: stopping the reception ends connections, never a commit that has begun."""
    desk.spool.gate.clear()
    client = await desk.in_content()
    client.send(b"\r\nhello\r\n.\r\n")
    await desk.spool.waiting.wait()
    asyncio.get_running_loop().call_later(0.05, desk.spool.gate.set)
    await desk.reception.close()
    assert desk.spool.count == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "CONTENT"])
async def test_gone_in_a_transaction(desk: Desk, stage: str) -> None:
    """A client lost before its final dot leaves no message; where it was lost is told."""
    if stage == "CONTENT":
        client = await desk.in_content()
        client.send(b"Subject: half")
    else:
        client = await desk.ready()
        await client.say(b"MAIL FROM:<a@x.test>")
        if stage == "RCPT":
            await client.say(b"RCPT TO:<b@y.test>")
    client.hang_up()
    await desk.until(lambda: desk.heard(SessionLost))
    (event,) = desk.heard(SessionLost)
    assert isinstance(event, SessionLost)
    assert (event.stage, event.client, event.helo) == (stage, "127.0.0.1", "client.test")
    await desk.until(lambda: desk.spool.aborted == 1)


async def test_a_client_that_does_not_read(desk: Desk) -> None:
    """3.3: a client that sends commands and never reads replies is not read from, then cut."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", desk.port))
        await desk.until(lambda: desk.reception.sessions == 1)
        (connection,) = desk.reception._connections
        server = connection._transport.get_extra_info("socket")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        session = connection.intake.session
        session._terms = dataclasses.replace(session._terms, chatter=10**9)
        flood = b"NOOP of some length, to be short\r\n" * 2_000_000
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_sendall(client, flood), 1)
        assert connection._choked
        assert len(connection._buffer) < 400_000
        for _ in range(2):
            desk.clock.advance(301)
            desk.reception.sweep()
        await desk.until(lambda: desk.reception.sessions == 0)


async def test_a_slow_reader_gets_everything(desk: Desk) -> None:
    """A client that reads late has lost no reply and no command."""
    client = await desk.ready()
    (connection,) = desk.reception._connections
    connection.pause_writing()
    client.send(b"NOOP\r\nVRFY a\r\n")
    await turns()
    assert not client.reader._buffer  # type: ignore[attr-defined]
    connection.resume_writing()
    assert (await client.reply()).startswith(b"250")
    assert (await client.reply()).startswith(b"252")


async def test_a_fault_inside_is_a_fixed_451(desk: Desk) -> None:
    """L1: an error of ours is 451 without its text; the event has it, the others keep running."""
    desk.spool.fault_on_write = OSError(28, "No space left on device: '/var/spool/secret'")
    client, other = await desk.in_content(), await desk.ready()
    client.send(b"\r\nhello\r\n")
    assert await client.rest() == b"451 4.3.0 A local problem keeps this from being done\r\n"
    (event,) = desk.heard(TaskFailed)
    assert isinstance(event, TaskFailed)
    assert "secret" in event.error
    assert (await other.say(b"NOOP")).startswith(b"250")


async def test_errors_are_counted(desk: Desk) -> None:
    """`inbound.errors` refusals are answered, the next one is 421 4.7.0 and the end."""
    client = await desk.ready()
    client.send(b"FOO\r\n" * 20)
    replies = (await client.rest()).splitlines()
    assert [line[:3] for line in replies] == [b"500"] * 10 + [b"421"]
    assert len(desk.heard(SessionRefused)) == 11


async def test_a_flood_behind_the_final_dot(desk: Desk) -> None:
    """While a message is committed its client is not read from without bound; nothing is lost."""
    desk.spool.gate.clear()
    client = await desk.in_content()
    client.send(b"\r\n.\r\n")
    await desk.spool.waiting.wait()
    line = b"NOOP " + b"x" * 2000 + b"\r\n"
    client.send(line * 50)
    await desk.until(lambda: all(len(one._buffer) > 65536 for one in desk.reception._connections))
    client.send(b"QUIT\r\n")
    desk.spool.gate.set()
    replies = (await client.rest()).splitlines()
    assert [reply[:3] for reply in replies] == [*[b"250"] * 51, b"221"]


async def test_a_fault_while_the_disk_is_behind(desk: Desk) -> None:
    """L1: an error of ours while a client waits for the disk is a fixed 451 and the end."""
    desk.spool.pressed = True
    desk.spool.refuse_drain = RuntimeError("/var/spool/secret")
    client = await desk.in_content()
    client.send(b"\r\nhello\r\n")
    assert await client.rest() == b"451 4.3.0 A local problem keeps this from being done\r\n"
    assert len(desk.heard(TaskFailed)) == 1
