"""Jobs and their undo: whatever a job did to recipients is taken back exactly."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empath.address import ServerId
from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import NextHop, Priority, State
from empath.query import EVERYTHING, parse_query
from empath.spool.jobs import Job
from empath.spool.operating import Changed, TakenBack
from empath.spool.rows import select
from empath.spool.selection import Frozen
from empath.spool.store import Store
from empath.spool.stored import write_next_hop
from empath.spool.undo import Source, Standing, taken_back
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, TAKEN, accept, record, take

HOP = NextHop(ServerId("mx.test:2525"), None)
BEFORE = Standing(1, 500.0, "", 0, "", 3)


def now(**changed: Any) -> Standing:
    """What a recipient is now: what it was, but for what is *changed*."""
    return BEFORE._replace(**changed)


@pytest.mark.parametrize(
    ("action", "value", "standing", "after"),
    [
        ("hold", "spam", now(state=2, due_at=None, hold_reason="spam"), BEFORE),
        ("hold", "spam", now(state=2, due_at=None, hold_reason="another's"), None),
        ("hold", "spam", now(state=0, due_at=9.0), None),
        ("hold", "spam", now(state=10, due_at=None), None),
        ("priority", 2, now(priority=2), BEFORE),
        ("priority", 2, now(priority=1), None),
        ("priority", 2, now(priority=2, state=12), None),
        ("reroute", "mx:25", now(next_hop="mx:25", due_at=900.0), BEFORE),
        ("reroute", "mx:25", now(next_hop="mx:26", due_at=900.0), None),
        (
            "reroute",
            "mx:25",
            now(next_hop="mx:25", due_at=900.0, attempts=4),
            now(due_at=900.0, attempts=4),
        ),
        ("delete", "", now(state=13, due_at=None), BEFORE),
        ("delete", "", now(state=1), None),
        ("retry", "", now(due_at=1.0), None),
    ],
)
def test_what_becomes_of_a_recipient(
    action: str, value: str | int, standing: Standing, after: Standing | None
) -> None:
    """It is what it was before, unless somebody or something else has moved it on."""
    assert taken_back(action, value, standing, BEFORE) == after


def test_a_release_is_taken_back_from_what_was_tried_since() -> None:
    """Released mail that was tried meanwhile is held again, for the reason of before."""
    held = Standing(2, None, "spam", 0, "", 0)
    tried = Standing(1, 900.0, "", 0, "", 1)
    assert taken_back("release", "", tried, held) == tried._replace(
        state=2, due_at=None, hold_reason="spam"
    )
    assert taken_back("release", "", held, held) is None


async def rows(store: Store) -> list[tuple[Any, ...]]:
    """All that operators can change of all recipients and messages."""
    return await store._operator.ask(
        select,
        "SELECT r.key, r.number, r.state, r.due_at, r.hold_reason, r.priority, r.next_hop,"
        " m.priority, m.details, m.finished_at, m.stored, m.prefix,"
        " (SELECT content FROM body AS b WHERE b.key = m.key)"
        " FROM recipient AS r JOIN message AS m ON m.key = r.key ORDER BY 1, 2",
    )


async def job(store: Store, action: str, at: float, query: str = "") -> tuple[Source, Changed]:
    """Do something to what *query* matches, as a job."""
    frozen = await store.freeze(parse_query(query) if query else EVERYTHING)
    value: str | int = {"hold": "why", "priority": 2, "reroute": write_next_hop(HOP)}.get(
        action, ""
    )
    number = await store.begin_job(
        Job(action=action, target=query, actor="m", total=1, started_at=at, undoable=True)
    )
    done = Changed((), 0, 0)
    for lot in frozen.lots(3, job=number):
        match action:
            case "hold":
                some = await store.hold(lot, actor="m", reason="why", at=at)
            case "release":
                some = await store.release(lot, actor="m", at=at)
            case "delete":
                some = await store.delete(lot, actor="m", reason="", at=at)
            case "priority":
                some = await store.prioritize(lot, Priority.CRITICAL, actor="m", at=at)
            case _:
                some = await store.reroute(lot, HOP, actor="m", at=at, reason="")
        done = Changed(
            done.ids + some.ids, done.recipients + some.recipients, done.in_flight + some.in_flight
        )
    return Source(number, action, value), done


async def undo(store: Store, source: Source, at: float) -> TakenBack:
    """Take it all back."""
    after = 0
    done = TakenBack((), 0, 0, 0)
    while True:
        lot = await store.take_back(source, actor="m", at=at, reason="", after=after)
        if lot is None:
            return done
        after = lot.place
        done = TakenBack(
            done.ids + lot.ids,
            done.recipients + lot.recipients,
            done.in_flight + lot.in_flight,
            done.left + lot.left,
        )


ACTIONS = ("hold", "release", "delete", "priority", "reroute")
QUERIES = ("", "dest:a.test", "state:held", "state:deferred", "!dest:b.test", "rcpt:~u1")


async def fill(store: Store, clock: HandClock, chance: random.Random) -> None:
    """Mail in every state: queued, deferred, held, delivered, of several recipients."""
    for number in range(chance.randint(1, 12)):
        people = [f"u{each}@{chance.choice('abc')}.test" for each in range(chance.randint(1, 3))]
        hold = "captured" if chance.random() < 0.2 else ""
        body = b"x" * chance.choice((10, 2000))
        await accept(store, *people, hold=hold, body=body, priority=chance.choice((*Priority,)))
        clock.advance(0.01 * number)
    for lot in await take(store, clock.now(), limit=chance.randint(0, 9)):
        if chance.random() < 0.5:
            await record(store, lot, TAKEN)
        else:
            await record(store, lot, LATER, clock.now() + chance.randint(1, 99))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 9999),
    action=st.sampled_from(ACTIONS),
    query=st.sampled_from(QUERIES),
    restart=st.booleans(),
)
def test_a_job_and_its_undo_leave_everything_as_it_was(
    seed: int, action: str, query: str, restart: bool
) -> None:
    """Rows, bodies and counts are the same, through a restart too; twice is once."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(seed, action, query, Path(folder, "spool"), restart=restart))


