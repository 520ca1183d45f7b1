"""Outbound extensions against a real Postfix: what its smtpd takes arrives octet for octet.

CHUNKING (BDAT), PIPELINING, 8BITMIME and SMTPUTF8, into a Postfix of our own that relays to a
sink which writes down the digest of what it took.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.postfix import Postfix
from empath.delivery.attempt import Report
from empath.envelope import Body, Lot
from empath.reply import Delivered, Failed
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.hash_sink import Received, read_log
from tests.fakes.memory_spool import lot
from tests.fakes.programs import Running, free_port, until_port_answers
from tests.fakes.sender import Sender
from tests.fakes.tap import Tap

pytestmark = pytest.mark.tools("postfix", "root")

REFUSED = "no@there.test"
FIELDS = (
    "From: a@sender.test\r\nTo: b@there.test\r\nSubject: x\r\n"
    "Date: Mon, 5 Oct 2026 12:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n"
)
"""Those that Postfix would add."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Relay:
    """A port of Postfix, and the log of what came out at its other end."""

    port: int
    log: Path

    async def took(self, content: bytes, recipients: int = 1) -> list[Received]:
        """What the sink got of *content*, which must be for so many *recipients*."""
        token = content.partition(b"\r\n")[0].removeprefix(b"X-Token: ").decode()

        def copies() -> list[Received]:
            return [each for each in read_log(self.log) if each.token == token]

        await eventually(lambda: len(copies()) >= recipients, within=30)
        assert len(copies()) == recipients
        digest = hashlib.sha256(content).hexdigest()
        assert {(each.sha256, each.size) for each in copies()} == {(digest, len(content))}
        return copies()


@pytest.fixture(scope="module")
def postfix() -> Iterator[Relay]:
    """One Postfix that refuses one recipient, and its sink."""
    # Not below pytest's own folders: Postfix's processes must be able to pass through.
    with tempfile.TemporaryDirectory(prefix="empath-postfix-") as name:
        folder, sink, port = Path(name), free_port(), free_port()
        log = folder / "took"
        log.touch()
        command = (sys.executable, "-m", "tests.fakes.hash_sink", "--port", str(sink), "--log", log)
        service = (
            f"127.0.0.1:{port} inet n - n - - smtpd"
            " -o smtpd_client_connection_rate_limit=0 -o { smtpd_recipient_restrictions ="
            f" check_recipient_access inline:{{ {{ {REFUSED} = 550 5.1.1 nobody }} }},"
            " permit_mynetworks, reject }\n"
        )
        with Running(command), Postfix(folder, sink_port=sink, reuse=False, services=service):
            for listener in (sink, port):
                until_port_answers(listener, within=20)
            yield Relay(port, log)


