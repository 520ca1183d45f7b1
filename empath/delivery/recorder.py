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
from empath.delivery.ruling import Judgement
from empath.envelope import Envelope, Lot, Notify, Recipient
from empath.events import BodyDamaged, NotificationSent, SpoolFault
from empath.message.dsn import Action, RecipientReport, compose, wanted
from empath.message.dsn_words import subject
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
        for dsn, notification in zip(ids, notifications, strict=False):
            self._bus.publish(
                NotificationSent(
                    at=self._clock.now(),
                    id=lot.id,
                    dsn=dsn,
                    kind=notification.kind,
                    recipients=tuple(each.recipient.address for each in notices),
                )
            )
        return at_once

    async def quarantine(self, lot: Lot, reason: str) -> None:
        """Hold the message, whose body is damaged, and raise the alarm."""
        event = BodyDamaged(at=self._clock.now(), id=lot.id, reason=reason)
        await self._insist(lambda: self._spool.quarantine(lot, event, reason))
        self._bus.publish(event)

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
            original = await content.head(wanted(lot))
        except (BodyUnfit, SpoolRefused):
            original = b""  # The sender is told all the same.
        actions = [notice.action for notice in notices]
        return (
            Notification(
                envelope=Envelope(
                    None,
                    # A report about a report is never wanted (RFC 5321 6.1).
                    (Recipient(lot.reverse_path, notify=Notify.NEVER),),
                    smtputf8=not lot.reverse_path.isascii(),
                ),
                content=compose(
                    lot,
                    notices,
                    hostname=self._config().hostname,
                    now=self._clock.now(),
                    seed=f"{lot.id}{self._random.getrandbits(64):016x}",
                    original=original,
                ),
                subject=subject(actions),
                kind=next(action.value for action in Action if action in actions),
            ),
        )