async def there_and_back(seed: int, action: str, query: str, path: Path, *, restart: bool) -> None:
    """The property."""
    clock, chance = HandClock(), random.Random(seed)
    options = Settings(path=path, inline_limit=ByteSize(1000), min_free=ByteSize(0))
    store = await Store.open(options, clock=clock)
    try:
        await fill(store, clock, chance)
        for _ in range(chance.randint(0, 2)):  # something came before
            await job(store, chance.choice(ACTIONS), clock.now(), chance.choice(QUERIES))
            clock.advance(1)
        before, stats = await rows(store), await store.stats()
        trashed = store.trashed
        clock.advance(5)
        source, done = await job(store, action, clock.now(), query)
        if restart:
            await store.close()
            store = await Store.open(options, clock=clock)
            await store.swept()
        clock.advance(5)
        if action == "delete" and done.recipients:
            assert await rows(store) != before
        back = await undo(store, source, clock.now())
        assert (back.recipients, back.left, back.in_flight) == (done.recipients, 0, 0)
        assert await rows(store) == before
        after = await store.stats()
        assert (after.recipients, after.messages, after.finished, after.octets) == (
            stats.recipients,
            stats.messages,
            stats.finished,
            stats.octets,
        )
        assert after.file_bodies == stats.file_bodies
        assert store.trashed == trashed
        assert (await undo(store, source, clock.now())).recipients == 0
        assert list(await store.check()) == []
        await all_can_be_sent(store, clock)
    finally:
        await store.close()


async def all_can_be_sent(store: Store, clock: HandClock) -> None:
    """What waits is found when it is due, with its body."""
    await store.release(parse_query("state:held"), actor="m", at=clock.now())
    stats = await store.stats()
    clock.advance(1000)
    sent = 0
    while lots := await take(store, clock.now(), limit=5):
        for lot in lots:
            await store.content(lot.id)
            await record(store, lot, TAKEN)
            sent += len(lot.recipients)
    assert sent == stats.recipients[State.QUEUED] + stats.recipients[State.DEFERRED]


async def test_what_was_delivered_meanwhile_is_left_alone(store: Store, clock: HandClock) -> None:
    """An undo counts what has gone and what is being delivered, and touches neither."""
    for name in ("gone", "flying", "changed", "waiting"):
        await accept(store, f"{name}@{name}.test")
    source, _ = await job(store, "priority", clock.now())
    lots = {
        lot.destination: lot for lot in await store.due(clock.now(), limit=9, per_destination=9)
    }
    assert store.begin(lots["gone.test"]) is not None  # type: ignore[index]
    await record(store, lots["gone.test"], TAKEN)  # type: ignore[index]
    assert store.begin(lots["flying.test"]) is not None  # type: ignore[index]
    await store.prioritize(parse_query("dest:changed.test"), Priority.LOW, actor="n", at=1.0)
    back = await undo(store, source, clock.now())
    assert (back.recipients, back.in_flight, back.left) == (1, 1, 2)
    page = await store.page(EVERYTHING)
    classes = {row.destination: row.priority for row in page.rows}
    assert classes == {
        "flying.test": Priority.CRITICAL,
        "changed.test": Priority.LOW,
        "waiting.test": Priority.NORMAL,
    }


def test_a_frozen_set_goes_in_lots() -> None:
    """Lots have so many messages each, and keep to the recipients that are meant."""
    frozen = Frozen()
    frozen.add((1, 2), {2: (0, 4)})
    frozen.add((5,), {})
    assert (frozen.messages, len(frozen), frozen.ends) == (3, 4, (1, 5))
    lots = [(lot.keys, dict(lot.some), lot.job) for lot in frozen.lots(2, job=7)]
    assert lots == [((1, 2), {2: [0, 4]}, 7), ((5,), {}, 7)]
    assert Frozen().ends is None
    assert list(Frozen().lots(3)) == []
