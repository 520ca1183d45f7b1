"""What operators do: it reaches what it names, and nothing that is on the wire."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import apsw
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from empath.address import Domain
from empath.envelope import LOCAL, MessageId, Priority, State
from empath.events import BodyDamaged, OperatorActed
from empath.query import EVERYTHING, QueueQuery, parse_query
from empath.spool.piece import runs
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, TAKEN, accept, ended, envelope, octets, record, take
from tests.spool.conftest import Opener


async def states(store: Store, name: MessageId) -> list[State]:
    """The states of a message's recipients."""
    found = await store.message(name)
    assert found is not None
    return [row.state for row in found.recipients]


async def test_hold_and_release(opened: Opener, clock: HandClock) -> None:
    """Held mail is not due, also after a restart; released it is due now and says who did it."""
    store = await opened()
    name = await accept(store)
    held = await store.hold(EVERYTHING, actor="ada", reason="looks odd", at=clock.now())
    assert (held.ids, held.recipients, held.in_flight) == ((name,), 1, 0)
    assert await take(store, clock.now()) == []
    store = await opened()
    assert await take(store, clock.now()) == []
    found = await store.message(name)
    assert found is not None
    assert found.recipients[0].hold_reason == "looks odd"
    clock.advance(10)
    await store.release(parse_query("state:held"), actor="bob", at=clock.now())
    (lot,) = await take(store, clock.now())
    assert lot.due_at == clock.now()
    found = await store.message(name)
    assert found is not None
    assert found.timeline == (
        OperatorActed(clock.now() - 10, name, "hold", "ada", "looks odd", 1, ((0, 0),)),
        OperatorActed(clock.now(), name, "release", "bob", "", 1, ((0, 0),)),
    )
    assert found.recipients[0].hold_reason == ""


async def test_retry_makes_deferred_mail_due(store: Store, clock: HandClock) -> None:
    """A retry does not wait for the time that was set."""
    name = await accept(store)
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 3600)
    changed = await store.retry(QueueQuery(ids=(name,)), actor="ada", at=clock.now())
    assert changed.recipients == 1
    (again,) = await take(store, clock.now())
    assert again.attempts == 1


async def test_delete_gives_up_and_frees_the_body(store: Store, clock: HandClock) -> None:
    """Deleted mail is not sent, its body goes, and its history says who deleted it and why."""
    name = await accept(store, "a@one.test", "b@two.test", body=b"x" * 5000)
    await store.delete(QueueQuery(ids=(name,)), actor="ada", reason="spam", at=clock.now())
    assert await states(store, name) == [State.DELETED, State.DELETED]
    assert await take(store, clock.now()) == []
    stats = await store.stats()
    assert (stats.messages, stats.finished, stats.octets, stats.file_bodies) == (0, 1, 0, 0)
    found = await store.message(name)
    assert found is not None
    assert not found.body_stored
    assert found.timeline == (
        OperatorActed(clock.now(), name, "delete", "ada", "spam", 2, ((0, 1),)),
    )


async def test_a_change_takes_back_what_has_not_begun(store: Store, clock: HandClock) -> None:
    """A lot that was handed out but not begun is held all the same: `begin` gives None."""
    name = await accept(store, "a@one.test", "b@two.test")
    lots = await store.due(clock.now(), limit=9, per_destination=9)
    assert len(lots) == 2
    await store.hold(parse_query("dest:one.test"), actor="ada", reason="", at=clock.now())
    assert [store.begin(lot) for lot in lots] == [None, None]
    assert await states(store, name) == [State.HELD, State.QUEUED]
    (left,) = await take(store, clock.now())
    assert left.destination == "two.test"


