"""The writer's thread: what it promises to who waits for it."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from empath.config.units import ByteSize
from empath.spool.face import SpoolRefused
from empath.spool.store import Store
from empath.spool.writer import Single
from tests.fakes.eventually import eventually
from tests.fakes.mail import accept
from tests.spool.conftest import Opener


class Noted(Single[str]):
    """Writes a setting, and says so."""

    def __init__(self, name: str, *, fault: str = "") -> None:
        super().__init__(asyncio.get_running_loop())
        self.name = name
        self.fault = fault
        self.told = False

    def run(self, cursor: apsw.Cursor) -> None:
        cursor.execute("INSERT INTO setting VALUES (?, 'x')", (self.name,))
        if self.fault == "run":
            raise ValueError("bad")

    def landed(self) -> str:
        if self.fault == "landed":
            raise ValueError("worse")
        return self.name

    def refused(self) -> None:
        self.told = True


async def test_results_come_to_who_asked(store: Store) -> None:
    """Each operation of a batch gets its own result."""
    operations = [Noted(f"n{number}") for number in range(300)]
    for operation in operations:
        store._writer.submit(operation)
    assert await asyncio.gather(*(each.future for each in operations)) == [
        each.name for each in operations
    ]


async def test_a_fault_is_one_operations_own(store: Store) -> None:
    """What fails in the transaction or after it is told to its caller, and to no other."""
    operations = [Noted("a"), Noted("b", fault="run"), Noted("c", fault="landed"), Noted("d")]
    for operation in operations:
        store._writer.submit(operation)
    results = await asyncio.gather(*(each.future for each in operations), return_exceptions=True)
    assert (results[0], results[3]) == ("a", "d")
    assert isinstance(results[1], SpoolRefused)
    assert isinstance(results[2], ValueError)
    assert [each.told for each in operations] == [False, True, False, False]
    assert [await store.setting(name) for name in "abcd"] == ["x", None, "x", "x"]


async def test_who_goes_away_holds_nobody_up(store: Store) -> None:
    """A caller that no longer waits is skipped; its operation is done all the same."""
    first, second = Noted("a"), Noted("b")
    store._writer.submit(first)
    store._writer.submit(second)
    first.future.cancel()
    assert await second.future == "b"
    assert await store.setting("a") == "x"


async def test_the_log_stays_bounded(opened: Opener) -> None:
    """Under load the log is moved into the database between transactions."""
    store = await opened(inline_limit=ByteSize(50_000))
    for _ in range(20):
        await asyncio.gather(*(accept(store, body=bytes(50_000)) for _ in range(50)))
    assert (store.path / "queue.db-wal").stat().st_size < 25 * 2**20
    assert (store.path / "queue.db").stat().st_size > 25 * 2**20


async def test_an_idle_moment_is_used(store: Store) -> None:
    """When nothing is to be done the log is moved into the database, without being asked."""
    await asyncio.gather(*(accept(store, body=bytes(1000)) for _ in range(1500)))
    await eventually(lambda: (store.path / "queue.db").stat().st_size > 500_000)


async def test_what_was_submitted_before_the_end_is_done(store: Store) -> None:
    """Closing finishes what waits; what comes later is refused, not forgotten."""
    early = [Noted(f"n{number}") for number in range(50)]
    for operation in early:
        store._writer.submit(operation)
    await store.close()
    assert len(await asyncio.gather(*(each.future for each in early))) == 50
    late = Noted("late")
    store._writer.submit(late)
    with pytest.raises(SpoolRefused, match="closed"):
        await late.future
    assert late.told
