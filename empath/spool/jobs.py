"""The list of jobs: what operators changed in lots, and whether it can be taken back.

The newest `KEPT` are remembered, and whatever runs.  What recipients were before stands in the
table ``former``, written in the transaction that changed them; for deleted ones it is the trash.
A job that the engine's end cut short is found at the next start and says so; what it had done can
be undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, final

import apsw
import msgspec
from msgspec import Struct

from empath import codec
from empath.spool.rows import select
from empath.spool.writer import Single

KEPT: Final = 100
"""Jobs that are remembered."""
FORMER_MOST: Final = 2_000_000
"""Recipients whose former state is kept; beyond, the oldest jobs cannot be undone any more."""
CUT_SHORT: Final = "the engine ended while it ran"

_ENDED: Final = "entry ->> '$.ended_at' IS NOT NULL"
_ALL: Final = -1

UNDOABLE: Final = frozenset({"hold", "release", "delete", "priority", "reroute"})
"""What can be taken back; nobody can take back an attempt or a notification."""

JobState = Literal["running", "done", "cancelled", "failed", "undone"]


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of the queue."""

    action: str
    """``hold``, ``release``, ``retry``, ``delete``, ``priority``, ``bounce``, ``reroute``,
    ``flush``, ``undo``, ``restore`` or ``empty``."""
    target: str
    """The filter, the selection or the ids."""
    detail: str = ""
    """What they were changed to, for people."""
    value: str | int = ""
    """The same as it was written into the rows: an undo leaves alone what has another now."""
    actor: str
    state: JobState = "running"
    done: int = 0
    """Messages that were looked at."""
    total: int
    messages: int = 0
    """Messages that were changed."""
    recipients: int = 0
    in_flight: int = 0
    started_at: float
    ended_at: float | None = None
    note: str = ""
    undoable: bool = False

    @property
    def what(self) -> str:
        """The change in a line."""
        return " ".join(filter(None, (self.action, self.detail, self.target)))


Numbered = tuple[int, Job]


@final
class BeginJob(Single[int]):
    """Write down that a job begins; gives its number."""

    __slots__ = ("_job", "_number")

    def __init__(self, loop: asyncio.AbstractEventLoop, job: Job) -> None:
        super().__init__(loop)
        self._job = job
        self._number = 0

    def run(self, cursor: apsw.Cursor) -> None:
        """Write it, and forget the oldest of those that have ended."""
        job = self._job
        entry = codec.encode(job).decode()
        ((self._number,),) = select(
            cursor,
            "INSERT INTO job (undoable, entry) VALUES (?, ?) RETURNING id",
            (int(job.undoable), entry),
        )
        cursor.execute(
            "DELETE FROM job WHERE id <= (SELECT id FROM job ORDER BY id DESC LIMIT 1 OFFSET ?)"  # noqa: S608 - our own words
            f" AND {_ENDED}",
            (KEPT,),
        )

    def landed(self) -> int:
        """Nothing in memory follows from it."""
        return self._number


@final
class KeepJob(Single[None]):
    """Write down how far a job is."""

    __slots__ = ("_job", "_number")

    def __init__(self, loop: asyncio.AbstractEventLoop, number: int, job: Job) -> None:
        super().__init__(loop)
        self._number = number
        self._job = job

    def run(self, cursor: apsw.Cursor) -> None:
        """Write it; once it has ended, see that not too much can be undone."""
        job = self._job
        cursor.execute(
            "UPDATE job SET undoable = ?, entry = ? WHERE id = ?",
            (int(job.undoable), codec.encode(job).decode(), self._number),
        )
        if job.ended_at is not None:
            _bound(cursor)

    def landed(self) -> None:
        """Nothing in memory follows from it."""


def _bound(cursor: apsw.Cursor) -> None:
    """Let go of the undo of the oldest jobs while more than `FORMER_MOST` is kept."""
    kept = 0
    for number, entry in select(
        cursor, "SELECT id, entry FROM job WHERE undoable ORDER BY id DESC"
    ):
        job: Job = codec.decode(Job, entry)
        if job.action == "delete":
            continue  # in the trash, which has a bound of its own
        kept += job.recipients
        if kept > FORMER_MOST and job.state != "running":
            job = msgspec.structs.replace(job, undoable=False)
            cursor.execute(
                "UPDATE job SET undoable = 0, entry = ? WHERE id = ?",
                (codec.encode(job).decode(), number),
            )


def cut_short(connection: apsw.Connection, at: float) -> None:
    """Mark the jobs that an engine before us did not end; runs at the start, at time *at*."""
    with connection:
        for number, job in newest(connection, _ALL):
            if job.state == "running":
                job = msgspec.structs.replace(  # noqa: PLW2901 - the same job
                    job, state="failed", ended_at=at, note=CUT_SHORT
                )
                connection.execute(
                    "UPDATE job SET entry = ? WHERE id = ?", (codec.encode(job).decode(), number)
                )


def newest(reader: apsw.Connection, limit: int) -> Sequence[Numbered]:
    """The last *limit* jobs, newest first, those that run before others; what cannot be undone any
    more says so.
    """
    found = []
    for number, entry in select(
        reader,
        f"SELECT id, entry FROM (SELECT * FROM job ORDER BY {_ENDED}, id DESC LIMIT ?)"  # noqa: S608 - our own words
        " ORDER BY id DESC",
        (limit,),
    ):
        job: Job = codec.decode(Job, entry)
        if job.undoable and job.action == "delete":
            left = select(reader, "SELECT 1 FROM trash WHERE job = ? LIMIT 1", (number,))
            job = msgspec.structs.replace(job, undoable=bool(left) or job.state == "running")
        found.append((number, job))
    return found
