"""Bodies too large for the database: one file each, below the spool's ``body`` folder.

The order is that of SMTP-RULES 2: a temporary file, written and synced, renamed to the
message's id, the folder synced, and only then the rows.  Names are made here from keys and
opened relative to the folder's descriptor without following links.  A file without a row
is an orphan; those there are at a start are removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from empath.envelope import MessageId

BLOCK: Final = 256 * 1024
"""Octets read and hashed at a time."""

_PART: Final = ".part"


@final
class BodyFolder:
    """The folder of body files, held open."""

    def __init__(self, spool: Path) -> None:
        """Open it below *spool*, making it if there is none.  Raises `OSError`."""
        self.path = spool / "body"
        self.path.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self.path, flags)

    def __repr__(self) -> str:
        return f"<BodyFolder {self.path}>"

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)

    def create(self) -> tuple[int, str]:
        """A new temporary file: its descriptor and name.  Raises `OSError`."""
        name = f"{secrets.token_hex(8)}{_PART}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(name, flags, 0o600, dir_fd=self._descriptor), name

    def settle(self, name: str, key: int) -> None:
        """Give the temporary file *name* its place for good.  Raises `OSError`."""
        place = MessageId.from_key(key)
        os.rename(name, place, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        os.fsync(self._descriptor)

    def open(self, key: int) -> int:
        """A descriptor for reading the body of *key*.  Raises `OSError`."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(MessageId.from_key(key), flags, dir_fd=self._descriptor)

    def size(self, key: int) -> int | None:
        """Octets of the file of *key*; None when there is no such file."""
        try:
            return os.stat(
                MessageId.from_key(key), dir_fd=self._descriptor, follow_symlinks=False
            ).st_size
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Unlink the file *name*; none there is fine.  Raises `OSError`."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def names(self) -> Sequence[str]:
        """Every name in the folder."""
        return os.listdir(self._descriptor)  # noqa: PTH208 - by descriptor


def key_of(name: str) -> int | None:
    """The key of the message that a file of this *name* belongs to; None for any other file."""
    try:
        return MessageId(name).key
    except ValueError:
        return None


def blocks(descriptor: int, start: int, end: int, size: int = BLOCK) -> Iterator[bytes]:
    """Octets *start* to *end* of a file in pieces of at most *size*; fewer if it is shorter."""
    while start < end:
        block = os.pread(descriptor, min(size, end - start), start)
        if not block:
            return
        start += len(block)
        yield block


@final
class BodyFile:
    """A body that is being written, then settled or discarded.  Used by one thread at a time."""

    def __init__(self, folder: BodyFolder) -> None:
        """Create the temporary file.  Raises `OSError`."""
        self._folder = folder
        self._descriptor, self._name = folder.create()
        self._open = True
        self._hash = hashlib.sha256()
        self.size = 0

    def __repr__(self) -> str:
        return f"<BodyFile {self._name} size={self.size}>"

    @property
    def sha256(self) -> bytes:
        """The digest of what was written."""
        return self._hash.digest()

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append *pieces*.  Raises `OSError`."""
        data = b"".join(pieces)
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.size += len(data)

    def settle(self, key: int) -> None:
        """Sync it and give it the name of *key*.  Raises `OSError`."""
        os.fsync(self._descriptor)
        self._folder.settle(self._name, key)
        self._name = MessageId.from_key(key)
        self._close()

    def discard(self) -> None:
        """Remove it, settled or not; never raises, as an orphan is swept at the next start."""
        with suppress(OSError):
            self._close()
            self._folder.remove(self._name)

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)
