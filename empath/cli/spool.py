"""`empathctl spool`: figures of the spool, and a check of everything in it."""

from __future__ import annotations

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, ask, where
from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain, counted, octets, say, write_json, write_pairs, write_table
from empath.control import link

spool = typer.Typer(
    name="spool",
    help="Where mail is kept: figures, and a check of everything in it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@spool.command()
def stats(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the spool's figures."""
    report = ask(where(context, socket, config), link.GetSpool())
    if json:
        write_json(report)
        return
    grouped = report.operations / report.commits if report.commits else 0.0
    write_pairs(
        [
            ("path", report.path),
            ("messages", f"{report.messages:,} waiting, {report.finished:,} finished and kept"),
            ("bodies", f"{octets(report.octets)}, {report.file_bodies:,} in files of their own"),
            ("database", octets(report.database_octets)),
            ("disk free", octets(report.free_octets)),
            ("commits", f"{report.commits:,} since the start, {grouped:.1f} operations each"),
        ]
    )


@spool.command()
def check(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Verify every body and table. Ends with 1 when something is wrong."""
    found = ask(where(context, socket, config), link.CheckSpool())
    if json:
        write_json(found.problems)
    elif found.problems:
        write_table(("WHAT", "PROBLEM"), [(one.subject, one.sentence) for one in found.problems])
    else:
        say("The spool is sound.")
    if found.problems:
        complain(f"{counted(len(found.problems), 'problem')} found.")
        raise SystemExit(ExitCode.REFUSED)
