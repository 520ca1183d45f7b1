"""A message while it is received: in memory up to `spool.inline_limit`, beyond it in a file.

`write` never blocks and holds little: what is above the limit goes to the disk in a thread,
a block at a time, and `pressed` asks the writer to wait while the disk is behind.  `commit`
runs to its end whatever becomes of its caller, and what is not committed leaves nothing.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from empath.envelope import Envelope, MessageId, Origin
from empath.spool import database
from empath.spool.accept import Accept, Arrival
from empath.spool.body import BodyFile, BodyFolder
from empath.spool.book import Book
from empath.spool.face import SpoolRefused
from empath.spool.writer import Writer

PIECE: Final = 256 * 1024
"""Octets that are handed to the disk at once."""
PRESSED: Final = 512 * 1024
"""Octets waiting for the disk above which the writer of a draft is asked to wait."""


@final
class SpoolDraft:
    """One message being received; implements `empath.spool.face.Draft`."""

    __slots__ = (
        *("_aborted", "_book", "_discarding", "_ended", "_executor", "_fault", "_file"),
        *("_folder", "_in_flight", "_inline_limit", "_job", "_key", "_pieces", "_size"),
        *("_spilled", "_spool", "_waiting", "_writer", "_writing", "id"),
    )

    def __init__(
        self,
        *,
        inline_limit: int,
        folder: BodyFolder,
        spool: Path,
        executor: Executor,
        writer: Writer,
        book: Book,
        key: int,
    ) -> None:
        self._inline_limit = inline_limit
        self._folder = folder
        self._spool = spool
        self._executor = executor
        self._writer = writer
        self._book = book
        self._key = key
        self.id: Final = MessageId.from_key(key)
        """The id the message will have; its time is that of the draft's beginning."""
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._size = 0
        self._file: BodyFile | None = None
        self._spilled = False
        self._job: Future[None] | None = None
        self._discarding: Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._in_flight = 0
        self._fault: OSError | None = None
        self._ended = False
        self._aborted = False

    def __repr__(self) -> str:
        where = "file" if self._spilled else "memory"
        return f"<SpoolDraft size={self._size} in {where}, waiting={self._waiting}>"

    @property
    def size(self) -> int:
        """Octets written so far."""
        return self._size

    @property
    def pressed(self) -> bool:
        """The disk is behind: `drain` before the next chunk."""
        return self._spilled and self._waiting + self._in_flight > PRESSED

    def write(self, chunk: bytes) -> None:
        """Take the next octets; never blocks."""
        self._pieces.append(chunk)
        self._waiting += len(chunk)
        self._size += len(chunk)
        if self._spilled:
            if self._waiting >= PIECE and self._writing is None:
                self._write_out()
        elif self._size > self._inline_limit:
            self._spilled = True
            self._write_out()

    def _write_out(self) -> None:
        """Start to write what waits, in a thread; one piece of work at a time keeps the order."""
        pieces, self._pieces = self._pieces, []
        self._in_flight, self._waiting = self._waiting, 0
        self._job = self._executor.submit(self._append, pieces)
        self._writing = asyncio.wrap_future(self._job)
        self._writing.add_done_callback(self._written)

    def _append(self, pieces: list[bytes]) -> None:
        if self._file is None:
            self._file = BodyFile(self._folder)
        self._file.write(pieces)

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing = None
        self._in_flight = 0
        error = None if writing.cancelled() else writing.exception()
        if isinstance(error, OSError):
            self._fault = error
        if self._aborted:
            self._discard()
        elif not self._ended and self._fault is None and self._waiting >= PIECE:
            self._write_out()

    async def drain(self) -> None:
        """Wait until the disk has caught up.  Raises `SpoolRefused`."""
        while self._writing is not None and self._waiting + self._in_flight > PRESSED // 2:
            await asyncio.wait([self._writing])
        self._raise_fault()

    def _raise_fault(self) -> None:
        if self._fault is not None:
            self._pieces.clear()
            self._waiting = 0
            raise SpoolRefused(database.sentence(self._fault, self._spool)) from self._fault

    def commit(
        self, envelope: Envelope, origin: Origin, *, prefix: bytes, subject: str, hold: str = ""
    ) -> asyncio.Future[MessageId]:
        """Make the message durable; runs to its end whatever becomes of the future."""
        loop = asyncio.get_running_loop()
        arrival = Arrival(self._key, envelope, origin, prefix=prefix, subject=subject, hold=hold)
        accept = Accept(loop, self._book, arrival, self._executor)
        if self._spilled:
            self._accept_file(accept, arrival)
        else:
            self._ended = True
            arrival.content = b"".join(self._pieces)
            self._pieces.clear()
            self._writer.submit(accept)
        return accept.future

    def _accept_file(self, accept: Accept, arrival: Arrival) -> None:
        """Settle the file in a thread, which hands on to the writer: nothing can cut between."""
        self._ended = True
        pieces, self._pieces = self._pieces, []
        job = self._job
        loop = asyncio.get_running_loop()

        def settle() -> None:
            try:
                # The pool works in order: what was being written has at least begun.
                if job is not None:
                    job.result()
                arrival.file = file = self._file
                assert file is not None  # made before there was anything to settle
                file.write(pieces)
                file.settle(self._key)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client must be told
                if self._file is not None:
                    self._file.discard()
                accept.error = SpoolRefused(database.sentence(error, self._spool))
                loop.call_soon_threadsafe(accept.give_up)
            else:
                self._writer.submit(accept)

        self._executor.submit(settle)

    async def abort(self) -> None:
        """Forget the message; once is enough, more is allowed."""
        if self._ended:
            return
        self._ended = self._aborted = True
        self._pieces.clear()
        self._waiting = 0
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._discard()
        if self._discarding is not None:
            await asyncio.wrap_future(self._discarding)

    def _discard(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(RuntimeError):  # the spool is closed: the next start sweeps the file
                self._discarding = self._executor.submit(file.discard)
