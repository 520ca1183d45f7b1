"""Jobs: changes that go lot by lot, each lot one transaction, here or in the background.

A small change is done while its operator waits; a great one is handed to `JobRunner.run` and
looked after by its number.  Between two lots a job can be cancelled, and an engine that is
killed leaves every message either changed or not.  What goes wrong ends the job with a note.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, final

from msgspec.structs import replace

from empath.bus import Bus
from empath.clock import Clock
from empath.control.ledger import Ledger
from empath.control.link import Changed, JobItem, NotFound, RequestRefused, RequestUnclear
from empath.events import OperatorRecord, SpoolFault, TaskFailed
from empath.safe_text import safe_text
from empath.spool.face import Spool, SpoolRefused
from empath.spool.jobs import KEPT, Job, JobState, Numbered

AT_ONCE: Final = 1000
"""Messages up to which a change is done while its operator waits."""
RUNNING_MOST: Final = 4
"""Jobs in the background at once."""
GONE: Final = "who asked for it went away; what was done until then stays"
"""Why a job that is written down as running does not."""
_KEEP_EVERY: Final = 10_000
"""Messages after which it is written down how far a job is."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one lot came to."""

    looked: int
    """Messages that were looked at."""
    messages: int
    recipients: int
    in_flight: int = 0
    left: int = 0
    """Recipients that had moved on."""


Steps = AsyncIterator[Step]
End = Callable[[Job], Awaitable[None]]
"""Called once with the job as it ended."""


@final
class JobRunner:
    """The jobs of one engine."""

    def __init__(self, *, spool: Spool, bus: Bus, clock: Clock) -> None:
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._queue: asyncio.Queue[tuple[int, Job, Steps, End]] = asyncio.Queue()
        self._running: dict[int, Job] = {}
        self._cancelled: set[int] = set()
        self._great: set[int] = set()
        self._lost: dict[int, Job] = {}
        """Jobs that ended before their end could be written down, as they were then."""
        self._promised = 0

    def __repr__(self) -> str:
        return f"<JobRunner running={len(self._running)}>"

    async def run(self) -> None:
        """Work off what `start` is given, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                number, job, steps, end = await self._queue.get()
                group.create_task(self._background(number, job, steps, end))

    # One job.

    async def carry_out(
        self,
        job: Job,
        steps: Callable[[int], Steps],
        ledger: Ledger,
        *,
        reason: str,
        until: float | None = None,
        after: End | None = None,
        listed: bool = True,
    ) -> tuple[Changed, Job]:
        """Do a job with its record: now, or in the background where it is a great one; what its
        operator is told, and the job so far.  *steps* are given its number, *after* is called
        when it has ended.  What is not *listed* is a job only if it is great.
        """
        if job.total <= AT_ONCE:
            return await self._at_once(job, steps, ledger, reason, until, after, listed=listed)
        with self.room():
            begun = await ledger.begin(
                job.action, job.target, detail=job.detail, reason=reason, until=until
            )
            number = await self._spool.begin_job(job)
            self.start(number, job, steps(number), _end(ledger, begun, after))
        note = f"{name(number)} does it: {job.total:,} messages"
        told = Changed(messages=0, recipients=0, in_flight=0, note=note, job=name(number))
        return told, job

    async def _at_once(
        self,
        job: Job,
        steps: Callable[[int], Steps],
        ledger: Ledger,
        reason: str,
        until: float | None,
        after: End | None,
        *,
        listed: bool,
    ) -> tuple[Changed, Job]:
        begun = await ledger.begin(
            job.action, job.target, detail=job.detail, reason=reason, until=until
        )
        number = await self._spool.begin_job(job) if listed else 0
        job = await self.follow(number, job, steps(number), _end(ledger, begun, after))
        told = Changed(
            messages=job.messages,
            recipients=job.recipients,
            in_flight=job.in_flight,
            undo=name(number) if job.undoable else "",
        )
        return told, job

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keep a place for a job that is about to `start`.  Raises `RequestRefused` when as many
        run as may.
        """
        if len(self._great) + self._promised >= RUNNING_MOST:
            raise RequestRefused(
                f"{RUNNING_MOST} jobs run already: wait for one to end, or cancel one"
                " (`empathctl job list`)."
            )
        self._promised += 1
        try:
            yield
        finally:
            self._promised -= 1

    def start(self, number: int, job: Job, steps: Steps, end: End) -> None:
        """Do *steps* in the background."""
        self._running[number] = job
        self._great.add(number)
        self._queue.put_nowait((number, job, steps, end))

    async def follow(self, number: int, job: Job, steps: Steps, end: End) -> Job:
        """Do *steps* now; the job as it ended.  Raises what a step raises, once it is written
        down; *number* 0 is a job of which nothing is.
        """
        if number:
            self._running[number] = job
        fault: SpoolRefused | None = None
        state: JobState = "done"
        note, left = "", 0
        try:
            try:
                async for step in steps:
                    left += step.left
                    job = await self._counted(number, job, step)
                    if number in self._cancelled and job.done < job.total:
                        state = "cancelled"
                        break
            except SpoolRefused as error:
                state, note, fault = "failed", str(error), error
            job = replace(
                job,
                state=state,
                ended_at=self._clock.now(),
                note=note or _note(job, left),
                undoable=job.undoable and job.recipients > 0,
            )
            await end(job)
            if number:
                await self._keep(number, job)
        except BaseException:
            self._lost[number] = replace(job, state="failed", ended_at=self._clock.now(), note=GONE)
            raise
        finally:
            self._running.pop(number, None)
            self._great.discard(number)
            self._cancelled.discard(number)
        if fault is not None:
            raise fault
        return job

    async def _counted(self, number: int, job: Job, step: Step) -> Job:
        """The job after one more lot."""
        job = replace(
            job,
            done=job.done + step.looked,
            messages=job.messages + step.messages,
            recipients=job.recipients + step.recipients,
            in_flight=job.in_flight + step.in_flight,
        )
        if number:
            self._running[number] = job
            if job.done - step.looked < job.done // _KEEP_EVERY * _KEEP_EVERY:
                await self._spool.keep_job(number, job)
        return job

    async def _background(self, number: int, job: Job, steps: Steps, end: End) -> None:
        try:
            await self.follow(number, job, steps, end)
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
        except Exception as error:  # noqa: BLE001 - the top of this task
            sentence = safe_text(f"{type(error).__name__}: {error}", 300)
            self._bus.publish(TaskFailed(at=self._clock.now(), task=name(number), error=sentence))
            note = f"ended on an error of its own: {sentence}"
            lost = self._lost[number] = replace(self._lost[number], note=note)
            await self._keep(number, lost)

    async def _keep(self, number: int, job: Job) -> None:
        try:
            await self._spool.keep_job(number, job)
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))

    # All of them.

    async def listed(self, limit: int) -> tuple[JobItem, ...]:
        """The newest jobs.  Raises `RequestUnclear`."""
        if limit < 1:
            raise RequestUnclear(f"limit is a number from 1 to {KEPT}.")
        found = await self._spool.jobs(min(limit, KEPT))
        return tuple(item(number, self._now(number, job)) for number, job in found)

    async def find(self, id: str) -> Numbered:
        """The job of that name.  Raises `NotFound`, `RequestUnclear`."""
        wanted = read_name(id)
        for number, job in await self._spool.jobs(KEPT):
            if number == wanted:
                return number, self._now(number, job)
        raise NotFound(f"There is no {name(wanted)}: `empathctl job list` shows the last {KEPT}.")

    def _now(self, number: int, job: Job) -> Job:
        """What is known of a job of which *job* is written down."""
        if job.state == "running":
            job = self._lost.get(number, job)
        return self._running.get(number, job)

    async def last_undoable(self, user: str) -> Numbered:
        """The last job of *user* that can be undone.  Raises `NotFound`."""
        for number, kept in await self._spool.jobs(KEPT):
            job = self._now(number, kept)
            if job.undoable and job.state != "running" and user_of(job.actor) == user:
                return number, job
        raise NotFound("You have changed nothing lately that can be undone.")

    async def cancel(self, id: str) -> JobItem:
        """End a job before its next lot.  Raises `RequestRefused`."""
        number, job = await self.find(id)
        if number not in self._running:
            raise RequestRefused(f"{name(number)} does not run: it is {job.state}.")
        self._cancelled.add(number)
        return item(number, job)


