"""Connections kept for the next message."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from empath.config.model import Delivery, TlsPolicy
from empath.config.units import Duration
from empath.delivery.pool import Key, Pool
from empath.delivery.transcript import Transcript
from empath.delivery.transport import Connection
from empath.policy.tls import Need, Source
from tests.fakes.eventually import eventually
from tests.fakes.scripted_mx import Do, Script, ScriptedMx

WANTED = Need(TlsPolicy.OPPORTUNISTIC, Source.DEFAULT)
KEY = Key("mx.test", 25, WANTED, "", fixed=False)
IDLE: Script = ("< 220 hi", "> QUIT")


async def connected(mx: ScriptedMx, **settings: object) -> Connection:
    """A connection that has been greeted."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(
            name="mx.test",
            sni=None,
            settings=Delivery(**settings),  # type: ignore[arg-type]
            transcript=Transcript(),
        ),
        "127.0.0.1",
        mx.port,
    )
    await eventually(lambda: connection._owed == 0)
    connection.speaking = False
    return connection


async def until_closed(connection: Connection) -> None:
    """Wait until the server's doing has been noticed."""
    await eventually(lambda: not connection.usable)


async def test_what_is_put_in_comes_out_once() -> None:
    """A connection has one user at a time."""
    pool = Pool()
    async with ScriptedMx(IDLE) as mx:
        connection = await connected(mx)
        pool.put(KEY, connection)
        assert repr(pool) == "<Pool idle=1 servers=1>"
        assert pool.take(KEY) is connection
        assert pool.take(KEY) is None
        assert len(pool) == 0
        pool.put(KEY, connection)
        assert len(pool) == 0, "whoever speaks on it puts it back himself"
        connection.speaking = False
        pool.put(KEY, connection)
        pool.close()
        assert repr(connection) == "<Connection mx.test closed messages=0>"


async def test_a_connection_is_not_reused_for_another_need() -> None:
    """Encryption, user, and who named the host are part of the key."""
    pool = Pool()
    async with ScriptedMx(IDLE) as mx:
        pool.put(KEY, await connected(mx))
        assert pool.take(KEY._replace(need=replace(WANTED, policy=TlsPolicy.VERIFY))) is None
        assert pool.take(KEY._replace(username="relay")) is None
        assert pool.take(KEY._replace(fixed=True)) is None
        assert pool.take(KEY._replace(port=26)) is None
        pool.close()


async def test_a_connection_that_was_closed_is_not_given_out() -> None:
    """The server has its own idle timeout."""
    pool = Pool()
    async with ScriptedMx(("< 220 hi", Do.CLOSE), IDLE) as mx:
        closed = await connected(mx)
        pool.put(KEY, closed)
        await until_closed(closed)
        assert pool.take(KEY) is None


async def test_a_connection_that_spoke_unasked_is_not_given_out() -> None:
    """3.4-10: replies sent before we asked."""
    pool = Pool()
    async with ScriptedMx(("< 220 hi", b"250 Ok\r\n", Do.HANG)) as mx:
        loud = await connected(mx)
        pool.put(KEY, loud)
        await until_closed(loud)
        assert pool.take(KEY) is None


async def test_an_idle_connection_is_ended_when_its_time_is_up() -> None:
    """With QUIT, and the one put in later stays as long again."""
    pool = Pool()
    async with ScriptedMx(IDLE, IDLE) as mx:
        first = await connected(mx, idle_timeout=Duration(0.05))
        later = await connected(mx, idle_timeout=Duration(60))
        pool.put(KEY, first)
        pool.put(KEY, later)
        await until_closed(first)
        assert len(pool) == 1
        assert pool.take(KEY) is later
        later.quit()
        await eventually(lambda: mx.heard == ["QUIT", "QUIT"])


async def test_a_connection_that_served_enough_is_ended() -> None:
    """`delivery.messages_per_connection`."""
    pool = Pool()
    async with ScriptedMx(IDLE) as mx:
        connection = await connected(mx, messages_per_connection=3)
        connection.messages = 3
        pool.put(KEY, connection)
        assert len(pool) == 0
        assert not connection.usable


async def test_an_idle_time_of_zero_keeps_nothing() -> None:
    """`delivery.idle_timeout = "0s"` is a connection each."""
    pool = Pool()
    async with ScriptedMx(IDLE) as mx:
        connection = await connected(mx, idle_timeout=Duration(0))
        pool.put(KEY, connection)
        assert not connection.usable


async def test_nobody_who_waits_for_a_turn_is_forgotten() -> None:
    """Who waits again while another that was called is on his way is called in his turn."""
    pool = Pool()
    for _ in range(3):
        assert pool.reserve(KEY, 3)
    done: list[str] = []

    async def wait(name: str, turns: int = 1) -> None:
        for _ in range(turns):
            assert await pool.turn(KEY, 2), f"{name} was never called"
            done.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(wait("unlucky", turns=2))
        group.create_task(wait("other"))
        await asyncio.sleep(0)
        pool.release(KEY)
        pool.release(KEY)
        for _ in range(5):
            await asyncio.sleep(0)
        pool.release(KEY)
    assert done == ["unlucky", "other", "unlucky"]
