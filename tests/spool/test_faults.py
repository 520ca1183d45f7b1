"""Faults of disk, files and neighbours: refused with a sentence, nothing lost, nothing left."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import MessageId
from empath.query import EVERYTHING
from empath.spool import migrations
from empath.spool.face import BodyUnfit, SpoolInUse, SpoolRefused, SpoolUnusable
from empath.spool.store import Store
from empath.spool.writer import Single
from tests.fakes.clock import HandClock
from tests.fakes.mail import BODY, LATER, PREFIX, TAKEN, accept, octets, record, take
from tests.spool.conftest import Opener

LARGE = os.urandom(400_000)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file can grow beyond *size* octets: to the spool, a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def change(spool: Path, sql: str, *values: apsw.SQLiteValue) -> None:
    """Change the database of a closed spool."""
    connection = apsw.Connection(str(spool / "queue.db"))
    connection.execute(sql, values)
    connection.close()


async def test_a_body_that_finds_no_space_is_refused(store: Store) -> None:
    """A large body that meets a full disk is refused with the folder's name; no file is left."""
    with files_up_to(200_000), pytest.raises(SpoolRefused, match=str(store.path)):
        await accept(store, body=LARGE * 4)
    await store.keep("a moment", "later")
    assert (await store.stats()).messages == 0
    assert await asyncio.to_thread(os.listdir, store.path / "body") == []
    name = await accept(store, body=LARGE)
    assert await octets(await store.content(name)) == PREFIX + LARGE


async def test_a_database_that_finds_no_space_refuses(opened: Opener, clock: HandClock) -> None:
    """What the database cannot take is refused, what it took stays, and it goes on later."""
    store = await opened(inline_limit=ByteSize(300_000))
    kept = [await accept(store, f"u{n}@there.test", body=os.urandom(9000)) for n in range(10)]
    (lot,) = await take(store, clock.now(), limit=1)
    refused = 0
    connection = store._writer._connection
    with files_up_to((store.path / "queue.db-wal").stat().st_size + 10_000):
        for _ in range(10):
            with pytest.raises(SpoolRefused, match=str(store.path)):
                await accept(store, body=b"x" * 200_000)
            refused += 1
        with pytest.raises(SpoolRefused):
            await asyncio.gather(*(accept(store, body=b"y" * 90_000) for _ in range(5)))
    assert refused == 10
    await record(store, lot, TAKEN)
    assert store._writer._connection is not connection  # a failed sync is never retried
    kept.append(await accept(store))
    stats = await store.stats()
    assert (stats.messages, stats.finished) == (10, 1)
    store = await opened()
    page = await store.page(EVERYTHING)
    assert [row.id for row in page.rows] == [each for each in kept if each != lot.id]
    assert list(await store.check()) == []


async def test_an_attempt_can_be_recorded_after_a_refusal(store: Store, clock: HandClock) -> None:
    """When the disk refuses a record the lease stands, and the same record works later."""
    await accept(store, body=LARGE)
    (lot,) = await take(store, clock.now())
    with files_up_to(4096), pytest.raises(SpoolRefused):
        await record(store, lot, LATER, clock.now() + 60)
    assert await store.due(clock.now(), limit=9, per_destination=9) == []
    await record(store, lot, LATER, clock.now() + 60)
    assert len(await take(store, clock.now() + 60)) == 1


async def test_a_bad_operation_harms_no_other(store: Store, clock: HandClock) -> None:
    """One operation of a batch that fails is refused alone; the others are durable."""

    class Broken(Single[None]):
        def run(self, cursor: apsw.Cursor) -> None:
            cursor.execute("INSERT INTO setting VALUES ('half', 'done')")
            raise ValueError("broken")

        def landed(self) -> None:
            pytest.fail("it was never durable")

    broken = Broken(asyncio.get_running_loop())
    results = asyncio.gather(*(accept(store) for _ in range(5)))
    await asyncio.sleep(0)
    store._writer.submit(broken)
    assert len(await results) == 5
    with pytest.raises(SpoolRefused, match="broken"):
        await broken.future
    assert await store.setting("half") is None
    assert len(await take(store, clock.now())) == 5


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            "UPDATE body SET content = CAST(replace(content, 'Hello', 'Jello') AS BLOB)",
            "SHA-256 differs",
        ),
        ("UPDATE body SET content = substr(content, 2)", "SHA-256 differs"),
        ("DELETE FROM body", "missing"),
        ("UPDATE message SET prefix = CAST(x'20' || substr(prefix, 2) AS BLOB)", "trace fields"),
    ],
)
async def test_a_damaged_inline_body_is_not_sent(opened: Opener, damage: str, words: str) -> None:
    """A body in the database that is not what was accepted is told apart, and found by a check."""
    store = await opened()
    name = await accept(store)
    await store.close()
    change(store.path, damage)
    store = await opened()
    with pytest.raises(BodyUnfit, match=words):
        await store.content(name)
    (problem,) = await store.check()
    assert problem.subject == name


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "remove", "link", "pipe"])
async def test_a_damaged_body_file_is_not_sent(opened: Opener, damage: str) -> None:
    """A changed, cut, missing or replaced body file is refused before an octet is handed out."""
    store = await opened()
    name = await accept(store, body=LARGE)
    path = store.path / "body" / name
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut":
            path.write_bytes(data[:-1])
        case "grow":
            path.write_bytes(data + b"x")
        case "remove":
            path.unlink()
        case "link":
            path.rename(path.with_name("elsewhere"))
            path.symlink_to("elsewhere")
        case _:
            path.unlink()
            os.mkfifo(path)
    store = await opened()
    with pytest.raises(BodyUnfit, match=name):
        await store.content(name)
    assert name in {problem.subject for problem in await store.check()}


