"""What is remembered of servers that do not do what they offer."""

from __future__ import annotations

from empath.delivery.habits import MOST, REMEMBERED, Habits


async def test_habits_are_bounded_in_number() -> None:
    """The oldest go; a server is remembered by host, port and extension."""
    habits = Habits()
    for port in range(MOST + 1):
        habits.note("mx.test", port, "PIPELINING")
    assert repr(habits) == f"<Habits {MOST}>"
    assert not habits.breaks("mx.test", 0, "PIPELINING")
    assert habits.breaks("mx.test", MOST, "PIPELINING")
    assert not habits.breaks("mx.test", MOST, "CHUNKING")
    assert REMEMBERED == 3600
