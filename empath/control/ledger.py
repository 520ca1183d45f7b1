"""Keeping the record: who did what when, to what, and why.

What changes mail is noted before it begins, as unfinished, and again with its counts when it
is done, so that a record stays even of what a crash cut short.  What changes a destination is
in force when it is noted; if the spool cannot keep the note, an alarm says so.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from empath.bus import Bus
from empath.clock import Clock
from empath.control.link import RecordItem, RecordList, RequestUnclear
from empath.events import OperatorRecord, SpoolFault
from empath.safe_text import safe_text
from empath.spool.face import Spool, SpoolRefused

REASON_LIMIT: Final = 200
"""Characters of a reason that are kept."""
PAGE_LIMIT: Final = 1000
"""Most records in one reply."""
NUMBER_LIMIT: Final = 2**63 - 1
"""The greatest number that a record can have."""
_TARGET_LIMIT: Final = 300


@final
class Ledger:
    """Notes what *actor* does."""

    def __init__(self, *, spool: Spool, bus: Bus, clock: Clock, actor: str) -> None:
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._actor = actor

    def __repr__(self) -> str:
        return f"<Ledger {self._actor}>"

    async def begin(
        self,
        action: str,
        target: str,
        *,
        detail: str = "",
        reason: str = "",
        until: float | None = None,
    ) -> tuple[int, OperatorRecord]:
        """Note what is about to be done to mail.  Raises `SpoolRefused`: then it is not done."""
        record = self._record(action, target, detail=detail, reason=reason, until=until)
        record = msgspec.structs.replace(record, finished=False)
        return await self._spool.note(record), record

    async def finish(
        self,
        begun: tuple[int, OperatorRecord],
        messages: int,
        recipients: int,
        *,
        finished: bool = True,
    ) -> None:
        """Note what came of it; what is not *finished* stays on record as that."""
        number, record = begun
        record = msgspec.structs.replace(
            record, messages=messages, recipients=recipients, finished=finished
        )
        await self._note(record, number)

    async def note(
        self,
        action: str,
        target: str,
        *,
        detail: str = "",
        reason: str = "",
        until: float | None = None,
    ) -> None:
        """Note what was done to a destination."""
        await self._note(
            self._record(action, target, detail=detail, reason=reason, until=until), None
        )

    def _record(
        self, action: str, target: str, *, detail: str, reason: str, until: float | None
    ) -> OperatorRecord:
        return OperatorRecord(
            at=self._clock.now(),
            actor=self._actor,
            action=action,
            target=safe_text(target, _TARGET_LIMIT),
            detail=detail,
            reason=reason,
            until=until,
        )

    async def _note(self, record: OperatorRecord, number: int | None) -> None:
        try:
            await self._spool.note(record, number)
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))


async def listed(spool: Spool, limit: int, before: int | None) -> RecordList:
    """The newest records.  Raises `RequestUnclear`."""
    if limit < 1:
        raise RequestUnclear(f"limit is a number from 1 to {PAGE_LIMIT}.")
    if before is not None and not 0 <= before <= NUMBER_LIMIT:
        raise RequestUnclear(f"before is a record's number, from 0 to {NUMBER_LIMIT}.")
    found = await spool.notes(min(limit, PAGE_LIMIT), before)
    return RecordList(items=tuple(RecordItem(number=at, record=each) for at, each in found))
