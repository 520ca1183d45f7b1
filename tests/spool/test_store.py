"""The spool as a whole: what is accepted is there, whatever happens next."""

from __future__ import annotations

import asyncio
import os

import pytest

from empath.address import Domain
from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import MessageId, State
from empath.query import EVERYTHING
from empath.spool.face import BodyUnfit, Notification, Ruling, SpoolFull
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import (
    BODY,
    LATER,
    NEVER,
    ORIGIN,
    PREFIX,
    TAKEN,
    accept,
    ended,
    envelope,
    octets,
    record,
    rule,
    take,
)
from tests.spool.conftest import Opener

LARGE = os.urandom(400_000)


@pytest.mark.parametrize("body", [b"", BODY, b"x" * 1000, b"x" * 1001, LARGE], ids=len)
async def test_a_body_comes_back_as_it_was(opened: Opener, clock: HandClock, body: bytes) -> None:
    """Our trace fields and then every octet, from memory at first and from disk after a restart."""
    store = await opened()
    name = await accept(store, body=body)
    first = await store.content(name)
    assert await octets(first) == PREFIX + body
    store = await opened()
    again = await store.content(name)
    assert await octets(again) == PREFIX + body
    assert again.size == first.size == len(PREFIX + body)
    edge, end = len(PREFIX), len(PREFIX + body)
    for start in (0, 1, edge - 1, edge, edge + 1, end // 2, end, end + 1):
        for limit in (0, 1, 5, edge, 50, end, end + 1):
            assert await again.part(start, limit) == (PREFIX + body)[start : start + limit]


async def test_what_the_client_said_comes_back(opened: Opener, clock: HandClock) -> None:
    """The record of a message holds envelope, origin, size, digest and time of arrival."""
    name = await accept(await opened(), "bob@there.test", "eve@else.test", sender=None)
    store = await opened()
    found = await store.message(name)
    assert found is not None
    assert found.envelope == envelope("bob@there.test", "eve@else.test", sender=None)
    assert found.origin == ORIGIN
    assert (found.received_at, found.size) == (clock.now(), len(PREFIX + BODY))
    assert [(row.destination, row.state) for row in found.recipients] == [
        ("there.test", State.QUEUED),
        ("else.test", State.QUEUED),
    ]
    assert found.body_stored
    assert await store.message(MessageId.from_key(1)) is None


async def test_recipients_at_one_destination_go_together(store: Store, clock: HandClock) -> None:
    """A lot holds all recipients of a message at one destination, and they keep their numbers."""
    await accept(store, "a@one.test", "b@two.test", "c@ONE.test")
    lots = {lot.destination: lot for lot in await take(store, clock.now())}
    assert [waiting.number for waiting in lots[Domain("one.test")].recipients] == [0, 2]
    assert [waiting.number for waiting in lots[Domain("two.test")].recipients] == [1]


async def test_delivered_mail_leaves_only_its_history(store: Store, clock: HandClock) -> None:
    """Once nobody waits the body goes, and the timeline stays."""
    name = await accept(store, body=LARGE)
    (lot,) = await take(store, clock.now())
    await record(store, lot, TAKEN)
    found = await store.message(name)
    assert found is not None
    assert found.timeline == (ended(lot),)
    assert not found.body_stored
    assert found.recipients[0].state is State.DELIVERED
    assert found.recipients[0].last_reply == "250 2.0.0 Ok"
    stats = await store.stats()
    assert (stats.messages, stats.finished, stats.octets, stats.file_bodies) == (0, 1, 0, 0)
    with pytest.raises(BodyUnfit, match="gone"):
        await store.content(name)


async def test_the_file_of_delivered_mail_is_removed(opened: Opener, clock: HandClock) -> None:
    """A large body's file goes when its last recipient is done, not before."""
    store = await opened()
    await accept(store, "a@one.test", "b@two.test", body=LARGE)
    folder = store.path / "body"
    one, two = await take(store, clock.now())
    await record(store, one, TAKEN)
    assert len(list(folder.iterdir())) == 1
    await record(store, two, NEVER)
    await store.close()
    assert list(folder.iterdir()) == []
    await opened()


async def test_a_deferred_recipient_waits_for_its_time(store: Store, clock: HandClock) -> None:
    """Deferred mail is due at the time that was set, with its attempts and last reply."""
    await accept(store)
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 300)
    assert await take(store, clock.now() + 299) == []
    assert await store.next_due(clock.now()) == clock.now() + 300
    (again,) = await take(store, clock.now() + 300)
    assert again.attempts == 1
    assert again.recipients[0].last == LATER.reply


