"""Recipients with a next hop of their own, what a change would do, and the record."""

from __future__ import annotations

import asyncio

import pytest

from empath.address import Domain, EmailAddress, ServerId
from empath.envelope import NextHop, State
from empath.events import OperatorRecord
from empath.query import EVERYTHING, QueueQuery, parse_query
from empath.reply import Reply
from empath.spool import noting
from empath.spool.face import Counted, Example
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, accept, record, take
from tests.spool.conftest import Opener

HOP = NextHop(ServerId("mx.other.test:2525"))


async def test_a_rerouted_recipient_is_due_and_knows_its_next_hop(
    opened: Opener, clock: HandClock
) -> None:
    """Deferred mail need not wait for its time; over a restart it goes the same way."""
    store = await opened()
    name = await accept(store, "a@one.test", "b@one.test")
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 3600)
    done = await store.reroute(
        parse_query("rcpt:~b@"), HOP, actor="ada", at=clock.now(), reason="backup"
    )
    assert (done.recipients, done.told) == (1, "to mx.other.test:2525: backup")
    store = await opened()
    (lot,) = await take(store, clock.now())
    assert [(each.recipient.address, each.next_hop) for each in lot.recipients] == [
        ("b@one.test", HOP)
    ]
    found = await store.message(name)
    assert found is not None
    assert [row.next_hop for row in found.recipients] == [None, HOP]


async def test_fresh_mail_is_rerouted_too(store: Store, clock: HandClock) -> None:
    """What waits in memory, or was handed out and has not begun, is read again with its hop."""
    await accept(store, "a@one.test")
    await accept(store, "b@one.test")
    (handed,) = await store.due(clock.now(), limit=1, per_destination=9)
    until = NextHop(HOP.host, clock.now() + 60.25)
    await store.reroute(EVERYTHING, until, actor="ada", at=clock.now(), reason="")
    assert store.begin(handed) is None
    lots = await take(store, clock.now())
    assert [lot.recipients[0].next_hop for lot in lots] == [until, until]


async def test_a_reroute_is_taken_back_and_held_mail_stays_held(
    store: Store, clock: HandClock
) -> None:
    """None sends it to its own servers again."""
    name = await accept(store, hold="odd")
    await store.reroute(EVERYTHING, HOP, actor="ada", at=clock.now(), reason="")
    assert await take(store, clock.now()) == []
    await store.reroute(QueueQuery(ids=(name,)), None, actor="ada", at=clock.now(), reason="")
    found = await store.message(name)
    assert found is not None
    assert (found.recipients[0].state, found.recipients[0].next_hop) == (State.HELD, None)
    await store.release(EVERYTHING, actor="ada", at=clock.now())
    (lot,) = await take(store, clock.now())
    assert lot.recipients[0].next_hop is None


@pytest.mark.parametrize("action", ["hold", "release", "retry", "delete", "bounce", "reroute"])
async def test_a_count_is_what_the_change_then_does(
    store: Store, clock: HandClock, action: str
) -> None:
    """Only recipients in the states it is for, and none that is being delivered."""
    for number in range(7):
        await accept(store, f"a@d{number % 2}.test", "b@d2.test", hold="x" if number > 4 else "")
    (flying,) = await store.due(clock.now(), limit=1, per_destination=1)
    assert store.begin(flying)
    query = parse_query("!dest:d1.test")
    counted = await store.count(query, action)
    at = clock.now()
    match action:
        case "hold":
            done = await store.hold(query, actor="a", reason="", at=at)
        case "release":
            done = await store.release(query, actor="a", at=at)
        case "retry":
            done = await store.retry(query, actor="a", at=at)
        case "delete":
            done = await store.delete(query, actor="a", reason="", at=at)
        case "bounce":
            done = await store.bounce(
                query, reply(), lambda lot, head: None, actor="a", at=at, reason=""
            )
        case _:
            done = await store.reroute(query, HOP, actor="a", at=at, reason="")
    assert (counted.messages, counted.recipients, counted.in_flight) == (
        len(done.ids),
        done.recipients,
        done.in_flight,
    )
    assert {one.id for one in counted.examples} <= set(done.ids)
    assert all(one.recipient.domain != "d1.test" for one in counted.examples)
    assert counted.recipients == sum(each for _, each in counted.destinations.values())


