"""`empathctl trash`: deleted mail that is kept for a while; restore it, or forget it for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from empath.cli.asking import Client, leave
from empath.cli.exit_codes import ExitCode
from empath.cli.jobs import write_change
from empath.cli.preview import Change
from empath.cli.queue_changes import YesOption
from empath.cli.show import age, complain, counted, from_now, octets, write_json, write_table
from empath.cli.verbs import group, verb
from empath.cli.words import read_ids
from empath.clock import SystemClock
from empath.control import link

trash = group("trash", "Deleted mail, kept for spool.trash_for: bring it back, or forget it.")


@trash.command("list")
@verb
def list_trash(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, help="Most messages shown.")
    ] = 50,
    cursor: Annotated[
        str, typer.Option("--cursor", metavar="C", help="Go on where a list ended.")
    ] = "",
    client: Client,
) -> None:
    """List what was deleted and can be restored, newest first."""
    found = client.ask(link.ListTrash(cursor=cursor, limit=limit))
    if client.json:
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
        shown = f"{len(found.items):,} of {found.messages:,} shown"
        complain(f"{shown}; --cursor {found.cursor} goes on.")


@trash.command()
@verb
def restore(
    *,
    names: Annotated[list[str], typer.Argument(metavar="ID...|JOB", show_default=False)],
    change: Change,
    client: Client,
) -> None:
    """Queue deleted messages again as they were: by their ids, or all that a job deleted."""
    job = names[0] if names[0].startswith("job-") else ""
    if job and len(names) > 1:
        leave("Name deleted messages, or one job such as job-12.", ExitCode.USAGE)
    request = link.RestoreTrash(
        ids=() if job else read_ids(names), job=job, reason=change.reason, dry_run=change.dry_run
    )
    done = client.ask(request)
    write_change(client, done, "in the queue again")
    if done.unknown:
        leave(f"Not in the trash: {', '.join(done.unknown[:5])}.", ExitCode.REFUSED)


@trash.command()
@verb
def empty(
    *,
    expect: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Forget nothing unless it holds N messages."),
    ] = None,
    yes: YesOption = False,
    change: Change,
    client: Client,
) -> None:
    """Forget everything in the trash for good."""
    if not yes and not change.dry_run:
        if not sys.stdin.isatty():
            leave("This forgets mail: add --yes where there is no terminal to ask.", ExitCode.USAGE)
        found = client.ask(link.ListTrash(limit=1))
        expect = found.messages if expect is None else expect
        question = f"Forget {counted(found.messages, 'message')} for good?"
        if not typer.confirm(question, default=False, err=True):
            leave("Nothing was forgotten.", ExitCode.REFUSED)
    request = link.EmptyTrash(expect=expect, reason=change.reason, dry_run=change.dry_run)
    write_change(client, client.ask(request), "forgotten")
