"""Taking back the last change, and ending one that runs: for every screen that changes messages.

What this session did to one message is taken back at once; a larger change, or one that was
not made from here, is named first and asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from empath.control.link import CancelJob, JobItem, ListJobs, UndoJob
from tui.equivalent import line_of
from tui.figures import age, count, plural
from tui.jobs import ending, unknown_end
from tui.safety import safe
from tui.screens.dialogs import Ask

if TYPE_CHECKING:
    from tui.app import Console

LISTED = 50


async def learn_jobs(console: Console) -> None:
    """Ask which jobs there are, and have the session's log tell which have ended.

    Raises `LinkLost`, `RequestRefused`.
    """
    book, log = console.store.jobs, console.command_log
    before = book.under_way
    book.fold(await console.ask(ListJobs(limit=LISTED)), before)
    for job in book.ended:
        log.over(job.id, *ending(job))
    for name in book.forgotten:
        log.over(name, *unknown_end(name))


async def watch_jobs(console: Console) -> None:
    """Look how far the changes are that run, and tell of those that have ended.

    Raises `LinkLost`, `RequestRefused`.
    """
    book, screen = console.store.jobs, console.front
    await learn_jobs(console)
    told = [*map(ending, book.ended), *map(unknown_end, book.forgotten)]
    book.ended.clear()
    book.forgotten.clear()
    for text, role in told:
        if screen is not None:
            screen.flash(text, role)
        console.poke()  # what the last lot did is not on the screen yet


async def undo_last(console: Console) -> tuple[str, str] | None:
    """Take back the last change: what came of it and the role of its colour; None if not.

    Raises `LinkLost`, `RequestRefused`.
    """
    book = console.store.jobs
    await learn_jobs(console)
    job = book.undoable
    if book.last_tried and (job is None or job.id != book.last_undo):
        book.last_tried = False  # the next `u` is about what was changed before
        return "The last change made mail due, and attempts cannot be undone.", "warn"
    if job is None:
        said = "There is nothing to undo. U in Destinations ends what was done to one."
        return said, "warn"
    own = job.id == book.last_undo
    if (not own or job.total > 1) and not await _sure(console, job):
        return None
    changed = await console.ask(UndoJob(id=job.id))
    book.undone()
    book.began(changed)
    if changed.job:
        return f"undoing {safe(job.what, 200)} runs as job {safe(changed.job)}", "good"
    note = f" · {safe(changed.note, 200)}" if changed.note else ""
    return f"undid {safe(job.what, 200)}: {plural(changed.messages, 'message')}{note}", "good"


async def _sure(console: Console, job: JobItem) -> bool:
    now = console.store.now
    ended = job.ended_at if job.ended_at is not None else job.started_at
    facts = [
        ("Change", safe(job.what, 300)),
        ("Messages", f"{count(job.done)}"),
        ("Made", f"{age(now - ended)} ago by {safe(job.actor, 80)}"),
        ("Undo", "gives them their former state; what was delivered meanwhile stays delivered"),
        ("Equivalent", safe(line_of(UndoJob(id=job.id)))),
    ]
    dialog = Ask("Undo this change?", facts, yes="Undo", destroys=False)
    return await console.push_screen_wait(dialog) == "yes"


async def cancel_running(console: Console) -> tuple[str, str]:
    """End the job that is shown as running: what came of it.

    Raises `LinkLost`, `RequestRefused`.
    """
    job = console.store.jobs.running
    if job is None:
        return "Nothing runs that could be cancelled.", "warn"
    ended = await console.ask(CancelJob(id=job.id))
    return ending(console.store.jobs.named(ended))
