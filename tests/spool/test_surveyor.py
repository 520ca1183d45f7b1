"""Surveys of the queue: every recipient in its bin, one pass for all who ask."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.envelope import Priority, State
from empath.spool import migrations, surveyor
from empath.spool.reader import Reader
from empath.spool.surveying import BOUNDS, COLUMNS, MOST_ROWS, NOTHING, Group, Survey
from empath.spool.surveyor import LEAST, Surveyor
from tests.fakes.clock import HandClock

NOW = 1_790_000_000.0
PLACES = ("a.test", "b.test", "c.test")
SENDERS = ("ada@one.test", '"x@y"@TWO.test', None)

mail = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(SENDERS),
        st.lists(
            st.tuples(
                st.sampled_from(PLACES),
                st.sampled_from([State.QUEUED, State.DEFERRED, State.HELD, State.DELIVERED]),
                st.integers(-10, 400),
            ),
            min_size=1,
            max_size=4,
        ),
        st.sampled_from([Priority.NORMAL, Priority.BULK]),
    ),
    max_size=30,
)


def database(
    messages: list[tuple[int, str | None, list[tuple[str, State, int]], Priority]],
) -> apsw.Connection:
    """A spool with these messages: minutes of age, sender, recipients with minutes to wait."""
    connection = apsw.Connection(":memory:")
    migrations.migrate(connection, migrations.steps())
    for number, (minutes, sender, recipients, priority) in enumerate(messages):
        key = (int((NOW - 60 * minutes) * 1000) << 21) + number
        waits = any(state is not State.DELIVERED for _, state, _ in recipients)
        connection.execute(
            "INSERT INTO message VALUES (?, ?, ?, 100, x'', '', 1, ?, x'', ?)",
            (
                key,
                sender,
                int(priority),
                None if waits else NOW,
                f'["7BIT",false,"",false,"192.0.2.{number % 3}"]',
            ),
        )
        for place, (name, state, wait) in enumerate(recipients):
            due = NOW + 60 * wait if state in (State.QUEUED, State.DEFERRED) else None
            connection.execute(
                "INSERT INTO recipient (key, number, address, destination, state, due_at, notify,"
                " original, priority) VALUES (?, ?, 'x@y', ?, ?, ?, 0, '', ?)",
                (key, place, name, int(state), due, int(priority)),
            )
    return connection


def place(minutes: float) -> int:
    """The bin of so many minutes."""
    return sum(minutes > bound for bound in BOUNDS)


def look(connection: apsw.Connection, group: Group, most: int = MOST_ROWS) -> Survey:
    """A whole survey, in as many pieces as it takes."""
    sums = surveyor.Sums(most)
    while sums.start < surveyor.NEWEST:
        sums.look(connection, group, surveyor.limits_at(NOW))
    return sums.survey(NOW, classes=group == "destination")


@settings(max_examples=60, deadline=None)
@given(mail)
def test_a_survey_is_what_counting_by_hand_gives(
    messages: list[tuple[int, str | None, list[tuple[str, State, int]], Priority]],
) -> None:
    """Each recipient that waits is in one bin by age; in one by next attempt unless it is held."""
    ages: Counter[tuple[str, str, int]] = Counter()
    nexts: Counter[tuple[str, str, int]] = Counter()
    classes: Counter[tuple[Priority, State]] = Counter()
    for minutes, sender, recipients, priority in messages:
        for name, state, wait in recipients:
            if state is State.DELIVERED:
                continue
            domain = (sender or "").rpartition("@")[2].lower()
            for group, row in (("destination", name), ("sender", domain)):
                ages[group, row, place(minutes)] += 1
                if state is not State.HELD:
                    nexts[group, row, place(wait)] += 1
            classes[priority, state] += 1
    connection = database(messages)
    groups: tuple[Group, ...] = ("destination", "sender")
    for group in groups:
        survey = look(connection, group)
        for row in survey.rows:
            assert row.ages == tuple(ages[group, row.name, n] for n in range(8))
            assert row.nexts == tuple(nexts[group, row.name, n] for n in range(8))
            assert row.total == sum(row.ages)
        assert {row.name for row in survey.rows} == {
            name for kind, name, _ in ages if kind == group
        }
        assert survey.total.total == sum(classes.values())
        assert [row.total for row in survey.rows] == sorted(
            (row.total for row in survey.rows), reverse=True
        )
    survey = look(connection, "destination")
    for (priority, state), count in classes.items():
        assert survey.classes[priority][state] == count


def test_places_that_are_too_many_are_in_the_sum() -> None:
    """Those with most are told apart, the others counted: nothing is lost in the total."""
    names = [(f"d{number}.test", State.DEFERRED, number) for number in range(50)]
    names += [("d7.test", State.QUEUED, 1)]
    connection = database(
        [(number, "a@b.test", [one], Priority.NORMAL) for number, one in enumerate(names)]
    )
    survey = look(connection, "destination", most=5)
    assert (len(survey.rows), survey.rest, survey.total.total) == (5, 45, 51)
    assert survey.rows[0].name == "d7.test"
    assert survey.total.oldest_at == NOW - 60 * 50
    assert survey.total.next_at == NOW


async def test_all_who_ask_share_one_look(tmp_path: Path) -> None:
    """A survey is made once however many ask, and anew when its time is over."""
    clock = HandClock()
    connection = database([(3, "a@b.test", [("a.test", State.QUEUED, 0)], Priority.NORMAL)])
    made = Surveyor(Reader(connection, tmp_path, thread="survey"), clock)
    first, second = await asyncio.gather(made.survey("destination"), made.survey("destination"))
    assert first is second
    clock.advance(LEAST - 0.1)
    assert await made.survey("destination") is first
    clock.advance(0.2)
    assert await made.survey("destination") is not first
    await asyncio.to_thread(made.close)


async def test_rows_are_put_in_any_order(tmp_path: Path) -> None:
    """Every column is an order; equal ones go by name, what is never due comes last."""
    connection = database(
        [
            (30, "a@b.test", [("b.test", State.HELD, 0)], Priority.NORMAL),
            (
                3,
                "a@b.test",
                [("a.test", State.DEFERRED, 9), ("c.test", State.QUEUED, 0)],
                Priority.BULK,
            ),
        ]
    )
    made = Surveyor(Reader(connection, tmp_path, thread="survey"), HandClock())
    survey = await made.survey("destination")
    for column in COLUMNS:
        assert sorted(row.name for row in await made.arranged(survey, column)) == [*PLACES]
    by_next = await made.arranged(survey, "next")
    assert [row.name for row in by_next] == ["c.test", "a.test", "b.test"]
    assert await made.arranged(survey, "next") is by_next
    assert (await made.arranged(survey, "oldest"))[0].name == "b.test"
    assert (await made.arranged(survey, "age3"))[-1].name == "b.test"
    assert "a.test" in survey
    assert survey.find("nowhere.test") is NOTHING
    await asyncio.to_thread(made.close)


async def test_senders_are_counted_three_ways(tmp_path: Path) -> None:
    """By address, by domain whatever its case, and by client; finished mail is not counted."""
    recipient = [("a.test", State.DEFERRED, 9)]
    connection = database(
        [
            (9, "ada@one.test", recipient, Priority.NORMAL),
            (8, "bob@ONE.test", recipient, Priority.NORMAL),
            (7, None, recipient, Priority.NORMAL),
            (6, "gone@one.test", [("a.test", State.DELIVERED, 0)], Priority.NORMAL),
        ]
    )
    made = Surveyor(Reader(connection, tmp_path, thread="survey"), HandClock())
    senders = await made.senders("sender")
    assert [(row.name, row.messages) for row in senders.rows] == [
        ("", 1),
        ("ada@one.test", 1),
        ("bob@ONE.test", 1),
    ]
    domains = await made.senders("domain")
    assert [(row.name, row.messages, row.octets) for row in domains.rows] == [
        ("one.test", 2, 200),
        ("", 1, 100),
    ]
    assert domains.rows[0].oldest_at == NOW - 540
    clients = await made.senders("client")
    assert {row.name for row in clients.rows} == {"192.0.2.0", "192.0.2.1", "192.0.2.2"}
    assert [at for _, at in await made.oldest(2)] == [NOW - 540, NOW - 480]
    await asyncio.to_thread(made.close)
