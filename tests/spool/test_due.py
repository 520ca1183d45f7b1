"""What is due: fair to destinations, bounded in memory, the same from memory and from disk."""

from __future__ import annotations

import asyncio
from collections import Counter

from empath.address import Domain
from empath.envelope import Priority
from empath.policy.room import Room
from empath.query import parse_query
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, PREFIX, TAKEN, accept, octets, record, take
from tests.spool.conftest import Opener


async def fill(store: Store, counts: dict[str, int]) -> None:
    """Accept so many messages for each destination, the first destination's first."""
    for destination, count in counts.items():
        for number in range(count):
            await accept(store, f"u{number}@{destination}")


async def test_no_destination_starves_another(opened: Opener, clock: HandClock) -> None:
    """Behind a hundred messages for one destination, others are handed out in the first round."""
    store = await opened()
    await fill(store, {"big.test": 100, "a.test": 3, "b.test": 3})
    store = await opened()
    lots = await take(store, clock.now(), limit=12, per_destination=4)
    assert Counter(lot.destination for lot in lots) == {"big.test": 4, "a.test": 3, "b.test": 3}
    lots = await take(store, clock.now(), limit=12, per_destination=4)
    assert Counter(lot.destination for lot in lots) == {"big.test": 4}


async def test_destinations_take_turns(opened: Opener, clock: HandClock) -> None:
    """When fewer lots are asked for than there are destinations, each has its turn."""
    store = await opened()
    await fill(store, {f"d{number}.test": 4 for number in range(10)})
    store = await opened()
    for _ in range(2):
        taken = [
            lot
            for _ in range(4)
            for lot in await take(store, clock.now(), limit=5, per_destination=1)
        ]
        assert set(Counter(lot.destination for lot in taken).values()) == {2}


async def test_busy_destinations_are_passed_over(store: Store, clock: HandClock) -> None:
    """Nothing is handed out for a full destination, fresh or not, and nothing else waits for it."""
    await fill(store, {"full.test": 5, "free.test": 1})
    full = {Domain("full.test")}
    for _ in range(3):
        lots = await take(store, clock.now(), full=full)
        assert [lot.destination for lot in lots] in (["free.test"], [])
    assert await store.next_due(clock.now()) is None
    await accept(store, "later@free.test")
    assert len(await take(store, clock.now(), full=full)) == 1
    assert len(await take(store, clock.now())) == 5


async def test_older_mail_is_due_first(opened: Opener, clock: HandClock) -> None:
    """At one destination mail goes in the order in which it became due."""
    store = await opened()
    names = []
    for _ in range(5):
        names.append(await accept(store))
        clock.advance(1)
    store = await opened()
    assert [lot.id for lot in await take(store, clock.now(), limit=3)] == names[:3]
    assert [lot.id for lot in await take(store, clock.now(), limit=3)] == names[3:]


async def test_fresh_mail_does_not_keep_older_mail_waiting(
    opened: Opener, clock: HandClock
) -> None:
    """While new mail never ends, mail on disk still has a quarter of what is asked for."""
    store = await opened()
    await fill(store, {"old.test": 8})
    store = await opened()
    old = 0
    for _ in range(4):
        await fill(store, {"new.test": 8})
        lots = await take(store, clock.now(), limit=8)
        old += sum(lot.destination == "old.test" for lot in lots)
    assert old == 8


async def test_what_is_kept_in_memory_is_bounded(store: Store, clock: HandClock) -> None:
    """Beyond a number of lots fresh mail is left on disk, and is handed out all the same."""
    store._book.fresh_lots = 10
    await fill(store, {"a.test": 25})
    assert store._book.fresh == 10
    lots = await take(store, clock.now())
    assert len(lots) == 25
    assert len({lot.id for lot in lots}) == 25


async def test_bodies_kept_in_memory_are_bounded(store: Store, clock: HandClock) -> None:
    """Beyond a number of octets bodies come from disk; what is delivered frees its share."""
    store._book.fresh_octets = 3000
    for _ in range(5):
        await accept(store, "b@b.test", "c@c.test", body=b"x" * 900)
    assert store._book.fresh == 6
    lots = await take(store, clock.now())
    assert len(lots) == 10
    for lot in lots:
        assert await octets(await store.content(lot.id)) == PREFIX + b"x" * 900
        await record(store, lot, TAKEN)
    assert store._book._kept_octets == 0


async def test_the_next_time_is_known(opened: Opener, clock: HandClock) -> None:
    """`next_due` is the earliest time of what is not leased, before and after a restart."""
    store = await opened()
    assert await store.next_due(clock.now()) is None
    for wait, name in ((500, "b@b.test"), (300, "a@a.test"), (400, "c@a.test")):
        await accept(store, name)
        (lot,) = await take(store, clock.now())
        await record(store, lot, LATER, clock.now() + wait)
    assert await store.next_due(clock.now()) == clock.now() + 300
    store = await opened()
    assert await store.next_due(clock.now()) == clock.now() + 300
    clock.advance(300)
    (lot,) = await take(store, clock.now())
    assert await store.next_due(clock.now()) == clock.now() + 100
    await store.give_back(lot)
    assert await store.next_due(clock.now()) == clock.now()