async def test_a_file_cut_while_it_is_sent_stops(store: Store) -> None:
    """A body file that ends early after it was verified raises, and is not taken for whole."""
    name = await accept(store, body=LARGE)
    content = await store.content(name)
    store._book._kept.clear()
    content = await store.content(name)
    os.truncate(store.path / "body" / name, 1000)
    with pytest.raises(BodyUnfit, match="cut"):
        await octets(content)
    (store.path / "body" / name).unlink()
    with pytest.raises(BodyUnfit, match="cannot be read"):
        await octets(content)


async def test_orphans_are_swept(opened: Opener) -> None:
    """Files that no message names go at the start; bodies of waiting mail stay."""
    store = await opened()
    kept = await accept(store, body=LARGE)
    done = await accept(store, body=LARGE)
    folder = store.path / "body"
    await store.close()
    change(store.path, "UPDATE message SET stored = 0 WHERE key = ?", done.key)
    for orphan in ("0" * 16, "1234567812345678.part", "stray"):
        (folder / orphan).write_bytes(b"x")
    store = await opened()
    assert sorted(await store.swept()) == sorted(["0" * 16, "1234567812345678.part", "stray", done])
    assert [path.name for path in folder.iterdir()] == [kept]
    assert await octets(await store.content(kept)) == PREFIX + LARGE


async def test_a_sound_spool_has_no_problems(opened: Opener, clock: HandClock) -> None:
    """A check of small, large, finished and half received mail finds nothing."""
    store = await opened()
    await accept(store)
    await accept(store, body=LARGE)
    (lot, _) = await take(store, clock.now())
    await record(store, lot, TAKEN)
    draft = store.draft()
    draft.write(LARGE)
    await draft.drain()
    assert list(await store.check()) == []
    await draft.abort()
    await draft.abort()
    (store.path / "body" / "stray").write_bytes(b"")
    (problem,) = await store.check()
    assert problem.subject == "body/stray"


async def test_a_damaged_database_is_found(opened: Opener) -> None:
    """Recipients without a message are reported by the check."""
    store = await opened()
    name = await accept(store)
    await store.close()
    change(store.path, "DELETE FROM message")
    store = await opened()
    assert [problem.subject for problem in await store.check()] == [name]


async def test_two_engines_never_meet(opened: Opener, settings: Settings, clock: HandClock) -> None:
    """A second engine on the same spool is told whose it is and what to do."""
    await opened()
    with pytest.raises(SpoolInUse, match=rf"process {os.getpid()}.*stop it"):
        await Store.open(settings, clock=clock)


async def test_a_lock_left_behind_is_no_obstacle(opened: Opener, settings: Settings) -> None:
    """The lock file of an engine that was killed keeps nobody out."""
    settings.path.mkdir()
    (settings.path / "lock").write_text("99999\n")
    await opened()
    assert (settings.path / "lock").read_text() == f"{os.getpid()}\n"


async def test_a_newer_schema_is_refused(
    opened: Opener, settings: Settings, clock: HandClock
) -> None:
    """A spool that a newer Empath has used is not touched; the sentence says so."""
    store = await opened()
    await store.close()
    change(store.path, "PRAGMA user_version = 99")
    with pytest.raises(SpoolUnusable, match="newer Empath"):
        await Store.open(settings, clock=clock)
    with pytest.raises(SpoolUnusable, match="newer Empath"):
        await Store.open(settings, clock=clock)
    change(store.path, f"PRAGMA user_version = {len(migrations.steps())}")
    await opened()


async def test_a_strange_database_is_refused(settings: Settings, clock: HandClock) -> None:
    """Another program's database, or a file that is none, is left as it is."""
    settings.path.mkdir()
    change(settings.path, "CREATE TABLE theirs (x)")
    with pytest.raises(SpoolUnusable, match="another program"):
        await Store.open(settings, clock=clock)
    (settings.path / "queue.db").write_bytes(b"not a database at all " * 100)
    with pytest.raises(SpoolUnusable, match="damaged"):
        await Store.open(settings, clock=clock)
    assert (settings.path / "queue.db").read_bytes().startswith(b"not a database")


@pytest.mark.parametrize(
    ("path", "words"),
    [("file", "not a folder"), ("file/spool", "not a folder"), ("/proc/none/spool", "cannot be")],
)
async def test_a_path_that_cannot_be_a_spool(
    tmp_path: Path, clock: HandClock, path: str, words: str
) -> None:
    """A file in the way, or a folder that cannot be made, is named together with the setting."""
    (tmp_path / "file").write_bytes(BODY)
    with pytest.raises(SpoolUnusable, match=words) as error:
        await Store.open(Settings(path=tmp_path / path), clock=clock)
    assert path in str(error.value)


async def test_a_closed_spool_refuses(store: Store, clock: HandClock) -> None:
    """What comes after the end is refused, not left hanging."""
    draft = store.draft()
    draft.write(BODY)
    await store.close()
    await store.close()
    with pytest.raises(SpoolRefused, match="closed"):
        await store.keep("a", "b")
    assert isinstance(draft.id, MessageId)
