"""Selections, jobs and undo of a link in memory: what a test's console may do and take back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from empath.control.link import (
    CancelJob,
    Changed,
    JobItem,
    Jobs,
    ListJobs,
    QueueItem,
    Request,
    RequestRefused,
    Selection,
    SelectMessages,
    UndoJob,
)

AT = 1_790_000_000.0


class MemoryJobs:
    """Keeps selections and jobs; a test lets a job go on with `go_on`."""

    def __init__(self) -> None:
        self.selections: dict[str, tuple[Selection, list[QueueItem]]] = {}
        self.jobs: list[JobItem] = []
        """Newest first."""
        self.large = 1000
        """Changes of more messages run as jobs."""
        self.ends_later = False
        """A job that is cancelled goes on with its present lot, until `end`."""

    def answer(self, request: Request[Any], matching: Callable[[str], list[QueueItem]]) -> Any:
        """The reply, or None for what is not about selections or jobs."""
        match request:
            case SelectMessages(query=query):
                return self._select(query, matching(query))
            case ListJobs(limit=limit):
                return Jobs(items=tuple(self.jobs[:limit]))
            case CancelJob(id=id) if self.ends_later:
                return self._replace(id)
            case CancelJob(id=id):
                return self._replace(id, state="cancelled", ended_at=AT, undoable=True)
            case UndoJob(id=id):
                able = [job for job in self.jobs if job.undoable and id in ("", job.id)]
                if not able:
                    raise RequestRefused("There is nothing to undo.")
                job = self._replace(able[0].id, state="undone", undoable=False)
                return Changed(messages=job.done, recipients=job.done, in_flight=0)
            case _:
                return None

    def chosen(self, selection: str, expect: int | None) -> list[QueueItem]:
        """What was frozen.  Raises `RequestRefused`."""
        if selection not in self.selections:
            raise RequestRefused(f"There is no selection {selection}: take a new one.")
        frozen, items = self.selections[selection]
        if expect not in (None, frozen.messages):
            raise RequestRefused(f"{frozen.messages} messages are selected, not {expect}.")
        return items

    def made(self, what: str, items: list[QueueItem], changed: Changed) -> Changed:
        """Write the change down as a job, under way if it is a large one."""
        large = len(items) > self.large
        job = JobItem(
            id=f"job-{len(self.jobs) + 1}",
            what=what,
            state="running" if large else "done",
            done=0 if large else len(items),
            total=len(items),
            started_at=AT,
            ended_at=None if large else AT,
            actor="root",
            undoable=not large and not what.startswith("retry"),
        )
        self.jobs.insert(0, job)
        if large:
            return Changed(messages=0, recipients=0, in_flight=0, job=job.id)
        return msgspec.structs.replace(changed, undo=job.id)

    def go_on(self, done: int) -> None:
        """The newest job has come so far."""
        job = self.jobs[0]
        ended = done >= job.total
        self._replace(
            job.id, done=done, state="done" if ended else "running", undoable=ended,
            ended_at=AT if ended else None,
        )  # fmt: skip

    def end(self, done: int) -> None:
        """The newest job was cancelled, and came so far."""
        name = self.jobs[0].id
        self._replace(name, done=done, state="cancelled", ended_at=AT, undoable=True)

    def _replace(self, id: str, **fields: Any) -> JobItem:
        for place, job in enumerate(self.jobs):
            if job.id == id:
                self.jobs[place] = msgspec.structs.replace(job, **fields)
                return self.jobs[place]
        raise RequestRefused(f"There is no job {id}.")

    def _select(self, query: str, items: list[QueueItem]) -> Selection:
        taken = max((item.received_at for item in items), default=AT)
        frozen = Selection(
            id=f"s-{len(self.selections) + 1}",
            query=query,
            messages=len(items),
            recipients=sum(item.recipients for item in items),
            taken_at=taken,
            expires_at=taken + 600,
            octets=sum(item.size for item in items),
            oldest_at=min((item.received_at for item in items), default=None),
            newest_at=max((item.received_at for item in items), default=None),
        )
        self.selections[frozen.id] = (frozen, items)
        return frozen
