"""Writing an edited config back: whole or not at all, with the mode and owner that it had.

A link is followed, so that what it names is replaced and not the link.  What can go wrong is a
`NotWritten`; the file is then as it was.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from empath.config.load import read_text
from empath.config.problem import ConfigUnusable
from empath.config.staged_file import write_durably

_NEW_MODE: Final = 0o600
"""A config may come to hold a secret."""


class NotWritten(Exception):
    """The file is as it was; the message says why."""


def rewrite(path: Path, before: str | None, after: str) -> None:
    """Replace the text *before* of the config at *path* by *after*; None for a file that is new.

    Raises `NotWritten`: also when the file says something else than *before* by now.
    """
    try:
        real = path.resolve()
        mode, owner = _NEW_MODE, None
        if before is not None:
            status = real.stat()
            mode, owner = stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid)
            _check_owner(path, *owner)
            if read_text(real)[0] != before:
                raise NotWritten(f"{path} was changed by somebody else meanwhile; try again")
        elif real.exists():
            raise NotWritten(f"{path} was made by somebody else meanwhile; try again")
        write_durably(real, after.encode(), mode=mode, owner=owner)
    except ConfigUnusable as error:
        raise NotWritten(str(error)) from None
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}") from error


def _check_owner(path: Path, user: int, group: int) -> None:
    """Refuse what would have to change hands: only root can give a file to another."""
    if os.geteuid() == 0:
        return
    if user != os.geteuid() or group not in {os.getegid(), *os.getgroups()}:
        raise NotWritten(
            f"{path} belongs to another user or group, which replacing it would change;"
            " do it as its owner"
        )
