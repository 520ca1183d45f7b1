"""Replacing a file so that whatever happens the old one or the new one is there, whole.

The new one is written beside the old, made durable, and takes its name: only the last can not be
undone, and it needs no space on the disk.  What can go wrong: `OSError`; then nothing is left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path
from typing import final


def write_durably(
    path: Path, data: bytes, *, mode: int, owner: tuple[int, int] | None = None
) -> None:
    """Replace *path* by *data*, whole or not at all.  Raises `OSError`; then nothing is left."""
    with Staged(path, data, mode=mode, owner=owner) as staged:
        staged.put()


@final
class Staged:
    """A file that is written and durable beside the one it will replace.

    As a context it removes what was not `put`.
    """

    def __init__(
        self,
        path: Path,
        data: bytes,
        *,
        mode: int,
        owner: tuple[int, int] | None = None,
        by: str = "",
    ) -> None:
        """*by* is whose it is, for `sweep`.  Raises `OSError`."""
        self.path = path
        descriptor, name = tempfile.mkstemp(
            prefix=f".{path.name}.{by}", suffix=".tmp", dir=path.parent
        )
        self._staged = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                _sign_off(file.fileno())
                os.fchmod(file.fileno(), mode)
                if owner is not None and owner != (os.geteuid(), os.getegid()):
                    with contextlib.suppress(PermissionError):
                        os.fchown(file.fileno(), *owner)
                os.fsync(file.fileno())
        except OSError:
            self.drop()
            raise

    def __enter__(self) -> Staged:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def put(self) -> None:
        """Take the place of the file; needs no space on the disk."""
        self._staged.replace(self.path)
        sync_folder(self.path.parent)

    def drop(self) -> None:
        """Remove it, if it was not put."""
        with contextlib.suppress(OSError):
            self._staged.unlink()


def remedy(error: OSError) -> str:
    """What an operator can do about a file that cannot be written."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "make room on its disk"
        case errno.EACCES | errno.EPERM:
            return "give Empath's user the right to write it and its folder"
        case errno.EROFS:
            return "make its file system writable"
        case _:
            return "make room or set its permissions right"


def _sign_off(descriptor: int) -> None:
    """Make its last change one that is no write: `config_file` then takes it to be whole at once,
    also where it is renamed within the tick of the clock in which it was written.
    """
    status = os.fstat(descriptor)
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns - 1000))


def sweep(path: Path, by: str) -> None:
    """Remove what *by* staged for *path* and a crash left: one that ended cannot still write."""
    start = f".{path.name}.{by}"
    with contextlib.suppress(OSError):
        for left in path.parent.iterdir():
            if left.name.startswith(start) and left.name.endswith(".tmp"):
                left.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
