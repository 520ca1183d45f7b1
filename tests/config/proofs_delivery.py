"""Proofs of `[delivery]`: an engine at work, and the server it delivers to.

Turns, rates and breakers are asked of the gates that the engine asks; of timeouts it is shown what
a connection that stands is given for its next message, since nobody waits for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from empath.address import Domain
from empath.envelope import Lot, Priority, Waiting
from empath.policy.blame import Word
from empath.reply import Deferred
from tests.config.proof import Look, Proof
from tests.fakes.eventually import eventually, settled
from tests.fakes.memory_spool import ARRIVED, lot
from tests.fakes.reloading import Reloading

THERE: Final = Domain("there.test")


def mail(parts: Reloading, domain: str = "there.test", **fields: object) -> Lot:
    """A lot like no other."""
    return lot(f"b@{domain}", number=next(parts.numbers), **fields)


async def _outcome(parts: Reloading) -> str:
    [ruling] = await parts.attempt(mail(parts))
    return type(ruling.outcome).__name__


async def _busy(parts: Reloading, *lots: Lot) -> int:
    """Messages on their way at once, of these, while the server says nothing."""
    parts.mx.hold()
    parts.lots.arrive(*lots)
    await eventually(lambda: parts.mx.waiting > 0)
    found = await settled(lambda: parts.mx.waiting)
    await _let_go(parts)
    return found


async def _let_go(parts: Reloading) -> None:
    parts.mx.answer_all()
    await eventually(lambda: not (parts.lots.waiting or parts.lots.leased))


async def _at_once(parts: Reloading) -> int:
    return await _busy(parts, *(mail(parts, f"d{number}.there.test") for number in range(5)))


async def at_one_destination(parts: Reloading) -> int:
    """Attempts at once at one destination."""
    return await _busy(parts, *(mail(parts) for _ in range(5)))


async def _window(parts: Reloading) -> int:
    """Lots in memory, of many of one class, for which half of it is kept."""
    parts.mx.hold()
    parts.lots.arrive(*(mail(parts, f"d{number}.there.test") for number in range(250)))
    await eventually(lambda: parts.mx.waiting > 0)
    found = await settled(lambda: len(parts.lots.leased))
    await _let_go(parts)
    return found


async def burst(parts: Reloading) -> int:
    """Attempts that a destination unheard of may have before it waits."""
    domain, count = Domain(f"d{next(parts.numbers)}.there.test"), 0
    gates, now = parts.engine.gates, parts.clock.now()
    while not gates.holds(domain, now) and count < 4:
        for gate in gates.asked:
            gate.started(domain, now)
        count += 1
    return count


async def wait(parts: Reloading) -> float | None:
    """Seconds until the next attempt may follow one; None: at once."""
    domain = Domain(f"d{next(parts.numbers)}.there.test")
    gates, now = parts.engine.gates, parts.clock.now()
    for gate in gates.asked:
        gate.started(domain, now)
    ends = [hold.until for hold in gates.holds(domain, now) if hold.until is not None]
    return max(ends) - now if ends else None


def _weight(priority: Priority) -> Look:
    async def look(parts: Reloading) -> int:
        return parts.engine.gates.begin(parts.clock.now())[priority]

    return look


def _class_burst(priority: Priority) -> Look:
    """Attempts of a class before it waits."""

    async def look(parts: Reloading) -> int:
        gates, count = parts.engine.gates, 0
        parts.clock.advance(60)
        gates.begin(parts.clock.now())
        while priority not in gates.classes.closed and count < 4:
            gates.classes.started(priority, parts.clock.now())
            count += 1
        return count

    return look


def _opened_by(*pauses: int) -> Look:
    """Seconds for which a destination is left alone that failed again after each pause."""

    async def look(parts: Reloading) -> float | None:
        domain = Domain(f"d{next(parts.numbers)}.there.test")
        gates = parts.engine.gates
        for pause in pauses:
            parts.clock.advance(pause)
            gates.answered(domain, Word.FAILED, "no", parts.clock.now())
        until = gates.breakers[domain].open_until
        return None if until is None else until - parts.clock.now()

    return look


async def _connections(parts: Reloading) -> int:
    """Connections that two messages, one after the other, take."""
    before = parts.mx.connections
    for _ in range(2):
        await parts.attempt(mail(parts))
        await settled(lambda: len(parts.engine._pool), still=0.02)
    return parts.mx.connections - before


async def together(parts: Reloading) -> bool:
    """Are commands said at once?"""
    parts.mx.together = 0
    await parts.attempt(mail(parts))
    return parts.mx.together > 1


async def in_chunks(parts: Reloading) -> bool:
    """Is content sent with BDAT?"""
    parts.mx.heard.clear()
    await parts.attempt(mail(parts))
    return any(line.startswith(b"BDAT") for line in parts.mx.heard)


def _on_a_connection(name: str) -> Look:
    """What holds for a message on a connection that stands."""

    async def look(parts: Reloading) -> float:
        await parts.attempt(mail(parts))
        await eventually(lambda: len(parts.engine._pool) == 1)
        [[connection]] = parts.engine._pool._idle.values()
        return float(getattr(connection.settings, name))

    return look


def _deferred(attempts: int = 0, *, age: int = 0) -> Look:
    """What comes of a message that is put off: seconds to wait, or the end."""

    async def look(parts: Reloading) -> object:
        parts.mx.answer = b"451 4.3.0 later\r\n"
        person = lot().recipients[0].recipient
        waiting = (Waiting(0, person, attempts),)
        late = mail(parts, recipients=waiting, received_at=ARRIVED - age)
        [ruling] = await parts.attempt(late)
        parts.lots.waiting.clear()
        if not isinstance(ruling.outcome, Deferred):
            return "given up"
        return round((ruling.next_at or 0) - parts.clock.now(), 3)

    return look


async def _varied(parts: Reloading) -> bool:
    return await _deferred()(parts) != 300


async def _notices(parts: Reloading) -> int:
    """Notices to the sender of mail that is an hour late."""
    before = len(parts.lots.notifications)
    await _deferred(age=3600)(parts)
    return len(parts.lots.notifications) - before


def _timeout(name: str) -> Proof:
    return Proof('"20s"', '"40s"', _on_a_connection(name), 20.0, 40.0)


ALONE: Final = {"delivery.in_flight": "1"}
"""Messages that go at once go over several connections."""
SHUT: Final = {"delivery.breaker.failures": "2"}
NO_EXPIRY: Final = {"delivery.retry.base": '"10s"', "delivery.retry.factor": "2.0"}
CLASSES: Final = ("critical", "high", "normal", "low", "bulk")
DELIVERY: Final[Mapping[str, Proof]] = {
    "delivery.concurrency": Proof("1", "3", _at_once, 1, 3, ALONE),
    # The other way round it is filled as the destination answers: what it takes is learnt.
    "delivery.per_destination": Proof("3", "1", at_one_destination, 3, 1, ALONE),
    "delivery.rate": Proof('"1/s"', '"2/s"', wait, 1.0, 0.5, {"delivery.burst": "1"}),
    "delivery.burst": Proof("1", "2", burst, 1, 2, {"delivery.rate": '"1/s"'}),
    **{
        f"delivery.weights.{name}": Proof("3", "7", _weight(Priority[name.upper()]), 3, 7)
        for name in CLASSES
    },
    **{
        f"delivery.class_rate.{name}": Proof(
            '"1/s"', '"2/s"', _class_burst(Priority[name.upper()]), 1, 2
        )
        for name in CLASSES
    },
    "delivery.breaker.failures": Proof("3", "2", _opened_by(0, 1), None, 300),
    "delivery.breaker.window": Proof('"10s"', '"60s"', _opened_by(0, 30), None, 300, SHUT),
    "delivery.breaker.open_for": Proof('"1m"', '"10m"', _opened_by(0, 1), 60, 600, SHUT),
    "delivery.window": Proof("100", "200", _window, 61, 121, {"delivery.concurrency": "1"}),
    "delivery.idle_timeout": Proof('"0s"', '"1m"', _connections, 2, 1),
    "delivery.messages_per_connection": Proof("1", "5", _connections, 2, 1),
    "delivery.pipelining": Proof("false", "true", together, False, True),
    "delivery.chunking": Proof("true", "false", in_chunks, True, False),
    "delivery.in_flight": Proof("2", "4", _on_a_connection("in_flight"), 2.0, 4.0),
    "delivery.connections_per_host": Proof("1", "2", _at_once, 1, 2, ALONE),
    "delivery.connect_timeout": _timeout("connect_timeout"),
    "delivery.command_timeout": _timeout("command_timeout"),
    "delivery.content_timeout": _timeout("content_timeout"),
    "delivery.final_timeout": _timeout("final_timeout"),
    "delivery.retry.base": Proof('"1m"', '"2m"', _deferred(), 60, 120),
    "delivery.retry.factor": Proof("2.0", "3.0", _deferred(1), 20, 30, NO_EXPIRY),
    "delivery.retry.cap": Proof('"15s"', '"18s"', _deferred(1), 15, 18, NO_EXPIRY),
    "delivery.retry.jitter": Proof("0", "0.5", _varied, False, True),
    "delivery.retry.attempts": Proof("2", "3", _deferred(1), "given up", 20, NO_EXPIRY),
    "delivery.retry.expiry": Proof('"30m"', '"2h"', _deferred(age=3600), "given up", 300),
    "delivery.retry.delay_notice": Proof('"2h"', '"30m"', _notices, 0, 1),
    "delivery.tls.policy": Proof('"required"', '"opportunistic"', _outcome, "Failed", "Delivered"),
    "delivery.tls.on_failure": Proof(
        '"fail"',
        '"defer"',
        _outcome,
        "Failed",
        "Deferred",
        {"delivery.tls.policy": '"required"'},
    ),
}
