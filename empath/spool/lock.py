"""One engine a spool: an advisory lock on the file ``lock``, with the engine's pid inside.

The kernel drops the lock with the process that holds it, so a stale file is no obstacle and
nothing ever has to be removed by hand.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from empath.spool.face import SpoolInUse


class SpoolLock:
    """Held from construction to `release`."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of *folder*.  Raises `SpoolInUse`, `OSError`."""
        path = folder / "lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.read(self._descriptor, 20).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            if not isinstance(error, BlockingIOError):
                raise
            raise SpoolInUse(
                f"Another Empath (process {pid or 'unknown'}) uses the spool {folder}: stop it, "
                "or name another folder in spool.path."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another engine have the spool."""
        os.close(self._descriptor)
