"""What operators do to queued mail: retry, hold, release, delete, bounce, re-route, flush,
and change of priority.

A change names its messages by id, by a query or by a selection.  They are frozen first, so
that exactly the messages that were counted are changed and no other, even if mail arrives
meanwhile.  Every change is written into the timeline of each message by the spool, published
with its actor, and noted in the record.  A dry run counts what would be changed, and changes
nothing.
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
from empath.control.jobs import JobRunner, Step, Steps
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import NotFound, QueueChange, RequestRefused, RequestUnclear
from empath.control.overrides import read_host
from empath.control.preview import preview
from empath.control.selections import ENTRIES_MOST, Selections
from empath.control.span import span
from empath.control.still_kept import still_kept
from empath.delivery.gates import Gates
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId, NextHop, Priority
from empath.events import OperatorActed
from empath.query import QueueQuery, Term, parse_query
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.spool.changes import BOUNCED, PIECE
from empath.spool.face import Changed, Spool
from empath.spool.filters import Picked
from empath.spool.jobs import UNDOABLE, Job
from empath.spool.selection import Frozen
from empath.spool.stored import write_next_hop

_PAGE: Final = 1000
_SLICE: Final = 50
_COUNTED: Final = 10_000
"""Messages up to which it is said how many there are instead of as many as were expected."""
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

    def written(self, verb: str) -> str | int:
        """What *verb* writes into the rows, by which an undo knows them again."""
        match verb:
            case "hold":
                return self.reason
            case "priority":
                return 0 if self.priority is None else int(self.priority)
            case "reroute":
                return write_next_hop(self.hop)
            case _:
                return ""


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
        selections: Selections,
        jobs: JobRunner,
        gates: Gates | None = None,
    ) -> None:
        self._spool = spool
        self._finder = finder
        self._bus = bus
        self._clock = clock
        self._config = config
        self._actor = actor
        self._selections = selections
        self._jobs = jobs
        self._gates = gates
        self._ledger = Ledger(spool=spool, bus=bus, clock=clock, actor=actor)

    def __repr__(self) -> str:
        return f"<QueueDesk {self._actor}>"

    async def select(self, request: link.SelectMessages) -> link.Selection:
        """Freeze what matches now.  Raises `RequestRefused`, `BadQuery`."""
        frozen = await self._spool.freeze(parse_query(request.query), enough=ENTRIES_MOST)
        return self._selections.keep(request.query, frozen)

    async def change(self, request: QueueChange) -> link.Changed:
        """Do what the request says.  Raises `RequestRefused`, `SpoolRefused`, `BadQuery`."""
        leaves = isinstance(request, link.ReleaseMessages | link.BounceMessages)
        if leaves and self._config().mode is Mode.DEV:
            raise RequestRefused(
                "In dev mode nothing leaves the machine by itself, so captured mail stays held:"
                " `empathctl inbox release` (F in the inbox) sends it once; to deliver or return it"
                ' as a relay does, set mode = "relay" in the config and restart.'
            )
        if request.expect is not None and request.expect < 0:
            raise RequestUnclear("expect is a number from 0 on.")
        query, verb, order = self._chosen(request), _verb(request), self._order(request)
        unknown = await self._unknown(request.ids)
        if request.dry_run:
            found = await self._preview(query, verb)
            return msgspec.structs.replace(found, unknown=unknown)
        frozen = (
            await self._spool.freeze(query, enough=_enough(request.expect))
            if isinstance(query, QueueQuery)
            else query
        )
        _check_count(frozen, request.expect, selected=bool(request.selection))
        if request.expect == 0:
            return link.Changed(messages=0, recipients=0, in_flight=0, unknown=unknown)
        done = await self._do(verb, frozen, _named(request), order)
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
        return await self._do(
            "retry", await self._spool.freeze(query), target, order, asked="flush"
        )

    async def _preview(self, query: QueueQuery | Frozen, verb: str) -> link.Changed:
        found = await preview(self._spool, query, verb)
        if verb == "delete":
            kept = float(self._config().spool.trash_for)
            found = msgspec.structs.replace(found, kept_for=kept)
        return link.Changed(messages=0, recipients=0, in_flight=0, preview=found)

    def _chosen(self, request: QueueChange) -> QueueQuery | Frozen:
        """The messages that are meant.  Raises `RequestRefused`, `BadQuery`."""
        if bool(request.ids) + bool(request.query) + bool(request.selection) > 1:
            raise RequestUnclear("Give either ids or a query, not both; or a selection alone.")
        if request.selection:
            return self._selections.find(request.selection)[1]
        if request.ids:
            return QueueQuery(ids=request.ids)
        query = parse_query(request.query)
        if not query.terms:
            raise RequestUnclear(
                "Name the messages or give a query, such as `state:deferred` or `dest:example.org`."
            )
        return query

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
        self, verb: str, frozen: Frozen, target: str, order: Order, *, asked: str = ""
    ) -> link.Changed:
        """Change what is frozen: now, or where it is much, in the background."""
        undoable = verb in UNDOABLE and frozen.messages > 0
        if verb == "delete" and not self._config().spool.trash_for:
            undoable = False
        job = Job(
            action=asked or verb,
            target=target,
            detail=order.detail,
            value=order.written(verb),
            actor=self._actor,
            total=frozen.messages,
            started_at=order.at,
            undoable=undoable,
        )
        until = order.hop.until if order.hop is not None else None

        def steps(number: int) -> Steps:
            return self._steps(verb, frozen, order, number if undoable else 0)

        done, _ = await self._jobs.carry_out(
            job, steps, self._ledger, reason=order.reason, until=until, listed=undoable
        )
        if done.job or done.in_flight or (asked or verb) != "retry":
            return done
        return msgspec.structs.replace(done, note=await self._kept_note(frozen) or done.note)

    async def _steps(self, verb: str, frozen: Frozen, order: Order, number: int) -> Steps:
        """The change, lot by lot; it can be taken back as job *number*."""
        for lot in frozen.lots(BOUNCED if verb == "bounce" else PIECE, job=number):
            done = await self._carry_out(verb, lot, order)
            await self._publish(verb, order.at, done)
            yield Step(len(lot.keys), len(done.ids), done.recipients, done.in_flight)

    async def _kept_note(self, frozen: Frozen) -> str:
        """What still keeps mail that was tried again, and what helps."""
        if not frozen.messages:
            return ""
        some = next(frozen.lots(_PAGE)).keys
        ids = tuple(MessageId.from_key(key) for key in some)
        page = await self._spool.page(QueueQuery(ids=ids), limit=_PAGE)
        return still_kept(page.rows, self._gates, self._clock.now())

    async def _carry_out(self, verb: str, query: Picked, order: Order) -> Changed:
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
        told = [*zip(done.ids, done.each, strict=True)]
        for start in range(0, len(told), _SLICE):
            for message, recipients in told[start : start + _SLICE]:
                self._bus.publish(
                    OperatorActed(
                        at=at,
                        id=message,
                        action=action,
                        actor=self._actor,
                        reason=done.told,
                        recipients=recipients,
                    )
                )
            await asyncio.sleep(0)
        for start in range(0, len(done.notified), _SLICE):
            for event in done.notified[start : start + _SLICE]:
                self._bus.publish(event)
            await asyncio.sleep(0)

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


def _enough(expect: int | None) -> int | None:
    """How many messages are looked for, where *expect* are expected."""
    return None if expect is None else max(expect, _COUNTED)


def _check_count(frozen: Frozen, expect: int | None, *, selected: bool) -> None:
    """Raise `RequestRefused` unless *expect* messages are frozen, where that is asked."""
    if expect is None or frozen.messages == expect:
        return
    more = frozen.messages > (_enough(expect) or 0) and not selected  # nobody has counted on
    count = _enough(expect) or 0 if more else frozen.messages
    if selected:
        match = "message is in the selection" if count == 1 else "messages are in the selection"
    else:
        match = "message matches" if count == 1 else "messages match"
    raise RequestRefused(
        f"{'More than ' if more else ''}{count:,} {match}, not {expect:,}; nothing was"
        " changed. Look again, then ask again."
    )


def _verb(request: QueueChange) -> str:
    """``hold`` of ``queue/hold``."""
    return type(request).route.rpartition("/")[2]


def _named(request: QueueChange) -> str:
    """What was asked for, for the record."""
    if not request.ids:
        return request.query or request.selection
    more = len(request.ids) - _NAMED
    return " ".join(request.ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