async def test_what_is_on_the_wire_is_left_alone(store: Store, clock: HandClock) -> None:
    """Recipients being delivered are counted as in flight, and end as their attempt says."""
    name = await accept(store, "a@one.test", "b@two.test")
    (lot,) = await take(store, clock.now(), limit=1)
    changed = await store.delete(EVERYTHING, actor="ada", reason="", at=clock.now())
    assert (changed.recipients, changed.in_flight) == (1, 1)
    flying = lot.recipients[0].number
    assert (await states(store, name))[flying] is State.ACTIVE
    assert await octets(await store.content(name))
    await record(store, lot, TAKEN)
    after = await states(store, name)
    assert after[flying] is State.DELIVERED
    assert after[1 - flying] is State.DELETED
    assert (await store.stats()).messages == 0


async def test_only_the_recipients_that_match_are_changed(store: Store, clock: HandClock) -> None:
    """A filter that names recipients changes those, not the others of the same message."""
    name = await accept(store, "ada@one.test", "eve@one.test", "ada@two.test")
    changed = await store.delete(parse_query("rcpt:~eve"), actor="x", reason="", at=clock.now())
    assert changed.recipients == 1
    await store.hold(parse_query("dest:one.test !rcpt:~eve"), actor="x", reason="", at=clock.now())
    assert await states(store, name) == [State.HELD, State.DELETED, State.QUEUED]


async def test_a_change_of_many_goes_piece_by_piece(store: Store, clock: HandClock) -> None:
    """A change of 1,200 messages is several transactions, and mail is accepted in between."""
    async with asyncio.TaskGroup() as group:
        for number in range(1200):
            group.create_task(accept(store, f"u{number}@d{number % 7}.test"))
    before = (await store.stats()).commits
    late: list[MessageId] = []
    async with asyncio.TaskGroup() as group:
        hold = group.create_task(store.hold(EVERYTHING, actor="a", reason="", at=clock.now()))
        await asyncio.sleep(0)
        late.append(await accept(store, "late@late.test"))
    assert hold.result().recipients == 1200
    assert (await store.stats()).commits - before >= 3
    assert [lot.id for lot in await take(store, clock.now())] == late
    clock.advance(5)
    released = await store.release(parse_query("state:held"), actor="a", at=clock.now())
    assert released.recipients == 1200
    lots = await take(store, clock.now(), limit=2000, per_destination=2000)
    assert len(lots) == 1200


async def test_damaged_mail_is_quarantined(store: Store, clock: HandClock) -> None:
    """All of a message is held with the reason, save what another attempt has in hand."""
    name = await accept(store, "a@one.test", "b@two.test", "c@three.test")
    one, two = await take(store, clock.now(), limit=2)
    reason = "its SHA-256 differs"
    await store.quarantine(one, BodyDamaged(clock.now(), name, reason), reason)
    found = await store.message(name)
    assert found is not None
    by_place = {row.destination: (row.state, row.hold_reason) for row in found.recipients}
    assert by_place.pop(two.destination) == (State.ACTIVE, "")
    assert set(by_place.values()) == {(State.HELD, f"body damaged: {reason}")}
    assert found.timeline == (BodyDamaged(clock.now(), name, reason),)
    await record(store, two, TAKEN)
    assert await take(store, clock.now()) == []
    assert dict((await store.stats()).recipients) == {
        State.QUEUED: 0, State.DEFERRED: 0, State.HELD: 2, State.ACTIVE: 0,
    }  # fmt: skip
    await store.quarantine(one, BodyDamaged(clock.now(), name, reason), reason)
    assert len((await store.message(name) or found).timeline) == 2


async def test_damaged_mail_is_known_after_a_restart(opened: Opener, clock: HandClock) -> None:
    """Held mail with a damaged body is found in the spool itself, until it is released."""
    store = await opened()
    assert await store.damaged() == {}
    name = await accept(store, "a@one.test", "b@two.test")
    await accept(store, "c@one.test", hold="body damaged by words alone")
    one, _ = await take(store, clock.now(), limit=2)
    await store.quarantine(one, BodyDamaged(clock.now(), name, "it is missing"), "it is missing")
    store = await opened()
    assert await store.damaged() == {name: "it is missing"}
    await store.release(parse_query("state:held"), actor="a", at=clock.now())
    assert await store.damaged() == {}


