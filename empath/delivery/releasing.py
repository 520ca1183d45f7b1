"""Captured mail sent for real, because an operator said so: one attempt, and what came of it.

This is all that ever leaves the machine in dev mode.  Nothing is queued, so nothing is tried
again behind anybody's back and no report is sent; the message stays captured, and its timeline
tells of the attempt.  Promises: at most `AT_ONCE` attempts run, each for `LONGEST` seconds at
most; what waits when the engine ends is not sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, final

from msgspec import Struct

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.delivery.attempt import Attempts, Report
from empath.delivery.pool import Pool
from empath.delivery.progress import Progress
from empath.delivery.route import RouteFinder
from empath.delivery.ruling import REPLY_TEXT, attempt_ended
from empath.envelope import Envelope, Lot, NextHop, Recipient, Waiting
from empath.events import AttemptEnded, RecipientResult, SpoolFault, TaskFailed
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply
from empath.safe_text import safe_text
from empath.spool.face import BodyUnfit, MessageRecord, Spool, SpoolRefused
from empath.spool.operating import CAPTURED
from empath.tls import ClientContexts

AT_ONCE: Final = 4
"""Attempts that run at once."""
LONGEST: Final = 300.0
"""Seconds that one may take."""
WAITING: Final = 2000
"""Most lots that wait for their attempt."""
_REASON: Final = 300


class Crowded(Exception):
    """More waits already than is taken; the message is a sentence."""


class Release(Struct, frozen=True):
    """What is to go: one message to one destination."""

    lot: Lot
    hop: NextHop | None


def lots(
    record: MessageRecord, recipients: Sequence[Recipient], hop: NextHop | None, now: float
) -> tuple[Release, ...]:
    """*record* to *recipients*, a release for each of their destinations."""
    envelope: Envelope = record.envelope
    by_domain: dict[str, list[Waiting]] = {}
    for number, each in enumerate(recipients):
        waiting = Waiting(number, each, 0, next_hop=hop)
        by_domain.setdefault(each.address.domain, []).append(waiting)
    utf8 = envelope.smtputf8 or not all(each.address.isascii() for each in recipients)
    return tuple(
        Release(
            Lot(
                record.id,
                some[0].recipient.address.domain,
                tuple(some),
                envelope.reverse_path,
                envelope.priority,
                record.received_at,
                now,
                record.size,
                envelope.body,
                utf8,
                envelope.envid,
                envelope.return_headers_only,
                envelope.mt_priority,
            ),
            hop,
        )
        for some in by_domain.values()
    )


@final
class Releases:
    """Sends what it is given; `run` is its task."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        config: Callable[[], Config],
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._spool = spool
        self._config = config
        self._bus = bus
        self._clock = clock
        self._pool = Pool()
        self._contexts = ClientContexts(lambda: config().delivery.tls)
        self._attempts = Attempts(spool, finder, self._pool, config, self._contexts, clock=clock)
        self._waiting: deque[Release] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running = 0
        self.longest = LONGEST
        """Seconds that an attempt may take."""

    def __repr__(self) -> str:
        return f"<Releases waiting={len(self._waiting)} running={self._running}>"

    @property
    def waiting(self) -> int:
        """Lots whose attempt has not ended."""
        return len(self._waiting) + self._running

    def give(self, releases: Sequence[Release]) -> None:
        """Have these sent, in order.  Raises `Crowded` and takes none if they are too many."""
        if len(self._waiting) + len(releases) > WAITING:
            raise Crowded(
                f"{len(self._waiting):,} messages wait to be released and {len(releases):,} more"
                f" would be more than {WAITING:,}: wait until some are done."
            )
        self._waiting.extend(releases)
        if releases:
            self._idle.clear()
            self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(AT_ONCE):
                    group.create_task(self._work(), name=f"release {number}")
        finally:
            self._pool.close()

    async def drain(self, timeout: float) -> None:
        """Start nothing more; wait *timeout* seconds for what runs."""
        self._waiting.clear()
        if not self._running:
            self._idle.set()
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            pass  # Cut off with its task; nothing is recorded of it.

    async def _work(self) -> None:
        while True:
            while self._waiting:
                release = self._waiting.popleft()
                self._running += 1
                try:
                    await self._send(release)
                except Exception as bug:  # noqa: BLE001 - one release is not the others' end
                    self._failed(release, bug)
                finally:
                    self._running -= 1
                    if not self.waiting:
                        self._idle.set()
            self._wake.clear()
            await self._wake.wait()

    def _failed(self, release: Release, bug: Exception) -> None:
        self._bus.publish(
            TaskFailed(
                at=self._clock.now(),
                task=f"release of {release.lot.id}",
                error=safe_text(f"{type(bug).__name__}: {bug}"),
            )
        )

    async def _send(self, release: Release) -> None:
        lot, started = release.lot, self._clock.monotonic()
        progress = Progress(lot, self._clock.now(), self._config())
        try:
            async with asyncio.timeout(self.longest):
                report = await self._attempts.deliver(lot, progress)
        except TimeoutError:
            report = _own(lot, progress, "4.4.2", f"it took longer than {self.longest:.0f} seconds")
        except BodyUnfit as error:
            report = _own(lot, progress, "4.3.0", str(error))
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
            return
        if report.connection is not None:
            report.connection.quit()
        event = self._event(lot, report, self._clock.monotonic() - started)
        await self._tell(event, release)

    async def _tell(self, event: AttemptEnded, release: Release) -> None:
        """Write down what came of it, then publish it."""
        first = event.results[0]
        where = f" to {release.hop.host}" if release.hop is not None else ""
        reason = f"{CAPTURED}; released{where}: {first.result} {first.reply}"
        try:
            await self._spool.tell(event, hold_reason=safe_text(reason, _REASON))
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
        self._bus.publish(event)

    def _event(self, lot: Lot, report: Report, seconds: float) -> AttemptEnded:
        recipients = lot.recipients if report.recipients is None else report.recipients
        results = tuple(
            RecipientResult(
                number=waiting.number,
                address=waiting.recipient.address,
                result=_word(outcome),
                reply=str(outcome.reply)[:REPLY_TEXT],
                ours=outcome.reply.ours,
            )
            for waiting, outcome in zip(recipients, report.outcomes, strict=True)
        )
        return attempt_ended(lot, report, results, now=self._clock.now(), seconds=seconds)


def _own(lot: Lot, progress: Progress, enhanced: str, sentence: str) -> Report:
    """What we say of an attempt that no server ended."""
    outcome = Deferred(Reply.own(451, enhanced, safe_text(sentence)))
    position = progress.position()
    progress.transcript.remark(sentence)
    return Report(
        (outcome,) * len(lot.recipients), position.ended_at, progress.transcript, position.server
    )


def _word(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case Deferred():
            return "deferred"
        case Failed():
            return "failed"