async def test_a_message_to_many_at_one_place_is_one_lot(opened: Opener, clock: HandClock) -> None:
    """Five hundred recipients at one destination are one lot, and hide nobody behind them."""
    store = await opened()
    await accept(store, *(f"u{number}@there.test" for number in range(500)))
    await accept(store, "next@there.test")
    store = await opened()
    lots = await take(store, clock.now(), limit=2)
    assert [len(lot.recipients) for lot in lots] == [500, 1]


async def test_many_callers_never_share_a_lot(opened: Opener, clock: HandClock) -> None:
    """Asked by many at once, each lot is handed out once."""
    store = await opened()
    await fill(store, {f"d{number}.test": 20 for number in range(5)})
    store = await opened()
    results = await asyncio.gather(
        *(store.due(clock.now(), limit=10, per_destination=3) for _ in range(20))
    )
    names = [lot.id for lots in results for lot in lots]
    assert len(names) == len(set(names)) == 100


async def test_critical_mail_is_found_behind_any_amount_of_bulk(
    opened: Opener, clock: HandClock
) -> None:
    """The window has its fill of a destination's bulk; its critical mail is handed out all the
    same, from disk as from memory, and the most urgent class comes first (DESIGN P5).
    """
    store = await opened()
    for number in range(60):
        await accept(store, f"u{number}@slow.test", priority=Priority.BULK)
    urgent = await accept(store, "u@slow.test", priority=Priority.CRITICAL)
    for again in (False, True):
        if again:
            store = await opened()
        bulk = await store.due(clock.now(), limit=Room(4), per_destination=4)
        assert [lot.priority for lot in bulk] == [Priority.CRITICAL, *[Priority.BULK] * 3]
        assert bulk[0].id == urgent
        for lot in bulk:
            await store.give_back(lot)


async def test_a_crowded_lane_hides_no_other(opened: Opener, clock: HandClock) -> None:
    """Where enough bulk of a destination is in memory, its other classes are still asked for,
    and the rest of its bulk does not keep anybody awake.
    """
    store = await opened()
    for number in range(9):
        await accept(store, f"u{number}@slow.test", priority=Priority.BULK)
    await accept(store, "u@slow.test", priority=Priority.HIGH)
    store = await opened()
    lane = (Domain("slow.test"), Priority.BULK)
    lots = await take(store, clock.now(), crowded={lane})
    assert [lot.priority for lot in lots] == [Priority.HIGH]
    assert await store.next_due(clock.now()) is None
    assert len(await take(store, clock.now())) == 9


async def test_the_room_of_a_class_is_not_taken_by_another(
    opened: Opener, clock: HandClock
) -> None:
    """With no room left for bulk, ten destinations full of it leave the place of normal mail."""
    store = await opened()
    for number in range(10):
        await accept(store, f"u@bulk{number}.test", priority=Priority.BULK)
        await accept(store, f"u@normal{number}.test")
    store = await opened()
    room = Room.within(20, {Priority.BULK: 12})
    lots = await store.due(clock.now(), limit=room, per_destination=9)
    assert Counter(lot.priority for lot in lots) == {Priority.NORMAL: 2}
    assert (room.left, room.of(Priority.BULK)) == (6, 0)
    assert await store.next_due(clock.now()) == clock.now()


async def test_the_class_survives_hold_and_release(opened: Opener, clock: HandClock) -> None:
    """Released mail is due in the lane of its class."""
    store = await opened()
    await accept(store, "u@a.test", priority=Priority.LOW, hold="captured")
    assert await take(store, clock.now()) == []
    await store.release(parse_query("state:held"), actor="ada", at=clock.now())
    crowded = {(Domain("a.test"), Priority.LOW)}
    assert await take(store, clock.now(), crowded=crowded) == []
    assert [lot.priority for lot in await take(store, clock.now())] == [Priority.LOW]


async def test_bodies_for_busy_destinations_stay_in_memory_until_the_place_is_needed(
    store: Store, clock: HandClock
) -> None:
    """A fresh body that must wait for its destination is not read back from disk, if it can be."""
    store._book.fresh_octets = 2000
    first = await accept(store, "b@busy.test", "c@free.test", body=b"x" * 900)
    full = {Domain("busy.test")}
    for lot in await take(store, clock.now(), full=full):
        await record(store, lot, TAKEN)
    assert store._book.body(first.key) is not None
    second = await accept(store, "b@busy.test", body=b"y" * 900)
    assert await take(store, clock.now(), full=full) == []
    third = await accept(store, "b@busy.test", body=b"z" * 900)
    held = [each for each in (first, second, third) if store._book.body(each.key)]
    assert held == [second, third]
    letters = {first: b"x", second: b"y", third: b"z"}
    for lot in await take(store, clock.now()):
        assert (await octets(await store.content(lot.id))).endswith(letters.pop(lot.id) * 900)
        await record(store, lot, TAKEN)
    assert not letters
    assert store._book.body(second.key) is None
    assert store._book.body(third.key) is None
