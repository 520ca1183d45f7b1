"""Lists in every order: complete, joined up, and the same by index and by sorting."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import MessageId
from empath.query import EVERYTHING, QueueQuery, parse_query
from empath.spool.cursors import BadCursor, read_cursor, write_cursor
from empath.spool.face import SORTS, QueueRow, SpoolRefused
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, TAKEN, accept, record, take

EVERY_WAY = [way for sort in SORTS for way in (sort, f"-{sort}")]


async def fill(store: Store, clock: HandClock, chance: random.Random) -> None:
    """Mail that was tried a different number of times, due at different times, some held."""
    for _ in range(chance.randint(0, 25)):
        people = [f"u{each}@{chance.choice('abc')}.test" for each in range(chance.randint(1, 3))]
        sender = chance.choice((None, "x@from.test", "y@from.test"))
        hold = "why" if chance.random() < 0.2 else ""
        body = b"x" * chance.choice((10, 200))
        await accept(store, *people, sender=sender, hold=hold, body=body)
        if chance.random() < 0.5:
            clock.advance(1)
    for _ in range(chance.randint(0, 3)):
        for lot in await take(store, clock.now(), limit=chance.randint(0, 20)):
            if chance.random() < 0.2:
                await record(store, lot, TAKEN)
            else:
                await record(store, lot, LATER, clock.now() + chance.randint(1, 3))
        clock.advance(chance.randint(0, 3))


async def walked(store: Store, query: QueueQuery, sort: str, limit: int) -> list[QueueRow]:
    """All rows, page by page."""
    rows: list[QueueRow] = []
    cursor = ""
    while True:
        page = await store.page(query, sort=sort, cursor=cursor, limit=limit)
        rows += page.rows
        assert len(page.rows) <= limit
        if not page.next_cursor:
            return rows
        assert page.next_cursor != cursor
        cursor = page.next_cursor


def goes_by(row: QueueRow, sort: str) -> object:
    """What *sort* goes by, as far as a row shows it."""
    match sort:
        case "next":
            return row.next_at
        case "size":
            return row.size
        case "tries":
            return row.attempts
        case "destination":
            return row.destination
        case "from":
            return row.reverse_path or ""
        case _:
            return row.id


@pytest.mark.parametrize("sort", EVERY_WAY)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 9999),
    limit=st.integers(1, 9),
    query=st.sampled_from(["", "state:deferred", "dest:a.test", "!dest:b.test", "from:~x"]),
    by_index=st.sampled_from([0, 20_000]),
)
def test_every_order_is_complete_and_joined_up(
    sort: str, seed: int, limit: int, query: str, by_index: int
) -> None:
    """Each message once, in the order that its row shows, whatever the pages' length; what has
    no next attempt stands last both ways.
    """

    async def run(path: Path) -> None:
        clock = HandClock()
        options = Settings(path=path, min_free=ByteSize(0))
        store = await Store.open(options, clock=clock)
        try:
            await fill(store, clock, random.Random(seed))
            store._pages.by_index = by_index
            store._pages.block = 4
            store._pages._sorting.chunk = 5
            asked = parse_query(query) if query else EVERYTHING
            rows = await walked(store, asked, sort, limit)
            plain = await walked(store, asked, "age", 1000)
            assert sorted(row.id for row in rows) == [row.id for row in plain]
            order = sort.removeprefix("-")
            values = [goes_by(row, order) for row in rows]
            known = [each for each in values if each is not None]
            assert values[: len(known)] == known
            assert known == sorted(known, reverse=sort != order)  # type: ignore[type-var]
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder, "spool")))


@pytest.mark.parametrize("sort", EVERY_WAY)
async def test_a_list_goes_on_while_mail_comes_and_goes(
    store: Store, clock: HandClock, sort: str
) -> None:
    """What stays is shown once, in the place it had; what has gone since is not shown."""
    names = []
    for number in range(30):
        names.append(await accept(store, f"u@d{number % 3}.test", body=b"x" * (number % 7)))
        clock.advance(1)
    seen: list[MessageId] = []
    cursor = ""
    for turn in range(100):
        page = await store.page(EVERYTHING, sort=sort, cursor=cursor, limit=4)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
        left = [name for name in names if name not in seen]
        if left and turn < 3:
            await store.delete(QueueQuery(ids=(left[0],)), actor="m", reason="", at=1.0)
            names.remove(left[0])
    assert sorted(seen) == sorted(names)


async def test_a_pass_that_takes_too_long_is_refused(store: Store, clock: HandClock) -> None:
    """The sentence says what to do instead; the reader goes on to answer."""
    for number in range(50):
        await accept(store, f"u{number}@a.test")
    store._pages._sorting.deadline, store._pages._sorting.steps = -1.0, 10
    for sort in ("size", "next"):
        with pytest.raises(SpoolRefused, match="narrow the filter"):
            await store.page(EVERYTHING, sort=sort)
    assert len((await store.page(EVERYTHING)).rows) == 50


@pytest.mark.parametrize(
    "text",
    ["x", "[]", "[1]", "{}", '["a",1e400]', "[9223372036854775808,1]", "[0,1,2,3,4,5,6,7,8]"],
)
def test_a_cursor_that_is_none(text: str) -> None:
    """What no page ended with is refused."""
    with pytest.raises(BadCursor):
        read_cursor(text)


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("age", "x"),
        ("next", "[7,1.0,1,1]"),
        ("next", "[0,1.0]"),
        ("next", '["a",1.0,1,1]'),
        ("size", "[null,1]"),
        ("size", '[1,"a"]'),
        ("destination", "[0,1]"),
    ],
)
async def test_a_cursor_of_another_order(store: Store, sort: str, cursor: str) -> None:
    """A place there cannot be in this order is refused."""
    with pytest.raises(BadCursor):
        await store.page(EVERYTHING, sort=sort, cursor=cursor)


@given(
    st.lists(
        st.one_of(st.none(), st.text(), st.integers(-(2**63), 2**63 - 1), st.floats(-1e9, 1e9)),
        min_size=2,
        max_size=8,
    )
)
def test_a_cursor_is_read_as_it_was_written(values: list[str | int | float | None]) -> None:
    """Whatever a list is sorted by."""
    assert read_cursor(write_cursor(tuple(values))) == tuple(values)
