"""The text of the config file, as it stands on disk: whole, of one moment, and bounded.

An editor or script may be writing, in more than one piece.  What was read counts only when the file
was the same before and after, and when nobody wrote into it for `REST`; otherwise it is looked at
again, for a second and a half.  A file that took the name of another is whole at once.  What can go
wrong is a `ConfigUnusable` that names the file.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from empath.clock import Clock, SystemClock
from empath.config.problem import ConfigProblem, ConfigUnusable

SIZE_LIMIT: Final = 1024 * 1024
REST: Final = 0.3
"""Seconds since the last write from which on a file is taken to be whole."""
_PATIENCE: Final = 1.5
"""Seconds for a file to come to rest."""
_PAUSE: Final = 0.05
"""Seconds between two looks."""

_CLOCK: Final = SystemClock()

Take = Callable[[BinaryIO], bytes | None]


def read_text(path: Path) -> tuple[str, bool]:
    """The text of the file, and whether others than its owner can read it.

    May wait for one and a half seconds, so it is not for the event loop.  Raises `ConfigUnusable`.
    """
    data, mode = read_stable(path)
    refuse_too_long(path, len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise unusable(path, "is not UTF-8 text; save it as UTF-8", line) from None
    return text, bool(mode & 0o077)


def _take(file: BinaryIO) -> bytes | None:
    return file.read(SIZE_LIMIT + 1)


def _pause() -> None:
    threading.Event().wait(_PAUSE)


def read_stable(
    path: Path,
    *,
    take: Take = _take,
    pause: Callable[[], None] = _pause,
    clock: Clock = _CLOCK,
) -> tuple[bytes, int]:
    """The octets of a regular file, of one moment, and its mode."""
    started = since = clock.monotonic()
    seen: tuple[int, ...] = ()
    try:
        while clock.monotonic() - started < _PATIENCE:
            # Looked at before it is opened: opening a pipe would wait for its writer.
            _check_regular(path, path.stat())
            # And were it a pipe by now, O_NONBLOCK does not wait either.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                before = os.fstat(file.fileno())
                _check_regular(path, before)
                if _moment(before) != seen:
                    seen, since = _moment(before), clock.monotonic()
                # Seen for so long counts too: the clock of a file server may be ahead of ours.
                if _rests(before, clock.now()) or clock.monotonic() - since >= REST:
                    data = take(file)
                    if data is None:  # a log of the kernel's that has nothing new, in /proc
                        raise unusable(path, "is not a regular file: there is nothing to read now")
                    if seen == _moment(os.fstat(file.fileno())) == _moment(path.stat()):
                        return data, before.st_mode
            pause()
    except FileNotFoundError:
        raise unusable(path, "there is no such file") from None
    except OSError as error:
        raise unusable(path, f"cannot be read: {error.strerror}") from None
    raise unusable(
        path,
        f"was written to all the time while it was read, for {_PATIENCE} s; save it, or put a whole"
        " file in its place, then try again",
    )


def _rests(status: os.stat_result, now: float) -> bool:
    """Did its writer finish, as far as one can know?

    A write sets both times; what takes another's name, or gets its times or rights set when all
    is written, has the later change alone.
    """
    return status.st_ctime_ns > status.st_mtime_ns or now - status.st_mtime >= REST


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise unusable(path, "is a folder; name the file in it")
    if not stat.S_ISREG(status.st_mode):
        raise unusable(path, "is not a regular file")


def _moment(status: os.stat_result) -> tuple[int, ...]:
    """What differs when a file was written, or another took its name."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def refuse_too_long(path: Path | str, size: int) -> None:
    """Refuse a text of more than `SIZE_LIMIT` octets: written to the file it could not be read.

    Raises `ConfigUnusable`.
    """
    if size > SIZE_LIMIT:
        raise unusable(path, "is longer than 1 MiB, so it is hardly a config")


def refuse_emptied(path: Path | str, before: str, now: str) -> None:
    """Refuse a text that is empty now, where it was not: hardly anybody means that.

    An editor that could not finish leaves an empty file, and a script whose variable was not set
    sends an empty text; either would set every setting to its default.
    Raises `ConfigUnusable`.
    """
    if before.strip() and not now.strip():
        raise unusable(
            path,
            "is empty now, which would set every setting to its default; if you mean that, write"
            " a comment into it",
        )


def unusable(file: Path | str, sentence: str, line: int | None = None) -> ConfigUnusable:
    """The error for something that is wrong with the file itself."""
    return ConfigUnusable([ConfigProblem(str(file), line, "", sentence)])
