"""Is the spool sound?  Database, bodies against size and SHA-256, files against rows.

Slow, on a connection of its own, and changes nothing: `check` beside a running engine,
`check_stopped` where none runs.  `sweep` is the small part of it
that runs at each start and removes files that no message names.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import apsw

from empath.envelope import MessageId
from empath.spool import content, database, migrations, stored
from empath.spool.body import BodyFolder, key_of
from empath.spool.face import BodyUnfit, Problem, SpoolUnusable
from empath.spool.lock import SpoolLock

_WANTED = "SELECT 1 FROM message WHERE key = ? AND stored = 2"


def check(spool: Path, folder: BodyFolder) -> Sequence[Problem]:
    """Everything that is wrong; empty when all is well.  Blocks for as long as it takes."""
    try:
        reader = _reader(spool)
        try:
            return [
                *_database(reader),
                *_trash(reader),
                *_bodies(reader, folder),
                *_files(reader, folder),
            ]
        finally:
            reader.close(True)
    except (apsw.Error, OSError) as error:
        return [Problem("queue.db", database.sentence(error, spool))]


def check_stopped(spool: Path) -> Sequence[Problem]:
    """The same for the spool of an engine that does not run, which is kept from starting
    meanwhile.  Raises `SpoolInUse` when one runs, `SpoolUnusable`.  Blocks.
    """
    try:
        lock = SpoolLock(spool)
    except OSError as error:
        raise SpoolUnusable(database.sentence(error, spool)) from error
    try:
        folder = BodyFolder(spool)
        try:
            _check_schema(spool)
            return check(spool, folder)
        finally:
            folder.close()
    except OSError as error:
        raise SpoolUnusable(database.sentence(error, spool)) from error
    finally:
        lock.release()


def _reader(spool: Path) -> apsw.Connection:
    reader = database.open_reader(spool / "queue.db")
    # The last connection to close would move the log into the database, and that is writing.
    reader.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return reader


def _check_schema(spool: Path) -> None:
    """Raise `SpoolUnusable` for a database of another Empath; what is damaged is for `check`."""
    with suppress(apsw.Error):
        reader = _reader(spool)
        try:
            migrations.require_current(reader)
        except migrations.WrongSchema as error:
            raise SpoolUnusable(f"The spool {spool} cannot be checked: {error}") from error
        finally:
            reader.close(True)


def _database(reader: apsw.Connection) -> Iterator[Problem]:
    remedy = "stop Empath, keep a copy of the folder, and restore it from a backup"
    for (line,) in reader.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield Problem("queue.db", f"The database is damaged ({line}): {remedy}.")
    for (key,) in reader.execute(
        "SELECT DISTINCT r.key FROM recipient AS r LEFT JOIN message AS m ON m.key = r.key"
        " WHERE m.key IS NULL LIMIT 20"
    ):
        name = MessageId.from_key(key)
        yield Problem(name, f"There are recipients of {name} but no such message: {remedy}.")


def _trash(reader: apsw.Connection) -> Iterator[Problem]:
    remedy = "it cannot be restored and goes by itself when spool.trash_for is over"
    for key, stands in reader.execute(
        "SELECT DISTINCT t.key, m.key IS NOT NULL FROM trash AS t"
        " LEFT JOIN message AS m ON m.key = t.key WHERE ifnull(m.stored, 0) = 0 LIMIT 20"
    ):
        name = MessageId.from_key(key)
        what = "has no body" if stands else "is unknown"
        yield Problem(name, f"The message {name} in the trash {what}: {remedy}.")


def _bodies(reader: apsw.Connection, folder: BodyFolder) -> Iterator[Problem]:
    rows = reader.execute(
        "SELECT m.key, m.size, m.sha256, m.stored, m.prefix, m.details, b.content,"
        " m.finished_at IS NOT NULL"
        " FROM message AS m LEFT JOIN body AS b ON b.key = m.key WHERE m.stored != 0"
    )
    for key, size, sha256, where, prefix, details, inline, trashed in rows:
        name = MessageId.from_key(key)
        remedy = f'it will not be sent: "empathctl queue delete {name}", or restore the file'
        if trashed:
            remedy = "it is in the trash: let it go, or restore the file"
        if zlib.crc32(prefix) != stored.read_details(details).prefix_crc:
            yield Problem(name, f"The trace fields of {name} are damaged; {remedy}.")
        elif where == stored.FILE:
            try:
                content.verify_file(folder, key, size - len(prefix), sha256)
            except BodyUnfit as error:
                yield Problem(name, f"{str(error).capitalize()}; {remedy}.")
        elif inline is None:
            yield Problem(name, f"The body of {name} is missing from the database; {remedy}.")
        elif hashlib.sha256(inline).digest() != sha256 or size != len(prefix) + len(inline):
            yield Problem(name, f"The body of {name} is not what was accepted; {remedy}.")


def _files(reader: apsw.Connection, folder: BodyFolder) -> Iterator[Problem]:
    for name in sorted(folder.names()):
        key = key_of(name)
        if key is None and name.endswith(".part"):
            continue  # a message that is being received at this moment
        if key is None or reader.execute(_WANTED, (key,)).fetchone() is None:
            yield Problem(
                f"body/{name}", f"No message has the file body/{name}: the next start removes it."
            )


def sweep(spool: Path, folder: BodyFolder, names: Sequence[str]) -> Sequence[str]:
    """Remove those of *names* that no message has; returns them.  Never raises."""
    gone: list[str] = []
    try:
        reader = database.open_reader(spool / "queue.db")
        try:
            for name in names:
                key = key_of(name)
                if key is None or reader.execute(_WANTED, (key,)).fetchone() is None:
                    folder.remove(name)
                    gone.append(name)
        finally:
            reader.close(True)
    except (apsw.Error, OSError):
        pass  # they are harmless; `check` names them
    return gone
