"""Files that the config names: that they are there, and that nobody else reads the secret ones.

Every failure raises `Unfit` with a sentence that names the file and the remedy; the content
of a file is never part of it.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from empath.config.values import Elsewhere, Unfit
from empath.safe_text import safe_text

_SECRET_LIMIT: Final = 64 * 1024


def read_secret_file(path: Path) -> str:
    """The text of a secret's own file, without the line break at its end.  Raises `Unfit`.

    One that this process may not read is `Elsewhere`.
    """
    check_private_file(path)
    return _secret_text(path)


def _secret_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_SECRET_LIMIT + 1)
    except OSError as error:
        raise unreadable(path, error) from error
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


def read_credential(name: str, environ: Mapping[str, str]) -> str:
    """The text of a credential that systemd hands to the service.  Raises `Unfit`.

    One that was not handed to this process is `Elsewhere`.

    systemd keeps them in a folder that only the service's user can enter, so the mode of the
    file, which is 0440 in system services, does not matter (systemd.exec(5), "Credentials").
    """
    shown = safe_text(name, 80)
    what = f'the credential "{shown}"'
    has = f"has {what}"
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise Unfit("names a credential that is no plain file name")
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder.startswith("/"):
        raise Elsewhere(
            has,
            f"{what} comes from systemd, which did not start this process"
            f" with any; run it as a service with LoadCredential={shown}:…",
        )
    path = Path(folder, name)
    if not path.exists():
        raise Elsewhere(
            has, f'there is no credential "{shown}"; add LoadCredential={shown}:… to the service'
        )
    check_file(path)
    return _secret_text(path)


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
        raise unreadable(path, error) from error
    if not stat.S_ISREG(mode):
        raise Unfit(f"{path} is not a file")
    return mode


def unreadable(path: Path, error: OSError) -> Unfit:
    """Why *path* cannot be read; `Elsewhere` if it is only this process that may not."""
    sentence = f"{path} cannot be read: {error.strerror}"
    if isinstance(error, PermissionError):
        return Elsewhere(f"can read {path}", sentence)
    return Unfit(sentence)
