"""The changes of the queue that run, or ran: what is shown of them, and what `u` takes back.

Plain Python.  A change of this session tells its job; the engine is asked for the list only
while one runs, and when something is to be undone.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from empath.control.link import Changed, JobItem, Jobs
from tui.figures import count, plural
from tui.safety import safe

CALLED: Final = 200
"""Changes of this console whose words are remembered."""
BAR: Final = 20
"""Cells of a progress bar."""


@final
class JobBook:
    """The jobs as far as the console knows."""

    def __init__(self) -> None:
        self.items: tuple[JobItem, ...] = ()
        """Newest first."""
        self.last_undo = ""
        """The job of this session's last change that can be undone."""
        self.last_tried = False
        """This session's last change had mail tried again, which nothing takes back."""
        self._running: set[str] = set()
        self._called: dict[str, str] = {}
        self.ended: list[JobItem] = []
        """Jobs that this console saw running and has not told the end of."""
        self.forgotten: list[str] = []
        """Those of which the engine knows nothing any more."""

    def __repr__(self) -> str:
        return f"<JobBook running={len(self._running)} known={len(self.items)}>"

    def began(self, changed: Changed, what: str = "", *, tries: bool = False) -> None:
        """A change was made from here; *what* tells it better than the engine knows, and
        *tries* that it was a retry.
        """
        self.last_tried = tries
        if tries:
            self.last_undo = ""
        if changed.undo:
            self.last_undo = changed.undo
        if changed.job:
            self._running.add(changed.job)
            self.last_undo = changed.job
        if what and (job := changed.job or changed.undo):
            self._called[job] = what
            while len(self._called) > CALLED:
                del self._called[next(iter(self._called))]

    @property
    def watched(self) -> bool:
        """Something runs: the engine should be asked."""
        return bool(self._running)

    @property
    def running(self) -> JobItem | None:
        """The job to show the progress of: the oldest that runs."""
        return next((job for job in reversed(self.items) if job.state == "running"), None)

    @property
    def under_way(self) -> frozenset[str]:
        """Those that ran when the engine was last asked, or were begun since."""
        return frozenset(self._running)

    def fold(self, jobs: Jobs, under_way: frozenset[str]) -> None:
        """Take the engine's list; *under_way* are those that were when it was asked for."""
        self.items = tuple(map(self.named, jobs.items))
        known = {job.id: job for job in self.items}
        for name in under_way & self._running:
            job = known.get(name)
            if job is None or job.state != "running":
                self._running.discard(name)
                if job is not None:
                    self.ended.append(job)
                else:
                    self.forgotten.append(name)
        self._running.update(job.id for job in jobs.items if job.state == "running")

    def named(self, job: JobItem) -> JobItem:
        """The job as this console calls it: by its filter and not by a selection's number."""
        what = self._called.get(job.id)
        return job if what is None else msgspec.structs.replace(job, what=what)

    def undone(self) -> None:
        """The last change was taken back."""
        self.last_undo = ""

    @property
    def undoable(self) -> JobItem | None:
        """What `u` would take back: this session's last change, else the newest there is."""
        able = [job for job in self.items if job.undoable]
        own = [job for job in able if job.id == self.last_undo]
        return next(iter(own + able), None)


def progress(job: JobItem, width: int = BAR) -> str:
    """How far a job is: ``████████░░░░ 41 % · 4,920 of 12,000``."""
    share = min(1.0, job.done / job.total) if job.total else 0.0
    full = round(share * width)
    bar = "█" * full + "░" * (width - full)
    return f"{bar} {share * 100:3.0f} % · {count(job.done)} of {count(job.total)}"


def ending(job: JobItem) -> tuple[str, str]:
    """How a job ended, or is about to, as a line and the role of its colour."""
    number = f"{plural(job.done, 'message')}"
    text, role = {
        "running": (f"ends after its present lot, {number} so far", "warn"),
        "cancelled": (f"cancelled after {number}", "warn"),
        "failed": (f"failed after {number}", "bad"),
        "undone": ("was undone", "good"),
    }.get(job.state, (f"done, {number}", "good"))
    note = f" · {safe(job.note, 200)}" if job.note else ""
    undo = " · u undoes" if job.undoable else ""
    return f"{safe(job.what, 200)}: {text}{note}{undo}", role


def unknown_end(id: str) -> tuple[str, str]:
    """What is told of a job that the engine knows nothing of any more."""
    return f"how far job {safe(id)} came is not known: the engine has no record of it", "warn"
