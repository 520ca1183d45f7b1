"""Changes that run for a while, and changes that can be taken back."""

from __future__ import annotations

from typing import Literal

from empath.control.queue_requests import Changed
from empath.control.request import Reply, Request

JobState = Literal["running", "done", "cancelled", "failed", "undone"]


class JobItem(Reply, frozen=True, kw_only=True):
    """One change of the queue: how far it is, and whether it can be undone."""

    id: str
    what: str
    """The change and its messages, as ``hold dest:example.org``."""
    state: JobState
    done: int
    """Messages that were looked at so far, changed or left alone."""
    total: int
    messages: int = 0
    """Messages that were changed so far."""
    recipients: int = 0
    started_at: float
    ended_at: float | None = None
    actor: str
    note: str = ""
    """What was left alone and why, or what ended it."""
    undoable: bool = False


class Jobs(Reply, frozen=True):
    """The jobs that run and the last that ended, newest first."""

    items: tuple[JobItem, ...]


class ListJobs(Request[Jobs], frozen=True):
    """Which changes run or ran?"""

    route = "jobs"
    limit: int = 100


class CancelJob(Request[JobItem], frozen=True):
    """End a job before its next lot; what it has changed stays changed, and can be undone."""

    route = "jobs/cancel"
    changes = True
    id: str


class UndoJob(Request[Changed], frozen=True):
    """Give the recipients that a job changed their former state again.

    With an empty `id`, the operator's last job that can be undone.  What was delivered or
    changed meanwhile is left alone and counted in the `note`.
    """

    route = "jobs/undo"
    changes = True
    id: str = ""
    reason: str = ""
    dry_run: bool = False
