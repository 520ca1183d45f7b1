"""Proofs of what clients meet: `[relay]`, `[inbound]`, `[priority]`, `hostname`.

What is for new sessions is shown by two clients, one that was there before the reload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from empath.events import MessageAccepted
from tests.config.proof import Look, Proof
from tests.fakes.eventually import turns
from tests.fakes.reloading import Reloading
from tests.fakes.wire_client import WireClient

TO_DATA: Final = ((b"MAIL FROM:<a@x.test>", b"250"), (b"RCPT TO:<b@y.test>", b"250"))


async def _message(client: WireClient, content: bytes) -> bytes:
    """The code of the reply to a message of this content."""
    await client.play(*TO_DATA, (b"DATA", b"354"))
    client.send(content + b"\r\n.\r\n")
    return (await client.reply())[:3]


async def _name(_: Reloading, client: WireClient) -> bytes:
    return (await client.say(b"HELO client.test")).split()[1]


def _rcpt(recipient: bytes) -> Look:
    async def look(_: Reloading, client: WireClient) -> bytes:
        await client.say(b"MAIL FROM:<a@x.test>")
        return (await client.say(b"RCPT TO:<" + recipient + b">"))[:3]

    return look


async def _size(_: Reloading, client: WireClient) -> bytes:
    return (await client.say(b"MAIL FROM:<a@x.test> SIZE=70000"))[:3]


async def _recipients(_: Reloading, client: WireClient) -> bytes:
    """What the 101st is told."""
    await client.play(TO_DATA[0], *(TO_DATA[1],) * 100)
    return (await client.say(TO_DATA[1][0]))[:3]


async def _errors(_: Reloading, client: WireClient) -> int:
    """Refused commands up to the one for which it is sent away."""
    count = 1
    while not (await client.say(b"NONSENSE")).startswith(b"421"):
        count += 1
    return count


async def _admitted(parts: Reloading) -> int:
    """Clients that are let in, of six."""
    greeted = [await (await parts.connect()).reply() for _ in range(6)]
    await parts.leave()
    return sum(greeting.startswith(b"220") for greeting in greeted)


async def _hops(parts: Reloading) -> bytes:
    client = await parts.ready()
    code = await _message(client, b"Received: by x\r\n" * 10)
    await parts.leave()
    return code


def _header(content: bytes) -> Look:
    async def look(_: Reloading, client: WireClient) -> bytes:
        return await _message(client, content + b"\r\n")

    return look


async def _silent(parts: Reloading, client: WireClient) -> bytes:
    """What a client is told that said nothing for 20 seconds."""
    parts.clock.advance(20)
    parts.reception.sweep()
    return (await client.say(b"NOOP"))[:3]


def _paused(*pauses: int) -> Look:
    """What a client is told that paused for so many seconds while it sent content."""

    async def look(parts: Reloading, client: WireClient) -> bytes:
        await client.play(*TO_DATA, (b"DATA", b"354"))
        for pause in pauses:
            client.send(b"x\r\n")
            await turns()
            parts.clock.advance(pause)
            parts.reception.sweep()
        client.send(b".\r\n")
        return (await client.reply())[:3]

    return look


def _priority(content: bytes = b"", *, parameter: bytes = b"") -> Look:
    """The class that a message gets."""

    async def look(parts: Reloading, client: WireClient) -> str:
        await client.play((TO_DATA[0][0] + parameter, b"250"), TO_DATA[1], (b"DATA", b"354"))
        client.send(content + b"\r\n.\r\n")
        await client.reply()
        [*_, accepted] = [each for each in parts.published if isinstance(each, MessageAccepted)]
        return accepted.priority.name.lower()

    return look


INBOUND: Final[Mapping[str, Proof]] = {
    "hostname": Proof('"a.test"', '"b.test"', _name, b"a.test", b"b.test"),
    "relay.networks": Proof(
        '["127.0.0.0/8"]', '["10.0.0.0/8"]', _rcpt(b"b@y.test"), b"250", b"550"
    ),
    "relay.domains": Proof(
        "[]", '["y.test"]', _rcpt(b"b@y.test"), b"550", b"250", {"relay.networks": "[]"}
    ),
    "inbound.message_size": Proof('"64KiB"', '"1MB"', _size, b"552", b"250"),
    "inbound.recipients": Proof("100", "101", _recipients, b"452", b"250"),
    "inbound.errors": Proof("2", "3", _errors, 3, 4),
    "inbound.connections": Proof("2", "3", _admitted, 2, 3),
    "inbound.connections_per_client": Proof("3", "2", _admitted, 3, 2),
    "inbound.received_hops": Proof("10", "11", _hops, b"554", b"250"),
    "inbound.header_size": Proof(
        '"16KiB"',
        '"32KiB"',
        _header(b"X: " + b"x" * 900 + b"\r\n" + b"Y: y\r\n" * 2900),
        b"552",
        b"250",
        {"inbound.header_fields": "100000"},
    ),
    "inbound.header_fields": Proof("100", "101", _header(b"X: x\r\n" * 101), b"552", b"250"),
    "inbound.command_timeout": Proof('"10s"', '"30s"', _silent, b"421", b"250"),
    "inbound.content_timeout": Proof('"10s"', '"30s"', _paused(20), b"421", b"250"),
    "inbound.content_deadline": Proof('"60s"', '"10m"', _paused(50, 50), b"421", b"250"),
    "inbound.content_rate": Proof('"20"', '"0"', _paused(130), b"421", b"250"),
    "inbound.bare_newlines": Proof(
        '"reject"', '"normalize"', _header(b"X: x\r\n\r\nalone\n"), b"550", b"250"
    ),
    "priority.trusted": Proof(
        '["127.0.0.0/8"]',
        '["10.0.0.0/8"]',
        _priority(parameter=b" MT-PRIORITY=5"),
        "high",
        "normal",
    ),
    "priority.rule.give": Proof(
        '"low"',
        '"bulk"',
        _priority(),
        "low",
        "bulk",
        table='[[priority.rule]]\nsender = "a@x.test"',
    ),
    "priority.rule.sender": Proof(
        '"z@x.test"',
        '"a@x.test"',
        _priority(),
        "normal",
        "low",
        table='[[priority.rule]]\ngive = "low"',
    ),
    "priority.rule.recipient": Proof(
        '"z@y.test"',
        '"b@y.test"',
        _priority(),
        "normal",
        "low",
        table='[[priority.rule]]\ngive = "low"',
    ),
    "priority.rule.listener": Proof(
        '"127.0.0.1:@OTHER@"',
        '"127.0.0.1:@PORT@"',
        _priority(),
        "normal",
        "low",
        table='[[listener]]\nbind = "127.0.0.1:@OTHER@"\n[[priority.rule]]\ngive = "low"',
    ),
    "priority.rule.header": Proof(
        '"X-Kind: ad"',
        '"X-Kind: news"',
        _priority(b"X-Kind: news\r\n"),
        "normal",
        "low",
        table='[[priority.rule]]\ngive = "low"',
    ),
}
