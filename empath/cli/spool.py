"""`empathctl spool`: figures of the spool, and a check of everything in it."""

from __future__ import annotations

from collections.abc import Sequence

from empath.cli.asking import Client, ask, leave, spool_of
from empath.cli.exit_codes import ExitCode
from empath.cli.finding import SOCKET_NAME, Where
from empath.cli.show import complain, counted, octets, say, write_json, write_pairs, write_table
from empath.cli.verbs import group, verb
from empath.control import link
from empath.control.peer import answers
from empath.spool.check import check_stopped
from empath.spool.face import SpoolInUse, SpoolUnusable

spool = group("spool", "Where mail is kept: figures, and a check of everything in it.")


@spool.command()
@verb
def stats(client: Client) -> None:
    """Show the spool's figures."""
    report = client.ask(link.GetSpool())
    if client.json:
        write_json(report)
        return
    grouped = report.operations / report.commits if report.commits else 0.0
    write_pairs(
        [
            ("path", report.path),
            ("messages", f"{report.messages:,} waiting, {report.finished:,} finished and kept"),
            ("bodies", f"{octets(report.octets)}, {report.file_bodies:,} in files of their own"),
            ("trash", f"{report.trash_messages:,} messages, {octets(report.trash_octets)}"),
            ("database", octets(report.database_octets)),
            ("disk free", octets(report.free_octets)),
            ("commits", f"{report.commits:,} since the start, {grouped:.1f} operations each"),
        ]
    )


@spool.command()
@verb
def check(client: Client) -> None:
    """Verify every body and table. Ends with 1 when something is wrong.

    Works on the spool of a stopped engine, too, which cannot start meanwhile.
    """
    problems = _problems(client.place)
    if client.json:
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
        if not answers(folder / SOCKET_NAME):  # its socket is what it opens last and closes first
            leave(f"An engine is starting or stopping: try again. {error}", ExitCode.SPOOL)
        return ask(place, link.CheckSpool()).problems
    return [link.SpoolProblem(subject=one.subject, sentence=one.sentence) for one in found]
