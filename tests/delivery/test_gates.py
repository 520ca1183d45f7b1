"""Gates at work: breakers, suspensions and rates on a running engine."""

from __future__ import annotations

from msgspec.structs import replace

from empath.address import Domain
from empath.config.model import Config, Destination
from empath.config.shaping import Breaker
from empath.config.units import Duration
from empath.delivery.gates import KEY
from empath.policy.breaker import Position
from empath.policy.suspension import Suspension
from tests.delivery.test_engine import GOOD, running
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import ARRIVED, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, ScriptedMx, hello

BUSY = ("< 421 4.3.2 busy", "> QUIT", "< 221 Bye")
X = Domain("there.test")


def quick(port: int, **delivery: object) -> Config:
    """All mail to *port*; two failures open a breaker."""
    config = routed(port)
    breaker = Breaker(failures=2, window=Duration(60), open_for=Duration(300))
    return replace(config, delivery=replace(config.delivery, breaker=breaker, **delivery))


async def test_a_destination_that_keeps_failing_is_left_alone() -> None:
    """3.4-11b: 421 twice opens its breaker: what waits is given back without an attempt, and
    the state is written down.
    """
    spool = MemorySpool(*(lot(number=n) for n in range(20)))
    async with (
        ScriptedMx(*[BUSY] * 20) as mx,
        running(spool, quick(mx.port, per_destination=1)) as parts,
    ):
        await spool.recorded(2)
        await eventually(lambda: KEY in spool.settings)
        await eventually(lambda: not parts.engine.active and not spool.leased)
        assert len(spool.events) == 2
        gates = parts.engine.gates
        assert gates.breakers.standing(parts.clock.now()) == {X: Position.OPEN}
    assert "421 4.3.2 busy" in spool.settings[KEY]


async def test_after_a_restart_the_breaker_is_still_open_then_one_probe_closes_it() -> None:
    """A kill -9 forgets nothing; the probe goes first, and its success lets the rest go."""
    spool = MemorySpool(*(lot(number=n) for n in range(3)))
    async with ScriptedMx(BUSY, BUSY) as mx, running(spool, quick(mx.port, per_destination=1)):
        await spool.recorded(2)
        await eventually(lambda: KEY in spool.settings)
    spool.waiting += spool.leased
    spool.leased.clear()
    done = len(spool.events)
    async with (
        ScriptedMx((*GOOD, *ONE_MESSAGE, *ONE_MESSAGE)) as mx,
        running(spool, quick(mx.port, per_destination=1), at=ARRIVED + 2) as parts,
    ):
        await eventually(lambda: spool.looks > 0 and bool(parts.engine.gates.breakers.kept()))
        assert len(spool.events) == done
        assert mx.connections == 0
        [breaker] = parts.engine.gates.breakers.kept().values()
        looks = spool.looks
        parts.clock.advance((breaker.open_until or 0) - parts.clock.now() - 0.01)
        parts.engine.wake()
        await eventually(lambda: spool.looks > looks)
        parts.clock.advance(1000)  # What was deferred is due again, too.
        await spool.recorded(done + 3)
        assert parts.engine.gates.breakers.kept() == {}


async def test_a_refused_recipient_is_no_fault_of_its_destination() -> None:
    """However many 4xx at RCPT there are, the breaker stays closed."""
    refused = ("> MAIL", "< 250 Ok", "> RCPT", "< 451 4.2.1 greylisted", "> QUIT", "< 221 Bye")
    spool = MemorySpool(*(lot(number=n) for n in range(4)))
    async with (
        ScriptedMx(*[(*hello(), *refused)] * 4) as mx,
        running(spool, quick(mx.port, messages_per_connection=1)) as parts,
    ):
        await spool.recorded(4)
        assert parts.engine.gates.breakers.standing(parts.clock.now()) == {}


async def test_a_suspended_destination_keeps_no_place() -> None:
    """Nothing is tried and nothing stays leased; resumed, its mail goes."""
    spool = MemorySpool(lot())
    async with ScriptedMx(GOOD) as mx, running(spool, routed(mx.port)) as parts:
        parts.engine.gates.suspensions.suspend(X, Suspension("ada", "moving", ARRIVED))
        await eventually(lambda: spool.looks > 0 and not spool.leased)
        assert parts.engine.gates.shut(parts.clock.now()) == {X: None}
        parts.engine.gates.suspensions.resume(X)
        parts.engine.wake()
        spool.arrive()
        await spool.recorded(1)


async def test_a_rate_spreads_attempts_over_time() -> None:
    """Two may go at once, the third has to wait for its token."""
    spool = MemorySpool(*(lot(number=n) for n in range(3)))
    async with ScriptedMx((*GOOD, *ONE_MESSAGE, *ONE_MESSAGE), GOOD) as mx:
        config = routed(mx.port)
        config = replace(config, destination=(Destination(domain="*", rate=1.0, burst=2),))
        async with running(spool, config) as parts:
            await spool.recorded(2)
            await eventually(lambda: not parts.engine.active)
            assert len(spool.events) == 2
            parts.clock.advance(1.0)
            parts.engine.wake()
            await spool.recorded(3)
