"""Reading the body of an accepted message, verified before a single octet is handed out.

The digest is over what was received, the checksum over our own trace fields before it.
Files are read twice, to verify and to send, never held.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import Final, final

import apsw

from empath.envelope import MessageId
from empath.spool import body, stored
from empath.spool.body import BodyFolder
from empath.spool.face import BodyUnfit
from empath.spool.rows import select

_QUERY = (
    "SELECT m.size, m.sha256, m.stored, m.prefix, m.details, b.content"
    " FROM message AS m LEFT JOIN body AS b ON b.key = m.key WHERE m.key = ?"
)


@final
class InlineContent:
    """A body in memory; implements `Content`."""

    def __init__(self, prefix: bytes, content: bytes) -> None:
        self.octets: Final = prefix + content
        self.size: Final = len(self.octets)

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        """The octets in order."""
        for start in range(0, self.size, size):
            yield self.octets[start : start + size]

    async def part(self, start: int, limit: int) -> bytes:
        """At most *limit* octets from *start* on."""
        return self.octets[start : start + limit]


@final
class FileContent:
    """A body in a file; implements `Content`."""

    def __init__(
        self,
        prefix: bytes,
        key: int,
        size: int,
        sha256: bytes,
        *,
        folder: BodyFolder,
        executor: Executor,
    ) -> None:
        self._prefix = prefix
        self._sha256 = sha256
        self._key = key
        self._folder = folder
        self._executor = executor
        self.size = size
        self.octets: Final = None

    async def verify(self) -> None:
        """Compare the file with what was accepted.  Raises `BodyUnfit`."""
        size = self.size - len(self._prefix)
        await asyncio.get_running_loop().run_in_executor(
            self._executor, verify_file, self._folder, self._key, size, self._sha256
        )

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        """The octets in order; raises `BodyUnfit` when the file ends early."""
        loop = asyncio.get_running_loop()
        if self._prefix:
            yield self._prefix
        descriptor = await loop.run_in_executor(self._executor, self._open)
        try:
            place, end = 0, self.size - len(self._prefix)
            while place < end:
                # Read ahead a whole block, so that a chunk seldom waits for a thread.
                block = await loop.run_in_executor(
                    self._executor, os.pread, descriptor, min(body.BLOCK, end - place), place
                )
                if not block:
                    raise BodyUnfit(f"the body file of {MessageId.from_key(self._key)} was cut")
                place += len(block)
                for start in range(0, len(block), size):
                    yield block[start : start + size]
        finally:
            os.close(descriptor)

    async def part(self, start: int, limit: int) -> bytes:
        """At most *limit* octets from *start* on; raises `BodyUnfit` when the file is gone."""
        edge, end = len(self._prefix), min(start + limit, self.size)
        octets = self._prefix[start:end]
        if end <= max(edge, start):
            return octets
        loop = asyncio.get_running_loop()
        return octets + await loop.run_in_executor(
            self._executor, self._read, max(0, start - edge), end - edge
        )

    def _open(self) -> int:
        try:
            return self._folder.open(self._key)
        except OSError as error:
            raise BodyUnfit(
                f"the body file of {MessageId.from_key(self._key)} cannot be read"
                f" ({error.strerror})"
            ) from error

    def _read(self, start: int, end: int) -> bytes:
        descriptor = self._open()
        try:
            return b"".join(body.blocks(descriptor, start, end))
        finally:
            os.close(descriptor)


def read(
    reader: apsw.Connection, key: int, *, folder: BodyFolder, executor: Executor
) -> InlineContent | FileContent:
    """The body of *key*; a `FileContent` is still to be verified.

    Raises `BodyUnfit`.  Runs in a reader's thread.
    """
    name = MessageId.from_key(key)
    rows = select(reader, _QUERY, (key,))
    if not rows:
        raise BodyUnfit(f"there is no message {name} in the spool")
    size, sha256, where, prefix, details, content = rows[0]
    if where == stored.GONE:
        raise BodyUnfit(f"the body of {name} is gone: all its recipients are done")
    if zlib.crc32(prefix) != stored.read_details(details).prefix_crc:
        raise BodyUnfit(f"the trace fields of {name} are damaged")
    if where == stored.FILE:
        return FileContent(prefix, key, size, sha256, folder=folder, executor=executor)
    if content is None:
        raise BodyUnfit(f"the body of {name} is missing from the database")
    if len(prefix) + len(content) != size or hashlib.sha256(content).digest() != sha256:
        raise BodyUnfit(f"the body of {name} is not what was accepted: its SHA-256 differs")
    return InlineContent(prefix, content)


def verify_file(folder: BodyFolder, key: int, size: int, sha256: bytes) -> None:
    """Compare the file of *key* with what was accepted.  Raises `BodyUnfit`.  Blocks."""
    name = MessageId.from_key(key)
    digest = hashlib.sha256()
    try:
        descriptor = folder.open(key)
        try:
            found = os.fstat(descriptor).st_size
            if found != size:
                raise BodyUnfit(f"the body file of {name} has {found} octets and not {size}")
            for block in body.blocks(descriptor, 0, size):
                digest.update(block)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BodyUnfit(f"the body file of {name} cannot be read ({error.strerror})") from error
    if digest.digest() != sha256:
        raise BodyUnfit(f"the body file of {name} is not what was accepted: its SHA-256 differs")