async def test_each_recipient_has_its_own_outcome(store: Store, clock: HandClock) -> None:
    """One taken, one refused, one put off, one given up: each is what its ruling says."""
    names = [f"{name}@there.test" for name in "abcd"]
    name = await accept(store, *names)
    (lot,) = await take(store, clock.now())
    at = clock.now() + 60
    rulings = [
        Ruling(0, TAKEN),
        Ruling(1, NEVER),
        Ruling(2, LATER, at, delay_noticed=True),
        Ruling(3, LATER, expired=True),
    ]
    await store.record(lot, rulings, ended(lot))
    found = await store.message(name)
    assert found is not None
    assert [row.state for row in found.recipients] == [
        State.DELIVERED,
        State.FAILED,
        State.DEFERRED,
        State.EXPIRED,
    ]
    (left,) = await take(store, at)
    assert [(w.number, w.delay_noticed) for w in left.recipients] == [(2, True)]


async def test_a_recipient_without_a_ruling_stays(store: Store, clock: HandClock) -> None:
    """An attempt that said nothing of a recipient leaves it due."""
    await accept(store, "a@there.test", "b@there.test")
    (lot,) = await take(store, clock.now())
    await store.record(lot, [Ruling(0, TAKEN)], ended(lot))
    (left,) = await take(store, clock.now())
    assert [(w.number, w.attempts) for w in left.recipients] == [(1, 0)]


async def test_a_notification_is_part_of_the_transaction(store: Store, clock: HandClock) -> None:
    """A report about a failure is queued with the ruling that caused it, from the null sender."""
    await accept(store)
    (lot,) = await take(store, clock.now())
    report = Notification(
        envelope("ada@from.test", sender=None), b"Failed.\r\n", "failed", "failed"
    )
    (dsn,) = await store.record(lot, rule(lot, NEVER), ended(lot), [report])
    (due,) = await take(store, clock.now())
    assert (due.id, due.reverse_path, due.destination) == (dsn, None, "from.test")
    assert await octets(await store.content(dsn)) == b"Failed.\r\n"


async def test_a_lot_is_leased_once(store: Store, clock: HandClock) -> None:
    """What one attempt has, nobody else gets, until it is given back."""
    await accept(store)
    (lot,) = await store.due(clock.now(), limit=9, per_destination=9)
    assert await take(store, clock.now()) == []
    await store.give_back(lot)
    (again,) = await store.due(clock.now(), limit=9, per_destination=9)
    assert (again.id, again.recipients) == (lot.id, lot.recipients)
    assert store.begin(lot) is None
    await store.give_back(again, clock.now() + 60)
    assert await take(store, clock.now()) == []
    assert len(await take(store, clock.now() + 60)) == 1


async def test_an_attempt_is_recorded_once(store: Store, clock: HandClock) -> None:
    """Recording a lot again, or one that was given back, changes nothing."""
    name = await accept(store)
    (lot,) = await take(store, clock.now())
    await asyncio.gather(record(store, lot, LATER, clock.now() + 5), record(store, lot, NEVER))
    await record(store, lot, NEVER)
    found = await store.message(name)
    assert found is not None
    assert [row.state for row in found.recipients] == [State.DEFERRED]
    assert len(found.timeline) == 1


async def test_leases_do_not_outlive_the_engine(opened: Opener, clock: HandClock) -> None:
    """What was being delivered when the engine ended is due again at the next start."""
    store = await opened()
    await accept(store, "a@one.test", "b@two.test", body=LARGE)
    await accept(store)
    assert len(await take(store, clock.now())) == 3
    store = await opened()
    assert len(await take(store, clock.now())) == 3


async def test_held_on_arrival(store: Store, clock: HandClock) -> None:
    """Captured mail is held with its reason, not due, and can be read."""
    name = await accept(store, hold="captured in dev mode")
    assert await take(store, clock.now()) == []
    assert await store.next_due(clock.now()) is None
    found = await store.message(name)
    assert found is not None
    assert (found.recipients[0].state, found.recipients[0].hold_reason) == (
        State.HELD,
        "captured in dev mode",
    )
    assert await octets(await store.content(name)) == PREFIX + BODY


async def test_arrivals_wake_who_waits(store: Store, clock: HandClock) -> None:
    """`wait_arrival` returns when mail comes, and waits again until more does."""
    waiting = asyncio.create_task(store.wait_arrival())  # noqa: TID251 - the test owns it
    await asyncio.sleep(0)
    assert not waiting.done()
    await accept(store)
    await asyncio.wait_for(waiting, 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.wait_arrival(), 0.01)


async def test_a_full_disk_is_told_before_mail_is_taken(
    store: Store, settings: Settings, clock: HandClock
) -> None:
    """Below `spool.min_free` no draft begins; the sentence names folder, setting and remedy."""
    store.draft()
    store.reconfigure(Settings(path=settings.path, min_free=ByteSize(2**62)))
    with pytest.raises(SpoolFull, match=r"spool\.min_free.*free some space"):
        store.draft()
    store.reconfigure(settings)
    await store.draft().abort()