def _end(ledger: Ledger, begun: tuple[int, OperatorRecord], after: End | None) -> End:
    """What follows when a job has ended: first *after*, then its record."""

    async def end(job: Job) -> None:
        if after is not None:
            await after(job)
        await ledger.finish(begun, job.messages, job.recipients, finished=job.state != "failed")

    return end


def _note(job: Job, left: int) -> str:
    notes = []
    if left:
        notes.append(_are(left, "delivered or changed meanwhile"))
    if job.in_flight:
        notes.append(_are(job.in_flight, "being delivered"))
    return f"{' and '.join(notes)}: left alone" if notes else ""


def _are(count: int, what: str) -> str:
    return f"{count:,} recipient{' was' if count == 1 else 's were'} {what}"


def name(number: int) -> str:
    """A job as operators name it."""
    return f"job-{number}"


def read_name(id: str) -> int:
    """Its number.  Raises `RequestUnclear`."""
    digits = id.removeprefix("job-")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0
    if not number:
        raise RequestUnclear(f'"{safe_text(id, 40)}" is not the name of a job, such as job-12.')
    return number


def user_of(actor: str) -> str:
    """Who an actor is, whichever process of theirs asks: the part before its pid."""
    return actor.partition(" pid ")[0]


def item(number: int, job: Job) -> JobItem:
    """A job as operators see it."""
    return JobItem(
        id=name(number),
        what=job.what,
        state=job.state,
        done=job.done,
        total=job.total,
        messages=job.messages,
        recipients=job.recipients,
        started_at=job.started_at,
        ended_at=job.ended_at,
        actor=job.actor,
        note=job.note,
        undoable=job.undoable,
    )
