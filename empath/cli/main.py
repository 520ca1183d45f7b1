"""The `empath` command: runs the engine, with its console or without, and checks a config.

Errors are one sentence on standard error and an exit code of `empath.cli.exit_codes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from empath import app, hangup
from empath.cli.asking import ends_the_command
from empath.cli.certificates import check_certificates
from empath.cli.console_process import (
    ConsoleMissing,
    attend_console,
    console_command,
    on_terminal,
)
from empath.cli.dev import PORT, NotForDev, dev_config
from empath.cli.exit_codes import ExitCode
from empath.cli.finding import Where, option_for
from empath.cli.output import run_program
from empath.cli.show import complain, say
from empath.cli.starting import read_config, start
from empath.cli.verbs import program, version_option
from empath.config.model import Config, Mode, Tls
from empath.config.origin import Origin, Reading
from empath.config.problem import ConfigProblem, ConfigUnusable

commands = program(
    "empath",
    help="A mail transfer agent that one person can run and understand.\n\n"
    "Without a command: runs the engine of ./empath.toml with its console on this terminal."
    " To try it without any set-up: empath dev",
    runs_alone=True,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", readable=False, help="The config; default: ./empath.toml."
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")
]


@commands.callback()
def run_with_console(
    context: typer.Context,
    config: ConfigOption = None,
    debug: DebugOption = False,
    _version: Annotated[bool, version_option("empath")] = False,
) -> None:
    """Run the engine, and its console on this terminal."""
    context.obj = config
    if context.invoked_subcommand in {"check", "console"}:
        hangup.as_usual()
    if context.invoked_subcommand is None:
        _start_with_console(*read_config(config, needed=True), debug=debug)


@commands.command()
def serve(context: typer.Context, config: ConfigOption = None, debug: DebugOption = False) -> None:
    """Run the engine without a console, as a service does.

    SIGTERM and SIGINT stop it once what is on the wire is finished (30 seconds at most); a
    second one stops it at once.  SIGHUP reloads the config.
    """
    start(*read_config(config or context.obj, needed=True), debug=debug)


@commands.command()
def dev(
    context: typer.Context,
    config: ConfigOption = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help=f"Port on loopback; default: {PORT}."),
    ] = None,
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the captured mail here.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No console; for scripts.")] = False,
    debug: DebugOption = False,
) -> None:
    """Run a relay for development: mail is captured, nothing leaves this machine.

    Needs no config.
    """
    adapt = partial(_for_dev, port=port, spool=spool)
    origin, reading = read_config(config or context.obj, needed=False, adapt=adapt)
    if headless:
        start(origin, reading, companion=_announce, debug=debug)
    else:
        _start_with_console(origin, reading, debug=debug)


def _for_dev(config: Config, *, port: int | None, spool: Path | None) -> Config:
    """What becomes of a config in dev mode, at the start and at every reload."""
    try:
        return dev_config(config, port=port, spool=spool)
    except NotForDev as error:
        raise ConfigUnusable([ConfigProblem("empath dev", None, "mode", str(error))]) from error


@commands.command()
def console(
    context: typer.Context,
    attach: Annotated[
        Path | None,
        typer.Option(
            metavar="SOCKET",
            readable=False,
            help="The engine's control socket; default: the config's.",
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Look, do not touch.")] = False,
    theme: Annotated[
        str, typer.Option(metavar="NAME", help="dark, light, safe, grey, ansi or plain.")
    ] = "",
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", readable=False, help="Write the session to a new file."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", readable=False, help="Play a recorded session.")
    ] = None,
    no_mouse: Annotated[
        bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Open the console of an engine that runs already, or play a session that was recorded."""
    more = ["--read-only"] if read_only else []
    more += ["--no-mouse"] if no_mouse else []
    for name, value in (("theme", theme), ("record", record), ("replay", replay)):
        more += [f"--{name}={value}"] if value else []
    socket = None if replay is not None else _engine_socket(context, attach, config)
    if not on_terminal():
        complain('The console needs a terminal; in scripts, "empathctl" does its work.')
        raise SystemExit(ExitCode.USAGE)
    try:
        arguments, environ = console_command(socket, *more)
    except ConsoleMissing as error:
        complain(str(error))
        raise SystemExit(ExitCode.FAULT) from None
    os.execve(arguments[0], arguments, environ)  # noqa: S606 - our own interpreter, no shell


def _engine_socket(context: typer.Context, attach: Path | None, config: Path | None) -> Path:
    """The socket of an engine that runs; says so and ends when there is none."""
    # As empathctl finds it: a broken config is what one opens the console for.
    place = Where(config=config or context.obj)
    with ends_the_command(place):
        socket = attach or place.found()
    try:
        there = socket.is_socket()
    except PermissionError:
        there = True  # in a folder of somebody else's: the console says so
    if not there:
        complain(
            f'No engine answers at {socket}: start one with "empath serve", or name its control'
            " socket with --attach SOCKET."
        )
        raise SystemExit(ExitCode.UNREACHABLE)
    return socket.absolute()


@commands.command()
def check(context: typer.Context, config: ConfigOption = None) -> None:
    """Validate the config: every error at once, or a summary of what it says."""
    elsewhere: list[ConfigProblem] = []
    origin, reading = read_config(config or context.obj, needed=True, elsewhere=elsewhere)
    settings, source = reading.config, origin.name
    for warning in elsewhere:
        complain(str(warning))
    try:
        check_certificates(settings, file=origin.spoken, text=reading.text)
    except ConfigUnusable as error:
        complain(str(error))
        raise SystemExit(ExitCode.CONFIG) from None
    say(f"{source}: ok")
    for name, text in _summary(settings):
        say(f"  {name:<10} {text}")


def _summary(config: Config) -> list[tuple[str, str]]:
    what = (
        "captures every message, sends nothing"
        if config.mode is Mode.DEV
        else "delivers what it accepts"
    )
    lines = [("mode", f"{config.mode}: {what}"), ("hostname", config.hostname)]
    for listener in config.listener:
        tls = "without TLS" if listener.tls is Tls.NONE else f"with {listener.tls} TLS"
        lines.append(("listener", f"{listener.bind} {tls}"))
    lines.append(("relay for", ", ".join(map(str, config.relay.networks)) or "nobody"))
    if config.relay.domains:
        lines.append(("relay to", ", ".join(config.relay.domains)))
    lines += [("route", f"{route.domain} to {route.host}") for route in config.route]
    lines.append(("spool", str(config.spool.path)))
    return lines


def _start_with_console(origin: Origin, reading: Reading, *, debug: bool) -> None:
    if on_terminal():
        start(origin, reading, companion=attend_console, hangup_stops=True, debug=debug)
    else:
        complain("This is no terminal, so the engine runs without its console.")
        start(origin, reading, companion=_announce, debug=debug)


async def _announce(running: app.Running) -> None:
    """One line for whoever waits for the start."""
    line = f"listening on {', '.join(running.addresses)}"
    if running.config.mode is Mode.DEV:
        which = await asyncio.to_thread(option_for, running.socket, "--socket")
        line += f", captured mail: empathctl{which} queue list"
    with contextlib.suppress(OSError):
        print(line, flush=True)  # noqa: T201 - this is the command line


def main() -> None:
    """Run the `empath` command."""
    try:
        run_program(partial(commands, prog_name="empath"))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
