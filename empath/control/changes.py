"""What operators do to queued mail: retry, hold, release, delete, flush,
and change of priority.

A change names its messages by id or by a query; with `expect`, exactly the messages that
were counted are changed and no other, even if mail arrives meanwhile.  Every change is
written into the timeline of each message by the spool and published with its actor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.control import link
from empath.control.link import NotFound, QueueChange, RequestRefused, RequestUnclear
from empath.envelope import MessageId, Priority, State
from empath.events import OperatorActed
from empath.query import QueueQuery, Term, parse_query
from empath.safe_text import safe_text
from empath.spool.face import Changed, Spool

REASON_LIMIT: Final = 200
"""Characters of a reason that are kept."""
EXPECT_LIMIT: Final = 100_000
"""Most messages that a change with `expect` may count."""
HELD_NOTE: Final = "held ones are released with U or `empathctl queue release`"
"""Why trying held mail again changes nothing."""
_PAGE: Final = 1000
_SLICE: Final = 50


class QueueDesk:
    """Makes the changes that *actor* asks for."""

    def __init__(
        self, *, spool: Spool, bus: Bus, clock: Clock, config: Callable[[], Config], actor: str
    ) -> None:
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._config = config
        self._actor = actor

    def __repr__(self) -> str:
        return f"<QueueDesk {self._actor}>"

    async def change(self, request: QueueChange) -> link.Changed:
        """Do what the request says.  Raises `RequestRefused`, `SpoolRefused`, `BadQuery`."""
        if isinstance(request, link.ReleaseMessages) and self._config().mode is Mode.DEV:
            raise RequestRefused(
                "In dev mode nothing leaves the machine, so captured mail stays held: set"
                ' mode = "relay" in the config and restart to deliver it.'
            )
        query = _chosen(request)
        if request.expect is not None:
            query = QueueQuery(ids=await self._count(query, request.expect))
            if not query.ids:
                return link.Changed(messages=0, recipients=0, in_flight=0)
        elif request.ids:
            await self._check_known(request.ids)
        match request:
            case link.HoldMessages(reason=reason):
                return await self._do("hold", query, reason)
            case link.ReleaseMessages():
                return await self._do("release", query)
            case link.DeleteMessages(reason=reason):
                return await self._do("delete", query, reason)
            case link.PrioritizeMessages(priority=word):
                return await self._do("priority", query, word)
            case _:
                return await self._do("retry", query)

    async def flush(self, request: link.FlushQueue) -> link.Changed:
        """Make everything that waits due now, or what waits for one destination."""
        terms = (Term("dest", request.destination),) if request.destination else ()
        return await self._do("retry", QueueQuery(terms=terms))

    async def _do(self, action: str, query: QueueQuery, reason: str = "") -> link.Changed:
        spool, at, actor = self._spool, self._clock.now(), self._actor
        reason = safe_text(reason, REASON_LIMIT)
        match action:
            case "hold":
                done = await spool.hold(query, actor=actor, reason=reason, at=at)
            case "release":
                done = await spool.release(query, actor=actor, at=at)
            case "delete":
                done = await spool.delete(query, actor=actor, reason=reason, at=at)
            case "priority":
                priority = Priority[reason.upper()]
                done = await spool.prioritize(query, priority, actor=actor, at=at)
            case _:
                done = await spool.retry(query, actor=actor, at=at)
        await self._publish(action, reason, at, done)
        note = ""
        if action == "retry" and not done.ids and not done.in_flight:
            page = await spool.page(query, limit=_PAGE)
            if any(row.state is State.HELD for row in page.rows):
                note = HELD_NOTE
        return link.Changed(
            messages=len(done.ids), recipients=done.recipients, in_flight=done.in_flight, note=note
        )

    async def _publish(self, action: str, reason: str, at: float, done: Changed) -> None:
        """Tell of each message, in slices: a change of a million must not hold the loop."""
        # Each message changed has at least one recipient; how the rest fall is not known.
        each = 1 if done.recipients == len(done.ids) else 0
        if len(done.ids) == 1:
            each = done.recipients
        for start in range(0, len(done.ids), _SLICE):
            for message in done.ids[start : start + _SLICE]:
                self._bus.publish(
                    OperatorActed(
                        at=at,
                        id=message,
                        action=action,
                        actor=self._actor,
                        reason=reason,
                        recipients=each,
                    )
                )
            await asyncio.sleep(0)

    async def _count(self, query: QueueQuery, expect: int) -> tuple[MessageId, ...]:
        """The messages that match, when they are *expect* many."""
        if not 0 <= expect <= EXPECT_LIMIT:
            raise RequestUnclear(f"expect is a number from 0 to {EXPECT_LIMIT}.")
        ids: list[MessageId] = []
        cursor = ""
        while len(ids) <= expect:
            page = await self._spool.page(query, cursor=cursor, limit=_PAGE)
            ids += [row.id for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break
        if len(ids) != expect:
            found = f"More than {expect}" if cursor else f"{len(ids)}"
            raise RequestRefused(
                f"{found} messages match, not {expect}; nothing was changed. Look again, then ask"
                " again."
            )
        return tuple(ids)

    async def _check_known(self, ids: Sequence[MessageId]) -> None:
        """Refuse when none of the messages named is in the queue: likely a slip of the pen."""
        page = await self._spool.page(QueueQuery(ids=tuple(ids)), limit=1)
        if not page.rows:
            names = ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"
            raise NotFound(f"Not in the queue: {names}. Finished messages cannot be changed.")


def _chosen(request: QueueChange) -> QueueQuery:
    if request.ids and request.query:
        raise RequestUnclear("Give either ids or a query, not both.")
    if request.ids:
        return QueueQuery(ids=request.ids)
    query = parse_query(request.query)
    if not query.terms:
        raise RequestUnclear(
            "Name the messages or give a query, such as `state:deferred` or `dest:example.org`."
        )
    return query
