"""The trash: what operators deleted can be had back for a while, and then it is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from msgspec.structs import replace

from empath.clock import SystemClock
from empath.config.model import Spool as Settings
from empath.config.units import ByteSize, Duration
from empath.envelope import MessageId, State
from empath.query import EVERYTHING, parse_query
from empath.spool.jobs import CUT_SHORT, FORMER_MOST, KEPT, Job
from empath.spool.rows import select
from empath.spool.store import Store
from empath.spool.trash import EASE, EVERY
from empath.spool.undo import Source
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tests.fakes.mail import BODY, TAKEN, accept, octets, record, take
from tests.spool.conftest import Opener

LARGE = b"x" * 5000


def a_job(at: float, action: str = "delete") -> Job:
    """A change that begins."""
    return Job(action=action, target="", actor="m", total=1, started_at=at, undoable=True)


async def delete(store: Store, query: str, at: float) -> int:
    """Delete what matches, as a job; gives its number."""
    frozen = await store.freeze(parse_query(query) if query else EVERYTHING)
    number = await store.begin_job(a_job(at))
    for lot in frozen.lots(100, job=number):
        await store.delete(lot, actor="m", reason="", at=at)
    return number


def files(store: Store) -> int:
    """Body files there are."""
    return sum(path.is_file() for path in (store.path / "body").rglob("*"))


async def restore(store: Store, *ids: MessageId) -> int:
    """Have messages back; how many recipients came."""
    done = await store.take_back(Source(0, "delete"), actor="m", at=1.0, reason="", ids=ids)
    return 0 if done is None else done.recipients


async def test_deleted_mail_is_in_no_list_and_not_delivered(store: Store, clock: HandClock) -> None:
    """It counts nowhere and is never due; its body is still there, and checked."""
    name = await accept(store, "a@a.test", body=LARGE)
    await accept(store, "b@b.test")
    number = await delete(store, "dest:a.test", clock.now())
    assert [row.destination for row in (await store.page(EVERYTHING)).rows] == ["b.test"]
    assert [row.destination for row in await store.destinations()] == ["b.test"]
    stats = await store.stats()
    assert (stats.messages, stats.recipients[State.QUEUED], stats.file_bodies) == (1, 1, 1)
    assert [lot.destination for lot in await take(store, clock.now())] == ["b.test"]
    assert store.trashed == (1, stats.octets + len(LARGE) - len(BODY))
    (row,) = await store.trash()
    assert (row.id, row.job, row.recipients, row.recipient) == (name, number, 1, "a@a.test")
    found = await store.message(name)
    assert found is not None
    assert (found.recipients[0].state, found.body_stored) == (State.DELETED, True)
    assert (await octets(await store.content(name))).endswith(LARGE)
    assert list(await store.check()) == []


async def test_a_part_of_a_message_waits_in_the_trash_with_its_body(
    store: Store, clock: HandClock
) -> None:
    """One recipient is deleted, the other is served: the body stays until both have gone."""
    name = await accept(store, "a@a.test", "b@b.test", body=LARGE)
    await delete(store, "dest:a.test", clock.now())
    assert store.trashed == (1, 0)
    (lot,) = await take(store, clock.now())
    await record(store, lot, TAKEN)
    stats = await store.stats()
    assert (stats.messages, stats.finished, stats.octets, files(store)) == (0, 1, 0, 1)
    assert store.trashed[1] > len(LARGE)
    assert await restore(store, name) == 1
    (lot,) = await take(store, clock.now())
    assert lot.destination == "a.test"
    assert (await octets(await store.content(name))).endswith(LARGE)
    await record(store, lot, TAKEN)
    await eventually(lambda: not files(store))
    assert store.trashed == (0, 0)


async def test_after_its_time_it_is_gone(opened: Opener, clock: HandClock) -> None:
    """Bodies in the database and in files go; the history stays, until its own time."""
    store = await opened(trash_for=Duration(100))
    name = await accept(store, "a@a.test", body=LARGE)
    await accept(store, "a@a.test")
    await delete(store, "", clock.now())
    clock.advance(90)
    later = await accept(store, "a@a.test")
    await delete(store, "", clock.now())
    clock.advance(EVERY)
    await store.keep("tidy", "now")
    await eventually(lambda: store.trashed[0] == 1)
    await eventually(lambda: not files(store))
    assert await restore(store, name) == 0
    assert [row.id for row in await store.trash()] == [later]
    found = await store.message(name)
    assert found is not None
    assert not found.body_stored
    assert (await store.stats()).file_bodies == 0
    assert await restore(store, later) == 1
    assert list(await store.check()) == []


async def test_a_restart_keeps_the_trash(opened: Opener, clock: HandClock) -> None:
    """Counts, bodies and places are the same after a start; the sweep of orphans spares it."""
    store = await opened()
    name = await accept(store, "a@a.test", "b@b.test", body=LARGE)
    await delete(store, "", clock.now())
    before = store.trashed
    store = await opened()
    assert list(await store.swept()) == []
    assert store.trashed == before
    assert await restore(store, name) == 2
    assert len(await take(store, clock.now())) == 2


async def test_the_history_of_what_is_in_the_trash_is_not_forgotten(
    opened: Opener, clock: HandClock
) -> None:
    """`keep_finished` and its count are for what has really ended."""
    store = await opened(keep_finished=Duration(1), keep_finished_count=0)
    name = await accept(store, "a@a.test")
    await accept(store, "b@b.test")
    await delete(store, "dest:a.test", clock.now())
    (lot,) = await take(store, clock.now())
    await record(store, lot, TAKEN)
    for _ in range(3):
        clock.advance(EVERY + 1)
        await store.keep("tidy", "now")
    await eventually(lambda: store._book.tally.finished == 1)
    assert await restore(store, name) == 1


async def test_short_of_disk_the_oldest_go_first(opened: Opener, clock: HandClock) -> None:
    """Below `min_free` the trash is emptied lot by lot, though its time is not over."""
    store = await opened()
    for number in range(3):
        await accept(store, f"u{number}@a.test", body=LARGE)
        await delete(store, "", clock.now())
        clock.advance(1)
    clock.advance(EASE)
    store.reconfigure(store._settings)
    await store.keep("tidy", "now")
    assert store.trashed[0] == 3
    short = {name: getattr(store._settings, name) for name in store._settings.__struct_fields__}
    store.reconfigure(Settings(**{**short, "min_free": ByteSize(2**60)}))
    clock.advance(EASE)
    await store.keep("tidy", "now")
    await eventually(lambda: store.trashed == (0, 0))
    await eventually(lambda: not files(store))


async def test_the_trash_is_listed_in_pages(store: Store, clock: HandClock) -> None:
    """The last deleted first; each message once, however often it was deleted from."""
    names = [await accept(store, f"u{each}@a.test", f"u{each}@b.test") for each in range(7)]
    await delete(store, "dest:a.test rcpt:~u3", clock.now())
    clock.advance(1)
    await delete(store, "", clock.now())
    seen: list[MessageId] = []
    before = None
    while rows := await store.trash(before, 3):
        seen += [row.id for row in rows]
        before = rows[-1].at, rows[-1].id.key
    assert seen == names[::-1]
    assert next(row for row in await store.trash() if row.id == names[3]).recipients == 2


async def test_what_is_damaged_in_the_trash_is_told(store: Store, clock: HandClock) -> None:
    """`spool check` knows the trash: bodies that are gone or damaged there."""
    name = await accept(store, "a@a.test", body=LARGE)
    await delete(store, "", clock.now())
    (file,) = (path for path in (store.path / "body").rglob("*") if path.is_file())
    file.write_bytes(b"y" * file.stat().st_size)
    (problem,) = await store.check()
    assert problem.subject == name
    assert "in the trash" in problem.sentence


async def test_jobs_are_remembered_and_bounded(store: Store, clock: HandClock) -> None:
    """The newest hundred; of too many former states the oldest jobs are let go."""
    ended = replace(a_job(clock.now(), "hold"), state="done", ended_at=clock.now())
    for _ in range(KEPT + 5):
        number = await store.begin_job(ended)
    found = await store.jobs(500)
    assert [each for each, _ in found] == list(range(number, number - KEPT, -1))
    last = found[0][1]
    for each in (number - 1, number):
        await store.keep_job(
            each, replace(last, state="done", ended_at=1.0, recipients=FORMER_MOST - 1)
        )
    able = {each: job.undoable for each, job in await store.jobs(2)}
    assert able == {number: True, number - 1: False}


async def test_former_states_of_forgotten_jobs_go(opened: Opener, clock: HandClock) -> None:
    """What nobody can take back any more takes no place."""
    store = await opened()
    await accept(store, "a@a.test")
    number = await store.begin_job(a_job(clock.now(), "hold"))
    for lot in (await store.freeze(EVERYTHING)).lots(9, job=number):
        await store.hold(lot, actor="m", reason="", at=1.0)
    kept = "SELECT count(*) FROM former"
    assert await store._operator.ask(select, kept) == [(1,)]
    await store.keep_job(number, Job(action="hold", target="", actor="m", total=1, started_at=1.0))
    clock.advance(EVERY)
    await store.keep("tidy", "now")
    await store.keep("tidy", "now")
    assert await store._operator.ask(select, kept) == [(0,)]


VICTIM = """
import asyncio, os, sys
from pathlib import Path
from empath.clock import SystemClock
from empath.config.model import Spool
from empath.query import EVERYTHING
from empath.spool.jobs import Job
from empath.spool.store import Store
from tests.fakes.mail import accept

