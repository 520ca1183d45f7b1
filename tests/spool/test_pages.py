"""Lists of the queue: what matches, in which order, piece by piece, and at what cost."""

from __future__ import annotations

import pytest

from empath.envelope import MessageId, Priority, State
from empath.query import EVERYTHING, QueueQuery, parse_query
from empath.spool import filters
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, NEVER, TAKEN, accept, record, take


async def listed(store: Store, text: str, **how: object) -> list[str]:
    """The subjects that a filter shows."""
    query = parse_query(text) if text else EVERYTHING
    page = await store.page(query, **how)  # type: ignore[arg-type]
    return [row.subject for row in page.rows]


async def queue(store: Store, clock: HandClock) -> None:
    """One message in every state, named after it, from alice or bob."""

    async def add(subject: str, *to: str, sender: str | None = "Alice@from.test") -> None:
        await accept(store, *to, sender=sender, subject=subject)
        clock.advance(1)

    await add("delivered", "dora@done.test")
    await add("failed", "fred@done.test")
    await add("deferred", "dan@slow.test", sender="bob@from.test")
    (delivered, failed, deferred) = await take(store, clock.now())
    await record(store, delivered, TAKEN)
    await record(store, failed, NEVER)
    await record(store, deferred, LATER, clock.now() + 60)
    await accept(store, "hal@held.test", sender=None, subject="held", hold="by hand")
    clock.advance(1)
    await add("active", "ann@fast.test", "old@done.test")
    await take(store, clock.now(), limit=1)
    await add("queued", "quinn@there.test", "extra@done.test", sender="bob@from.test")


@pytest.mark.parametrize("narrow", [filters.NARROW, 0], ids=["by index", "by walking"])
@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("", ["deferred", "held", "active", "queued"]),
        ("state:queued", ["queued"]),
        ("state:deferred", ["deferred"]),
        ("state:held", ["held"]),
        ("state:active", ["active"]),
        ("!state:active", ["deferred", "held", "queued"]),
        ("!state:held", ["deferred", "active", "queued"]),
        ("state:delivered", ["delivered"]),
        ("state:failed", ["failed"]),
        ("state:expired", []),
        ("dest:slow.test", ["deferred"]),
        ("dest:SLOW.test", ["deferred"]),
        ("dest:done.test", ["active", "queued"]),
        ("dest:nowhere.test", []),
        ("dest:~e.test", ["active", "queued"]),
        ("!dest:~done", ["deferred", "held", "active", "queued"]),
        ("dest:~done !rcpt:~extra", ["active"]),
        ("from:alice@FROM.test", ["active"]),
        ("from:~bob", ["deferred", "queued"]),
        ("!from:~bob", ["held", "active"]),
        ("from:<>", ["held"]),
        ("rcpt:HAL@held.test", ["held"]),
        ("rcpt:~an", ["deferred", "active"]),
        ("subject:que", ["queued"]),
        ("subject:~e", ["deferred", "held", "active", "queued"]),
        ("reply:451", ["deferred"]),
        ("reply:~again", ["deferred"]),
        ("!reply:~again", ["held", "active", "queued"]),
        ("AGAIN", ["deferred"]),
        ("quinn", ["queued"]),
        ("!quinn", ["deferred", "held", "active"]),
        ("alice", ["active"]),
        ("100%", []),
        ("state:queued dest:there.test rcpt:~quinn", ["queued"]),
        ("dest:there.test rcpt:~extra", []),
    ],
)
async def test_filters(
    store: Store,
    clock: HandClock,
    text: str,
    subjects: list[str],
    narrow: int,
) -> None:
    """Each term of the filter language, found by index and by walking, both ways round."""
    store._pages.by_index = narrow
    await queue(store, clock)
    assert await listed(store, text) == subjects
    assert await listed(store, text, sort="-age") == subjects[::-1]
    page = await store.page(parse_query(text) if text else EVERYTHING)
    assert (page.matched, page.matched_exact, page.next_cursor) == (len(subjects), True, "")


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("age:>2h", ["old"]),
        ("age:<2h", ["tried", "huge"]),
        ("!age:<2h", ["old"]),
        ("next:<5m", ["old", "huge"]),
        ("next:>5m", ["tried"]),
        ("!next:>5m", ["old", "huge"]),
        ("size:>20kb", ["huge"]),
        ("size:<20kb", ["old", "tried"]),
        ("tries:1", ["tried"]),
        ("tries:>0", ["tried"]),
        ("tries:<1", ["old", "huge"]),
        ("!tries:1", ["old", "huge"]),
        ("prio:bulk", ["huge"]),
        ("!prio:bulk", ["old", "tried"]),
        ("client:192.0.2.1", ["old", "tried", "huge"]),
        ("client:~192.0", ["old", "tried", "huge"]),
        ("client:192.0", []),
        ("!client:~192", []),
        ("age:<2h dest:slow.test", ["tried"]),
    ],
)
async def test_what_is_compared(
    store: Store, clock: HandClock, text: str, subjects: list[str]
) -> None:
    """Age, next attempt, size, tries, class and client of each message, as of now."""
    await accept(store, "a@later.test", subject="old")
    clock.advance(3 * 3600)
    await accept(store, "a@slow.test", subject="tried")
    for lot in await take(store, clock.now()):
        if lot.destination == "slow.test":
            await record(store, lot, LATER, clock.now() + 600)
        else:
            await store.give_back(lot)
    await accept(store, subject="huge", body=b"x" * 30_000, priority=Priority.BULK)
    assert await listed(store, text) == subjects
    changed = await store.count(parse_query(text), "hold")
    assert changed.messages == len(subjects)


