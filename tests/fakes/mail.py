"""Mail for a real spool: accepting it, and what attempts say of it, in one line each."""

from __future__ import annotations

from collections.abc import Sequence

from empath.address import EmailAddress
from empath.envelope import Envelope, Lot, MessageId, Origin, Priority, Recipient
from empath.events import AttemptEnded
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply
from empath.spool.face import Content, Ruling, Spool

ORIGIN = Origin("192.0.2.1", "client.test", "ESMTP", "127.0.0.1:1025", "TLSv1.3")
PREFIX = b"Received: from client.test by relay.test\r\n"
BODY = b"Subject: hello\r\n\r\nHello there.\r\n"

TAKEN = Delivered(Reply.of("250 2.0.0 Ok"))
LATER = Deferred(Reply.of("451 4.3.0 Try again later"))
NEVER = Failed(Reply.of("550 5.1.1 No such user"))


def envelope(
    *recipients: str,
    sender: str | None = "ada@from.test",
    priority: Priority = Priority.NORMAL,
) -> Envelope:
    """An envelope for *recipients*, or for one of them."""
    return Envelope(
        None if sender is None else EmailAddress(sender),
        tuple(Recipient(EmailAddress(each)) for each in recipients or ("bob@there.test",)),
        priority,
    )


async def accept(
    spool: Spool,
    *recipients: str,
    body: bytes = BODY,
    sender: str | None = "ada@from.test",
    subject: str = "hello",
    hold: str = "",
    priority: Priority = Priority.NORMAL,
) -> MessageId:
    """Have the spool accept a message."""
    draft = spool.draft()
    try:
        for start in range(0, len(body), 65536):
            draft.write(body[start : start + 65536])
            if draft.pressed:
                await draft.drain()
    except BaseException:
        await draft.abort()
        raise
    return await draft.commit(
        envelope(*recipients, sender=sender, priority=priority),
        ORIGIN,
        prefix=PREFIX,
        subject=subject,
        hold=hold,
    )


async def take(spool: Spool, now: float, limit: int = 100, **asked: object) -> list[Lot]:
    """What is due, begun."""
    lots = await spool.due(now, limit=limit, **{"per_destination": 100, **asked})  # type: ignore[arg-type]
    return [lot for lot in lots if spool.begin(lot) is not None]


def rule(lot: Lot, outcome: Outcome, next_at: float | None = None) -> list[Ruling]:
    """The same ruling for all recipients of *lot*."""
    return [Ruling(waiting.number, outcome, next_at) for waiting in lot.recipients]


def ended(lot: Lot, at: float = 0.0) -> AttemptEnded:
    """The event of an attempt at *lot*."""
    return AttemptEnded(
        at or lot.received_at,
        lot.id,
        lot.destination,
        "mx.test [192.0.2.9]:25",
        "DONE",
        0.1,
        lot.size,
        0.2,
        (),
    )


async def record(
    spool: Spool, lot: Lot, outcome: Outcome, next_at: float | None = None
) -> Sequence[MessageId]:
    """Write down the same outcome for all recipients of *lot*."""
    return await spool.record(lot, rule(lot, outcome, next_at), ended(lot))


async def octets(content: Content) -> bytes:
    """All of a body."""
    return b"".join([chunk async for chunk in content.chunks()])
