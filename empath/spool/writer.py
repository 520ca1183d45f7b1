"""The one thread that writes to the database, and group commit.

It takes every operation that waits, runs them in one transaction, makes it durable, and
tells the loop once for all of them; what came meanwhile is the next batch: the slower the
disk, the larger the batches.  Under load it waits a few milliseconds at most for those it has
just answered: otherwise two halves of the senders take turns and each sync serves only half of
them, and on a fast disk every small transaction costs the loop the interpreter lock a dozen
times over (measured: 10 to 20 % of all CPU time a message).  If one
operation fails, the batch is rolled back and run again one by one, so that a bad one harms
no other and the usual case pays for no savepoints.  After a fault of the disk the connection
is opened anew: a failed sync is never retried.
"""

from __future__ import annotations

import asyncio
import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import apsw

from empath.clock import Clock
from empath.spool import database
from empath.spool.face import SpoolRefused

T = TypeVar("T")

IDLE: Final = 0.02
"""Seconds without work after which the log is moved into the database."""
SLEEP: Final = 30.0
"""Seconds between looks at the clock when there is nothing to do."""
LOOK_EVERY: Final = 1.0
"""Seconds between looks at the free disk space."""
BATCH: Final = 256
"""Most operations in one transaction, so that none waits long for others."""
GATHER: Final = 4.0
"""Times the last transaction's time to wait for those who have just been answered."""
GATHER_MOST: Final = 0.004
"""Seconds of that wait at most."""
CROWD: Final = 4
"""Operations in the last transaction from which there is somebody to wait for."""
IDLE_PAGES: Final = 256
"""Pages in the log from which an idle moment is used for a checkpoint."""
FULL_PAGES: Final = 4096
"""Pages in the log at which a checkpoint is made even under load."""


