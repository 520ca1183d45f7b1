"""Connections to one server are counted: who finds no place waits for his turn."""

from __future__ import annotations

import asyncio

from empath.config.units import Duration
from tests.fakes.chunking_sink import ChunkingSink
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.one_attempt import only
from tests.fakes.scripted_mx import Do, Script, ScriptedMx
from tests.fakes.sender import PIPE, Sender, kinds


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
