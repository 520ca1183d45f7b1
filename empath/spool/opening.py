"""Opening a spool: folder, lock, database, schema, counts; or a sentence why not.

Runs in a thread before anything else of the spool does.  Counting a million waiting
recipients takes one pass over one index and one over the messages.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from empath.clock import Clock
from empath.config.model import Spool as Settings
from empath.envelope import Priority, State
from empath.spool import database, jobs, migrations, stored
from empath.spool.body import BodyFolder
from empath.spool.book import Book
from empath.spool.face import SpoolUnusable
from empath.spool.lock import SpoolLock
from empath.spool.rows import select
from empath.spool.tally import Tally
from empath.spool.writer import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """What an open spool consists of."""

    path: Path
    lock: SpoolLock
    folder: BodyFolder
    names: Sequence[str]
    """Body files there were before anything was received."""
    book: Book
    writer: Writer
    delivery_reader: apsw.Connection
    operator_reader: apsw.Connection
    sorting_reader: apsw.Connection
    survey_reader: apsw.Connection
    newest: int
    """The greatest key of a message; 0 where there is none."""


def parts(settings: Settings, loop: asyncio.AbstractEventLoop, clock: Clock, book: Book) -> Parts:
    """Open everything.  Raises `SpoolInUse`, `SpoolUnusable`."""
    path = settings.path.expanduser()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = SpoolLock(path)
    except OSError as error:
        raise SpoolUnusable(_sentence(error, path)) from error
    try:
        folder = BodyFolder(path)
        names = folder.names()
        connection = database.open_writer(path / "queue.db")
        try:
            migrations.migrate(connection, migrations.steps())
            jobs.cut_short(connection, clock.now())
            reader = database.open_reader(path / "queue.db")
            count(reader, book.tally)
            ((newest,),) = select(reader, "SELECT max(key) FROM message")
            return Parts(
                path,
                lock,
                folder,
                names,
                book,
                Writer(path / "queue.db", connection, loop, clock),
                reader,
                database.open_reader(path / "queue.db"),
                database.open_reader(path / "queue.db"),
                database.open_reader(path / "queue.db"),
                newest or 0,
            )
        except BaseException:
            connection.close(True)
            raise
    except migrations.WrongSchema as error:
        lock.release()
        raise SpoolUnusable(f"The spool {path} cannot be used: {error}") from error
    except (OSError, apsw.Error) as error:
        lock.release()
        raise SpoolUnusable(_sentence(error, path)) from error
    except BaseException:
        lock.release()
        raise


def _sentence(error: OSError | apsw.Error, path: Path) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"The spool {path} is not a folder: name a folder in spool.path."
    if isinstance(error, OSError) and error.filename and not os.path.lexists(path):
        return (
            f"The spool folder {path} cannot be made by uid {os.getuid()} ({error.strerror}): "
            "make it and give it to that user, or name another in spool.path."
        )
    return database.sentence(error, path)


def count(reader: apsw.Connection, tally: Tally) -> None:
    """Fill *tally* from the database."""
    for destination, priority, queued, deferred, held, due_at in reader.execute(
        "SELECT destination, priority, sum(state = 0), sum(state = 1), sum(state = 2), min(due_at)"
        " FROM recipient INDEXED BY recipient_open WHERE state < 10 GROUP BY 1, 2"
    ):
        name = stored.read_domain(destination)
        for state, number in zip(State, (queued, deferred, held), strict=False):
            if number:
                tally.add(name, state, number)
        if due_at is not None:
            tally.wake(name, Priority(priority), due_at)
    ((messages, finished, octets, files),) = select(
        reader,
        "SELECT sum(finished_at IS NULL), sum(finished_at IS NOT NULL),"
        " sum(size) FILTER (WHERE finished_at IS NULL), sum(stored = 2) FROM message",
    )
    tally.messages, tally.finished = messages or 0, finished or 0
    tally.octets, tally.file_bodies = octets or 0, files or 0
    ((tally.trashed, octets),) = select(
        reader,
        "SELECT count(*), total(m.size) FILTER (WHERE m.finished_at IS NOT NULL)"
        " FROM (SELECT DISTINCT key FROM trash) AS t JOIN message AS m ON m.key = t.key",
    )
    tally.trashed_octets = int(octets)
