"""What operators return to its sender: recipients and notification in one transaction."""

from __future__ import annotations

import asyncio

import pytest

from empath.address import BannerHostname, Domain
from empath.control.bounce import reply, report
from empath.control.link import RequestUnclear
from empath.envelope import MessageId, State
from empath.events import NotificationSent, OperatorActed
from empath.query import EVERYTHING, QueueQuery, parse_query
from empath.reply import Reply
from empath.spool.face import Changed
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, TAKEN, accept, octets, record, take
from tests.spool.conftest import Opener

HOST = BannerHostname("relay.test")
REPLY = reply("5.7.0", "wrong list", hostname=HOST)


async def bounce(store: Store, query: QueueQuery, at: float, said: Reply = REPLY) -> Changed:
    """Return what matches, as a control desk does."""
    told = report(said, hostname=HOST, at=at)
    return await store.bounce(query, said, told, actor="ada", at=at, reason="wrong list")


async def test_one_notification_for_all_recipients_of_a_message(
    opened: Opener, clock: HandClock
) -> None:
    """Whatever their destinations and states; it is mail to the sender, over a restart too."""
    store = await opened()
    name = await accept(store, "a@one.test", "b@two.test")
    await store.hold(parse_query("dest:two.test"), actor="x", reason="", at=clock.now())
    done = await bounce(store, EVERYTHING, clock.now())
    assert (done.ids, done.recipients, done.in_flight) == ((name,), 2, 0)
    store = await opened()
    found = await store.message(name)
    assert found is not None
    assert [row.state for row in found.recipients] == [State.FAILED, State.FAILED]
    assert found.recipients[0].last_reply == (
        "550 5.7.0 The operator of relay.test returns this message: wrong list"
    )
    assert not found.body_stored
    hold, acted, sent = found.timeline
    assert isinstance(hold, OperatorActed)
    assert acted == OperatorActed(clock.now(), name, "bounce", "ada", "wrong list", 2, ((0, 1),))
    assert isinstance(sent, NotificationSent)
    assert (sent,) == done.notified
    assert sent.recipients == ("a@one.test", "b@two.test")
    (lot,) = await take(store, clock.now())
    assert (lot.id, lot.reverse_path, lot.destination) == (sent.dsn, None, "from.test")
    text = (await octets(await store.content(lot.id))).decode()
    assert "Content-Type: multipart/report; report-type=delivery-status" in text
    assert text.count("Action: failed\r\n") == 2
    assert text.count("Status: 5.7.0\r\n") == 2
    assert "wrong list" in text
    assert "Subject: hello" in text
    stats = await store.stats()
    assert (stats.messages, stats.finished) == (1, 1)


async def test_no_notification_to_the_null_reverse_path(store: Store, clock: HandClock) -> None:
    """RFC 5321 4.5.5: a notification that is bounced makes no other."""
    name = await accept(store, sender=None)
    done = await bounce(store, EVERYTHING, clock.now())
    assert (done.recipients, done.notified) == (1, ())
    found = await store.message(name)
    assert found is not None
    assert found.recipients[0].state is State.FAILED
    assert await take(store, clock.now()) == []


async def test_what_is_on_the_wire_is_not_bounced(store: Store, clock: HandClock) -> None:
    """It is counted as in flight, and the notification does not tell of it."""
    name = await accept(store, "a@one.test", "b@two.test")
    lots = await store.due(clock.now(), limit=9, per_destination=9)
    flying = next(lot for lot in lots if lot.destination == "one.test")
    assert store.begin(flying)
    done = await bounce(store, EVERYTHING, clock.now())
    assert (done.recipients, done.in_flight) == (1, 1)
    assert done.notified[0].recipients == ("b@two.test",)
    await record(store, flying, TAKEN)
    found = await store.message(name)
    assert found is not None
    assert [row.state for row in found.recipients] == [State.DELIVERED, State.FAILED]
    assert not found.body_stored


async def test_only_matching_recipients_are_bounced_and_the_body_stays(
    store: Store, clock: HandClock
) -> None:
    """The others go on as before, with their content; a second bounce tells of them alone."""
    name = await accept(store, "a@one.test", "b@two.test", body=b"x" * 200_000 + b"\r\n")
    await bounce(store, parse_query("dest:one.test"), clock.now())
    found = await store.message(name)
    assert found is not None
    assert [row.state for row in found.recipients] == [State.FAILED, State.QUEUED]
    assert found.body_stored
    again = await bounce(store, QueueQuery(ids=(name,)), clock.now())
    assert [event.recipients for event in again.notified] == [("b@two.test",)]


async def test_many_are_bounced_in_pieces(store: Store, clock: HandClock) -> None:
    """A hundred and twenty messages, each with its own notification, in several transactions."""
    for number in range(120):
        await accept(store, f"u{number}@d{number % 3}.test")
    before = (await store.stats()).commits
    done = await bounce(store, parse_query("dest:~test"), clock.now())
    assert (len(done.ids), len(done.notified)) == (120, 120)
    assert len({event.dsn for event in done.notified}) == 120
    assert 3 <= (await store.stats()).commits - before <= 10
    rows = await store.destinations()
    assert [(row.destination, row.counts[State.QUEUED]) for row in rows] == [
        (Domain("from.test"), 120)
    ]


async def test_two_operators_at_once_do_not_tell_a_sender_twice(
    store: Store, clock: HandClock
) -> None:
    """Of a bounce and a deletion of the same mail one has each recipient, and counts agree."""
    names = [await accept(store, f"u{number}@one.test") for number in range(40)]
    bounced, deleted = await asyncio.gather(
        bounce(store, EVERYTHING, clock.now()),
        store.delete(EVERYTHING, actor="eve", reason="", at=clock.now()),
    )
    states = [await _state(store, name) for name in names]
    assert states.count(State.FAILED) == len(bounced.ids) == len(bounced.notified)
    assert states.count(State.DELETED) == len(deleted.ids)
    assert len(bounced.ids) + len(deleted.ids) == 40


async def _state(store: Store, name: MessageId) -> State:
    found = await store.message(name)
    assert found is not None
    return found.recipients[0].state


async def test_an_attempts_notification_is_in_the_timeline(store: Store, clock: HandClock) -> None:
    """A deferred message keeps its attempts when it is bounced."""
    name = await accept(store)
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 300)
    await bounce(store, QueueQuery(ids=(name,)), clock.now())
    found = await store.message(name)
    assert found is not None
    assert found.recipients[0].attempts == 1
    assert [type(event).__name__ for event in found.timeline] == [
        "AttemptEnded",
        "OperatorActed",
        "NotificationSent",
    ]


@pytest.mark.parametrize("status", ["4.7.0", "5.7", "x", "2.0.0", "5.7.0\r\n"])
def test_a_bounce_is_permanent(status: str) -> None:
    """RFC 3463 2: only a code of class 5 says so."""
    with pytest.raises(RequestUnclear, match="class 5"):
        reply(status, "", hostname="relay.test")
