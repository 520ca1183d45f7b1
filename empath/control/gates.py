"""What operators see and change of breakers, suspensions and re-routes, and why mail waits.

A change is in force before it is answered, wakes the engine, is written down for a restart,
and is published and noted in the record with its actor, reason and expiry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.control import link
from empath.control.gate_list import gate_items
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import GateItem, NotFound, Request, RequestRefused, RequestUnclear, WhyItem
from empath.control.parts import Deliverer
from empath.control.preview import preview
from empath.control.rerouting import Rerouting
from empath.control.span import LONGEST, span
from empath.control.standing import rerouted, standing
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId
from empath.events import DestinationGated
from empath.policy import shaping
from empath.policy.suspension import Suspension
from empath.policy.throttle import Throttle
from empath.policy.turns import Place, place
from empath.policy.verdict import Hold
from empath.policy.why import Circumstances, why
from empath.query import QueueQuery, Term
from empath.safe_text import safe_text
from empath.spool.face import MessageRecord, RecipientRow, Spool

_VERBS: Final[Mapping[type[Request[Any]], str]] = {
    link.OpenBreaker: "breaker open",
    link.CloseBreaker: "breaker close",
    link.ProbeDestination: "breaker probe",
    link.ResetBreaker: "breaker reset",
    link.SuspendDestination: "suspend",
    link.ResumeDestination: "resume",
    link.RerouteDestination: "reroute",
    link.RestoreRoute: "restore-route",
    link.LimitDestination: "limit",
    link.LiftLimit: "lift-limit",
}
"""What each change is called in the record."""
ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.ExplainMessage,
    link.ListGates,
    link.ListUnreached,
    *_VERBS,
)
"""The requests that a `GateDesk` answers."""
FASTEST: Final = 10_000.0
"""Attempts a second; a limit above is none."""
SLOWEST: Final = 1 / LONGEST
"""Attempts a second; a limit below stops all mail."""
SHOWN: Final = 1000
"""Most recipients that are explained at once."""


class GateDesk:
    """Answers what *actor* asks about turns."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
        finder: RouteFinder,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        actor: str,
    ) -> None:
        self._spool = spool
        self._engine = engine
        self._bus = bus
        self._clock = clock
        self._config = config
        self._actor = actor
        self._finder = finder
        self._rerouting = Rerouting(
            spool=spool, finder=finder, engine=engine, clock=clock, actor=actor
        )
        self._ledger = Ledger(spool=spool, bus=bus, clock=clock, actor=actor)

    def __repr__(self) -> str:
        return f"<GateDesk {self._actor}>"

    async def answer(self, request: Request[Any]) -> link.Reply:
        """Do what the request says.  Raises `RequestRefused`."""
        if isinstance(request, link.ExplainMessage):
            return await self._explain(request.id)
        if isinstance(request, link.ListUnreached):
            return link.UnreachedHosts(hosts=self._unreached())
        found: link.Preview | None = None
        if isinstance(request, link.GateChange):
            self._check(request)
            if request.dry_run:
                query = QueueQuery(terms=(Term("dest", request.destination),))
                # Whatever may be re-routed waits: queued, deferred or held.
                found = await preview(self._spool, query, "reroute")
            else:
                await self._change(request)
        return link.GateList(gates=await self._gates(), preview=found)

    # Looking.

    async def _gates(self) -> tuple[GateItem, ...]:
        return await gate_items(self._engine, self._finder, self._clock.now())

    def _unreached(self) -> tuple[link.UnreachedHost, ...]:
        known = {} if self._engine is None else self._engine.unreached()
        return tuple(
            link.UnreachedHost(
                host=host,
                port=port,
                since=each.since,
                last_at=each.at,
                until=each.until,
                reason=each.reason,
            )
            for (host, port), each in known.items()
        )

    async def _explain(self, id: MessageId) -> link.WhyReply:
        record = await self._spool.message(id)
        if record is None:
            raise NotFound(
                f"There is no message {id}: it never was, or its history is no longer kept"
                " (spool.keep_finished)."
            )
        rows = sorted(record.recipients, key=lambda row: (row.state.final, row.number))
        places: dict[tuple[object, ...], Place] = {}
        return link.WhyReply(
            id=id,
            recipients=tuple([await self._why(record, row, places) for row in rows[:SHOWN]]),
            total=len(rows),
        )

    async def _why(
        self, record: MessageRecord, row: RecipientRow, known: dict[tuple[object, ...], Place]
    ) -> WhyItem:
        config, now, engine = self._config(), self._clock.now(), self._engine
        priority = record.envelope.priority
        told = standing(record, row, engine, rerouted(row, self._finder))
        holds = () if engine is None else engine.explain(row.destination, priority)
        places: dict[Hold, Place] = {}
        if row.next_at is not None and row.next_at <= now:
            for hold in holds:
                if hold.pace:
                    asked = (row.destination, row.next_at, hold.of_class)
                    if asked not in known:
                        known[asked] = await self._place(record, row, row.next_at, hold)
                    places[hold] = known[asked]
        answer = why(
            told,
            Circumstances(
                now=now,
                delivers=engine is not None and config.mode is Mode.RELAY,
                most_attempts=config.delivery.retry.attempts,
                expires_at=record.received_at + config.delivery.retry.expiry,
                holds=holds,
                places=places,
            ),
        )
        return WhyItem(
            address=row.recipient.address,
            destination=row.destination,
            state=row.state.word,
            sentence=answer.sentence,
            next_event=answer.next_event,
            next_at=answer.next_at,
            doing=told.doing,
            since=told.doing_since,
        )

    async def _place(
        self, record: MessageRecord, row: RecipientRow, due_at: float, hold: Hold
    ) -> Place:
        """The place of a recipient among what waits for the rate behind *hold*."""
        lane, now = (row.destination, record.envelope.priority), self._clock.now()
        ahead = await self._spool.ahead(lane, record.id, due_at, now, of_class=hold.of_class)
        return place(lane, ahead, shaping.weights(self._config().delivery))

    # Changing.

    def _check(self, request: link.GateChange) -> None:
        """What a change is refused for, a dry run of it too.  Raises `RequestRefused`."""
        engine, now, name = self._engine, self._clock.now(), request.destination
        if engine is None:
            raise RequestRefused("Empath runs in dev mode and sends nothing: there are no gates.")
        seconds = getattr(request, "seconds", None)
        if seconds is not None:
            span(seconds)
        match request:
            case link.CloseBreaker() if name not in engine.gates.breakers.standing(now):
                raise NotFound(f"The breaker of {name} is not open.")
            case link.ProbeDestination() if now >= (engine.gates.breakers[name].open_until or 0.0):
                raise NotFound(f"The breaker of {name} is not open: nothing keeps an attempt.")
            case link.ProbeDestination() if name in engine.gates.suspensions.standing(now):
                raise RequestRefused(
                    f"{name} is suspended: nothing is tried until it is resumed,"
                    f" `empathctl destination resume {name}`."
                )
            case link.ResumeDestination() if name not in engine.gates.suspensions.standing(now):
                raise NotFound(f"{name} is not suspended.")
            case link.RerouteDestination(to=to):
                self._rerouting.read(name, to)
            case link.RestoreRoute():
                self._rerouting.standing(name)
            case link.LimitDestination(per_second=per_second):
                if not SLOWEST <= per_second <= FASTEST:
                    raise RequestUnclear(
                        f"per_second is above 0 (at least one attempt a year), at most {FASTEST:g}:"
                        " suspend stops all mail."
                    )
            case link.LiftLimit() if name not in engine.gates.throttles.standing(now):
                raise NotFound(f"{name} is not limited by an operator.")
            case _:
                pass

    async def _change(self, request: link.GateChange) -> None:
        engine, now, name = self._engine, self._clock.now(), request.destination
        assert engine is not None
        gates, reason = engine.gates, safe_text(request.reason, REASON_LIMIT)
        seconds = getattr(request, "seconds", None)
        if isinstance(request, link.OpenBreaker) and seconds is None:
            seconds = float(self._config().delivery.breaker.open_for)
        until = None if seconds is None else now + span(seconds)
        detail = ""
        match request:
            case link.OpenBreaker():
                assert until is not None
                gates.breakers.open(name, until, actor=self._actor, reason=reason, since=now)
                done = "breaker opened"
            case link.ProbeDestination():
                gates.breakers.probe(name, now)
                done = "probe asked for"
            case link.CloseBreaker():
                gates.breakers.close(name)
                done = "breaker closed"
            case link.ResetBreaker():
                gates.breakers.close(name)
                gates.concurrency.forget(name)
                done = "breaker reset"
            case link.SuspendDestination():
                gates.suspensions.suspend(name, Suspension(self._actor, reason, now, until))
                done = "suspended"
            case link.ResumeDestination():
                gates.suspensions.resume(name)
                done = "resumed"
            case link.LimitDestination(per_second=per_second):
                throttle = Throttle(per_second, self._actor, reason, now, until)
                gates.throttles.limit(name, throttle)
                detail = f"to {throttle.shown}"
                done = f"limited {detail}"
            case link.LiftLimit():
                gates.throttles.lift(name)
                done = "limit lifted"
            case link.RerouteDestination(to=to):
                hosts = await self._rerouting.set(name, to, reason=reason, until=until)
                detail = f"to {', '.join(hosts)}"
                done = f"re-routed {detail}"
            case link.RestoreRoute():
                await self._rerouting.remove(name)
                done = "re-route removed"
            case _:  # pragma: no cover - the table of requests holds no other
                raise RequestUnclear("unknown request")
        self._bus.publish(DestinationGated(now, done, name, self._actor, reason, until))
        engine.wake()
        await engine.keep_gates()
        await self._ledger.note(
            _VERBS[type(request)], name, detail=detail, reason=reason, until=until
        )