def content(size: int = 0, *, text: str = "") -> bytes:
    """A message of about *size* octets with a token of its own, and dots at its lines' begin."""
    head = f"X-Token: t{next(_numbers)}\r\n{FIELDS}\r\n.\r\n..{text}\r\n".encode()
    return head + (b"." + b"x" * 96 + b"\r\n") * (size // 99)


async def sent(relay: Relay, body: bytes, *people: str, **fields: object) -> Report:
    """One attempt at *body*."""
    message = lot(*people, size=len(body), **fields)
    return await Sender(routed(relay.port), body=body).one(message)


def kinds(report: Report) -> list[type]:
    """What came of each recipient."""
    return [type(each) for each in report.outcomes]


def said(report: Report, verb: str) -> list[str]:
    """The commands of that *verb*, in order."""
    return [line for line in report.transcript.lines() if line.startswith(f"> {verb}")]


@pytest.mark.parametrize("size", [0, 60_000, 6 * 2**20], ids=["small", "60 KB", "6 MB"])
async def test_content_behind_bdat_arrives_as_it_was(postfix: Relay, size: int) -> None:
    """RFC 3030: whole with the envelope, or in chunks of which only the last is LAST."""
    body = content(size)
    async with Tap(postfix.port) as tap:
        report = await Sender(routed(tap.port), body=body).one(lot(size=len(body)))
    assert kinds(report) == [Delivered]
    chunks = re.findall(rb"BDAT (\d+)( LAST)?\r\n", tap.wire)
    assert len(chunks) == -(-len(body) // 2**20)
    assert sum(int(octets) for octets, _ in chunks) == len(body)
    assert [bool(last) for _, last in chunks] == [False] * (len(chunks) - 1) + [True]
    await postfix.took(body)


@pytest.mark.parametrize("size", [0, 2 * 2**20], ids=["small", "2 MB"])
async def test_one_refused_recipient_does_not_stop_the_others(postfix: Relay, size: int) -> None:
    """RFC 3030, RFC 2920: RCPT and BDAT in one write; each recipient has its own answer."""
    body = content(size)
    report = await sent(postfix, body, "b@there.test", REFUSED, "c@there.test")
    assert kinds(report) == [Delivered, Failed, Delivered]
    assert "nobody" in report.outcomes[1].reply.text
    copies = await postfix.took(body, recipients=2)
    assert {each.recipient for each in copies} == {"b@there.test", "c@there.test"}


async def test_content_for_nobody_is_taken_for_nobody(postfix: Relay) -> None:
    """All refused and BDAT sent with the envelope: failed, and the relay has no such mail."""
    body, after = content(), content()
    sender = Sender(routed(postfix.port), body=body)
    refused = await sender.deliver(lot(REFUSED, size=len(body)))
    taken = await sender.deliver(lot(size=len(after), number=2), after)
    sender.pool.close()
    assert [kinds(refused), kinds(taken)] == [[Failed], [Delivered]]
    await postfix.took(after)
    token = body.partition(b"\r\n")[0].removeprefix(b"X-Token: ").decode()
    assert token not in {each.token for each in read_log(postfix.log)}


async def test_many_messages_at_once_over_one_connection(postfix: Relay) -> None:
    """RFC 2920: what follows need not wait for the answers before it; each is taken once."""
    bodies = {number: content() for number in range(10)}
    sender = Sender(routed(postfix.port, connections_per_host=1))
    lots: list[Lot] = [lot(size=len(body), number=number) for number, body in bodies.items()]
    async with asyncio.TaskGroup() as group:
        reports = [
            group.create_task(sender.deliver(message, body))
            for message, body in zip(lots, bodies.values(), strict=True)
        ]
    sender.pool.close()
    assert [kinds(each.result()) for each in reports] == [[Delivered]] * 10
    assert sum(len(said(each.result(), "EHLO")) for each in reports) == 1
    for body in bodies.values():
        await postfix.took(body)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_data_where_chunking_is_switched_off(postfix: Relay, pipelining: bool) -> None:
    """RFC 5321 4.5.2: the same content, its dots stuffed, behind DATA."""
    body = content(300_000)
    config = routed(postfix.port, chunking=False, pipelining=pipelining)
    report = await Sender(config, body=body).one(lot(size=len(body)))
    assert kinds(report) == [Delivered]
    assert (said(report, "BDAT"), len(said(report, "DATA"))) == ([], 1)
    await postfix.took(body)


@pytest.mark.parametrize("chunking", [True, False])
@pytest.mark.parametrize(
    ("person", "fields", "asked"),
    [
        ("b@there.test", {"body": Body.EIGHT_BIT}, "BODY=8BITMIME"),
        ("bücher@there.test", {"body": Body.EIGHT_BIT, "smtputf8": True}, "SMTPUTF8"),
    ],
    ids=["8BITMIME", "SMTPUTF8"],
)
async def test_8_bit_and_international_mail(
    postfix: Relay, person: str, fields: dict[str, object], asked: str, chunking: bool
) -> None:
    """RFC 6152, RFC 6531: asked for in MAIL where it is offered; address and content arrive."""
    body = content(text="Grüße, 世界")
    config = routed(postfix.port, chunking=chunking)
    report = await Sender(config, body=body).one(lot(person, size=len(body), **fields))
    assert kinds(report) == [Delivered]
    [mail] = said(report, "MAIL")
    assert asked in mail.split()
    [copy] = await postfix.took(body)
    assert copy.recipient == person