async def test_a_scan_does_not_bring_back_what_changed_meanwhile(
    opened: Opener, clock: HandClock
) -> None:
    """Holding while the disk is read for what is due holds: nothing held is handed out."""
    store = await opened()
    for number in range(300):
        await accept(store, f"u{number}@there.test")
    store = await opened()
    due, held = await asyncio.gather(
        store.due(clock.now(), limit=300, per_destination=300),
        store.hold(EVERYTHING, actor="a", reason="", at=clock.now()),
    )
    begun = [lot for lot in due if store.begin(lot) is not None]
    assert held.recipients == 300
    assert begun == []
    assert await store.due(clock.now(), limit=9, per_destination=9) == []


async def test_a_record_and_a_scan_at_once_do_not_double(opened: Opener, clock: HandClock) -> None:
    """A scan that began before an attempt was recorded does not hand the message out again."""
    store = await opened()
    for number in range(40):
        await accept(store, f"u{number}@there.test")
    store = await opened()
    lots = await take(store, clock.now(), limit=20)
    results = await asyncio.gather(
        *(record(store, lot, TAKEN) for lot in lots),
        *(store.due(clock.now(), limit=5, per_destination=5) for _ in range(4)),
    )
    again = {lot.id for result in results[len(lots) :] for lot in result}  # type: ignore[attr-defined]
    assert len(again) == 20
    assert not again & {lot.id for lot in lots}


async def test_operators_and_the_engine_agree_on_the_counts(store: Store, clock: HandClock) -> None:
    """After changes, attempts and deletions the counts of a destination are what is there."""
    for number in range(9):
        await accept(store, f"u{number}@there.test", "other@else.test")
    lots = await take(store, clock.now(), limit=6)
    await store.hold(parse_query("dest:there.test"), actor="a", reason="", at=clock.now())
    for lot in lots[:3]:
        await record(store, lot, LATER, clock.now() + 60)
    await store.delete(parse_query("state:held rcpt:~u7"), actor="a", reason="", at=clock.now())
    total = dict((await store.stats()).recipients)
    rows = await store.destinations()
    assert {row.destination for row in rows} == {Domain("there.test"), Domain("else.test")}
    for state, count in total.items():
        assert count == sum(row.counts[state] for row in rows)
    assert sum(total.values()) == 17
    assert total[State.ACTIVE] == 3
    assert total[State.DEFERRED] == 3
    assert (await store.message(lots[2].id)).timeline[-1] == ended(lots[2])  # type: ignore[union-attr]


async def test_a_change_of_priority(opened: Opener, clock: HandClock) -> None:
    """3.6-3: waiting mail gets another class, is chosen by it from then on, and says so."""
    store = await opened()
    bulk = await accept(store, "a@one.test", priority=Priority.BULK)
    other = await accept(store, "b@one.test")
    changed = await store.prioritize(
        QueueQuery(ids=(bulk,)), Priority.CRITICAL, actor="ada", at=clock.now()
    )
    assert (changed.ids, changed.recipients, changed.in_flight) == ((bulk,), 1, 0)
    store = await opened()
    first, second = await take(store, clock.now())
    assert (first.id, first.priority, first.mt_priority) == (bulk, Priority.CRITICAL, 6)
    assert (second.id, second.priority, second.mt_priority) == (other, Priority.NORMAL, 0)
    found = await store.message(bulk)
    assert found is not None
    assert (found.envelope.priority, found.envelope.mt_priority) == (Priority.CRITICAL, 6)
    assert found.timeline == (
        OperatorActed(clock.now(), bulk, "priority", "ada", "critical", 1, ((0, 0),)),
    )
    (row,) = (await store.page(QueueQuery(ids=(bulk,)))).rows
    assert row.priority is Priority.CRITICAL


