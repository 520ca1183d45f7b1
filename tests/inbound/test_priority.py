"""SMTP-RULES 3.6 at the door: who is believed, and what is left of the MT-Priority field."""

from __future__ import annotations

import msgspec
import pytest

from empath.config.model import PriorityClass, PriorityRule, PrioritySettings
from empath.config.units import Network
from empath.envelope import Priority
from empath.events import MessageAccepted
from empath.inbound.intake import Intake
from empath.message.fields import FieldFinder
from empath.policy.inbound import ClientPolicy, client_address
from empath.policy.priority import wanted
from empath.smtp.knowledge import Connection, Terms
from empath.smtp.session import Session
from tests.fakes.null_spool import Kept
from tests.inbound.conftest import Desk

MESSAGE = b"A: b\r\nmt-PRIORITY :\r\n\t9\r\nC: d\r\n\r\nbody\r\n.\r\n"


def settle(desk: Desk, *rules: PriorityRule, trusted: bool = True) -> None:
    """Put `[priority]` settings in force."""
    networks: tuple[Network, ...] = PrioritySettings().trusted if trusted else ()
    settings = PrioritySettings(trusted=networks, rule=rules)
    desk.config = msgspec.structs.replace(desk.config, priority=settings)


async def accept(desk: Desk, content: bytes, mail: bytes = b"") -> Kept:
    """Send one message, its end included; what is kept of it."""
    client = await desk.ready()
    await client.play(
        (b"MAIL FROM:<a@us.test>" + mail, b"250 2."),
        (b"RCPT TO:<b@us.test>", b"250 2.1.5"),
        (b"DATA", b"354"),
    )
    client.send(content)
    assert (await client.reply()).startswith(b"250 2.0.0")
    return desk.spool.messages[-1]


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_parameter(desk: Desk, trusted: bool) -> None:
    """3.6-2a, 3.6-4a: a trusted client raises its mail, another one's is clamped to 0."""
    settle(desk, trusted=trusted)
    kept = await accept(desk, b"Subject: x\r\n\r\nhello\r\n.\r\n", mail=b" MT-PRIORITY=6")
    expected = (Priority.CRITICAL, 6) if trusted else (Priority.NORMAL, 0)
    assert (kept.envelope.priority, kept.envelope.mt_priority) == expected
    (event,) = desk.heard(MessageAccepted)
    assert isinstance(event, MessageAccepted)
    assert event.priority is expected[0]


async def test_the_clamped_are_told(desk: Desk) -> None:
    """3.6-4b: the reply to MAIL has the enhanced code 2.3.6 and begins with the new number."""
    settle(desk, trusted=False)
    client = await desk.ready()
    reply = await client.say(b"MAIL FROM:<a@us.test> MT-PRIORITY=9")
    assert reply.startswith(b"250 2.3.6 0 ")


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_field(desk: Desk, trusted: bool) -> None:
    """3.6-5b: it counts for a trusted client, and goes no further whoever sent it."""
    settle(desk, trusted=trusted)
    kept = await accept(desk, b"A: b\r\nMT-Priority: 4\r\nC: d\r\n\r\nMT-Priority: 9\r\n.\r\n")
    expected = (Priority.HIGH, 4) if trusted else (Priority.NORMAL, 0)
    assert (kept.envelope.priority, kept.envelope.mt_priority) == expected
    assert kept.content == b"A: b\r\nC: d\r\n\r\nMT-Priority: 9\r\n"
    (event,) = desk.heard(MessageAccepted)
    assert isinstance(event, MessageAccepted)
    assert event.size == len(kept.prefix) + len(kept.content)


async def test_the_parameter_is_weightier_than_the_field(desk: Desk) -> None:
    """3.6-5b: where MAIL has the parameter, the field is removed and not believed."""
    kept = await accept(desk, b"MT-Priority: 9\r\n\r\nx\r\n.\r\n", mail=b" MT-PRIORITY=-3")
    assert (kept.envelope.priority, kept.envelope.mt_priority) == (Priority.LOW, -3)
    assert kept.content == b"\r\nx\r\n"


MESSAGE = b"A: b\r\nmt-PRIORITY :\r\n\t9\r\nC: d\r\n\r\nbody\r\n.\r\n"