class Operation(ABC, Generic[T]):
    """Something to be done in a transaction, and what is known once that is durable."""

    rank: ClassVar[int] = 2
    """Operations of a batch run by rank; those of one class run together."""

    __slots__ = ("error", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[T] = loop.create_future()
        self.error: Exception | None = None

    @classmethod
    @abstractmethod
    def run_all(cls, cursor: apsw.Cursor, operations: Sequence[Self]) -> None:
        """Do all of *operations*, in the writer's thread; may be called again after a rollback."""

    @abstractmethod
    def landed(self) -> T:
        """It is durable: bring what is in memory up to date, on the loop; gives the result."""

    def refused(self) -> None:
        """It was rolled back for good; on the loop."""

    def give_up(self) -> None:
        """Tell who waits that `error` ended it; on the loop."""
        self.refused()
        if self.error is not None and not self.future.done():
            self.future.set_exception(self.error)


class Single(Operation[T]):
    """An operation that gains nothing from being done together with others of its class."""

    __slots__ = ()

    @classmethod
    def run_all(cls, cursor: apsw.Cursor, operations: Sequence[Self]) -> None:
        """Do one after the other."""
        for operation in operations:
            operation.run(cursor)

    @abstractmethod
    def run(self, cursor: apsw.Cursor) -> None:
        """Do it, in the writer's thread; may be called again after a rollback."""


class Writer:
    """The thread and its queue.  `submit` may be called from any thread."""

    def __init__(
        self, path: Path, connection: apsw.Connection, loop: asyncio.AbstractEventLoop, clock: Clock
    ) -> None:
        self._path = path
        self._loop = loop
        self._clock = clock
        self._connection = connection
        self._cursor = connection.cursor()
        self._waiting: deque[Operation[Any]] = deque()
        self._bell = threading.Lock()
        self._bell.acquire()
        self._asleep = False
        self._ending = False
        self._ended = False
        self._broken = False
        self._looked_at = 0.0
        self._pages = 0
        self._spent = 0.0
        self._crowd = 0
        self._wanted = 0
        self.free_octets = self._free()
        """Free disk space, looked up about once a second while there is work."""
        self.idle: Callable[[], None] = lambda: None
        """Called on the loop now and then when nothing happens."""
        self.commits = 0
        self.operations = 0
        self._watch_log()
        self._thread = threading.Thread(target=self._run, name="empath-spool", daemon=True)

    def __repr__(self) -> str:
        return f"<Writer commits={self.commits} waiting={len(self._waiting)}>"

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, operation: Operation[Any]) -> None:
        """Queue *operation* for the next transaction; refused once the writer has stopped."""
        if self._ended:
            self._turn_away(operation)
            return
        self._waiting.append(operation)
        if self._asleep or len(self._waiting) == self._wanted:
            self._asleep = False
            self._ring()

    def stop(self) -> None:
        """Finish what waits, move the log into the database, close.  Blocks."""
        self._ending = True
        self._ring()
        self._thread.join()
        for operation in self._take():
            self._turn_away(operation)

    def _turn_away(self, operation: Operation[Any]) -> None:
        operation.error = SpoolRefused(f"The spool {self._path.parent} is closed.")
        self._tell(operation.give_up)

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it has been rung already
            self._bell.release()

    def _run(self) -> None:
        while True:
            batch = self._take()
            if batch:
                self._commit(batch)
                if self._pages > FULL_PAGES:
                    self._checkpoint()
                continue
            if self._ending:
                self._ended = True
                if not self._waiting:
                    break
                continue
            self._asleep = True
            if self._waiting or self._bell.acquire(timeout=IDLE):
                self._asleep = False
                continue
            if self._pages > IDLE_PAGES:
                self._checkpoint()
            if not self._waiting and not self._bell.acquire(timeout=SLEEP):
                self._tell(self.idle)
            self._asleep = False
        self._close()

    def _take(self) -> list[Operation[Any]]:
        waiting = self._waiting
        if self._crowd >= CROWD and 0 < len(waiting) <= self._crowd and not self._ending:
            self._wanted = 2 * self._crowd
            self._bell.acquire(timeout=min(GATHER_MOST, self._spent * GATHER))
            self._wanted = 0
        batch: list[Operation[Any]] = []
        while waiting and len(batch) < BATCH:
            batch.append(waiting.popleft())
        self._crowd = len(batch)
        return batch

    def _commit(self, batch: list[Operation[Any]]) -> None:
        try:
            self._transact(batch)
        except database.STORAGE_FAULTS as error:
            self._refuse(batch, error)
        except Exception as error:  # noqa: BLE001 - a bad operation must not end the thread
            if len(batch) == 1:
                self._refuse(batch, error)
            else:
                for operation in batch:
                    self._commit([operation])
                return
        if self._clock.monotonic() - self._looked_at >= LOOK_EVERY:
            self._look()
        self._tell(self._complete, batch)

    def _transact(self, batch: list[Operation[Any]]) -> None:
        if self._broken:
            self._reopen()
        cursor = self._cursor
        began = self._clock.monotonic()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            groups: dict[type[Operation[Any]], list[Operation[Any]]] = {}
            for operation in batch:
                groups.setdefault(type(operation), []).append(operation)
            for kind in sorted(groups, key=lambda kind: kind.rank):
                kind.run_all(cursor, groups[kind])
            cursor.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._spent = self._clock.monotonic() - began
        self.commits += 1
        self.operations += len(batch)

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
        except apsw.Error:
            self._broken = True

    def _refuse(self, batch: Sequence[Operation[Any]], error: Exception) -> None:
        self._broken = self._broken or isinstance(error, database.STORAGE_FAULTS)
        refusal = SpoolRefused(database.sentence(error, self._path.parent))
        refusal.__cause__ = error
        for operation in batch:
            operation.error = refusal

    def _complete(self, batch: Sequence[Operation[Any]]) -> None:
        for operation in batch:
            future = operation.future
            if operation.error is not None:
                operation.give_up()
                continue
            try:
                result = operation.landed()
            except Exception as error:  # noqa: BLE001 - a bug in one must not leave others waiting
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _free(self) -> int:
        self._looked_at = self._clock.monotonic()
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return 0
        return disk.f_bavail * disk.f_frsize

    def free(self, executor: Executor) -> int:
        """Free disk space as last looked up; looks again in *executor* when that is long ago."""
        if self._clock.monotonic() - self._looked_at >= LOOK_EVERY:
            self._looked_at = self._clock.monotonic()
            executor.submit(self._look)
        return self.free_octets

    def _look(self) -> None:
        self.free_octets = self._free()

    def _watch_log(self) -> None:
        def grown(_connection: apsw.Connection, _name: str, pages: int) -> int:
            self._pages = pages
            return 0

        self._connection.set_wal_hook(grown)

    def _checkpoint(self) -> None:
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            self._broken = True
        self._pages = 0

    def _reopen(self) -> None:
        self._connection.close(True)
        self._connection = database.open_writer(self._path)
        self._cursor = self._connection.cursor()
        self._watch_log()
        self._broken = False

    def _close(self) -> None:
        with suppress(apsw.Error):  # what is left in the log is read at the next start
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close(True)
