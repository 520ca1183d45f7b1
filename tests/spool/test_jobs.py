"""The list of jobs: bounded, and what runs is always in it."""

from __future__ import annotations

from msgspec.structs import replace

from empath.spool.jobs import CUT_SHORT, KEPT, Job
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.spool.conftest import Opener

GREAT = Job(action="hold", target="all", actor="ada", total=10**6, started_at=1.0, undoable=True)
SMALL = replace(GREAT, target="one", state="done", ended_at=2.0)


async def test_a_job_that_runs_is_not_forgotten_for_others(store: Store) -> None:
    """Whatever a script changes meanwhile, it can be found, and so cancelled and undone."""
    great = await store.begin_job(GREAT)
    last = [await store.begin_job(SMALL) for _ in range(KEPT + 5)][-1]
    listed = await store.jobs()
    assert (len(listed), listed[0], listed[-1]) == (KEPT, (last, SMALL), (great, GREAT))
    ended = replace(GREAT, state="done", ended_at=3.0)
    await store.keep_job(great, ended)
    assert (great, ended) not in await store.jobs(), "now it is one of the oldest"
    await store.begin_job(SMALL)
    assert len(await store.jobs(2 * KEPT)) == KEPT


async def test_whatever_ran_is_cut_short_at_the_next_start(
    opened: Opener, clock: HandClock
) -> None:
    """Also where there are more of them than are listed."""
    store = await opened()
    for _ in range(KEPT + 5):
        await store.begin_job(GREAT)
    await store.close()
    store = await opened()
    listed = await store.jobs(2 * KEPT)
    assert {(job.state, job.note) for _, job in listed} == {("failed", CUT_SHORT)}
    assert len(listed) == KEPT + 5
