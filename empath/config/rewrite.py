"""Writing an edited config back: whole or not at all, with the mode and owner that it had.

A link is followed, so that what it names is replaced and not the link.  What can go wrong is a
`NotWritten`; the file is then as it was.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from empath.config.load import read_text
from empath.config.problem import ConfigUnusable
from empath.config.staged_file import write_durably


class NotWritten(Exception):
    """The file is as it was; the message says why."""


def rewrite(path: Path, before: str, after: str) -> None:
    """Replace the text *before* of the config at *path* by *after*.

    Raises `NotWritten`: also when the file says something else than *before* by now.
    """
    try:
        real = path.resolve()
        status = real.stat()
        user, group = status.st_uid, status.st_gid
        if not may_give(user, group, os.geteuid(), {os.getegid(), *os.getgroups()}):
            raise NotWritten(
                f"{path} belongs to another user or group, which replacing it would change;"
                " do it as its owner"
            )
        if read_text(real)[0] != before:
            raise NotWritten(f"{path} was changed by somebody else meanwhile; try again")
        mode = stat.S_IMODE(status.st_mode)
        write_durably(real, after.encode(), mode=mode, owner=(user, group))
    except ConfigUnusable as error:
        raise NotWritten(str(error)) from None
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}") from error


def may_give(user: int, group: int, own: int, groups: Collection[int]) -> bool:
    """Can the user *own*, who is in *groups*, make a file of this owner?  Root can (chown(2))."""
    return own == 0 or (user == own and group in groups)