async def test_small_things_are_kept(opened: Opener) -> None:
    """A setting is there after a restart, can be replaced, and can be forgotten."""
    store = await opened()
    await store.keep("overrides", "{}")
    await store.keep("overrides", '{"a": 1}')
    store = await opened()
    assert await store.setting("overrides") == '{"a": 1}'
    await store.keep("overrides", None)
    assert await store.setting("overrides") is None


async def test_counts_are_the_same_after_a_restart(opened: Opener, clock: HandClock) -> None:
    """What is counted in memory is what is on disk."""
    store = await opened()
    for number in range(5):
        await accept(store, f"a{number}@one.test", f"b{number}@two.test")
    await accept(store, body=LARGE, hold="wait")
    lots = await take(store, clock.now(), limit=4)
    await record(store, lots[0], TAKEN)
    await record(store, lots[1], LATER, clock.now() + 60)
    await record(store, lots[2], NEVER)
    before = await store.stats()
    rows = {row.destination: dict(row.counts) for row in await store.destinations()}
    assert before.recipients == {
        State.QUEUED: 6, State.DEFERRED: 1, State.HELD: 1, State.ACTIVE: 1,
    }  # fmt: skip
    await store.give_back(lots[3])
    store = await opened()
    after = await store.stats()
    assert after.recipients == {
        State.QUEUED: 7, State.DEFERRED: 1, State.HELD: 1, State.ACTIVE: 0,
    }  # fmt: skip
    names = ("messages", "finished", "octets", "file_bodies", "oldest_at")
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
    again = {row.destination: dict(row.counts) for row in await store.destinations()}
    assert {name: sum(counts.values()) for name, counts in rows.items()} == {
        name: sum(counts.values()) for name, counts in again.items()
    }


async def test_history_is_forgotten_by_age(store: Store, clock: HandClock) -> None:
    """Finished mail older than `spool.keep_finished` goes; what waits stays however old."""
    old = await accept(store)
    (lot,) = await take(store, clock.now())
    await record(store, lot, TAKEN)
    kept = await accept(store, hold="wait")
    clock.advance(86_401)
    await store.keep("anything", "1")
    await store.keep("anything", "2")
    assert await store.message(old) is None
    assert await store.message(kept) is not None
    assert (await store.stats()).finished == 0


async def test_history_is_forgotten_by_number(opened: Opener, clock: HandClock) -> None:
    """Above `spool.keep_finished_count` the oldest finished messages go."""
    store = await opened(keep_finished_count=10)
    ids = []
    for _ in range(520):
        ids.append(await accept(store))
        (lot,) = await take(store, clock.now())
        await record(store, lot, TAKEN)
    for _ in range(3):
        await store.keep("anything", "1")
    stats = await store.stats()
    assert 10 <= stats.finished < 100
    assert await store.message(ids[0]) is None
    assert await store.message(ids[-1]) is not None


async def test_operations_share_transactions(store: Store, clock: HandClock) -> None:
    """Group commit: what waits while one transaction is made durable is the next one."""
    before = await store.stats()
    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            group.create_task(accept(store))
    after = await store.stats()
    assert after.operations - before.operations == 200
    assert after.commits - before.commits <= 20
    assert after.messages == 200
    assert len(await take(store, clock.now(), limit=500, per_destination=500)) == 200


async def test_a_cancelled_commit_still_happens(store: Store, clock: HandClock) -> None:
    """L2: a client that goes away during the commit leaves a whole message, small or large."""
    for body in (BODY, LARGE):
        draft = store.draft()
        draft.write(body)
        commit = draft.commit(envelope(), ORIGIN, prefix=PREFIX, subject="s")
        await asyncio.sleep(0)
        commit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commit
        while (found := await store.message(draft.id)) is None:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
        assert found.body_stored
        assert await octets(await store.content(draft.id)) == PREFIX + body
    assert len(await take(store, clock.now())) == 2


async def test_everything_shows_itself(store: Store) -> None:
    """A spool, its writer and its drafts say in one line how they are."""
    draft = store.draft()
    draft.write(b"x" * 5000)
    assert "size=5000 in file" in repr(draft)
    assert "leases=0" in repr(store)
    await draft.abort()
    assert (await store.page(EVERYTHING)).rows == ()


async def test_the_folder_is_for_its_owner_only(store: Store) -> None:
    """Folder, database and bodies can be read by nobody else."""
    await accept(store, body=LARGE)
    for path in (store.path, store.path / "body"):
        assert path.stat().st_mode & 0o077 == 0
    names = ("queue.db", "queue.db-wal", "queue.db-shm", "lock", *os.listdir(store.path / "body"))  # noqa: PTH208
    files = [store.path / ("body" if len(name) == 16 else "") / name for name in names]
    assert len(files) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
