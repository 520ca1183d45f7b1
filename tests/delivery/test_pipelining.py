"""Much said at once over real sockets: batches, chunks, messages behind each other, liars."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from empath.config.model import Config
from empath.config.outbound import Destination
from empath.config.units import Duration
from empath.delivery.attempt import Attempts, Report
from empath.delivery.habits import MOST, REMEMBERED, Habits
from empath.delivery.pool import Pool
from empath.envelope import Lot
from empath.reply import Delivered, Outcome
from empath.smtp.dialogue import WHOLE_OCTETS
from empath.spool.face import BodyUnfit
from empath.tls import ClientContexts
from tests.delivery.test_real_parts import relay
from tests.fakes.chunking_sink import ChunkingSink
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import finder, routed
from tests.fakes.memory_spool import BODY, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello

ENVELOPE: Script = ("> MAIL FROM:<", "> RCPT TO:<")
PIPELINED: Script = (*ENVELOPE, "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n", Do.CONTENT)
TAKEN = "< 250 2.0.0 taken"
PIPE: Script = hello("PIPELINING")
BOTH: Script = hello("PIPELINING", "CHUNKING")
WHOLE: Script = (*ENVELOPE, Do.BDAT)
ALL_OK = b"250 Ok\r\n250 Ok\r\n250 2.0.0 taken\r\n"


class Sender:
    """Attempts with a pool and a spool of their own."""

    def __init__(self, config: Config, *, body: bytes = BODY) -> None:
        self.config = config
        self.spool = MemorySpool()
        self.body = body
        self.pool = Pool()
        self.attempts = Attempts(
            self.spool,  # type: ignore[arg-type] - the part an attempt uses
            finder(config),
            self.pool,
            lambda: self.config,
            ClientContexts(lambda: config.delivery.tls),
        )

    async def deliver(self, message: Lot) -> Report:
        """One attempt, its connection kept as an engine keeps it."""
        self.spool.bodies[message.id] = self.body
        report = await self.attempts.deliver(message)
        if report.connection is not None and report.key is not None:
            self.pool.put(report.key, report.connection)
        return report

    async def one(self, message: Lot | None = None) -> Report:
        """One attempt, and everything closed behind it."""
        report = await self.deliver(message or lot(size=len(self.body)))
        self.pool.close()
        return report


def only(report: Report) -> Outcome:
    """The outcome of the one recipient."""
    [outcome] = report.outcomes
    return outcome


def kinds(reports: Sequence[Report]) -> list[str]:
    """What came of each message; "?" marks what may have been taken."""
    return [type(only(each)).__name__ + "?" * each.uncertain for each in reports]


async def test_envelope_and_data_arrive_before_anything_is_answered() -> None:
    """RFC 2920: the server hears MAIL, RCPT and DATA without having said a word."""
    async with ScriptedMx((*PIPE, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port)).one()
    assert isinstance(only(report), Delivered)
    assert mx.contents == [BODY]


async def test_small_content_arrives_with_the_envelope_unstuffed() -> None:
    """RFC 3030: BDAT takes the octets as they are; nothing was answered before all were sent."""
    body = b"Subject: x\r\n\r\n.\r\n..x\r\n"
    async with ScriptedMx((*BOTH, *WHOLE, ALL_OK)) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert isinstance(only(report), Delivered)
    assert mx.contents == [body]
    assert mx.heard[-1] == f"BDAT {len(body)} LAST"


@pytest.mark.parametrize("size", [WHOLE_OCTETS + 2, 2**20, 2 * 2**20 + 70_000])
async def test_large_content_goes_in_chunks(size: int) -> None:
    """RFC 3030 2: each chunk at most 1 MB, the last one marked, the octets as they were."""
    body = (b".x" * 499 + b"\r\n") * (size // 1000) + b"x" * (size % 1000 - 2) + b"\r\n"
    chunks = -(-len(body) // 2**20)
    script = (
        *BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n", *[Do.BDAT, "< 250 more"] * (chunks - 1),
        Do.BDAT, TAKEN,
    )  # fmt: skip
    async with ScriptedMx(script) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert isinstance(only(report), Delivered)
    assert b"".join(mx.contents) == body
    assert [line.endswith(" LAST") for line in mx.heard[-chunks:]] == [False] * (chunks - 1) + [
        True
    ]


async def test_a_refused_chunk_ends_the_content() -> None:
    """RFC 3030 2: after a refusal nothing more of the message is sent."""
    body = (b"x" * 998 + b"\r\n") * 5000
    script = (*BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n", Do.BDAT, "< 552 5.3.4 too big", Do.HANG)
    async with ScriptedMx(script) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert str(only(report).reply) == "552 5.3.4 too big"
    assert report.connection is None


@pytest.mark.parametrize("body", [b"x\ry\r\n", b"x\ny\r\n", b"x\r"])
@pytest.mark.parametrize("large", [False, True])
async def test_a_bare_newline_never_leaves_in_a_chunk(body: bytes, large: bool) -> None:
    """3.1, C5: in BDAT too the writer asserts that no CR or LF stands alone."""
    body = (b"x" * 998 + b"\r\n") * 100 * large + body
    script = (*BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n") if large else BOTH
    async with ScriptedMx((*script, Do.HANG)) as mx:
        with pytest.raises(BodyUnfit):
            await Sender(routed(mx.port), body=body).one()


async def test_content_that_is_not_as_long_as_announced_is_not_sent() -> None:
    """A BDAT that promises other octets than follow would swallow the next command."""
    async with ScriptedMx((*BOTH, Do.HANG)) as mx:
        with pytest.raises(BodyUnfit, match="octets and not"):
            await Sender(routed(mx.port)).one(lot(size=len(BODY) + 1))


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
    """3.3, 3.4: remembered, told in the transcript, delivered on a new connection."""
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
    """3.4: a connection that ends in mid-batch defers, certain that nothing was taken."""
    drop: Script = (*PIPE, *ENVELOPE, "> DATA", "< 250 Ok", Do.CLOSE)
    async with ScriptedMx(drop, (*PIPE, *ONE_MESSAGE)) as mx:
        sender = Sender(routed(mx.port))
        report = await sender.one()
        again = await sender.one()
    assert kinds([report, again]) == ["Deferred", "Delivered"]


async def test_who_offers_chunking_and_does_not_know_bdat_gets_data() -> None:
    """Remembered for that server; the message is delivered at once."""
    no = b"250 Ok\r\n250 Ok\r\n502 5.5.1 what?\r\n"
    async with ScriptedMx((*BOTH, *WHOLE, no, Do.HANG), (*BOTH, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port)).one()
    assert isinstance(only(report), Delivered)


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


async def test_chunking_can_be_switched_off() -> None:
    """`delivery.chunking`: DATA in the batch."""
    async with ScriptedMx((*BOTH, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port, chunking=False)).one()
    assert isinstance(only(report), Delivered)


async def test_recipients_without_room_stay_for_the_next_transaction() -> None:
    """452 too many: those taken are reported, the others are left as they were."""
    people = ("x@there.test", "y@there.test")
    script: Script = (
        *PIPE, "> MAIL", "> RCPT TO:<x", "> RCPT TO:<y", "> DATA",
        b"250 Ok\r\n250 Ok\r\n452 4.5.3 too many\r\n354 go\r\n", Do.CONTENT, TAKEN,
        "> MAIL", "> RCPT TO:<y", "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n", Do.CONTENT, TAKEN,
    )  # fmt: skip
    async with ScriptedMx(script) as mx:
        sender = Sender(routed(mx.port))
        report = await sender.deliver(lot(*people))
        assert report.recipients is not None
        assert [each.number for each in report.recipients] == [0]
        rest = await sender.one(lot("y@there.test"))
    assert [type(each) for each in (*report.outcomes, *rest.outcomes)] == [Delivered] * 2


# Across messages.


async def flying(
    script: Script, *others: Script, count: int = 3, **delivery: object
) -> tuple[list[Report], ScriptedMx, Sender]:
    """*count* messages, each begun when the connection is free to be spoken on."""
    async with ScriptedMx(script, *others) as mx:
        sender = Sender(routed(mx.port, **delivery))
        reports: list[asyncio.Task[Report]] = []
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                reports.append(group.create_task(sender.deliver(lot(number=number))))
                await eventually(lambda: len(sender.pool) > 0 or reports[-1].done())
            mx.go.set()
        sender.pool.close()
        return [each.result() for each in reports], mx, sender


RSET: Script = ("> RSET",)


async def test_the_next_messages_go_before_the_first_is_answered() -> None:
    """BDAT: three messages are there before a reply to any; each gets its own."""
    replies = b"250 Ok\r\n250 Ok\r\n250 one\r\n" + b"".join(
        b"250 Ok\r\n250 Ok\r\n%b\r\n%b\r\n" % pair
        for pair in ((b"250 Ok", b"554 5.6.0 two"), (b"550 5.1.1 three", b"503 no"))
    )
    script = (*BOTH, *WHOLE, *RSET, *WHOLE, *RSET, *WHOLE, Do.WAIT, replies, "> QUIT")
    reports, mx, _ = await flying(script)
    assert kinds(reports) == ["Delivered", "Failed", "Failed"]
    assert [str(only(each).reply) for each in reports] == ["250 one", "554 5.6.0 two",
                                                           "550 5.1.1 three"]  # fmt: skip
    assert mx.connections == 1
    assert len(mx.contents) == 3


async def test_with_data_one_envelope_goes_before_the_last_reply() -> None:
    """RFC 2920: behind the final dot the next envelope may follow; no RSET is needed there."""
    script = (
        *PIPE, *PIPELINED, *ENVELOPE, "> DATA", Do.WAIT,
        b"250 one\r\n250 Ok\r\n250 Ok\r\n354 go\r\n", Do.CONTENT, "< 250 two", "> QUIT",
    )  # fmt: skip
    reports, mx, _ = await flying(script, count=2)
    assert [str(only(each).reply) for each in reports] == ["250 one", "250 two"]
    assert mx.connections == 1


async def test_a_connection_lost_with_messages_on_their_way_is_uncertain_for_all_of_them() -> None:
    """3.4: closes after the content of all: each may have been taken; none is tried at once."""
    script = (*BOTH, *WHOLE, *RSET, *WHOLE, *RSET, *WHOLE, Do.WAIT,
              b"250 Ok\r\n250 Ok\r\n250 one\r\n250 Ok\r\n", Do.CLOSE)  # fmt: skip
    reports, mx, _ = await flying(script)
    assert kinds(reports) == ["Delivered", "Deferred?", "Deferred?"]
    assert mx.connections == 1


async def test_what_was_not_yet_whole_goes_on_another_connection_at_once() -> None:
    """A message whose content was not sent was not taken: it is tried at once."""
    script = (*PIPE, *PIPELINED, *ENVELOPE, "> DATA", Do.WAIT, Do.CLOSE)
    reports, mx, _ = await flying(script, (*PIPE, *PIPELINED, TAKEN, "> QUIT"), count=2)
    assert kinds(reports) == ["Deferred?", "Delivered"]
    assert mx.connections == 2


async def test_after_421_those_behind_go_on_another_connection_at_once() -> None:
    """RFC 5321 3.8: a server that closes in order has taken nothing that came later."""
    script = (*BOTH, *WHOLE, *RSET, *WHOLE, Do.WAIT,
              b"250 Ok\r\n250 Ok\r\n421 4.3.2 enough\r\n", Do.CLOSE)  # fmt: skip
    reports, mx, _ = await flying(script, (*BOTH, *WHOLE, ALL_OK, "> QUIT"), count=2)
    assert kinds(reports) == ["Deferred", "Delivered"]
    assert mx.connections == 2


async def test_a_server_that_answers_on_after_its_421_is_believed() -> None:
    """What it says it took is not sent again."""
    script = (*BOTH, *WHOLE, *RSET, *WHOLE, Do.WAIT,
              b"250 Ok\r\n421 4.3.2 not this one\r\n503 what\r\n250 Ok\r\n" + ALL_OK, "> QUIT",
              )  # fmt: skip
    reports, mx, _ = await flying(script, count=2)
    assert kinds(reports) == ["Deferred", "Delivered"]
    assert mx.connections == 1


@pytest.mark.parametrize(("most", "connections"), [(1, 3), (2, 2)])
async def test_so_many_and_no_more_are_on_their_way(most: int, connections: int) -> None:
    """`delivery.in_flight`: beyond that a connection is not shared."""
    one: Script = (*BOTH, *WHOLE, Do.WAIT, ALL_OK, "> QUIT")
    two: Script = (*BOTH, *WHOLE, *RSET, *WHOLE, Do.WAIT, ALL_OK + b"250 Ok\r\n" + ALL_OK, "> QUIT")
    scripts = [one, one, one] if most == 1 else [two, one]
    async with ScriptedMx(*scripts) as mx:
        sender = Sender(routed(mx.port, in_flight=most))
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(sender.deliver(lot(number=number)))
                await eventually(lambda n=number: len(mx.contents) == n + 1)  # type: ignore[misc]
            mx.go.set()
        sender.pool.close()
        await asyncio.sleep(0)
    assert mx.connections == connections


async def test_a_message_too_many_for_the_connection_ends_it_behind_the_last() -> None:
    """RFC 9422 MAILMAX: the server's limit is kept to, and QUIT waits for the reply."""
    script: Script = (
        *hello("PIPELINING", "CHUNKING", "LIMITS MAILMAX=1"),
        *WHOLE,
        ALL_OK,
        "> QUIT",
    )
    async with ScriptedMx(script, script) as mx:
        sender = Sender(routed(mx.port))
        reports = [await sender.deliver(lot(number=number)) for number in range(2)]
    assert kinds(reports) == ["Delivered"] * 2
    assert mx.connections == 2


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