async def test_a_change_of_priority_takes_back_what_has_not_begun(
    store: Store, clock: HandClock
) -> None:
    """Mail that was chosen but not begun is given back and found again in its new class."""
    name = await accept(store, "a@one.test", "b@one.test")
    (lot,) = await store.due(clock.now(), limit=9, per_destination=9)
    await store.prioritize(parse_query("rcpt:~a@one"), Priority.LOW, actor="ada", at=clock.now())
    assert store.begin(lot) is None
    (again,) = await store.due(clock.now(), limit=9, per_destination=9)
    assert (again.id, again.priority, len(again.recipients)) == (name, Priority.LOW, 2)


async def test_a_change_of_priority_of_deferred_and_held_mail(
    store: Store, clock: HandClock
) -> None:
    """What waits for its time, or for an operator, keeps waiting, and then has its new class."""
    deferred, held = await accept(store), await accept(store, "h@held.test")
    await store.hold(parse_query("dest:held.test"), actor="ada", reason="", at=clock.now())
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 3600)
    changed = await store.prioritize(EVERYTHING, Priority.HIGH, actor="ada", at=clock.now())
    assert changed.recipients == 2
    assert await take(store, clock.now()) == []
    assert await store.next_due(clock.now()) == clock.now() + 3600
    clock.advance(3600)
    await store.release(parse_query("state:held"), actor="ada", at=clock.now())
    lots = await take(store, clock.now())
    assert {(lot.id, lot.priority) for lot in lots} == {
        (deferred, Priority.HIGH),
        (held, Priority.HIGH),
    }


async def test_a_change_of_priority_leaves_what_is_on_the_wire(
    store: Store, clock: HandClock
) -> None:
    """An attempt that has begun is not disturbed; deferred, its mail is due as it was."""
    await accept(store)
    (lot,) = await take(store, clock.now())
    changed = await store.prioritize(EVERYTHING, Priority.BULK, actor="ada", at=clock.now())
    assert (changed.ids, changed.in_flight) == ((), 1)
    await record(store, lot, LATER, clock.now() + 60)
    clock.advance(60)
    (again,) = await take(store, clock.now())
    assert again.priority is Priority.NORMAL


async def test_a_number_outlives_a_restart(opened: Opener, clock: HandClock) -> None:
    """3.6-2a: what the client asked for, to the number, is what the next server is told."""
    store = await opened()
    draft = store.draft()
    draft.write(b"\r\n")
    asked = replace(envelope("a@one.test", priority=Priority.HIGH), mt_priority=3)
    await draft.commit(asked, LOCAL, prefix=b"", subject="")
    store = await opened()
    (lot,) = await take(store, clock.now())
    assert (lot.priority, lot.mt_priority) == (Priority.HIGH, 3)


async def test_mail_of_before_has_no_number(
    opened: Opener, clock: HandClock, tmp_path: Path
) -> None:
    """Mail that an older Empath stored is told with no number, until an operator changes it."""
    store = await opened()
    name = await accept(store)
    await store.close()
    older = apsw.Connection(str(tmp_path / "spool" / "queue.db"))
    older.execute("UPDATE message SET details = json_remove(details, '$[10]')")
    older.close()
    store = await opened()
    (lot,) = await store.due(clock.now(), limit=9, per_destination=9)
    assert lot.mt_priority == 0
    await store.prioritize(QueueQuery(ids=(name,)), Priority.LOW, actor="ada", at=clock.now())
    (lot,) = await store.due(clock.now(), limit=9, per_destination=9)
    assert lot.mt_priority == -4


@given(st.sets(st.integers(0, 40)))
def test_numbers_are_kept_as_runs_of_neighbours(numbers: set[int]) -> None:
    """However many recipients a message has, a change of all of them is one pair; exactly those
    that were changed are named.
    """
    kept = runs([*numbers])
    assert {each for first, last in kept for each in range(first, last + 1)} == numbers
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(kept))
