"""The engine with the real spool, and Postfix's smtp-sink for a next hop."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from empath.address import EmailAddress
from empath.bus import Bus
from empath.config.model import Config, Spool
from empath.config.units import ByteSize, Duration
from empath.delivery.engine import Engine
from empath.envelope import LOCAL, Envelope, MessageId, Recipient, State
from empath.events import AttemptEnded, Event
from empath.query import QueueQuery
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import finder, routed
from tests.fakes.programs import SmtpSink


class Relay:
    """A store, an engine on it, and what was published."""

    def __init__(self, store: Store, config: Config, clock: HandClock) -> None:
        self.store = store
        self.clock = clock
        self.published: list[Event] = []
        bus = Bus()
        bus.fold(self.published.append)
        self.engine = Engine(
            spool=store,
            finder=finder(config),
            config=lambda: config,
            bus=bus,
            clock=clock,
            random=random.Random(1),
        )

    async def accept(
        self, *recipients: str, body: bytes = b"Subject: hi\r\n\r\nhi\r\n"
    ) -> MessageId:
        """Take a message in, as a listener does."""
        draft = self.store.draft()
        draft.write(body)
        people = tuple(Recipient(EmailAddress(each)) for each in recipients)
        envelope = Envelope(EmailAddress("a@sender.test"), people)
        return await draft.commit(envelope, LOCAL, prefix=b"Received: here\r\n", subject="hi")

    def results(self) -> list[str]:
        """What came of each recipient, in the order it was published."""
        return [
            each.result
            for event in self.published
            if isinstance(event, AttemptEnded)
            for each in event.results
        ]


@asynccontextmanager
async def relay(folder: Path, port: int, **delivery: object) -> AsyncIterator[Relay]:
    """A relay whose mail all goes to *port*."""
    clock = HandClock()
    store = await Store.open(Spool(path=folder, min_free=ByteSize(0)), clock=clock)
    try:
        parts = Relay(store, routed(port, **delivery), clock)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(parts.engine.run())
            try:
                yield parts
            finally:
                await parts.engine.drain(5)
                task.cancel()
    finally:
        await store.close()


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("idle", [0, 5])
async def test_five_hundred_messages_are_each_delivered_once(tmp_path: Path, idle: int) -> None:
    """With a connection each and with connections reused; the sink's count is the judge."""
    with SmtpSink() as sink:
        async with relay(tmp_path, sink.port, idle_timeout=Duration(idle)) as parts:
            ids = await asyncio.gather(
                *(parts.accept(f"b@d{n % 9}.test", body=b"x" * n + b"\r\n") for n in range(500))
            )
            await eventually(lambda: len(parts.published) == 500, within=60)
            assert Counter(parts.results()) == {"delivered": 500}
            assert {event.id for event in parts.published if isinstance(event, AttemptEnded)} == {
                *ids
            }
            assert (await parts.store.stats()).messages == 0
        await eventually(lambda: sink.messages >= 500)
    assert sink.messages == 500


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
async def test_4xx_at_any_command_leaves_the_mail_queued_with_the_reply(
    tmp_path: Path, command: str
) -> None:
    """Soft errors defer; nothing is lost and the reply is shown."""
    soft = "450 4.3.0 not now"
    options = ("-r", command, "-b", soft) if command != "CONNECT" else ("-Q", "EHLO")
    with SmtpSink(*options) as sink:
        async with relay(tmp_path, sink.port) as parts:
            queued = await parts.accept("b@there.test", "c@there.test")
            await eventually(lambda: bool(parts.published))
            assert parts.results() == ["deferred", "deferred"]
            record = await parts.store.message(queued)
    assert record is not None
    assert [each.state for each in record.recipients] == [State.DEFERRED] * 2
    assert record.recipients[0].last_reply.startswith("4")


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_5xx_makes_one_notification_which_is_delivered_too(
    tmp_path: Path, command: str
) -> None:
    """Hard errors fail; the sender's notification is mail like any other, and refused like
    any other it makes no other.
    """
    with SmtpSink("-f", command, "-B", "550 5.7.1 never") as sink:
        async with relay(tmp_path, sink.port) as parts:
            queued = await parts.accept("b@there.test", "c@there.test")
            await eventually(lambda: len(parts.published) == 3)
            record = await parts.store.message(queued)
            stats = await parts.store.stats()
    assert record is not None
    assert [each.state for each in record.recipients] == [State.FAILED] * 2
    assert [type(each).__name__ for each in parts.published] == [
        "AttemptEnded",
        "NotificationSent",
        "AttemptEnded",
    ]
    assert stats.messages == 0


@pytest.mark.tools("smtp-sink")
async def test_deferred_mail_goes_out_when_the_server_recovers(tmp_path: Path) -> None:
    """The sink answers 4xx, then does not; everything drains."""
    with SmtpSink("-r", "RCPT") as sink:
        port = sink.port
        async with relay(tmp_path, port, idle_timeout=Duration(0)) as parts:
            for n in range(20):
                await parts.accept(f"b@d{n}.test")
            await eventually(lambda: len(parts.published) == 20)
            sink.stop()
            with SmtpSink(port=port) as better:
                parts.clock.advance(400)
                await parts.store.retry(QueueQuery(), actor="test", at=parts.clock.now())
                await eventually(lambda: parts.results().count("delivered") == 20)
                await eventually(lambda: better.messages == 20)


@pytest.mark.tools("smtp-sink")
async def test_a_large_message_goes_out_whole(tmp_path: Path) -> None:
    """A body in a file is streamed; the sink takes it all."""
    body = b"Subject: large\r\n\r\n" + (b"." * 70 + b"\r\n") * 50_000
    with SmtpSink() as sink:
        async with relay(tmp_path, sink.port) as parts:
            await parts.accept("b@there.test", body=body)
            await eventually(lambda: bool(parts.published))
            assert parts.results() == ["delivered"]
