"""The room of the window, class by class."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from empath.envelope import Priority
from empath.policy.room import CLASSES, Room


def test_half_is_anyones_and_half_is_kept_for_the_classes() -> None:
    """One class alone may fill six tenths of the window; the rest is kept for the others."""
    room = Room.within(100, {})
    assert (room.left, room.of(Priority.BULK)) == (100, 60)
    for _ in range(60):
        room.take(Priority.BULK)
    assert (room.left, room.of(Priority.BULK), room.of(Priority.CRITICAL)) == (40, 0, 10)
    assert "shared=0" in repr(room)


def test_a_plain_limit_is_anyones() -> None:
    """Without shares the most urgent may have it all."""
    room = Room(3)
    assert [room.of(priority) for priority in CLASSES] == [3] * 5


@given(
    st.integers(10, 3000),
    st.lists(st.sampled_from(CLASSES), max_size=200),
    st.dictionaries(st.sampled_from(CLASSES), st.integers(0, 400)),
)
def test_no_class_can_take_what_is_kept_for_another(
    window: int, asked: list[Priority], waiting: dict[Priority, int]
) -> None:
    """Whatever is asked for, in whatever order: the window is never overfull unless it was
    before, and each class can always fill its own tenth.
    """
    room = Room.within(window, waiting)
    now = {priority: waiting.get(priority, 0) for priority in CLASSES}
    before = sum(now.values())
    for priority in asked:
        if room.of(priority):
            room.take(priority)
            now[priority] += 1
    assert sum(now.values()) <= max(window, before, window // 2 + before)
    for priority in CLASSES:
        assert room.of(priority) >= window // 10 - now[priority]
