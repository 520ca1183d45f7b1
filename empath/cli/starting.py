"""Starting an engine from the command line: every failure is one sentence and an exit code.

With --debug the traceback comes too; without it none ever does.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from empath import app
from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain
from empath.config.load import find_config
from empath.config.model import Config
from empath.config.origin import Origin, Reading
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.control.metrics_door import MetricsRefused
from empath.control.peer import SocketUnusable
from empath.inbound.listener import ListenerRefused
from empath.spool.face import SpoolInUse, SpoolUnusable

_CODES: dict[type[Exception], ExitCode] = {
    ConfigUnusable: ExitCode.CONFIG,
    SpoolInUse: ExitCode.SPOOL,
    SpoolUnusable: ExitCode.SPOOL,
    ListenerRefused: ExitCode.LISTENER,
    MetricsRefused: ExitCode.LISTENER,
    SocketUnusable: ExitCode.LISTENER,
    app.EngineFault: ExitCode.FAULT,
}


def leave(error: Exception, *, debug: bool = False) -> NoReturn:
    """End the command over *error*, with its sentence and its exit code."""
    if debug:
        traceback.print_exception(error)
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            complain(str(error))
            raise SystemExit(code)
    complain(
        f"The engine could not start, which is a bug ({type(error).__name__}: {error}):"
        " run it with --debug and report what it prints."
    )
    raise SystemExit(ExitCode.FAULT)


def read_config(
    explicit: Path | None,
    *,
    needed: bool,
    adapt: Callable[[Config], Config] | None = None,
    elsewhere: list[ConfigProblem] | None = None,
) -> tuple[Origin, Reading]:
    """Where the config comes from and what it says; ends the command when it cannot be used.

    *adapt* is what the command makes of it, at every reload too.  *elsewhere* is for one that
    starts no engine, see `parse_config`.
    """
    try:
        path = find_config(explicit, needed=needed)
        origin = Origin(path) if adapt is None else Origin(path, adapt=adapt)
        return origin, origin.read(elsewhere=elsewhere)
    except ConfigUnusable as error:
        leave(error)


def start(
    origin: Origin,
    reading: Reading,
    *,
    companion: app.Companion | None = None,
    hangup_stops: bool = False,
    debug: bool = False,
) -> None:
    """Run the engine to its end; ends the command when it cannot start or ends on a bug."""
    try:
        app.run(
            reading.config,
            source=origin.name,
            origin=origin,
            text=reading.text,
            companion=companion,
            hangup_stops=hangup_stops,
            debug=debug,
        )
    except Exception as error:  # noqa: BLE001 - the top of the process
        leave(error, debug=debug)