async def main():
    clock = SystemClock()
    store = await Store.open(Spool(path=Path(sys.argv[1])), clock=clock)
    for number in range(60):
        await accept(store, f"u{number}@a.test", f"u{number}@b.test", body=b"x" * 200_000)
    frozen = await store.freeze(EVERYTHING)
    job = Job(action=sys.argv[2], target="", value="", actor="m", total=60, started_at=1.0,
              undoable=True)
    number = await store.begin_job(job)
    for at, lot in enumerate(frozen.lots(1, job=number)):
        os.write(1, b"lot\\n")
        if sys.argv[2] == "delete":
            await store.delete(lot, actor="m", reason="", at=clock.now())
        else:
            await store.hold(lot, actor="m", reason="", at=clock.now())
    os.write(1, b"end\\n")
    sys.stdin.read()  # until it is killed, or whoever started it is gone

asyncio.run(main())
"""


async def killed_between_lots(folder: Path, action: str, lots: int) -> None:
    """Kill an engine in the middle of a job, and look at what it left."""
    with subprocess.Popen(  # noqa: ASYNC220 - a test may block
        [sys.executable, "-c", VICTIM, str(folder), action],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as victim:
        assert victim.stdout is not None
        for _ in range(lots):
            assert victim.stdout.readline() == b"lot\n"
        victim.send_signal(signal.SIGKILL)
    store = await Store.open(Settings(path=folder, min_free=ByteSize(0)), clock=SystemClock())
    try:
        await store.swept()
        ((number, job),) = await store.jobs()
        assert (job.state, job.note, job.undoable) == ("failed", CUT_SHORT, True)
        stats = await store.stats()
        changed = store.trashed[0] if action == "delete" else stats.recipients[State.HELD] // 2
        assert lots - 1 <= changed <= lots + 1
        assert stats.messages == (60 - changed if action == "delete" else 60)
        assert list(await store.check()) == []
        assert files(store) == 60
        source, after = Source(number, action, ""), 0
        while lot := await store.take_back(source, actor="m", at=1.0, reason="", after=after):
            assert (lot.left, lot.in_flight) == (0, 0)
            after = lot.place
        stats = await store.stats()
        assert (stats.messages, stats.recipients[State.QUEUED]) == (60, 120)
    finally:
        await store.close()


async def test_killed_between_lots_of_a_delete(tmp_path: Path) -> None:
    """Each message is in the queue or in the trash, whole; none is lost, all come back."""
    await killed_between_lots(tmp_path / "a", "delete", 7)
    await killed_between_lots(tmp_path / "b", "delete", 31)


async def test_killed_between_lots_of_a_hold(tmp_path: Path) -> None:
    """Each message is held or not, for all its recipients; an undo knows which."""
    await killed_between_lots(tmp_path / "a", "hold", 12)