def intake_of(desk: Desk) -> Intake:
    """What stands behind a connection, told 354, for content in pieces of a known size."""
    terms = Terms(desk.config.hostname, 1_000_000, 100, 10)
    client = Connection("192.0.2.1", "127.0.0.1:25", 0.0)
    policy = ClientPolicy.of(client_address("192.0.2.1"), desk.config.relay)
    finder = FieldFinder(wanted(()))
    intake = Intake(desk.reception.desk, Session(client, terms, policy), desk.config, finder)
    for line in (b"EHLO c", b"MAIL FROM:<a@x.test>", b"RCPT TO:<b@us.test>", b"DATA"):
        assert intake.command(line).reply.code in {250, 354}
    return intake


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 1000])
async def test_the_field_in_pieces(desk: Desk, size: int) -> None:
    """3.6-5b: however a header is cut into packets, the field does not get through."""
    intake = intake_of(desk)
    for start in range(0, len(MESSAGE), size):
        intake.content(MESSAGE[start : start + size])
    assert intake.conclude() is None
    commit = intake.commit()
    await commit
    wire, _ = intake.committed(commit)
    assert wire.startswith(b"250")
    assert desk.spool.messages[-1].content == b"A: b\r\nC: d\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"MT-Priority: 9\r\n",
        b"MT-Priority: 9\r\nno header at all\r\n",
        b"A: b\r\nMT-Priority: 9\r\n",
    ],
)
async def test_the_field_without_a_body(desk: Desk, content: bytes) -> None:
    """3.6-5b: a message that ends in its header, or has no empty line, hides nothing."""
    settle(desk, trusted=False)
    kept = await accept(desk, content + b".\r\n")
    assert b"MT-Priority" not in kept.content
    assert kept.envelope.priority is Priority.NORMAL


async def test_a_large_header_is_held_only_to_its_end(desk: Desk) -> None:
    """A header below its limit arrives whole; content behind it is not held back."""
    filler = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 90) for number in range(150))
    body = (b"z" * 998 + b"\r\n") * 300
    kept = await accept(desk, filler + b"MT-Priority: 5\r\n\r\n" + body + b".\r\n")
    assert kept.content == filler + b"\r\n" + body
    assert kept.envelope.mt_priority == 5


async def test_the_priority_of_one_message_is_not_that_of_the_next(desk: Desk) -> None:
    """3.6-2b: each message on a connection is asked anew."""
    client = await desk.ready()
    for mail, expected in ((b" MT-PRIORITY=6", Priority.CRITICAL), (b"", Priority.NORMAL)):
        await client.play(
            (b"MAIL FROM:<a@us.test>" + mail, b"250"),
            (b"RCPT TO:<b@us.test>", b"250"),
            (b"DATA", b"354"),
            (b"Subject: x\r\n\r\nx\r\n.", b"250 2.0.0"),
        )
        assert desk.spool.messages[-1].envelope.priority is expected


async def test_hints_and_mass_mail(desk: Desk) -> None:
    """3.6-6a, 3.6-6b: hints of trusted clients, Precedence of anybody; the fields stay."""
    kept = await accept(desk, b"X-Priority: 1 (Highest)\r\n\r\nx\r\n.\r\n")
    assert (kept.envelope.priority, kept.envelope.mt_priority) == (Priority.HIGH, 0)
    assert kept.content.startswith(b"X-Priority: 1")
    settle(desk, trusted=False)
    kept = await accept(desk, b"X-Priority: 1\r\n\r\nx\r\n.\r\n")
    assert kept.envelope.priority is Priority.NORMAL
    kept = await accept(desk, b"Precedence: bulk\r\n\r\nx\r\n.\r\n")
    assert kept.envelope.priority is Priority.BULK


async def test_rules_of_the_config(desk: Desk) -> None:
    """A rule gives mail its class by sender and by a field of its own."""
    settle(
        desk,
        PriorityRule(give=PriorityClass.LOW, sender="@us.test"),
        PriorityRule(give=PriorityClass.CRITICAL, header="X-Alarm"),
    )
    kept = await accept(desk, b"Subject: x\r\n\r\nx\r\n.\r\n")
    assert (kept.envelope.priority, kept.envelope.mt_priority) == (Priority.LOW, -4)
    kept = await accept(desk, b"X-Alarm: fire\r\n\r\nx\r\n.\r\n")
    assert (kept.envelope.priority, kept.envelope.mt_priority) == (Priority.CRITICAL, 6)
