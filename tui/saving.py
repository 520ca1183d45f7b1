"""Saving a message as a file: the octets as they came, in the operator's state folder.

A file is made anew, readable by its owner only; one that is there is never overwritten.  It is
written as it is read, a MiB at a time, off the console's loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from empath.control.link import ReadContent
from empath.envelope import MessageId

_PIECE: Final = 1 << 20
_TRIES: Final = 1000


def open_new(folder: Path, stem: str, suffix: str) -> tuple[int, Path]:
    """A new file, mode 0600, and its path: ``stem.suffix``, or ``stem-2.suffix`` if that is taken.

    Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(1, _TRIES):
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            return os.open(path, flags, 0o600), path
    raise FileExistsError(f"{folder} has {_TRIES} files called {stem}{suffix} already")


async def save_message(
    ask: Callable[[Any], Awaitable[Any]], id: MessageId, folder: Path
) -> tuple[Path, int]:
    """Write the message to ``ID.eml``; where, and how many octets.

    Raises `OSError`, `LinkLost`, `RequestRefused`; then there is no file.
    """
    reply = await ask(ReadContent(id=id, offset=0, limit=_PIECE))
    descriptor, path = await asyncio.to_thread(open_new, folder, id, ".eml")
    written = 0
    try:
        while True:
            octets: bytes = reply.octets
            await asyncio.to_thread(_write, descriptor, octets)
            written += len(octets)
            if written >= reply.size or not octets:
                return path, written
            reply = await ask(ReadContent(id=id, offset=written, limit=_PIECE))
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, octets: bytes) -> None:
    left = memoryview(octets)
    while left:
        left = left[os.write(descriptor, left) :]
