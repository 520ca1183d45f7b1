"""The console as a process: how it is started, and beside the engine on one terminal.

The engine never shares its loop with the console (docs/ARCHITECTURE.md): the child has the
terminal, the engine keeps its hands off it, and whatever becomes of the child - quit, crash,
killed - the terminal is put back as it was and the engine goes on, unless it was asked to
stop too.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
import termios
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import empath
from empath.app import Running
from empath.cli.finding import option_for
from empath.config.model import LogLevel, Mode

_ENDING_TIME: Final = 3.0
"""Seconds that a console has to end by itself once it is asked to."""
# What a full-screen program may have left on: alternate screen, hidden cursor, mouse
# reports, focus reports, bracketed paste, kitty keys, synchronised output.
_PLAIN_SCREEN: Final = (
    b"\x1b[?2026l\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l"
    b"\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m"
)


class ConsoleMissing(Exception):
    """The console's package is not installed; the message says what to do."""


def on_terminal() -> bool:
    """Is there a terminal that a console could take?  It reads 0 and draws on 2."""
    return os.isatty(0) and os.isatty(2)


def console_command(
    socket: Path | None, *more: str, child: bool = False
) -> tuple[list[str], Mapping[str, str]]:
    """The command line and environment of a console for the engine at *socket*, or for none when
    it plays a recording; *more* are its other options.

    Raises `ConsoleMissing`.
    """
    # Looked for beside this package, and the working folder is kept off the child's path
    # (-P), so that some other `tui` there is never run by accident.
    home = Path(empath.__file__).resolve().parents[1]
    if not (home / "tui" / "__main__.py").is_file() or importlib.util.find_spec("textual") is None:
        raise ConsoleMissing(
            "The console is not installed here: install the whole of empath-mta with pip, or use"
            ' "empath serve" and "empathctl".'
        )
    paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    arguments = [sys.executable, "-P", "-m", "tui", *more]
    if socket is not None:
        arguments += ["--attach", str(socket)]
    if child:
        arguments.append("--child")
    return arguments, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


async def attend_console(running: Running) -> None:
    """Run a console on our terminal beside the engine; returns when it has ended.

    When the engine ends first this is cancelled, and takes the console with it.
    """
    try:
        arguments, environ = console_command(running.socket, child=True)
    except ConsoleMissing as error:
        running.journal.say(f"{error} The engine runs without it.", LogLevel.WARNING)
        return
    settings = _terminal_settings()
    running.journal.hush()
    try:
        status = await _run_console(arguments, environ, settings)
    finally:
        running.journal.speak()
    if status:
        running.journal.say(f"the console ended with status {status}", LogLevel.WARNING)
    if not running.stopping.is_set():
        what = "dev relay" if running.config.mode is Mode.DEV else "relay"
        which = await asyncio.to_thread(option_for, running.socket, "--attach")
        running.journal.say(
            f"the {what} keeps running at {', '.join(running.addresses)}: Ctrl-C stops it,"
            f' "empath console{which}" in another terminal brings the console back'
        )


async def _run_console(
    arguments: list[str], environ: Mapping[str, str], settings: list[Any] | None
) -> int:
    try:
        process = await asyncio.create_subprocess_exec(*arguments, env=environ)
    except OSError:
        return 127
    try:
        return await process.wait()
    finally:
        crashed = process.returncode != 0
        if process.returncode is None:
            await _end(process)
        await _put_back(settings, crashed=crashed)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the console to end, and make it when it does not."""
    for ask in (process.terminate, process.kill):
        with contextlib.suppress(ProcessLookupError):
            ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_TIME):
                await process.wait()
                return


def _terminal_settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


async def _put_back(settings: list[Any] | None, *, crashed: bool) -> None:
    """Restore the terminal; a console that ended well has left the screen as it was."""
    if settings is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, settings)
    if not crashed:
        return
    # In a thread, because a terminal that has stopped reading would hold the engine up.
    writing = threading.Thread(target=_write_plain_screen, daemon=True)
    writing.start()
    for _ in range(20):
        if not writing.is_alive():
            return
        await asyncio.sleep(0.05)


def _write_plain_screen() -> None:
    with contextlib.suppress(OSError):
        os.write(2, _PLAIN_SCREEN)
