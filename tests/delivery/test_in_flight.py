"""Messages behind each other on one connection, before the first of them is answered."""

from __future__ import annotations

import asyncio

import pytest

from empath.delivery.attempt import Report
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.one_attempt import only
from tests.fakes.scripted_mx import Do, Script, ScriptedMx, hello
from tests.fakes.sender import ALL_OK, BOTH, ENVELOPE, PIPE, PIPELINED, TAKEN, WHOLE, Sender, kinds


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
    """3.4-6b: closes after the content of all: each may have been taken; none is tried at once."""
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
