"""The `empathctl` command: every question and every change from the command line.

It asks a running engine over its control socket; only `spool check` reads the spool itself, where
no engine runs, and `config` the config file.  Errors are one sentence on standard error and an
exit code of `empath.cli.exit_codes`.  How to add a command stands in `empath.cli.verbs`.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, SocketOption
from empath.cli.config import config as config_commands
from empath.cli.dns import dns
from empath.cli.finding import Where
from empath.cli.gates import breaker, destination, why
from empath.cli.inbox import inbox
from empath.cli.jobs import job
from empath.cli.output import run_program
from empath.cli.queue import queue
from empath.cli.queue_changes import CHANGES
from empath.cli.record import record
from empath.cli.shape import latency, senders, shape, upcoming, view
from empath.cli.spool import spool
from empath.cli.system import events, system
from empath.cli.tls import tls
from empath.cli.top import top
from empath.cli.trash import trash
from empath.cli.verbs import program, version_option

commands = program(
    "empathctl",
    help="Ask a running Empath, and change its queue.\n\n"
    "The engine is found by --socket, else by the spool of --config, ./empath.toml or the built-in"
    " default.",
    runs_alone=False,
)
for change in CHANGES:
    queue.command()(change)
for look in (shape, senders, upcoming):
    queue.command()(look)
destination.command()(view)
system.command()(latency)
commands.add_typer(queue)
commands.add_typer(inbox)
commands.add_typer(breaker)
commands.add_typer(destination)
commands.add_typer(config_commands)
commands.add_typer(dns)
commands.add_typer(job)
commands.add_typer(spool)
commands.add_typer(system)
commands.add_typer(tls)
commands.add_typer(trash)
commands.command()(events)
commands.command()(record)
commands.command()(top)
commands.command()(why)


@commands.callback()
def remember(
    context: typer.Context,
    socket: SocketOption = None,
    config: ConfigOption = None,
    _version: Annotated[bool, version_option("empathctl")] = False,
) -> None:
    """Keep which engine is meant for the command that follows."""
    context.obj = Where(socket, config)


def main() -> None:
    """Run the `empathctl` command."""
    run_program(partial(commands, prog_name="empathctl"))


if __name__ == "__main__":
    main()
