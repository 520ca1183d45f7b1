"""`empathctl job`: the changes that run and ran, cancel, undo; and waiting for one to end."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Final

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, Where, ask, leave, run, where
from empath.cli.exit_codes import ExitCode
from empath.cli.preview import DryRunOption, ReasonOption, write_preview
from empath.cli.show import clock_time, complain, counted, say, write_json, write_table
from empath.control import link
from empath.control.link import JobItem, Link
from empath.safe_text import safe_text

job = typer.Typer(
    name="job",
    help="Changes of the queue that run or ran: how far they are, end them, take them back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at a job that is waited for."""


@job.command("list")
def list_jobs(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, help="Most jobs shown.")
    ] = 20,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List the changes that run and the last that ended, newest first."""
    found = ask(where(context, socket, config), link.ListJobs(limit=limit))
    if json:
        write_json(found.items)
        return
    if not found.items:
        complain("No job has run yet.")
        return
    write_table(
        ("JOB", "STATE", ">DONE", ">OF", "STARTED", "WHO", "UNDO", "WHAT", "NOTE"),
        [
            (
                one.id,
                one.state,
                f"{one.done:,}",
                f"{one.total:,}",
                clock_time(one.started_at),
                one.actor,
                "yes" if one.undoable else "no",
                one.what,
                one.note or "–",
            )
            for one in found.items
        ],
    )


@job.command()
def cancel(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="JOB")],
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """End a job before its next lot. What it has changed stays changed, and can be undone."""
    found = ask(where(context, socket, config), link.CancelJob(id=id))
    if json:
        write_json(found)
    else:
        say(f"{found.id} ends: {found.done:,} of {counted(found.total, 'message')} done.")


@job.command()
def undo(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="[JOB]", show_default=False)] = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Give what a job changed its former state again; without a job, what you changed last."""
    place = where(context, socket, config)
    report(
        place, link.UndoJob(id=id, reason=reason, dry_run=dry_run), "as they were before", json=json
    )


def report(
    place: Where,
    request: link.UndoJob | link.RestoreTrash | link.EmptyTrash,
    what: str,
    *,
    json: bool,
) -> None:
    """Ask, wait where it takes long, and say what came of it."""
    done = ask(place, request)
    if done.job:
        report_job(place, done, what, json=json)
    else:
        write_changed(done, what, json=json)


def report_job(place: Where, begun: link.Changed, what: str, *, json: bool) -> None:
    """Wait for the job of a great change, saying how far it is, and say what came of it.

    Ctrl-C ends the waiting and not the job.
    """
    if not json:
        complain(f"{safe_text(begun.note)}; Ctrl-C leaves it to itself, `job cancel` ends it.")
    ended = run(place, lambda engine: _ended(engine, begun.job, quiet=json))
    if json:
        write_json(ended)
    elif ended.state == "done":
        recipients = counted(ended.recipients, "recipient")
        say(f"{counted(ended.messages, 'message')} ({recipients}) {what}.")
        if ended.note:
            complain(f"{safe_text(ended.note)}.")
        if ended.undoable:
            complain(f"`empathctl job undo {ended.id}` takes it back.")
    if ended.state != "done":
        rest = f": {safe_text(ended.note)}" if ended.note else ""
        leave(
            f"{ended.id} is {ended.state} after {ended.done:,} of"
            f" {counted(ended.total, 'message')}{rest}.",
            ExitCode.REFUSED,
        )


async def _ended(engine: Link, id: str, *, quiet: bool) -> JobItem:
    """The job once it has ended."""
    shown = False
    while True:
        jobs = await engine.ask(link.ListJobs())
        found = next((one for one in jobs.items if one.id == id), None)
        if found is None:
            leave(f"{id} is not known any more.", ExitCode.REFUSED)
        if sys.stderr.isatty() and not quiet:
            sys.stderr.write(f"\r{found.done:,} of {counted(found.total, 'message')} ")
            sys.stderr.flush()
            shown = True
        if found.state != "running":
            if shown:
                sys.stderr.write("\n")
            return found
        await asyncio.sleep(LOOK_EVERY)


def write_changed(done: link.Changed, what: str, *, json: bool) -> None:
    """Say what a change did, or would do."""
    if json:
        write_json(done if done.preview is None else done.preview)
        return
    if done.preview is not None:
        write_preview(done.preview)
        return
    recipients = counted(done.recipients, "recipient")
    say(f"{counted(done.messages, 'message')} ({recipients}) {what}.")
    if done.in_flight:
        complain(
            f"{counted(done.in_flight, 'recipient')} being delivered at this moment left alone."
        )
    if done.note:
        complain(f"{safe_text(done.note)}.")