def reply() -> Reply:
    """A permanent failure."""
    return Reply.of("550 5.7.0 no")


async def test_counting_changes_nothing_and_names_destinations(
    store: Store, clock: HandClock
) -> None:
    """The one with most recipients first, and the oldest messages as examples."""
    names = [await accept(store, "a@one.test", "b@two.test", "c@two.test") for _ in range(7)]
    counted = await store.count(EVERYTHING, "delete")
    assert counted == Counted(
        7,
        21,
        0,
        {Domain("two.test"): (7, 14), Domain("one.test"): (7, 7)},
        tuple(Example(name, EmailAddress("a@one.test"), State.QUEUED, 3) for name in names[:5]),
    )
    assert len(await take(store, clock.now())) == 14


async def test_an_example_names_a_recipient_that_would_be_touched(store: Store) -> None:
    """The first in the message of those that are meant, wherever it is, and how many they are."""
    to = ("a@one.test", "b@zoo.test", "c@two.test", "d@two.test")
    name = await accept(store, *to)
    counted = await store.count(parse_query("!rcpt:a@one.test"), "delete")
    assert counted.examples == (Example(name, EmailAddress("b@zoo.test"), State.QUEUED, 3),)
    await store.hold(parse_query("rcpt:d@two.test"), actor="a", reason="", at=0.0)
    counted = await store.count(parse_query("dest:two.test"), "release")
    assert counted.examples == (Example(name, EmailAddress("d@two.test"), State.HELD, 1),)


async def test_a_term_turned_round_is_about_a_recipient_too(store: Store, clock: HandClock) -> None:
    """One held recipient does not hide the others at its destination from a change."""
    await accept(store, "u0@one.test", "u1@one.test", "u2@two.test")
    await store.hold(parse_query("rcpt:u0@one.test"), actor="a", reason="", at=clock.now())
    counted = await store.count(parse_query("dest:one.test !state:held"), "hold")
    assert (counted.messages, counted.recipients) == (1, 1)
    done = await store.delete(
        parse_query("dest:one.test !rcpt:u0@one.test !reply:421"),
        actor="a",
        reason="",
        at=clock.now(),
    )
    assert done.recipients == 1


async def test_a_count_of_more_than_a_piece(store: Store) -> None:
    """Thousands are counted piece by piece."""
    for number in range(2100):
        await accept(store, f"a@d{number % 2}.test")
    counted = await store.count(EVERYTHING, "hold")
    assert (counted.messages, counted.recipients) == (2100, 2100)


async def test_the_record_is_kept_newest_first(opened: Opener) -> None:
    """Pages go back in time; a note may be written over; beyond the limit the oldest go."""
    store = await opened()
    numbers = [await store.note(noted(str(number))) for number in range(4)]
    await store.note(noted("done"), numbers[1])
    store = await opened()
    assert [each.target for _, each in await store.notes(2)] == ["3", "2"]
    assert [each.target for _, each in await store.notes(9, numbers[2])] == ["done", "0"]
    for number in range(noting.KEPT):
        store._writer.submit(
            noting.Note(asyncio.get_running_loop(), numbers[-1] + 1 + number, noted("more"))
        )
    await store.note(noted("last"), numbers[-1] + noting.KEPT + 1)
    found = await store.notes(20_000)
    assert len(found) == noting.KEPT
    assert found[-1][1].target == "more"


def noted(target: str) -> OperatorRecord:
    """A record."""
    return OperatorRecord(at=1.0, actor="ada", action="hold", target=target)
