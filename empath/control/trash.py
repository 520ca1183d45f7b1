"""Taking back: undo of a job, the trash, restoring from it, emptying it.

An undo is a job of its own, with its record, and cannot itself be undone.  It gives each
recipient exactly what it was before; what was delivered or changed meanwhile is left alone
and counted.  Deleted messages come back from the trash, by their job or by their ids.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.control import jobs, link
from empath.control.jobs import JobRunner, Step, Steps
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import NotFound, RequestRefused, RequestUnclear
from empath.control.preview import told
from empath.envelope import BadMessageId, MessageId
from empath.events import OperatorActed
from empath.safe_text import safe_text
from empath.spool.face import Counted, Spool
from empath.spool.jobs import Job
from empath.spool.undo import LOT, Source

PAGE_LIMIT: Final = 1000
"""Most messages in one page of the trash."""
_FINAL: Final = {
    "retry": "an attempt cannot be taken back",
    "flush": "an attempt cannot be taken back",
    "bounce": "the senders have been told",
    "undo": "an undo cannot be undone; make the change again",
    "restore": "delete the messages again instead",
    "empty": "what was in the trash is gone for good",
}


class TrashDesk:
    """Takes back what *actor* asks for."""

    def __init__(
        self,
        *,
        spool: Spool,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        actor: str,
        runner: JobRunner,
    ) -> None:
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._config = config
        self._actor = actor
        self._runner = runner
        self._ledger = Ledger(spool=spool, bus=bus, clock=clock, actor=actor)

    def __repr__(self) -> str:
        return f"<TrashDesk {self._actor}>"

    async def answer(self, request: Any) -> Any:
        """The reply to one of `ANSWERED`.  Raises `RequestRefused`, `SpoolRefused`."""
        match request:
            case link.ListJobs(limit=limit):
                return link.Jobs(items=await self._runner.listed(limit))
            case link.CancelJob(id=id):
                return await self._cancel(id)
            case link.UndoJob():
                return await self._undo(request)
            case link.ListTrash():
                return await self._list(request)
            case link.RestoreTrash():
                return await self._restore(request)
            case _:
                return await self._empty(request)

    async def _cancel(self, id: str) -> link.JobItem:
        item = await self._runner.cancel(id)
        await self._ledger.note("cancel", item.id, detail=item.what)
        return item

    async def _undo(self, request: link.UndoJob) -> link.Changed:
        user = jobs.user_of(self._actor)
        number, job = await (
            self._runner.find(request.id) if request.id else self._runner.last_undoable(user)
        )
        _check_undoable(number, job)
        source = Source(number, job.action, job.value)
        target = f"{jobs.name(number)}: {job.what}"

        async def undone(ended: Job) -> None:
            if ended.state == "done":
                await self._spool.keep_job(number, replace(job, state="undone", undoable=False))

        return await self._take_back(source, "undo", target, request, undone)

    async def _restore(self, request: link.RestoreTrash) -> link.Changed:
        if bool(request.ids) == bool(request.job):
            raise RequestUnclear("Give either the ids of deleted messages or a job.")
        if not request.job:
            source, target = Source(0, "delete"), " ".join(request.ids[:5])
            target += f" and {len(request.ids) - 5:,} more" if len(request.ids) > 5 else ""
            return await self._take_back(source, "restore", target, request, None)
        number = jobs.read_name(request.job)
        known = dict(await self._spool.jobs())
        if number in known and known[number].undoable and known[number].action == "delete":
            return await self._undo(
                link.UndoJob(id=request.job, reason=request.reason, dry_run=request.dry_run)
            )
        source = Source(number, "delete")
        return await self._take_back(source, "restore", jobs.name(number), request, None)

    async def _take_back(
        self,
        source: Source,
        action: str,
        target: str,
        request: link.UndoJob | link.RestoreTrash,
        after: jobs.End | None,
    ) -> link.Changed:
        ids = request.ids if isinstance(request, link.RestoreTrash) else ()
        ids = tuple(dict.fromkeys(ids))  # what is named twice would be counted twice
        found = await self._spool.kept(source, ids)
        if not found.messages:
            what = "Not in the trash" if source.trash else "Nothing is left to take back"
            raise NotFound(f"{what}: {safe_text(target, 200)}.")
        if request.dry_run:
            return await self._previewed(found)
        at, reason = self._clock.now(), safe_text(request.reason, REASON_LIMIT)
        why = f"{target}: {reason}" if reason else target
        job = Job(
            action=action,
            target=target,
            actor=self._actor,
            total=found.messages,
            started_at=at,
        )
        restored: set[MessageId] = set()
        steps = self._lots(source, ids, why, at, restored)
        done = await self._run(job, steps, reason, after)
        if not ids or done.job:
            return done
        return replace(done, unknown=tuple(each for each in ids if each not in restored))

    async def _lots(
        self, source: Source, ids: Sequence[MessageId], why: str, at: float, seen: set[MessageId]
    ) -> Steps:
        after = 0
        pieces = [ids[start : start + LOT] for start in range(0, len(ids), LOT)]
        while True:
            piece: Sequence[MessageId] = ()
            if ids:
                if not pieces:
                    break
                piece = pieces.pop(0)
            lot = await self._spool.take_back(
                source, actor=self._actor, at=at, reason=why, after=after, ids=piece
            )
            if lot is None:
                break
            after = lot.place
            if ids:
                seen.update(lot.ids)
            for message in lot.ids:
                each = lot.recipients if len(lot.ids) == 1 else 0
                self._bus.publish(
                    OperatorActed(
                        at=at,
                        id=message,
                        action=source.told,
                        actor=self._actor,
                        reason=why,
                        recipients=each,
                    )
                )
            await asyncio.sleep(0)
            yield Step(lot.looked, len(lot.ids), lot.recipients, lot.in_flight, lot.left)

    async def _run(
        self, job: Job, steps: Steps, reason: str, after: jobs.End | None
    ) -> link.Changed:
        """Do *steps* with their record, now or in the background."""
        done, ended = await self._runner.carry_out(
            job, lambda _: steps, self._ledger, reason=reason, after=after
        )
        return done if done.job else replace(done, note=ended.note)

    async def _previewed(self, found: Counted) -> link.Changed:
        preview = await told(self._spool, found)
        return link.Changed(messages=0, recipients=0, in_flight=0, preview=preview)

    async def _list(self, request: link.ListTrash) -> link.TrashPage:
        if request.limit < 1:
            raise RequestUnclear(f"limit is a number from 1 to {PAGE_LIMIT}.")
        limit = min(request.limit, PAGE_LIMIT)
        rows = await self._spool.trash(_place(request.cursor), limit)
        messages, octets = self._spool.trashed
        lasts = self._config().spool.trash_for
        items = tuple(
            link.TrashItem(
                id=row.id,
                deleted_at=row.at,
                gone_at=row.at + lasts,
                job=jobs.name(row.job),
                recipients=row.recipients,
                recipient=row.recipient,
                reverse_path=row.reverse_path,
                size=row.size,
                subject=row.subject,
            )
            for row in rows
        )
        cursor = f"{rows[-1].at!r}-{rows[-1].id}" if len(rows) == limit else ""
        return link.TrashPage(items=items, messages=messages, octets=octets, cursor=cursor)

    async def _empty(self, request: link.EmptyTrash) -> link.Changed:
        messages, _ = self._spool.trashed
        if request.expect is not None and request.expect != messages:
            raise RequestRefused(
                f"The trash holds {messages:,} messages, not {request.expect:,}; nothing was"
                " changed. Look again, then ask again."
            )
        if request.dry_run:
            return await self._previewed(await self._spool.kept(Source(0, "delete")))
        at = self._clock.now()
        job = Job(
            action="empty", target="the trash", actor=self._actor, total=messages, started_at=at
        )
        reason = safe_text(request.reason, REASON_LIMIT)
        return await self._run(job, self._forgotten(at), reason, None)

    async def _forgotten(self, at: float) -> Steps:
        more = True
        while more:
            gone, more = await self._spool.empty_trash(math.nextafter(at, math.inf))
            yield Step(gone, gone, 0)


ANSWERED: Final = (
    link.ListJobs,
    link.CancelJob,
    link.UndoJob,
    link.ListTrash,
    link.RestoreTrash,
    link.EmptyTrash,
)
"""The requests that `TrashDesk` answers."""


def _check_undoable(number: int, job: Job) -> None:
    """Raise `RequestRefused` for what cannot be taken back."""
    if job.state == "running":
        raise RequestRefused(f"{jobs.name(number)} runs still: cancel it, or wait.")
    if job.state == "undone":
        raise RequestRefused(f"{jobs.name(number)} has been undone already.")
    if job.undoable:
        return
    why = _FINAL.get(job.action, "it changed nothing, or is too long ago")
    raise RequestRefused(f"{jobs.name(number)} ({job.what}) cannot be undone: {why}.")


def _place(cursor: str) -> tuple[float, int] | None:
    """Where a page begins.  Raises `RequestUnclear`."""
    if not cursor:
        return None
    at, _, name = cursor.rpartition("-")
    try:
        return float(at), MessageId(name).key
    except (ValueError, BadMessageId) as error:
        raise RequestUnclear("cursor is what the page before ended with, or empty.") from error
