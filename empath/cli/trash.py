"""`empathctl trash`: deleted mail that is kept for a while; restore it, or forget it for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, ask, leave, where
from empath.cli.exit_codes import ExitCode
from empath.cli.jobs import report
from empath.cli.preview import DryRunOption, ReasonOption
from empath.cli.show import age, complain, counted, from_now, octets, write_json, write_table
from empath.cli.words import read_ids
from empath.clock import SystemClock
from empath.control import link

trash = typer.Typer(
    name="trash",
    help="Deleted mail, kept for spool.trash_for: look at it, bring it back, forget it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@trash.command("list")
def list_trash(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, help="Most messages shown.")
    ] = 50,
    cursor: Annotated[
        str, typer.Option("--cursor", metavar="C", help="Go on where a list ended.")
    ] = "",
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List what was deleted and can be restored, newest first."""
    found = ask(where(context, socket, config), link.ListTrash(cursor=cursor, limit=limit))
    if json:
        write_json(found)
        return
    if not found.items:
        complain("The trash is empty.")
        return
    now = SystemClock().now()
    write_table(
        ("ID", ">DELETED", ">GONE", "JOB", ">SIZE", "FROM", "TO", "SUBJECT"),
        [
            (
                one.id,
                age(now - one.deleted_at),
                from_now(one.gone_at, now),
                one.job,
                octets(one.size),
                one.reverse_path or "<>",
                one.recipient + (f" +{one.recipients - 1}" if one.recipients > 1 else ""),
                one.subject or "–",
            )
            for one in found.items
        ],
    )
    if found.cursor:
        complain(
            f"{len(found.items):,} of {found.messages:,} shown; --cursor {found.cursor} goes on."
        )


@trash.command()
def restore(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|JOB]...", show_default=False)
    ] = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Queue deleted messages again as they were: by id, or all that a job deleted."""
    named = ids or []
    jobs = [one for one in named if one.startswith("job-")]
    if not named or (jobs and len(named) > 1):
        leave("Name deleted messages, or one job such as job-12.", ExitCode.USAGE)
    request = link.RestoreTrash(
        ids=() if jobs else read_ids(named),
        job=jobs[0] if jobs else "",
        reason=reason,
        dry_run=dry_run,
    )
    report(where(context, socket, config), request, "in the queue again", json=json)


@trash.command()
def empty(
    context: typer.Context,
    expect: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Forget nothing unless it holds N messages."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Forget everything in the trash for good."""
    place = where(context, socket, config)
    if not yes and not dry_run:
        if not sys.stdin.isatty():
            leave("This forgets mail: add --yes where there is no terminal to ask.", ExitCode.USAGE)
        found = ask(place, link.ListTrash(limit=1))
        if expect is None:
            expect = found.messages
        question = f"Forget {counted(found.messages, 'message')} for good?"
        if not typer.confirm(question, default=False, err=True):
            leave("Nothing was forgotten.", ExitCode.REFUSED)
    request = link.EmptyTrash(expect=expect, reason=reason, dry_run=dry_run)
    report(place, request, "forgotten", json=json)
