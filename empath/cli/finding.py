"""Which engine the command line means, also where the config file hides it.

The file says where the engine's socket is.  One that was emptied, is gone, is half written or
names another spool now leads elsewhere, while the engine runs on.  The engine that was started with
the file is looked for then, and asked: what it refuses is in its log and its figures, as after
SIGHUP.  Where there is none, what the file is comes first, and `--socket` is the way: advice to
start an engine would start a second one.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empath.cli.running import engine_of
from empath.cli.show import complain
from empath.config.load import DEFAULT_NAME, find_config, load_config, read_text
from empath.config.problem import ConfigUnusable
from empath.config.salvage import spool_of_unusable
from empath.control.peer import answers

SOCKET_NAME: Final = "empath.sock"
"""The control socket's name in the folder of the spool."""

_RUNS_ON: Final = (
    "An engine that was started before the file was changed answers at the spool it was started"
    f" with: name it with --socket SPOOL/{SOCKET_NAME}."
)


@dataclass(frozen=True, slots=True)
class Where:
    """Which engine is meant, as the command line says it."""

    socket: Path | None = None
    config: Path | None = None

    def path(self) -> Path:
        """The control socket that is named, or that the config leads to.  Raises `ConfigUnusable`.

        A config that cannot be used names it all the same while an engine answers there: that
        is how one rolls back.  Secrets that only the engine can read are in nobody's way.
        """
        if self.socket is not None:
            return self.socket
        file = find_config(self.config, needed=False)
        try:
            config = load_config(file, elsewhere=[])
        except ConfigUnusable:
            spool = None if file is None else spool_of_unusable(file)
            if spool is None or not _may_be_asked(spool / SOCKET_NAME):
                raise
            return spool / SOCKET_NAME
        return config.spool.path / SOCKET_NAME

    def found(self) -> Path:
        """The control socket of the engine that is meant: that of `path`, or, where nobody
        answers there, that of the engine that was started with the file, which is said.

        Raises `ConfigUnusable`.
        """
        if self.socket is not None:
            return self.socket
        named: Path | ConfigUnusable
        try:
            named = self.path()
            if not self._emptied() and answers(named):
                return named
        except ConfigUnusable as error:
            named = error
        file = self.config or DEFAULT_NAME
        socket = engine_of(file, SOCKET_NAME)
        if socket is not None:
            complain(f"Asking the engine that was started with {file}, at {socket}.")
            return socket
        if isinstance(named, ConfigUnusable):
            raise named
        return named

    def _emptied(self) -> bool:
        """An emptied file means the default spool, where an engine of another file may answer."""
        file = find_config(self.config, needed=False)
        return file is not None and not read_text(file)[0].strip()


def _may_be_asked(socket: Path) -> bool:
    try:
        return socket.is_socket()
    except PermissionError:
        return True  # it is behind a folder of somebody else's: who asks is told so


def option_for(socket: Path, option: str) -> str:
    """What a command that is run in this folder must be told to find *socket*, a blank before it.

    Nothing where it is found without; reads the config to know.
    """
    try:
        found = Where().path()
    except ConfigUnusable:
        found = None
    return "" if found == socket else f" {option} {shlex.quote(str(socket))}"


def explain(place: Where, error: Exception) -> str:
    """Why no engine is found at *place*: what the config file is, before *error* itself."""
    if place.socket is not None:
        return str(error)
    if isinstance(error, ConfigUnusable):
        return f"{error}\n{_RUNS_ON}"
    file = find_config(place.config, needed=False)
    if file is None:
        said = "There is no ./empath.toml here, so the default spool was asked"
        return f"{said}. {error} {_RUNS_ON}"
    try:
        path = load_config(file, elsewhere=[]).spool.path
        empty = not read_text(file)[0].strip()
        default = path == load_config(None).spool.path
    except ConfigUnusable as unusable:
        return f"{unusable}\n{error} {_RUNS_ON}"
    socket = path / SOCKET_NAME
    if empty:
        said = f"{file} is empty, so the default spool was asked, and no engine answers at {socket}"
        return f"{said}. {_RUNS_ON} Mend the file before you start one."
    names = "names no spool but the default" if default else f"names the spool {path}"
    said = f"{file} {names}, and no engine answers at {socket}"
    return f"{said}. {_RUNS_ON} If none runs, start one with `empath serve`."
