"""Captured mail: releasing it into real delivery.

In dev mode nothing leaves the machine by itself.  What an operator names goes, one attempt a
message, to the server that he names with it; without one only where a ``[[route]]`` of the config
leads, or to the recipients' own servers if `dev.release` says so.  In relay mode captured mail is
released into the queue, as all held mail is.  Each release is in the record, and refusals name
the remedy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol, final

from empath.clock import Clock
from empath.config.model import Config
from empath.control import link
from empath.control.changes import QueueDesk
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import NotFound, ReleaseItem, RequestRefused, RequestUnclear
from empath.control.overrides import read_host
from empath.delivery.releasing import Crowded, Release, lots
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId, NextHop, Recipient, State
from empath.safe_text import safe_text
from empath.spool.face import MessageRecord, RecipientRow, Spool
from empath.spool.operating import CAPTURED

MOST: Final = 500
"""Most messages that are released at once."""
MOST_RECIPIENTS: Final = 100
"""Most recipients that are named instead of those in the envelope."""
_SHOWN: Final = 100
_NAMED: Final = 5


class Releasing(Protocol):
    """`empath.delivery.releasing.Releases`."""

    def give(self, releases: Sequence[Release]) -> None:
        """Have these sent.  Raises `Crowded`."""
        ...


@final
class InboxDesk:
    """Releases captured mail for whom *ledger* and *queue* act."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        releases: Releasing | None,
        clock: Clock,
        config: Callable[[], Config],
        ledger: Ledger,
        queue: QueueDesk,
    ) -> None:
        """*releases* is None in relay mode."""
        self._spool = spool
        self._finder = finder
        self._releases = releases
        self._clock = clock
        self._config = config
        self._ledger = ledger
        self._queue = queue

    def __repr__(self) -> str:
        return f"<InboxDesk {self._ledger!r}>"

    async def release(self, request: link.ReleaseCaptured) -> link.Released:
        """Send what is asked for.  Raises `RequestRefused`, `SpoolRefused`."""
        if not request.ids:
            raise RequestUnclear("Name the captured messages that are to be released.")
        if len(request.ids) > MOST or len(request.recipients) > MOST_RECIPIENTS:
            raise RequestUnclear(
                f"At most {MOST} messages are released at once, and to {MOST_RECIPIENTS}"
                " recipients that are named."
            )
        hop = NextHop(read_host(request.to, self._finder)) if request.to else None
        records, unknown = await self._captured(request.ids)
        if self._releases is None:
            return await self._into_queue(request, records, unknown)
        given: list[Release] = []
        items: list[ReleaseItem] = []
        count = 0
        named = [Recipient(each) for each in dict.fromkeys(request.recipients)]
        for record in records:
            recipients = named or [row.recipient for row in record.recipients if _is_captured(row)]
            for release in lots(record, recipients, hop, self._clock.now()):
                item = self._item(release)
                if len(items) < _SHOWN:
                    items.append(item)
                if not request.dry_run:
                    given.append(release)
                count += len(release.lot.recipients)
            await asyncio.sleep(0)
        reply = link.Released(
            messages=len(records),
            recipients=count,
            items=tuple(items),
            unknown=unknown,
        )
        if request.dry_run:
            return reply
        await self._send(request, records, given, hop)
        return reply

    async def _send(
        self,
        request: link.ReleaseCaptured,
        records: Sequence[MessageRecord],
        given: Sequence[Release],
        hop: NextHop | None,
    ) -> None:
        assert self._releases is not None
        detail = f"to {hop.host}" if hop is not None else "to its own servers"
        if request.recipients:
            detail += f" for {', '.join(request.recipients[:_NAMED])}"
        begun = await self._ledger.begin(
            "release",
            _named([record.id for record in records]),
            detail=safe_text(detail, REASON_LIMIT),
            reason=safe_text(request.reason, REASON_LIMIT),
        )
        try:
            self._releases.give(given)
        except Crowded as error:
            raise RequestRefused(str(error)) from error
        recipients = sum(len(each.lot.recipients) for each in given)
        await self._ledger.finish(begun, len(records), recipients)

    async def _captured(
        self, ids: Sequence[MessageId]
    ) -> tuple[list[MessageRecord], tuple[MessageId, ...]]:
        """Those of *ids* that are captured mail, and the others; refused when none is."""
        records: list[MessageRecord] = []
        unknown: list[MessageId] = []
        for each in dict.fromkeys(ids):
            record = await self._spool.message(each)
            if record is None or not any(map(_is_captured, record.recipients)):
                unknown.append(each)
            else:
                records.append(record)
        if not records:
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise NotFound(
                f"{unknown[0]}{more}: no captured mail. `empathctl inbox list` shows what there is."
            )
        return records, tuple(unknown)

    def _item(self, release: Release) -> ReleaseItem:
        """Where it goes.  Raises `RequestRefused` if it may not."""
        config, lot = self._config(), release.lot
        if release.hop is not None:
            route = f"to {release.hop.host}"
        elif self._finder.fixed(lot.destination, config):
            route = "by a route of the config"
        elif config.dev.release:
            route = "to its own servers"
        else:
            raise RequestRefused(
                "In dev mode nothing leaves this machine by itself. Name the server that is to"
                f" get it, such as --to smtp.example.org:25; or write a [[route]] for"
                f" {lot.destination} into the config; or set dev.release = true there, and released"
                " mail goes to its recipients' own servers."
            )
        return ReleaseItem(
            id=lot.id,
            destination=lot.destination,
            recipients=tuple(each.recipient.address for each in lot.recipients[:_SHOWN]),
            route=route,
        )

    async def _into_queue(
        self,
        request: link.ReleaseCaptured,
        records: Sequence[MessageRecord],
        unknown: tuple[MessageId, ...],
    ) -> link.Released:
        """Relay mode: the queue takes it, and tries again."""
        if request.recipients:
            raise RequestRefused(
                "In relay mode captured mail goes into the queue as it is, for the recipients of"
                " its envelope: leave the others out."
            )
        ids = tuple(record.id for record in records)
        if request.to and not request.dry_run:
            await self._queue.change(
                link.RerouteMessages(ids=ids, to=request.to, reason=request.reason)
            )
        done = await self._queue.change(
            link.ReleaseMessages(ids=ids, reason=request.reason, dry_run=request.dry_run)
        )
        counts = done if done.preview is None else done.preview
        return link.Released(
            messages=counts.messages,
            recipients=counts.recipients,
            items=(),
            queued=True,
            unknown=unknown,
        )


def _is_captured(row: RecipientRow) -> bool:
    return row.state is State.HELD and row.hold_reason.startswith(CAPTURED)


def _named(ids: Sequence[MessageId]) -> str:
    more = len(ids) - _NAMED
    return " ".join(ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
