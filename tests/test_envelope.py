"""Message ids, states and lots."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.envelope import BadMessageId, Lot, MessageId, Priority, Recipient, State, Waiting

milliseconds = st.integers(0, 2**42 - 1)
tails = st.integers(0, 2**21 - 1)


@given(milliseconds, tails, milliseconds, tails)
def test_ids_sort_by_time(early: int, one: int, late: int, other: int) -> None:
    """The id of a later message sorts behind, as text and as the spool's key."""
    first, second = MessageId.compose(early, one), MessageId.compose(late, other)
    assert (first < second) == ((early, one) < (late, other))
    assert (first.key < second.key) == (first < second)


@given(milliseconds, tails)
def test_an_id_and_its_key_are_one(time: int, tail: int) -> None:
    """Key and text turn into each other, and the key fits a signed 64-bit integer."""
    id = MessageId.compose(time, tail)  # noqa: A001 - its name everywhere
    assert MessageId.from_key(id.key) == id
    assert 0 <= id.key < 2**63
    assert re.fullmatch("[0-9a-f]{16}", id)
    assert MessageId(id) is id


def test_a_long_tail_is_cut() -> None:
    """A tail beyond 21 bits wraps round instead of running into the time."""
    assert MessageId.compose(5, 2**21 + 3) == MessageId.compose(5, 3)


@pytest.mark.parametrize("text", ["", "0197", "0197A8C0F3E41B2C", "0197a8c0f3e41b2c0", "g" * 16])
def test_what_is_no_id_is_refused(text: str) -> None:
    """Only 16 lower-case hexadecimal digits are an id."""
    with pytest.raises(BadMessageId, match="16 hexadecimal"):
        MessageId(text)


def test_states_have_words_and_an_end() -> None:
    """Delivered, failed, expired and deleted are final; the others wait or work."""
    final = {state for state in State if state.final}
    assert final == {State.DELIVERED, State.FAILED, State.EXPIRED, State.DELETED}
    assert [state.word for state in State][:4] == ["queued", "deferred", "held", "active"]


def test_a_lot_was_tried_as_often_as_its_most_tried_recipient() -> None:
    """The attempts of a lot are those of its most often tried recipient."""
    ada, bob = (Recipient(EmailAddress(f"{name}@x.org")) for name in ("ada", "bob"))
    lot = Lot(
        id=MessageId.compose(1, 1),
        destination=Domain("x.org"),
        recipients=(Waiting(0, ada, 2), Waiting(1, bob, 5)),
        reverse_path=None,
        priority=Priority.NORMAL,
        received_at=0.0,
        due_at=0.0,
        size=1,
    )
    assert lot.attempts == 5
    assert lot != Lot(*(getattr(lot, name) for name in lot.__slots__))