# What is remembered.


async def test_habits_are_bounded_in_number() -> None:
    """The oldest go; a server is remembered by host, port and extension."""
    habits = Habits()
    for port in range(MOST + 1):
        habits.note("mx.test", port, "PIPELINING")
    assert repr(habits) == f"<Habits {MOST}>"
    assert not habits.breaks("mx.test", 0, "PIPELINING")
    assert habits.breaks("mx.test", MOST, "PIPELINING")
    assert not habits.breaks("mx.test", MOST, "CHUNKING")
    assert REMEMBERED == 3600


# Connections to one server are counted.


async def test_messages_beyond_the_cap_take_turns_on_the_connections_there_are() -> None:
    """`delivery.connections_per_host`: one connection serves all, several messages at once."""
    async with ChunkingSink() as sink:
        sender = Sender(routed(sink.port, connections_per_host=1, messages_per_connection=100))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(sender.deliver(lot(number=n))) for n in range(40)]
        sender.pool.close()
    assert kinds([task.result() for task in tasks]) == ["Delivered"] * 40
    assert (sink.connections, sink.messages) == (1, 40)


async def test_a_place_is_free_again_when_a_connection_ends() -> None:
    """Served enough, refused, or cut: whoever waits opens the next one."""
    async with ChunkingSink() as sink:
        sender = Sender(routed(sink.port, connections_per_host=2, messages_per_connection=3))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(sender.deliver(lot(number=n))) for n in range(20)]
        sender.pool.close()
    assert kinds([task.result() for task in tasks]) == ["Delivered"] * 20
    assert sink.messages == 20
    assert sink.connections >= 7


async def test_whoever_waits_for_a_server_that_refuses_everybody_tries_himself() -> None:
    """A connection that is not had wakes the next."""
    refusal: Script = ("< 421 4.3.2 busy",)
    async with ScriptedMx(refusal, refusal, refusal) as mx:
        sender = Sender(routed(mx.port, connections_per_host=1))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(sender.deliver(lot(number=n))) for n in range(3)]
    assert kinds([task.result() for task in tasks]) == ["Deferred"] * 3


async def test_a_turn_that_does_not_come_defers_with_the_setting_that_is_to_blame() -> None:
    """Every wait has an end, and says why it was."""
    async with ScriptedMx((*PIPE, Do.HANG)) as mx:
        sender = Sender(
            routed(
                mx.port,
                connections_per_host=1,
                command_timeout=Duration(2),
                final_timeout=Duration(1),
            )
        )
        first = asyncio.ensure_future(sender.deliver(lot()))  # noqa: TID251 - is cancelled below
        await eventually(lambda: mx.connections == 1)
        report = await sender.deliver(lot(number=2))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert str(only(report).reply).startswith("451 4.4.5 all 1 connections to 127.0.0.1 are busy")