async def test_ids_reach_finished_mail(store: Store, clock: HandClock) -> None:
    """Who names a message sees it in whatever state; unknown ids match nothing."""
    await queue(store, clock)
    page = await store.page(parse_query("state:delivered"))
    name = page.rows[0].id
    assert await listed(store, f"id:{name}") == ["delivered"]
    both = QueueQuery(ids=(name, MessageId("0" * 16)))
    assert [row.subject for row in (await store.page(both)).rows] == ["delivered"]


async def test_a_row_says_what_a_list_shows(store: Store, clock: HandClock) -> None:
    """A row shows the first recipient that waits, how many there are, and when it goes on."""
    name = await accept(store, "a@one.test", "b@two.test", "c@two.test", sender=None)
    (lot,) = await take(store, clock.now(), limit=1)
    await record(store, lot, LATER, clock.now() + 60)
    (row,) = (await store.page(EVERYTHING)).rows
    assert (row.id, row.state, row.recipients, row.attempts) == (name, State.DEFERRED, 3, 1)
    assert (row.recipient, row.destination) == ("a@one.test", "one.test")
    assert (row.next_at, row.received_at) == (clock.now(), clock.now())
    assert (row.reverse_path, row.last_reply) == (None, "451 4.3.0 Try again later")


@pytest.mark.parametrize(("reason", "shown"), [("spam", "held: spam"), ("", "held by an operator")])
async def test_a_held_row_says_why(store: Store, clock: HandClock, reason: str, shown: str) -> None:
    """Held mail shows why it is held, not the reply that deferred it long before."""
    await accept(store, "a@one.test")
    (lot,) = await take(store, clock.now(), limit=1)
    await record(store, lot, LATER, clock.now() + 60)
    await store.hold(EVERYTHING, actor="root", reason=reason, at=clock.now())
    (row,) = (await store.page(EVERYTHING)).rows
    assert (row.state, row.last_reply) == (State.HELD, shown)
    await store.release(EVERYTHING, actor="root", at=clock.now())
    (row,) = (await store.page(EVERYTHING)).rows
    assert row.last_reply == "451 4.3.0 Try again later"


@pytest.mark.parametrize("sort", ["age", "-age"])
async def test_pages_join_up(store: Store, clock: HandClock, sort: str) -> None:
    """Piece after piece gives every message once and in order, also while mail comes and goes."""
    names = [await accept(store, f"u{number}@d{number % 3}.test") for number in range(25)]
    if sort == "-age":
        names.reverse()
    seen: list[MessageId] = []
    cursor = ""
    while True:
        page = await store.page(EVERYTHING, sort=sort, cursor=cursor, limit=7)
        assert page.matched >= 25
        seen += [row.id for row in page.rows]
        if not page.next_cursor:
            break
        cursor = page.next_cursor
        if sort == "-age":
            await accept(store, "new@there.test")
    assert seen == names


async def test_a_seldom_match_is_looked_for_in_bounded_pieces(
    store: Store, clock: HandClock
) -> None:
    """A filter that matches seldom gives short pages whose cursor leads on to the match."""
    store._pages.block = 5
    store._pages.looked_at = store._pages.counted = 10
    for number in range(42):
        await accept(store, subject=f"number {number}")
    cursor, looks, found = "", 0, []
    while True:
        page = await store.page(parse_query("subject:~41"), cursor=cursor)
        looks += 1
        found += [row.subject for row in page.rows]
        assert not page.matched_exact
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert found == ["number 41"]
    assert looks == 5


async def test_every_message_is_counted_where_that_is_known(store: Store, clock: HandClock) -> None:
    """The whole queue, and one destination or state of it, are counted without looking."""
    for number in range(30):
        await accept(store, f"u@d{number % 2}.test")
    for text, count in (("", 30), ("dest:d1.test", 15), ("state:queued", 30)):
        page = await store.page(parse_query(text) if text else EVERYTHING, limit=5)
        assert (page.matched, page.matched_exact, len(page.rows)) == (count, True, 5)
    await accept(store, "a@d0.test", "b@d0.test")
    page = await store.page(parse_query("dest:d0.test"), limit=5)
    assert (page.matched, page.matched_exact) == (16, True)


async def test_destinations_longest_first(store: Store, clock: HandClock) -> None:
    """Each destination with its counts, oldest mail, next attempt and last reply."""
    began = clock.now()
    await accept(store, "a@short.test")
    (lot,) = await take(store, clock.now())
    await record(store, lot, LATER, clock.now() + 60)
    clock.advance(5)
    for _ in range(3):
        await accept(store, "b@long.test")
    await accept(store, "c@long.test", hold="wait")
    first, second = await store.destinations()
    assert (first.destination, first.counts[State.QUEUED], first.counts[State.HELD]) == (
        "long.test",
        3,
        1,
    )
    assert (second.destination, second.counts[State.DEFERRED]) == ("short.test", 1)
    assert (first.oldest_at, first.next_at, first.last_reply) == (began + 5, began + 5, "")
    assert (second.oldest_at, second.next_at) == (began, began + 60)
    assert second.last_reply == "451 4.3.0 Try again later"
    assert len(await store.destinations(limit=1)) == 1
