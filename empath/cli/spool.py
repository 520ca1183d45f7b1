"""`empathctl spool`: figures of the spool, and a check of everything in it."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from empath.cli.asking import (
    ConfigOption,
    JsonOption,
    SocketOption,
    Where,
    ask,
    leave,
    spool_of,
    where,
)
from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain, counted, octets, say, write_json, write_pairs, write_table
from empath.control import link
from empath.control.socket import answers
from empath.spool.check import check_stopped
from empath.spool.face import SpoolInUse, SpoolUnusable

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
    """Verify every body and table. Ends with 1 when something is wrong.

    Works on the spool of a stopped engine, too, which cannot start meanwhile.
    """
    problems = _problems(where(context, socket, config))
    if json:
        write_json(problems)
    elif problems:
        write_table(("WHAT", "PROBLEM"), [(one.subject, one.sentence) for one in problems])
    else:
        say("The spool is sound.")
    if problems:
        complain(f"{counted(len(problems), 'problem')} found.")
        raise SystemExit(ExitCode.REFUSED)


def _problems(place: Where) -> Sequence[link.SpoolProblem]:
    """What the running engine finds, or we do where none has the spool."""
    folder = spool_of(place)
    if not (folder / "queue.db").exists():
        return ask(place, link.CheckSpool()).problems
    try:
        found = check_stopped(folder)
    except SpoolUnusable as error:
        leave(str(error), ExitCode.SPOOL)
    except SpoolInUse as error:
        if not answers(place.path()):  # its socket is what it opens last and closes first
            leave(f"An engine is starting or stopping: try again. {error}", ExitCode.SPOOL)
        return ask(place, link.CheckSpool()).problems
    return [link.SpoolProblem(subject=one.subject, sentence=one.sentence) for one in found]
