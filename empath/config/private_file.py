"""Files that the config names: that they are there, and that nobody else reads the secret ones.

Every failure raises `Unfit` with a sentence that names the file and the remedy; the content
of a file is never part of it.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from empath.config.values import Unfit

_SECRET_LIMIT: Final = 64 * 1024


def read_secret_file(path: Path) -> str:
    """The text of a secret's own file, without the line break at its end.  Raises `Unfit`."""
    check_private_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unfit(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _SECRET_LIMIT:
        raise Unfit(f"{path} is too long for a secret")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Unfit(f"{path} is not UTF-8 text") from error
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Unfit(f"{path} is empty")
    return text


def check_private_file(path: Path) -> None:
    """Refuse a file that is missing, no file, or open to others than its owner (`Unfit`)."""
    mode = check_file(path)
    if mode & 0o077:
        raise Unfit(f'{path} can be read by others than its owner; run "chmod 600 {path}"')


def check_file(path: Path) -> int:
    """The mode of a regular file; raises `Unfit` when there is none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise Unfit(f"there is no file {path}") from error
    except OSError as error:
        raise Unfit(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise Unfit(f"{path} is not a file")
    return mode
