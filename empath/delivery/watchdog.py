"""Ends attempts that are stuck: nothing about them moves for longer than their step may take,
or they last longer than all their steps may together.

Promises: what it cuts is published with the stage it stood in, and its recipients are deferred
with the reason; nothing is cut while a server may yet answer for a message it has been sent
whole, on that connection, until it had its ten minutes (RFC 5321 4.5.3.2.6); what came of an
attempt is never cut off from being written down.  It looks at what an attempt shows, every
`EVERY` seconds, so that mail on its way pays nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.units import Duration
from empath.delivery.attempt import Report
from empath.delivery.progress import Cut, Position, Progress
from empath.events import AttemptStuck, TaskFailed
from empath.policy.patience import Stage, in_sum, standstill
from empath.reply import Deferred, Reply
from empath.safe_text import safe_text

EVERY: Final = 10.0
"""Seconds between two looks."""


@final
class Watchdog:
    """Looks at what runs."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self.every = EVERY
        """Seconds between two looks."""

    def __repr__(self) -> str:
        return "<Watchdog>"

    async def run(self, running: Callable[[], Iterable[Progress]]) -> None:
        """Look at *running* again and again."""
        while True:
            await asyncio.sleep(self.every)
            try:
                self.look(running())
            except Exception as bug:  # noqa: BLE001 - delivery goes on without it
                error = safe_text(f"{type(bug).__name__}: {bug}")
                self._bus.publish(TaskFailed(at=self._clock.now(), task="watchdog", error=error))

    def look(self, running: Iterable[Progress]) -> None:
        """Cut those of *running* that are stuck."""
        now = self._clock.monotonic()
        for progress in running:
            mark = progress.mark()
            if progress.seen is None:
                progress.first_seen = now
            if progress.seen != mark:
                progress.seen, progress.seen_at = mark, now
            if progress.cut is None and progress.stage is not Stage.RECORD:
                self._judge(progress, now)

    def _judge(self, progress: Progress, now: float) -> None:
        config, lot = progress.config, progress.lot
        waits = now - progress.seen_at
        lasts = now - progress.first_seen
        position = progress.position()
        patience = standstill(position.stage, config)
        whole = in_sum(config, recipients=len(lot.recipients), size=lot.size)
        if progress.awaits_final():
            patience, whole = max(patience, standstill(Stage.FINAL, config)), float("inf")
        if waits > patience:
            self._cut(progress, position, waits, "nothing moved")
        elif lasts > whole:
            self._cut(progress, position, lasts, "it lasted longer than all its steps may")

    def _cut(self, progress: Progress, position: Position, seconds: float, what: str) -> None:
        reason = (
            f"the attempt was stuck and cut off by the watchdog: {position.shown},"
            f" {what} for {Duration(round(seconds))}"
        )
        progress.cut = Cut(position, reason)
        self._bus.publish(
            AttemptStuck(
                at=self._clock.now(),
                id=progress.lot.id,
                destination=progress.lot.destination,
                server=position.server,
                stage=position.stage,
                seconds=seconds,
                reason=reason,
            )
        )
        assert progress.task is not None
        progress.task.cancel()


def cut_short(progress: Progress, error: BaseException) -> Report | None:
    """What an attempt came to that ended with *error*, if the watchdog cut it; else None."""
    cut, task = progress.cut, progress.task
    if cut is None or task is None or not isinstance(error, asyncio.CancelledError):
        return None
    if task.uncancel():
        return None  # It is told to end for another reason too.
    position, reason = cut
    progress.transcript.remark(reason)
    uncertain = position.stage is Stage.FINAL
    # 4.4.2 says it of the server, 4.3.0 of ourselves (RFC 3463).
    enhanced = "4.3.0" if position.stage.ours else "4.4.2"
    outcome = Deferred(Reply.own(451, enhanced, reason), uncertain=uncertain)
    return Report(
        (outcome,) * len(progress.lot.recipients),
        position.ended_at,
        progress.transcript,
        position.server if progress.connection is not None else "",
    )
