"""Where the engine's own sockets lie, and who is answered at that for monitors."""

from __future__ import annotations

import contextlib
import os
import pwd
from typing import Final

from empath.config.model import Config
from empath.config.read import Reader
from empath.config.values import quote

SOCKET_NAME: Final = "empath.sock"
"""The control socket, in the folder of the spool."""
LIMIT: Final = 107
"""Octets in the path of a Unix socket (unix(7): 108 with the final NUL)."""


def check_sockets(config: Config, reader: Reader) -> None:
    """Report paths that no socket can have, and users that are none."""
    _check_spool(config, reader)
    _check_monitor(config, reader)


def _check_spool(config: Config, reader: Reader) -> None:
    path = config.spool.path
    beyond = len(os.fsencode(path / SOCKET_NAME)) - LIMIT
    if beyond > 0:
        reader.complain(
            ("spool", "path"),
            f"is {beyond} octets too long for a control socket to lie in it"
            f" (got {quote(str(path))})",
        )
    with contextlib.suppress(PermissionError):  # of a folder above it: who opens it will tell
        if path.exists() and not path.is_dir():
            reader.complain(("spool", "path"), f"{path} is not a folder")


def _check_monitor(config: Config, reader: Reader) -> None:
    path = config.monitor.socket
    if path is not None:
        beyond = len(os.fsencode(path)) - LIMIT
        if beyond > 0:
            reader.complain(
                ("monitor", "socket"),
                f"is {beyond} octets too long for a socket (got {quote(str(path))})",
            )
        if path == config.spool.path / SOCKET_NAME:
            reader.complain(
                ("monitor", "socket"), f"{path} is the control socket; choose another name"
            )
    for name in config.monitor.users:
        if user_id(name) is None:
            reader.complain(
                ("monitor", "users"),
                f"there is no user {quote(name)} on this machine; `getent passwd` lists them",
            )


def user_id(name: str) -> int | None:
    """The uid of a user by name or number; None when there is none.  May ask a directory."""
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
