"""What operators do to queued mail: retry, hold, release, delete, bounce, re-route, flush,
and change of priority.

A change names its messages by id or by a query; with `expect`, exactly the messages that
were counted are changed and no other, even if mail arrives meanwhile.  Every change is
written into the timeline of each message by the spool, published with its actor, and noted
in the record.  A dry run counts what would be changed, and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.control import bounce, link
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import NotFound, QueueChange, RequestRefused, RequestUnclear
from empath.control.overrides import read_host
from empath.control.preview import preview
from empath.control.span import span
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId, NextHop, Priority, State
from empath.events import OperatorActed
from empath.query import QueueQuery, Term, parse_query
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.spool.face import Changed, Spool

EXPECT_LIMIT: Final = 100_000
"""Most messages that a change with `expect` may count."""
HELD_NOTE: Final = "held ones are released with U or `empathctl queue release`"
"""Why trying held mail again changes nothing."""
_PAGE: Final = 1000
_SLICE: Final = 50
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done to the messages, beside the verb."""

    at: float
    reason: str
    detail: str = ""
    """What they are changed to, for the record."""
    priority: Priority | None = None
    reply: Reply | None = None
    """What bounced recipients are failed with."""
    hop: NextHop | None = None


class QueueDesk:
    """Makes the changes that *actor* asks for."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        actor: str,
    ) -> None:
        self._spool = spool
        self._finder = finder
        self._bus = bus
        self._clock = clock
        self._config = config
        self._actor = actor
        self._ledger = Ledger(spool=spool, bus=bus, clock=clock, actor=actor)

    def __repr__(self) -> str:
        return f"<QueueDesk {self._actor}>"

    async def change(self, request: QueueChange) -> link.Changed:
        """Do what the request says.  Raises `RequestRefused`, `SpoolRefused`, `BadQuery`."""
        leaves = isinstance(request, link.ReleaseMessages | link.BounceMessages)
        if leaves and self._config().mode is Mode.DEV:
            raise RequestRefused(
                "In dev mode nothing leaves the machine by itself, so captured mail stays held:"
                " `empathctl inbox release` (F in the inbox) sends it once; to deliver or return it"
                ' as a relay does, set mode = "relay" in the config and restart.'
            )
        query, verb, order = _chosen(request), _verb(request), self._order(request)
        unknown = await self._unknown(request.ids)
        if request.dry_run:
            found = await self._preview(query, verb)
            return msgspec.structs.replace(found, unknown=unknown)
        target = _named(request)
        if request.expect is not None:
            # The terms stay: of the messages that were counted, only the recipients they mean.
            query = QueueQuery(query.terms, await self._count(query, request.expect))
            if not query.ids:
                return link.Changed(messages=0, recipients=0, in_flight=0)
        done = await self._do(verb, query, target, order)
        return msgspec.structs.replace(done, unknown=unknown)

    async def flush(self, request: link.FlushQueue) -> link.Changed:
        """Make everything that waits due now, or what waits for one destination."""
        terms = (Term("dest", request.destination),) if request.destination else ()
        query = QueueQuery(terms=terms)
        if request.dry_run:
            return await self._preview(query, "retry")
        reason = safe_text(request.reason, REASON_LIMIT)
        order = Order(self._clock.now(), reason)
        target = request.destination or "all that waits"
        return await self._do("retry", query, target, order, asked="flush")

    async def _preview(self, query: QueueQuery, verb: str) -> link.Changed:
        found = await preview(self._spool, query, verb)
        return link.Changed(messages=0, recipients=0, in_flight=0, preview=found)

    def _order(self, request: QueueChange) -> Order:
        """What is to be done, read and checked.  Raises `RequestUnclear`."""
        at, reason = self._clock.now(), safe_text(request.reason, REASON_LIMIT)
        match request:
            case link.PrioritizeMessages(priority=word):
                return Order(at, reason, word, priority=Priority[word.upper()])
            case link.BounceMessages(status=status):
                reply = bounce.reply(status, reason, hostname=self._config().hostname)
                return Order(at, reason, reply.status, reply=reply)
            case link.RerouteMessages(to=to, seconds=seconds):
                until = None if seconds is None else at + span(seconds)
                hop = NextHop(read_host(to, self._finder), until) if to else None
                return Order(at, reason, f"to {hop.host}" if hop else "to its own servers", hop=hop)
            case _:
                return Order(at, reason)

    async def _do(
        self, verb: str, query: QueueQuery, target: str, order: Order, *, asked: str = ""
    ) -> link.Changed:
        until = order.hop.until if order.hop is not None else None
        begun = await self._ledger.begin(
            asked or verb, target, detail=order.detail, reason=order.reason, until=until
        )
        done = await self._carry_out(verb, query, order)
        await self._ledger.finish(begun, done)
        await self._publish(verb, order.at, done)
        note = ""
        if verb == "retry" and not done.ids and not done.in_flight:
            page = await self._spool.page(query, limit=_PAGE)
            if any(row.state is State.HELD for row in page.rows):
                note = HELD_NOTE
        return link.Changed(
            messages=len(done.ids), recipients=done.recipients, in_flight=done.in_flight, note=note
        )

    async def _carry_out(self, verb: str, query: QueueQuery, order: Order) -> Changed:
        spool, at, actor, reason = self._spool, order.at, self._actor, order.reason
        match verb:
            case "hold":
                return await spool.hold(query, actor=actor, reason=reason, at=at)
            case "release":
                return await spool.release(query, actor=actor, at=at, reason=reason)
            case "delete":
                return await spool.delete(query, actor=actor, reason=reason, at=at)
            case "reroute":
                return await spool.reroute(query, order.hop, actor=actor, at=at, reason=reason)
            case "priority":
                assert order.priority is not None
                return await spool.prioritize(
                    query, order.priority, actor=actor, at=at, reason=reason
                )
            case "bounce":
                assert order.reply is not None
                report = bounce.report(order.reply, hostname=self._config().hostname, at=at)
                return await spool.bounce(
                    query, order.reply, report, actor=actor, at=at, reason=reason
                )
            case _:
                return await spool.retry(query, actor=actor, at=at, reason=reason)

    async def _publish(self, action: str, at: float, done: Changed) -> None:
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
                        reason=done.told,
                        recipients=each,
                    )
                )
            await asyncio.sleep(0)
        for start in range(0, len(done.notified), _SLICE):
            for event in done.notified[start : start + _SLICE]:
                self._bus.publish(event)
            await asyncio.sleep(0)

    async def _count(self, query: QueueQuery, expect: int) -> tuple[MessageId, ...]:
        """The messages that match, when they are *expect* many."""
        if not 0 <= expect <= EXPECT_LIMIT:
            raise RequestUnclear(f"expect is a number from 0 to {EXPECT_LIMIT:,}.")
        ids: list[MessageId] = []
        cursor = ""
        while len(ids) <= expect:
            page = await self._spool.page(query, cursor=cursor, limit=_PAGE)
            ids += [row.id for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break
        if len(ids) != expect:
            count = expect if cursor else len(ids)
            match = "message matches" if count == 1 else "messages match"
            raise RequestRefused(
                f"{'More than ' if cursor else ''}{count:,} {match}, not {expect:,}; nothing was"
                " changed. Look again, then ask again."
            )
        return tuple(ids)

    async def _unknown(self, ids: Sequence[MessageId]) -> tuple[MessageId, ...]:
        """Those of *ids* that are not in the queue.  Refused when none is: a slip of the pen."""
        known: set[MessageId] = set()
        for start in range(0, len(ids), _PAGE):
            some = QueueQuery(ids=tuple(ids[start : start + _PAGE]))
            page = await self._spool.page(some, limit=_PAGE)
            known.update(row.id for row in page.rows if not row.state.final)
        unknown = tuple(dict.fromkeys(each for each in ids if each not in known))
        if ids and not known:
            more = len(unknown) - 1
            names = f"{unknown[0]} and {more:,} more" if more else unknown[0]
            raise NotFound(f"Not in the queue: {names}. Finished messages cannot be changed.")
        return unknown


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


def _verb(request: QueueChange) -> str:
    """``hold`` of ``queue/hold``."""
    return type(request).route.rpartition("/")[2]


def _named(request: QueueChange) -> str:
    """What was asked for, for the record."""
    if not request.ids:
        return request.query
    more = len(request.ids) - _NAMED
    return " ".join(request.ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
