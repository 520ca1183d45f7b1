"""Writes down what attempts came to, whatever it takes.

A result exists once it is recorded.  When the spool refuses (the disk is full) the result is
kept in memory and recorded again, ever less often, until it is: giving it up would send the
message again.  Only then are its events published, and the notification it causes is part of
the same transaction.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar, final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.delivery.notices import notification
from empath.delivery.ruling import Judgement
from empath.envelope import Lot
from empath.events import BodyDamaged, NotificationSent, SpoolFault, TaskFailed
from empath.message.dsn import RecipientReport, wanted
from empath.safe_text import safe_text
from empath.spool.face import BodyUnfit, Notification, Spool, SpoolRefused

T = TypeVar("T")

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0


@final
class Recorder:
    """Records judgements and quarantines; knows nothing of connections."""

    def __init__(
        self,
        spool: Spool,
        config: Callable[[], Config],
        bus: Bus,
        clock: Clock,
        random: random.Random,
    ) -> None:
        self._spool = spool
        self._config = config
        self._bus = bus
        self._clock = clock
        self._random = random
        self.first_pause = FIRST_PAUSE
        """Seconds before the first repetition; it doubles up to `LONGEST_PAUSE`."""

    async def record(self, lot: Lot, judgement: Judgement) -> bool:
        """Write *judgement* down and publish it; False if it took more than one go."""
        notices = judgement.notices
        notifications = await self._notifications(lot, notices) if notices else ()
        ids, at_once = await self._insist(
            lambda: self._spool.record(lot, judgement.rulings, judgement.event, notifications)
        )
        self._bus.publish(judgement.event)
        for dsn, sent in zip(ids, notifications, strict=False):
            self._bus.publish(
                NotificationSent(
                    at=self._clock.now(),
                    id=lot.id,
                    dsn=dsn,
                    kind=sent.kind,
                    recipients=sent.about,
                )
            )
        return at_once

    async def quarantine(self, lot: Lot, reason: str) -> None:
        """Hold the message, whose body is damaged, and raise the alarm."""
        event = BodyDamaged(at=self._clock.now(), id=lot.id, reason=reason)
        await self._insist(lambda: self._spool.quarantine(lot, event, reason))
        self._bus.publish(event)

    def failed(self, lot: Lot, bug: Exception) -> None:
        """Publish a bug met in an attempt at *lot*."""
        self._bus.publish(
            TaskFailed(
                at=self._clock.now(),
                task=f"delivery of {lot.id} to {lot.destination}",
                error=safe_text(f"{type(bug).__name__}: {bug}"),
            )
        )

    async def _insist(self, write: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Do *write* until the spool takes it; its result, and whether it did at once."""
        pause = 0.0
        while True:
            try:
                return await write(), not pause
            except SpoolRefused as error:
                self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
            pause = min(2 * pause, LONGEST_PAUSE) or self.first_pause
            await asyncio.sleep(pause)

    async def _notifications(
        self, lot: Lot, notices: Sequence[RecipientReport]
    ) -> tuple[Notification, ...]:
        if lot.reverse_path is None:
            return ()
        try:
            content = await self._spool.content(lot.id)
            original = await content.part(0, wanted(lot))
        except (BodyUnfit, SpoolRefused):
            original = b""  # The sender is told all the same.
        told = notification(
            lot,
            notices,
            hostname=self._config().hostname,
            now=self._clock.now(),
            seed=f"{lot.id}{self._random.getrandbits(64):016x}",
            original=original,
        )
        return () if told is None else (told,)
