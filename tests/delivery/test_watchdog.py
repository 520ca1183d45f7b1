"""Attempts that are stuck: seen, told, cut, deferred; never where a server may have the mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from empath.events import AttemptEnded, AttemptStuck, TaskFailed
from empath.policy.patience import FINAL, SLACK
from empath.reply import Deferred, Delivered
from tests.fakes.engine_at_work import GOOD, HANGING, Running, running
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import BODY, MemorySpool, Stored, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, ScriptedMx, hello

TO_CONTENT = (*hello("8BITMIME"), *ONE_MESSAGE[:6])
DOTTED = (*TO_CONTENT, Do.CONTENT)


class HangingBody(Stored):
    """A body on the disk, of which no piece ever comes."""

    octets = None

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""


class HangingSpool(MemorySpool):
    """Its disk hangs on the body of every message."""

    async def content(self, id: object) -> Stored:
        return HangingBody(BODY)


def look(parts: Running, *, after: float) -> None:
    """What the watchdog does when it looks *after* so many seconds."""
    parts.clock.advance(after)
    parts.engine._watchdog.look(parts.engine._progress.values())


async def test_a_body_read_that_hangs_is_cut_and_its_recipients_deferred() -> None:
    """The one wait that no deadline bounds: seen, told with its stage, and the reason is true."""
    spool = HangingSpool(lot("b@there.test", "c@there.test"))
    async with ScriptedMx((*TO_CONTENT[:8], *TO_CONTENT[6:], Do.HANG)) as mx:
        config = routed(mx.port)
        async with running(spool, config) as parts:
            await eventually(lambda: "DATA" in mx.heard)
            await eventually(lambda: any(_reads(parts)))
            look(parts, after=0)
            look(parts, after=5 + SLACK)
            assert parts.published == []
            look(parts, after=1)
            look(parts, after=1)  # Once is enough.
            await spool.recorded(1)
            await eventually(lambda: len(parts.published) == 2)
            await eventually(lambda: parts.engine.active == 0)
    stuck, ended = parts.published
    assert isinstance(stuck, AttemptStuck)
    assert (stuck.stage, stuck.seconds, stuck.id) == ("BODY", 6 + SLACK, lot().id)
    reason = (
        "the attempt was stuck and cut off by the watchdog: reading the stored body, 0 octets of"
        f" 32 octets sent at 127.0.0.1:{mx.port}, nothing moved for 36s"
    )
    assert stuck.reason == reason
    assert isinstance(ended, AttemptEnded)
    assert (ended.stage, ended.uncertain) == ("CONTENT", False)
    assert ended.transcript[-1] == f"* {reason}"
    assert [type(each.outcome) for each in spool.rulings] == [Deferred, Deferred]
    assert str(spool.rulings[0].outcome.reply) == f"451 4.3.0 {reason}"
    assert parts.engine.gates.breakers.standing(parts.clock.now()) == {}


def _reads(parts: Running) -> list[bool]:
    return [each.position().stage == "BODY" for each in parts.engine._progress.values()]


async def test_a_server_that_drips_octets_of_a_reply_makes_no_progress() -> None:
    """What is not a whole reply is none, however often an octet of it comes."""
    script = (*hello(), "> MAIL", b"2", Do.WAIT, b"5", Do.HANG)
    spool = MemorySpool(lot())
    async with (
        ScriptedMx(script) as mx,
        running(spool, routed(mx.port, command_timeout=300.0)) as parts,
    ):
        await eventually(lambda: len(mx.heard) == 2)
        look(parts, after=0)
        look(parts, after=200)
        mx.go.set()
        await asyncio.sleep(0.05)
        look(parts, after=131)
        await spool.recorded(1)
    [event] = [each for each in parts.published if isinstance(each, AttemptStuck)]
    assert (event.stage, event.server) == ("COMMAND", f"127.0.0.1:{mx.port}")
    assert str(spool.rulings[0].outcome.reply).startswith(
        "451 4.4.2 the attempt was stuck and cut off by the watchdog: waiting for the reply to MAIL"
    )


async def test_an_attempt_that_moves_is_left_alone() -> None:
    """Each reply gives it its time anew."""
    script = (*hello(), "> MAIL", Do.WAIT, "< 250 Ok", *ONE_MESSAGE[2:])
    spool = MemorySpool(lot())
    async with (
        ScriptedMx(script) as mx,
        running(spool, routed(mx.port, command_timeout=300.0)) as parts,
    ):
        await eventually(lambda: len(mx.heard) == 2)
        look(parts, after=0)
        look(parts, after=300)
        mx.go.set()
        await spool.recorded(1)
        look(parts, after=300)
    assert isinstance(spool.rulings[0].outcome, Delivered)
    assert "AttemptStuck" not in parts.kinds()


@pytest.mark.parametrize("setting", [5.0, 900.0])
async def test_after_the_final_dot_a_server_has_its_ten_minutes(setting: float) -> None:
    """RFC 5321 4.5.3.2.6: until then it may say 250, and a second copy would be our doing."""
    script = (*DOTTED, Do.WAIT, "< 250 2.0.0 taken")
    spool = MemorySpool(lot())
    async with (
        ScriptedMx(script) as mx,
        running(spool, routed(mx.port, final_timeout=setting)) as parts,
    ):
        await eventually(lambda: bool(mx.contents))
        look(parts, after=0)
        look(parts, after=max(FINAL, setting))
        mx.go.set()
        await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Delivered)
    assert "AttemptStuck" not in parts.kinds()


async def test_a_server_silent_for_longer_may_have_the_message() -> None:
    """The deferral says that it is uncertain: this is the window that cannot be closed."""
    spool = MemorySpool(lot())
    async with (
        ScriptedMx((*DOTTED, Do.HANG)) as mx,
        running(spool, routed(mx.port, final_timeout=900.0)) as parts,
    ):
        await eventually(lambda: bool(mx.contents))
        look(parts, after=0)
        look(parts, after=900 + SLACK + 1)
        await spool.recorded(1)
    outcome = spool.rulings[0].outcome
    assert isinstance(outcome, Deferred)
    assert outcome.uncertain
    stuck = parts.published[0]
    assert isinstance(stuck, AttemptStuck)
    assert stuck.stage == "FINAL"


async def test_a_message_behind_one_that_waits_for_its_reply_waits_too() -> None:
    """Cutting it would cut the connection, and the other message might come twice."""
    chunking = (*hello("PIPELINING", "CHUNKING", "8BITMIME"), "> MAIL", "> RCPT", Do.BDAT)
    spool = MemorySpool(lot(number=1))
    async with ScriptedMx((*chunking, "> RSET", Do.HANG)) as mx:
        config = routed(mx.port, connections_per_host=1, command_timeout=5.0, final_timeout=600.0)
        async with running(spool, config) as parts:
            await eventually(lambda: bool(mx.contents))
            spool.arrive(lot(number=2))
            await eventually(lambda: "RSET" in mx.heard)
            look(parts, after=0)
            look(parts, after=500)
            assert parts.engine.active == 2
            assert parts.published == []


async def test_an_attempt_that_outlasts_all_its_steps_is_cut() -> None:
    """Even if something moves all the time."""
    spool = MemorySpool(lot())
    async with (
        ScriptedMx(HANGING) as mx,
        running(spool, routed(mx.port, command_timeout=300.0)) as parts,
    ):
        await eventually(lambda: len(mx.heard) == 2)
        for _ in range(300):
            for progress in parts.engine._progress.values():
                progress.since += 1
            look(parts, after=300)
        await spool.recorded(1)
    [event] = [each for each in parts.published if isinstance(each, AttemptStuck)]
    assert "it lasted longer than all its steps may for" in event.reason


async def test_what_came_of_an_attempt_is_written_down_however_long_it_takes() -> None:
    """A spool that is full for hours: cutting the record off would send the message again."""
    spool = MemorySpool(lot())
    spool.refuse = 1
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        parts.engine._recorder.first_pause = 0.3
        await eventually(lambda: "SpoolFault" in parts.kinds())
        look(parts, after=0)
        look(parts, after=10**6)
        await spool.recorded(1)
    assert isinstance(spool.rulings[0].outcome, Delivered)
    assert "AttemptStuck" not in parts.kinds()


async def test_an_attempt_that_is_to_end_anyway_is_not_recorded() -> None:
    """Stopped and cut at the same moment: its lease ends with the process, as for all others."""
    spool = HangingSpool(lot())
    async with ScriptedMx((*TO_CONTENT, Do.HANG)) as mx, running(spool, routed(mx.port)) as parts:
        await eventually(lambda: any(_reads(parts)))
        look(parts, after=0)
        look(parts, after=100)
        for progress in parts.engine._progress.values():
            assert progress.task is not None
            progress.task.cancel()
        await eventually(lambda: parts.engine.active == 0)
    assert spool.rulings == []


async def test_a_bug_in_the_watchdog_costs_no_mail() -> None:
    """It is told, and looks again."""
    spool = MemorySpool()
    async with running(spool, routed(1)) as parts:
        parts.engine._watchdog.every = 0.01
        parts.engine._progress[lot().id, lot().destination] = None  # type: ignore[assignment]
        await eventually(lambda: len(parts.published) > 1)
        del parts.engine._progress[lot().id, lot().destination]
        assert "Watchdog" in repr(parts.engine._watchdog)
    [event, *_] = parts.published
    assert isinstance(event, TaskFailed)
    assert event.task == "watchdog"
