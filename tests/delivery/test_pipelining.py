"""Commands said at once over real sockets: batches, and servers that break their word."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.config.model import Config
from empath.config.outbound import Destination
from empath.config.units import Duration
from empath.reply import Delivered
from tests.delivery.test_real_parts import relay
from tests.fakes.chunking_sink import ChunkingSink
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import BODY, lot
from tests.fakes.one_attempt import only
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx
from tests.fakes.sender import BOTH, ENVELOPE, PIPE, PIPELINED, TAKEN, Sender, kinds


async def test_envelope_and_data_arrive_before_anything_is_answered() -> None:
    """RFC 2920: the server hears MAIL, RCPT and DATA without having said a word."""
    async with ScriptedMx((*PIPE, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port)).one()
    assert isinstance(only(report), Delivered)
    assert mx.contents == [BODY]


@pytest.mark.parametrize(
    "liar",
    [
        # More replies than commands; some before the command was there.
        (*ENVELOPE, "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n250 taken\r\n", Do.HANG),
        (*ENVELOPE, "> DATA", b"250 Ok\r\n250 Ok\r\n250 Ok\r\n", Do.HANG),
        # Fewer: commands behind the first are lost.
        (*ENVELOPE, "> DATA", b"250 Ok\r\n", Do.HANG),
        (*ENVELOPE, "> DATA", Do.HANG),
        (*ENVELOPE, "> DATA", b"250 Ok\r\n500 what?\r\n500 what?\r\n", Do.HANG),
        (*ENVELOPE, "> DATA", b"250 Ok\r\n250 Ok\r\n503 what?\r\n", Do.HANG),
    ],
)  # fmt: skip
async def test_who_offers_pipelining_and_breaks_it_is_used_without_at_once(liar: Script) -> None:
    """3.3, 3.4-10: remembered, told in the transcript, delivered on a new connection."""
    async with ScriptedMx((*PIPE, *liar), (*PIPE, *ONE_MESSAGE), (*PIPE, *ONE_MESSAGE)) as mx:
        sender = Sender(routed(mx.port, command_timeout=Duration(0.3)))
        report = await sender.one()
        again = await sender.one()
    assert isinstance(only(report), Delivered)
    assert isinstance(only(again), Delivered)
    assert len(mx.contents) == 2
    remark = "* it offers PIPELINING and breaks it: not used for an hour"
    assert remark in report.transcript.lines()
    assert remark not in again.transcript.lines()


async def test_who_drops_a_batch_is_deferred_and_then_used_without() -> None:
    """3.4-6a: a connection that ends in mid-batch defers, certain that nothing was taken."""
    drop: Script = (*PIPE, *ENVELOPE, "> DATA", "< 250 Ok", Do.CLOSE)
    async with ScriptedMx(drop, (*PIPE, *ONE_MESSAGE)) as mx:
        sender = Sender(routed(mx.port))
        report = await sender.one()
        again = await sender.one()
    assert kinds([report, again]) == ["Deferred", "Delivered"]


@pytest.mark.parametrize("where", ["all", "destination"])
async def test_pipelining_can_be_switched_off(where: str) -> None:
    """`delivery.pipelining`, or `pipelining` of a [[destination]]; then no CHUNKING either."""
    async with ScriptedMx((*BOTH, *ONE_MESSAGE)) as mx:
        config = routed(mx.port, pipelining=where != "all")
        if where == "destination":
            off = (Destination(domain="there.test", pipelining=False),)
            config = Config(
                **{
                    each: getattr(config, each)
                    for each in ("mode", "hostname", "route", "delivery")
                },
                destination=off,
            )
        report = await Sender(config).one()
    assert isinstance(only(report), Delivered)


@pytest.mark.parametrize("full", [b"452 4.5.3 too many\r\n", b"552 too many\r\n"])
async def test_recipients_without_room_stay_for_the_next_transaction(full: bytes) -> None:
    """3.4-12: 452 too many, or 552: those taken are reported, the others are left as they were."""
    people = ("x@there.test", "y@there.test")
    script: Script = (
        *PIPE, "> MAIL", "> RCPT TO:<x", "> RCPT TO:<y", "> DATA",
        b"250 Ok\r\n250 Ok\r\n" + full + b"354 go\r\n", Do.CONTENT, TAKEN,
        "> MAIL", "> RCPT TO:<y", "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n", Do.CONTENT, TAKEN,
    )  # fmt: skip
    async with ScriptedMx(script) as mx:
        sender = Sender(routed(mx.port))
        report = await sender.deliver(lot(*people))
        assert report.recipients is not None
        assert [each.number for each in report.recipients] == [0]
        rest = await sender.one(lot("y@there.test"))
    assert [type(each) for each in (*report.outcomes, *rest.outcomes)] == [Delivered] * 2


async def test_a_message_for_many_goes_in_as_many_transactions_as_it_takes(tmp_path: Path) -> None:
    """With the real spool: nobody is deferred for want of room, nobody gets it twice."""
    people = [f"p{number}@there.test" for number in range(25)]
    async with ChunkingSink(room=10) as sink, relay(tmp_path, sink.port) as parts:
        await parts.accept(*people)
        await eventually(lambda: len(parts.results()) == 25)
        assert (await parts.store.stats()).messages == 0
    assert set(parts.results()) == {"delivered"}
    assert sorted(sink.recipients) == sorted(f"TO:<{each}>" for each in people)
    assert (sink.messages, sink.connections) == (3, 1)
