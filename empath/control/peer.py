"""The control socket as a file, and who is at its other end.

The socket is mode 0600 in a folder that only its owner may write to, and the kernel names
the peer of each connection (SO_PEERCRED), so nobody can pretend to be somebody else.
A socket file left by an engine that died is replaced; anything else in its place is left
alone, and `SocketUnusable` says what it is and what to do.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST_PATH: Final = 107
"""Octets that fit into a Unix socket's address (sun_path holds 108 with its end)."""
_CREDENTIALS: Final = struct.Struct("3i")


class SocketUnusable(Exception):
    """The control socket cannot be opened; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a connection, as the kernel vouches for it."""

    pid: int
    uid: int
    user: str

    @property
    def actor(self) -> str:
        """The peer as the audit trail names it: ``root(uid 0) pid 4411``."""
        return f"{self.user}(uid {self.uid}) pid {self.pid}"


def user_name(uid: int) -> str:
    """The name of a user, or ``uid`` where it has none.  May ask a directory service."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "uid"


def credentials(transport: asyncio.BaseTransport) -> tuple[int, int]:
    """The pid and uid of the process that connected; works on asyncio's and uvloop's transports.

    Raises `OSError` when the connection is already gone.
    """
    connection = transport.get_extra_info("socket")
    if connection is None:
        raise OSError("the connection is gone")
    data: bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(data)
    return pid, uid


def check_length(path: Path) -> None:
    """Raise `SocketUnusable` when *path* does not fit into a socket's address."""
    octets = len(os.fsencode(path))
    if octets > LONGEST_PATH:
        raise SocketUnusable(
            f"The path of the control socket {path} is {octets} octets long, the system takes at"
            f" most {LONGEST_PATH}: choose a shorter spool.path."
        )


def open_socket(path: Path, *, owner: int | None = None, shared: bool = False) -> socket.socket:
    """A listening socket at *path*, mode 0600.  Raises `SocketUnusable`.

    *owner* is the uid it must be of, and its folder of that or of root; this process's if None.
    Anybody may connect to a *shared* one: who is answered is for the server to say.
    """
    owner = os.geteuid() if owner is None else owner
    check_length(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o022 if shared else 0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_folder(path.parent, owner)
        _clear_place(path, owner)
        opened.bind(os.fspath(path))
        path.chmod(0o666 if shared else 0o600)
        opened.listen(64)
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        raise SocketUnusable(
            f"The control socket {path} cannot be made: {error.strerror or error}."
        ) from error
    except SocketUnusable:
        opened.close()
        raise
    finally:
        os.umask(before)
    return opened


def _check_folder(folder: Path, owner: int) -> None:
    status = folder.stat()
    if status.st_uid not in (owner, 0):
        raise SocketUnusable(
            f"The folder {folder} of the control socket belongs to {user_name(status.st_uid)}"
            f" (uid {status.st_uid}), who could replace the socket: use a folder of your own."
        )
    if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
        raise SocketUnusable(
            f"Other users may write to {folder}, and so replace the control socket in it:"
            f" run `chmod 700 {folder}`."
        )


def _clear_place(path: Path, owner: int) -> None:
    """Remove a socket of ours that nobody answers at; refuse to touch anything else."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise SocketUnusable(
            f"{path} is in the control socket's place and is not a socket: move it away."
        )
    if status.st_uid != owner:
        raise SocketUnusable(
            f"The control socket {path} belongs to {user_name(status.st_uid)}"
            f" (uid {status.st_uid}), not to the user Empath runs as (uid {owner}):"
            " stop that engine, or choose another spool.path."
        )
    if answers(path):
        raise SocketUnusable(
            f"Another engine answers at the control socket {path}: stop it first"
            " (`empathctl system status` shows it), or choose another spool.path."
        )
    path.unlink()


def answers(path: Path) -> bool:
    """Whether somebody listens at the socket *path*."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return True  # its queue of connections is full, so somebody holds it
        except OSError:
            return False
        return True
