"""Counting the queued mail that a change touches: right for every recipient, at bounded cost."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.address import Domain
from empath.config.model import Retry
from empath.config.units import Duration
from empath.envelope import MessageId, Priority, State
from empath.policy.impact import RetryChange
from empath.policy.retry import GiveUp, next_attempt, notice_due, wait
from empath.spool import migrations
from empath.spool.reader import Reader
from empath.spool.tally import Tally
from empath.spool.weighing import EXAMPLES, Part, Scales, Share

NOW = 1_790_000_000.0
PLACES = [Domain(f"d{n}.test") for n in range(4)]
HOPS = {"": False, "mx.test:25": True, f"mx.test:25 {NOW + 1}": True, f"mx.test:25 {NOW}": False}

Row = tuple[int, int, str, int, int, float | None, int, int, int, str]
"""Message, recipient, destination, class, state, due, attempts, noticed, notify, next hop."""

rows = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(PLACES),
        st.sampled_from([State.QUEUED, State.DEFERRED, State.HELD, State.DELIVERED]),
        st.integers(-7200, 7200),
        st.integers(0, 6),
        st.booleans(),
        st.integers(0, 7),
        st.sampled_from(list(HOPS)),
    ),
    max_size=40,
)
rules = st.builds(
    Retry,
    expiry=st.integers(60, 20_000).map(Duration),
    attempts=st.integers(1, 8),
    base=st.integers(1, 900).map(Duration),
    factor=st.sampled_from([1.0, 2.0, 4.0]),
    cap=st.sampled_from([Duration(300), Duration(7200)]),
    delay_notice=st.sampled_from([Duration(0), Duration(900), Duration(9000)]),
)


def key(message: int) -> int:
    """Messages came in a quarter of an hour after each other, the last one just now; the key of
    every second one is odd.
    """
    return (int((NOW - 900 * (9 - message)) * 1000) - message % 2) << 21


def stage(found: list[tuple[int, Domain, State, int, int, bool, int, str]]) -> list[Row]:
    """Recipients as they are stored."""
    return [
        (
            key(message),
            number,
            place,
            Priority(message % 5 - 2),
            state,
            NOW + due if state < State.HELD else None,
            attempts,
            noticed,
            notify,
            hop,
        )
        for number, (message, place, state, due, attempts, noticed, notify, hop) in enumerate(found)
    ]


def belongs(row: Row, change: RetryChange) -> set[Part]:
    """Where a recipient belongs, as the pure functions of delivery have it."""
    at, _, _, priority, _state, due, attempts, noticed, notify, hop = row
    old, new = change.old, change.new
    parts = {Part.REROUTED if HOPS[hop] else Part.OWN_WAY, Part[Priority(priority).name]}
    if attempts:
        parts.add(Part.TRIED)
    if due is None:
        return {*parts, Part.OTHERWISE}
    age = max(NOW, due) - (at >> 21) / 1000

    def ends(retry: Retry) -> bool:
        after = next_attempt(retry, attempts=attempts + 1, age=age, jitter_draw=0.5, now=NOW)
        return isinstance(after, GiveUp)

    if ends(old) == ends(new):
        parts.add(Part.OTHERWISE)
    else:
        parts.add(Part.GIVEN_UP if ends(new) else Part.KEPT)
    before, after = wait(old, attempts + 1), wait(new, attempts + 1)
    if before != after and not ends(new) and attempts < max(old.attempts, new.attempts):
        parts.add(Part.LONGER if after > before else Part.SHORTER)
    told = notice_due(new, age=age) and not notice_due(old, age=age)
    if told and not noticed and notify & 4 and (at // 2**21) % 2:
        parts.add(Part.NOTICED)
    return parts


def database(rows: list[Row]) -> tuple[apsw.Connection, Tally]:
    """The tables and the tally of a spool with these recipients; odd milliseconds have senders."""
    connection, tally = apsw.Connection(":memory:"), Tally()
    migrations.migrate(connection, migrations.steps())
    open_ = {row[0] for row in rows if row[4] < State.DELIVERED}
    for at in {row[0] for row in rows}:
        sender = "ada@from.test" if (at // 2**21) % 2 else None
        done = None if at in open_ else NOW
        connection.execute(
            "INSERT INTO message VALUES (?, ?, 0, 1, x'', '', 1, ?, x'', '')", (at, sender, done)
        )
    for row in rows:
        connection.execute(
            "INSERT INTO recipient (key, number, destination, priority, state, due_at, attempts,"
            " delay_noticed, notify, next_hop, address, original)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,'a@b.test','')",
            row,
        )
        if row[4] < State.DELIVERED:
            tally.add(Domain(row[2]), State(row[4]))
    return connection, tally


async def weighed(
    rows: list[Row], change: RetryChange, parts: Collection[Part], piece: int
) -> dict[tuple[Domain, Part], Share]:
    """The counts, with the examples looked at."""
    connection, tally = database(rows)
    reader = Reader(connection, Path("memory"), thread="test")
    try:
        scales = Scales(tally, reader, change, NOW, piece=piece)
        found: dict[tuple[Domain, Part], Share] = {}
        async for weight in scales.weigh(lambda _: parts):
            for part, share in weight.shares.items():
                found[weight.destination, part] = share
                named = await scales.examples(weight.destination, part)
                those = {
                    MessageId.from_key(row[0])
                    for row in rows
                    if row[2] == weight.destination
                    and row[4] < State.DELIVERED
                    and part in belongs(row, change)
                }
                assert set(named) <= those
                assert len(named) == min(EXAMPLES, len(those))
        return found
    finally:
        reader.close()


@settings(deadline=None)
@given(rows.map(stage), rules, rules, st.sampled_from([1, 3, 1000]))
def test_counts_are_those_of_the_pure_functions(
    rows: list[Row], old: Retry, new: Retry, piece: int
) -> None:
    """By index and in pieces, every recipient is counted as delivery would decide on it."""
    change = RetryChange(old, new)
    expected: dict[tuple[Domain, Part], list[int]] = {}
    for row in rows:
        if row[4] < State.DELIVERED:
            for part in belongs(row, change):
                expected.setdefault((Domain(row[2]), part), []).append(row[0])
    found = asyncio.run(weighed(rows, change, list(Part), piece))
    assert found == {where: (len(set(keys)), len(keys)) for where, keys in expected.items()}


@pytest.mark.parametrize("piece", [2, 1000])
async def test_only_what_is_wanted_is_looked_at(piece: int) -> None:
    """A destination for which no part is named costs no question."""
    rows = stage([(n % 10, PLACES[n % 4], State.QUEUED, 0, 0, False, 6, "") for n in range(40)])
    connection, tally = database(rows)
    asked: list[str] = []
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    reader = Reader(connection, Path("memory"), thread="test")
    scales = Scales(tally, reader, RetryChange(Retry(), Retry()), NOW, piece=piece)
    assert [each async for each in scales.weigh(lambda _: ())] == []
    assert asked == []
    wanted = {PLACES[1]: (Part.OWN_WAY,)}
    [found] = [each async for each in scales.weigh(lambda name: wanted.get(name, ()))]
    assert (found.destination, found.shares) == (PLACES[1], {Part.OWN_WAY: (5, 10)})
    assert asked
    reader.close()


async def test_a_destination_that_is_over_meanwhile_is_left_out() -> None:
    """Mail that was delivered while others were looked at is not missed."""
    rows = stage([(0, PLACES[0], State.QUEUED, 0, 0, False, 6, "")])
    connection, tally = database(rows)
    reader = Reader(connection, Path("memory"), thread="test")
    scales = Scales(tally, reader, RetryChange(Retry(), Retry()), NOW)

    def wanted(name: Domain) -> Collection[Part]:
        tally.move(name, State.QUEUED, State.DELIVERED)
        return (Part.OWN_WAY,)

    assert [each async for each in scales.weigh(wanted)] == []
    assert repr(scales).startswith("<Scales RetryChange(old=")
    reader.close()
