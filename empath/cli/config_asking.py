"""Asking an engine about its config, where the config file itself may hide the engine.

The file says where the engine's socket is.  One that was emptied, is gone, is half written or
names another spool now leads elsewhere, while the engine runs on.  The engine that was started with
the file is looked for then, and asked: what it refuses is in its log and its figures, as after
SIGHUP.  Where there is none, what the file is comes first, and `--socket` is the way: advice to
start an engine would start a second one.
"""

from __future__ import annotations

from typing import Final, TypeVar

from empath.cli.asking import SOCKET_NAME, Where, run
from empath.cli.running import engine_of
from empath.cli.show import complain
from empath.config.load import DEFAULT_NAME, find_config, load_config, read_text
from empath.config.problem import ConfigUnusable
from empath.control.link import Request
from empath.control.peer import answers

T = TypeVar("T")

_RUNS_ON: Final = (
    "An engine that was started before the file was changed answers at the spool it was started"
    f" with: name it with --socket SPOOL/{SOCKET_NAME}."
)


def ask_about_config(place: Where, request: Request[T]) -> T:
    """One request and its reply; ends the command when there is none, over the file first."""
    return run(_with_engine(place), lambda link: link.ask(request), explain=explain)


def _with_engine(place: Where) -> Where:
    """*place*, or the socket of the engine that was started with its file."""
    if place.socket is not None or _leads_to_engine(place):
        return place
    file = place.config or DEFAULT_NAME
    socket = engine_of(file, SOCKET_NAME)
    if socket is None:
        return place
    complain(f"Asking the engine that was started with {file}, at {socket}.")
    return Where(socket)


def _leads_to_engine(place: Where) -> bool:
    try:
        file = find_config(place.config, needed=False)
        # An emptied file means the default spool, where an engine of another file may answer.
        return (file is None or bool(read_text(file)[0].strip())) and answers(place.path())
    except ConfigUnusable:
        return False


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
