"""`empathctl job`: the changes that run and ran, cancel, undo; and what a change came to.

A change of many messages is a job of the engine: `write_change` waits for its end and says how
far it is meanwhile.  Ctrl-C ends the waiting and not the job.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Final

import typer

from empath.cli.asking import Client, leave
from empath.cli.exit_codes import ExitCode
from empath.cli.preview import Change, write_preview
from empath.cli.show import clock_time, complain, counted, say, write_json, write_table
from empath.cli.verbs import group, verb
from empath.control import link
from empath.control.link import JobItem, Link
from empath.safe_text import safe_text

job = group("job", "Changes of the queue that run or ran: how far they are, end them, undo them.")

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at a job that is waited for."""

JobArgument = Annotated[str, typer.Argument(metavar="JOB", show_default=False)]


@job.command("list")
@verb
def list_jobs(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, help="Most jobs shown.")
    ] = 20,
    client: Client,
) -> None:
    """List the changes that run and the last that ended, newest first."""
    found = client.ask(link.ListJobs(limit=limit))
    if client.json:
        write_json(found.items)
        return
    if not found.items:
        complain("No job has run yet.")
        return
    write_table(
        ("JOB", "STATE", ">DONE", ">OF", "UNDO", "STARTED", "WHO", "WHAT", "NOTE"),
        [
            (
                one.id,
                one.state,
                f"{one.done:,}",
                f"{one.total:,}",
                "yes" if one.undoable else "no",
                clock_time(one.started_at),
                one.actor,
                one.what,
                one.note or "–",
            )
            for one in found.items
        ],
    )


@job.command()
@verb
def cancel(*, id: JobArgument, client: Client) -> None:
    """End a job before its next lot. What it has changed stays changed, and can be undone."""
    found = client.ask(link.CancelJob(id=id))
    if client.json:
        write_json(found)
    else:
        say(f"{found.id} ends: {found.done:,} of {counted(found.total, 'message')} done.")


@job.command()
@verb
def undo(*, id: JobArgument = "", change: Change, client: Client) -> None:
    """Give what a job changed its former state again; without a job, what you changed last."""
    request = link.UndoJob(id=id, reason=change.reason, dry_run=change.dry_run)
    write_change(client, client.ask(request), "as they were before")


def write_change(client: Client, done: link.Changed, what: str) -> None:
    """Say what a change did, or would do; of a job, once it has ended.

    *what* is what the messages are now, such as ``held``.
    """
    if done.preview is not None:
        write_preview(client, done.preview)
    elif done.job:
        _wait(client, done, what)
    elif client.json:
        write_json(done)
    else:
        recipients = counted(done.recipients, "recipient")
        say(f"{counted(done.messages, 'message')} ({recipients}) {what}.")
        if done.in_flight:
            flying = counted(done.in_flight, "recipient")
            complain(f"{flying} being delivered at this moment left alone.")
        if done.note:
            complain(f"{safe_text(done.note)}.")
        if done.undo and sys.stderr.isatty():
            complain(f"`empathctl job undo {done.undo}` takes it back.")


def _wait(client: Client, begun: link.Changed, what: str) -> None:
    if not client.json:
        complain(f"{safe_text(begun.note)}; Ctrl-C leaves it to itself, `job cancel` ends it.")
    ended = client.run(lambda engine: _ended(engine, begun.job, shown=not client.json))
    if client.json:
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
        total = counted(ended.total, "message")
        leave(
            f"{ended.id} is {ended.state} after {ended.done:,} of {total}{rest}.", ExitCode.REFUSED
        )


async def _ended(engine: Link, id: str, *, shown: bool) -> JobItem:
    """The job once it has ended; with *shown*, how far it is on a terminal meanwhile."""
    shown = shown and sys.stderr.isatty()
    while True:
        jobs = await engine.ask(link.ListJobs())
        found = next((one for one in jobs.items if one.id == id), None)
        if found is None:
            leave(f"{id} is not known any more.", ExitCode.REFUSED)
        if shown:
            end = "" if found.state == "running" else "\n"
            sys.stderr.write(f"\r{found.done:,} of {counted(found.total, 'message')} {end}")
            sys.stderr.flush()
        if found.state != "running":
            return found
        await asyncio.sleep(LOOK_EVERY)
