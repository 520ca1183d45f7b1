"""The listener with the real spool and real programs as clients."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from empath.address import BannerHostname, ServerId
from empath.bus import Bus
from empath.clock import SystemClock
from empath.config.model import Config, Inbound, Listener, Mode, Spool, Tls
from empath.config.units import ByteSize
from empath.envelope import MessageId, State
from empath.events import Event, MessageAccepted
from empath.inbound.listener import Reception
from empath.spool.store import Store
from tests.fakes.eventually import eventually
from tests.fakes.mail import octets
from tests.fakes.programs import free_port, program
from tests.fakes.wire_client import WireClient


class House:
    """A reception, its store, and what has happened."""

    def __init__(self, port: int, store: Store, reception: Reception, events: list[Event]) -> None:
        self.port = port
        self.store = store
        self.reception = reception
        self.events = events

    @property
    def accepted(self) -> list[MessageAccepted]:
        return [event for event in self.events if isinstance(event, MessageAccepted)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An open reception in dev mode with STARTTLS, in front of a store on disk."""
    port, events = free_port(), list[Event]()
    authority = trustme.CA()
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued = authority.issue_cert("mx.test")
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    spool = Spool(path=tmp_path / "spool", inline_limit=ByteSize(64 * 1024), min_free=ByteSize(0))
    config = Config(
        mode=Mode.DEV,
        hostname=BannerHostname("mx.test"),
        listener=(
            Listener(
                bind=ServerId(f"127.0.0.1:{port}"),
                tls=Tls.STARTTLS,
                certificate=certificate,
                key=key,
            ),
        ),
        spool=spool,
        inbound=Inbound(message_size=ByteSize(200_000_000)),
    )
    bus, clock = Bus(), SystemClock()
    bus.fold(events.append)
    store = await Store.open(spool, clock=clock)
    reception = Reception(spool=store, config=lambda: config, bus=bus, clock=clock)
    await reception.open()
    yield House(port, store, reception, events)
    await reception.close()
    await store.close()


async def run(name: str, *arguments: str) -> str:
    """Run a program to its end; what it printed."""
    process = await asyncio.create_subprocess_exec(
        program(name),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(60):
            output, _ = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 0, output.decode(errors="replace")
    return output.decode(errors="replace")


@pytest.mark.tools("swaks")
@pytest.mark.parametrize("options", [[], ["--pipeline"]], ids=["in turn", "pipelined"])
async def test_swaks(house: House, options: list[str]) -> None:
    """A message of swaks is queued under the id it is told, in turn and pipelined."""
    output = await run(
        "swaks",
        *("--server", f"127.0.0.1:{house.port}", "--ehlo", "swaks.test"),
        *("--from", "a@example.test", "--to", "b@example.test"),
        *("--header", "Subject: from swaks", "--body", ".dot\nend"),
        *options,
    )
    (event,) = house.accepted
    assert f"250 2.0.0 Ok: queued as {event.id}" in output
    record = await house.store.message(event.id)
    assert record is not None
    assert (record.subject, record.origin.helo) == ("from swaks", "swaks.test")
    assert record.origin.protocol == "ESMTP"
    assert record.recipients[0].state is State.HELD
    body = await octets(await house.store.content(event.id))
    assert body.startswith(b"Received: from swaks.test ([127.0.0.1])\r\n\tby mx.test with ESMTP")
    assert b"\r\n\r\n.dot\r\nend\r\n" in body


async def test_smtplib_over_starttls(house: House) -> None:
    """Python's own client sends over STARTTLS; how it came is kept with the message."""

    def send() -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", house.port, timeout=10) as client:
            client.starttls(context=context)
            client.sendmail(
                "a@example.test",
                ["b@example.test", "J\u00f6rg@example.test"],
                "Subject: gr\u00fc\u00dfe\r\n\r\nhi\r\n".encode(),
                mail_options=["SMTPUTF8", "BODY=8BITMIME"],
            )

    await asyncio.wait_for(asyncio.to_thread(send), 30)
    (event,) = house.accepted
    record = await house.store.message(event.id)
    assert record is not None
    assert record.origin.protocol == "UTF8SMTPS"
    assert record.origin.tls.startswith("TLSv1.3 ")
    assert record.subject == "gr\u00fc\u00dfe"
    assert [each.recipient.address for each in record.recipients] == [
        "b@example.test",
        "J\u00f6rg@example.test",
    ]


@pytest.mark.tools("smtp-source")
@pytest.mark.parametrize("reuse", [[], ["-d"]], ids=["a connection each", "reused"])
async def test_smtp_source(house: House, reuse: list[str]) -> None:
    """Twenty senders at once: every message is accepted, once, under an id of its own."""
    await run(
        "smtp-source", "-s", "20", "-m", "200", "-l", "4096", *reuse, f"127.0.0.1:{house.port}"
    )
    ids = {event.id for event in house.accepted}
    assert len(house.accepted) == len(ids) == 200
    assert (await house.store.stats()).messages == 200


async def test_a_large_message_goes_to_disk_as_it_comes(house: House) -> None:
    """Promise P3: 40 MB are taken in pieces, and come back octet for octet."""
    client = await WireClient.connect(house.port)
    await client.reply()
    await client.play(
        (b"EHLO client.test", b"250"),
        (b"MAIL FROM:<a@x.test>", b"250"),
        (b"RCPT TO:<b@y.test>", b"250"),
        (b"DATA", b"354"),
    )
    block = (b"x" * 70 + b"\r\n") * 1000
    for _ in range(550):
        client.send(block)
        await client.writer.drain()
    client.send(b".\r\n")
    reply = await client.reply()
    assert reply.startswith(b"250 2.0.0 Ok: queued as ")
    body = await octets(await house.store.content(MessageId(reply.split()[-1].decode())))
    assert len(body) == house.accepted[0].size
    assert body.endswith(block)
    assert body.count(block) == 550
    client.hang_up()


async def test_what_is_given_up_leaves_nothing(house: House) -> None:
    """A client lost in the middle of a large message leaves no row and no file."""
    client = await WireClient.connect(house.port)
    await client.reply()
    await client.play(
        (b"EHLO client.test", b"250"),
        (b"MAIL FROM:<a@x.test>", b"250"),
        (b"RCPT TO:<b@y.test>", b"250"),
        (b"DATA", b"354"),
    )
    for _ in range(20):
        client.send(b"x" * 65534 + b"\r\n")
        await client.writer.drain()
    client.reset()
    await eventually(lambda: not house.reception.sessions)
    await house.reception.close()
    stats = await house.store.stats()
    assert (stats.messages, stats.octets, stats.file_bodies) == (0, 0, 0)
    assert await house.store.check() == []
