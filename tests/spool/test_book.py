"""Leases in memory: the moments in which disk and memory could disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.envelope import Lot, Priority, State
from empath.policy.room import Room
from empath.spool.book import Book
from empath.spool.tally import Line, Tally
from tests.fakes.memory_spool import ARRIVED, lot

THERE = Domain("there.test")


@pytest.fixture
def book() -> Book:
    """A book with one message, on disk."""
    made = Book(lambda: 0.0)
    made.arrived(message().id.key, [message()], (), None)
    return made


def message() -> Lot:
    """What a scan of the disk finds; a new object each time."""
    return lot("b@there.test")


def due(tally: Tally, now: float) -> list[Line]:
    """All that may have something due."""
    tally.ripen(now, (), ())
    return tally.due(Room(100))


def found(book: Book) -> bool:
    """Offer the message to the book as a scan does."""
    return book.take_found(message(), (State.QUEUED,))


def test_a_scan_cannot_lease_what_is_leased(book: Book) -> None:
    """Two scans find the same message; the first one has it."""
    assert found(book)
    assert not found(book)


def test_what_a_scan_saw_first_is_not_handed_on_a_second_time() -> None:
    """A commit is on the disk a moment before the loop is told: a scan between has the message."""
    book, seen = Book(lambda: 0.0), message()
    book.begin_scan()
    assert book.take_found(seen, (State.QUEUED,))
    book.end_scan()
    assert book.begin(seen)
    book.arrived(seen.id.key, [message()], (), (b"", b"body"))
    assert book.fresh == 0
    assert book.holder(seen) is not None
    book.end(seen, None, (State.DELIVERED,))
    assert book.body(seen.id.key) is None
    assert not any(book.tally.totals)


def test_what_is_being_changed_as_it_arrives_is_left_to_the_change() -> None:
    """A change that found it on the disk before the loop was told decides what becomes of it."""
    book, new = Book(lambda: 0.0), message()
    assert book.freeze([new.id.key]) == []
    book.arrived(new.id.key, [new], (), (b"", b"body"))
    assert book.fresh == 0
    assert not found(book)
    book.thaw([new.id.key])
    assert found(book)


def test_a_scan_cannot_bring_back_what_ended_while_it_ran(book: Book) -> None:
    """What a scan saw may be recorded before it is done: then its finding is old."""
    mine = message()
    assert book.take_found(mine, (State.QUEUED,))
    book.begin_scan()
    assert book.begin(mine)
    book.end(mine, None, (State.DELIVERED,))
    assert not found(book)
    book.end_scan()
    assert found(book)


def test_a_scan_cannot_bring_back_what_was_changed_while_it_ran(book: Book) -> None:
    """An operator's change that came and went while a scan ran makes its finding old."""
    book.begin_scan()
    book.freeze([message().id.key])
    assert not found(book)
    book.thaw([message().id.key])
    assert not found(book)
    book.end_scan()
    assert found(book)


def test_overlapping_scans_keep_what_either_must_not_see(book: Book) -> None:
    """What ended during a scan is remembered until the last scan that ran then is done."""
    mine = message()
    book.take_found(mine, (State.QUEUED,))
    book.begin_scan()
    book.begin_scan()
    book.end(mine, ARRIVED)
    book.end_scan()
    assert not found(book)
    book.end_scan()
    assert found(book)


def test_what_a_scan_passed_over_is_looked_for_again(book: Book) -> None:
    """A message that was frozen when it was found is due again when the change is over."""
    book.freeze([message().id.key])
    (line,) = due(book.tally, ARRIVED)
    book.begin_scan()
    assert not found(book)
    book.tally.exhausted(line, None)
    book.end_scan()
    assert book.tally.next_due(ARRIVED) is None
    book.thaw([message().id.key])
    assert book.tally.next_due(ARRIVED) is not None
    assert book.arrival.is_set()


def test_mail_that_comes_while_its_destination_is_looked_at(book: Book) -> None:
    """Mail that a scan came too early to see is not forgotten when the scan found nothing."""
    (line,) = due(book.tally, ARRIVED)
    book.tally.wake(THERE, Priority.NORMAL, ARRIVED + 7)
    book.tally.exhausted(line, ARRIVED + 60)
    assert book.tally.next_due(ARRIVED) == ARRIVED + 7


def test_an_empty_destination_is_forgotten(book: Book) -> None:
    """When the last recipient is done nothing of its destination stays in memory."""
    mine = message()
    (line,) = due(book.tally, ARRIVED)
    book.take_found(mine, (State.QUEUED,))
    book.tally.exhausted(line, None)
    book.begin(mine)
    assert book.tally.totals == [0, 0, 0, 1]
    book.end(mine, None, (State.DELIVERED,))
    assert (book.tally.totals, len(book.tally)) == ([0, 0, 0, 0], 0)
    assert due(book.tally, ARRIVED + 99) == []


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 50)) | st.integers(1, 20), max_size=40
    )
)
def test_a_destination_is_looked_at_when_it_is_due(steps: list[tuple[str, int] | int]) -> None:
    """Whatever is woken when, nothing is looked at before its time, and nothing is missed."""
    tally = Tally()
    waiting: dict[Domain, set[float]] = {}
    now = 0.0
    for step in steps:
        if isinstance(step, tuple):
            name, wait = Domain(f"{step[0]}.test"), now + step[1]
            tally.add(name, State.QUEUED)
            tally.wake(name, Priority.NORMAL, wait)
            waiting.setdefault(name, set()).add(wait)
        else:
            now += step
        times = [time for each in waiting.values() for time in each]
        assert tally.next_due(now) == (min(times) if times else None)
        for line in due(tally, now):
            there = waiting[line.name]
            assert min(there) <= now
            there -= {time for time in there if time <= now}
            tally.exhausted(line, min(there, default=None))
        assert not [time for each in waiting.values() for time in each if time <= now]


def test_two_changes_of_one_message_freeze_it_until_both_are_over(book: Book) -> None:
    """The end of the first does not let it begin under the hands of the second."""
    keys = [message().id.key]
    assert book.freeze(keys) == book.freeze(keys) == []
    book.thaw(keys)
    assert not found(book)
    book.thaw(keys)
    assert found(book)
