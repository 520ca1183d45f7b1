"""What operators see and change of breakers and suspensions, and why mail waits.

A change is in force before it is answered, wakes the engine, is written down for a restart,
and is published with its actor, reason and expiry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from empath.address import Domain
from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.control import link
from empath.control.link import GateItem, NotFound, Request, RequestRefused, RequestUnclear, WhyItem
from empath.control.parts import Deliverer
from empath.envelope import MessageId, State
from empath.events import AttemptEnded, DestinationGated, NotificationSent, OperatorActed
from empath.policy.suspension import Suspension
from empath.policy.why import Circumstances, Standing, why
from empath.safe_text import safe_text
from empath.spool.face import MessageRecord, RecipientRow, Spool

ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.ExplainMessage,
    link.ListGates,
    link.ListUnreached,
    link.OpenBreaker,
    link.CloseBreaker,
    link.ResetBreaker,
    link.SuspendDestination,
    link.ResumeDestination,
)
"""The requests that a `GateDesk` answers."""
SHOWN: Final = 1000
"""Most recipients that are explained at once."""
LONGEST: Final = 366 * 86400.0
"""Most seconds for which a destination is left alone."""
_REASON_LIMIT: Final = 200


class GateDesk:
    """Answers what *actor* asks about turns."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
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

    def __repr__(self) -> str:
        return f"<GateDesk {self._actor}>"

    async def answer(self, request: Request[Any]) -> link.Reply:
        """Do what the request says.  Raises `RequestRefused`."""
        if isinstance(request, link.ExplainMessage):
            return await self._explain(request.id)
        if isinstance(request, link.ListUnreached):
            return link.UnreachedHosts(hosts=self._unreached())
        if not isinstance(request, link.ListGates):
            await self._change(request)
        return link.GateList(gates=self._gates())

    # Looking.

    def _gates(self) -> tuple[GateItem, ...]:
        if self._engine is None:
            return ()
        gates, now = self._engine.gates, self._clock.now()
        items = [
            GateItem(
                destination=name,
                gate="breaker",
                state=position.value,
                until=gates.breakers[name].open_until,
                reason=gates.breakers[name].why,
                actor=gates.breakers[name].actor,
            )
            for name, position in gates.breakers.standing(now).items()
        ]
        items += [
            GateItem(
                destination=name,
                gate="suspension",
                state="suspended",
                until=each.until,
                reason=each.reason,
                actor=each.actor,
            )
            for name, each in gates.suspensions.standing(now).items()
        ]
        return tuple(sorted(items, key=lambda item: (item.destination, item.gate)))

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
        return link.WhyReply(
            id=id,
            recipients=tuple(self._why(record, row) for row in rows[:SHOWN]),
            total=len(rows),
        )

    def _why(self, record: MessageRecord, row: RecipientRow) -> WhyItem:
        config, now, engine = self._config(), self._clock.now(), self._engine
        priority = record.envelope.priority
        standing = _standing(record, row, engine)
        answer = why(
            standing,
            Circumstances(
                now=now,
                delivers=engine is not None and config.mode is Mode.RELAY,
                most_attempts=config.delivery.retry.attempts,
                expires_at=record.received_at + config.delivery.retry.expiry,
                holds=() if engine is None else engine.explain(row.destination, priority),
            ),
        )
        return WhyItem(
            address=row.recipient.address,
            destination=row.destination,
            state=row.state.word,
            sentence=answer.sentence,
            next_event=answer.next_event,
            next_at=answer.next_at,
            doing=standing.doing,
            since=standing.doing_since,
        )

    # Changing.

    async def _change(self, request: Request[Any]) -> None:
        engine, now = self._engine, self._clock.now()
        if engine is None:
            raise RequestRefused("Empath runs in dev mode and sends nothing: there are no gates.")
        gates = engine.gates
        match request:
            case link.OpenBreaker(destination=name, seconds=seconds, reason=reason):
                if seconds is None:
                    seconds = float(self._config().delivery.breaker.open_for)
                until = now + _checked(seconds)
                reason = safe_text(reason, _REASON_LIMIT)
                gates.breakers.open(name, until, actor=self._actor, reason=reason)
                self._publish("breaker opened", name, reason, until)
            case link.CloseBreaker(destination=name):
                if name not in gates.breakers.standing(now):
                    raise NotFound(f"The breaker of {name} is not open.")
                gates.breakers.close(name)
                self._publish("breaker closed", name)
            case link.ResetBreaker(destination=name):
                gates.breakers.close(name)
                gates.concurrency.forget(name)
                self._publish("breaker reset", name)
            case link.SuspendDestination(destination=name, seconds=seconds, reason=reason):
                end = None if seconds is None else now + _checked(seconds)
                reason = safe_text(reason, _REASON_LIMIT)
                gates.suspensions.suspend(name, Suspension(self._actor, reason, now, end))
                self._publish("suspended", name, reason, end)
            case link.ResumeDestination(destination=name):
                if not gates.suspensions.resume(name):
                    raise NotFound(f"{name} is not suspended.")
                self._publish("resumed", name)
            case _:  # pragma: no cover - the table of requests holds no other
                raise RequestUnclear("unknown request")
        engine.wake()
        await engine.keep_gates()

    def _publish(
        self, action: str, destination: Domain, reason: str = "", until: float | None = None
    ) -> None:
        self._bus.publish(
            DestinationGated(
                at=self._clock.now(),
                action=action,
                destination=destination,
                actor=self._actor,
                reason=reason,
                until=until,
            )
        )


def _checked(seconds: float) -> float:
    if not 0 < seconds <= LONGEST:
        raise RequestUnclear(f"seconds is more than 0 and at most {LONGEST:.0f} (a year).")
    return seconds


def _standing(record: MessageRecord, row: RecipientRow, engine: Deliverer | None) -> Standing:
    """What the history says of one recipient."""
    last: AttemptEnded | None = None
    actor, told = "", False
    for event in record.timeline:
        match event:
            case AttemptEnded() if any(each.number == row.number for each in event.results):
                last = event
            case OperatorActed(action="hold" | "delete"):
                actor = event.actor
            case OperatorActed():
                actor = ""
            case NotificationSent() if event.kind == "failed":
                told = told or row.recipient.address in event.recipients
            case _:
                pass
    running = None if engine is None else engine.position(record.id, row.destination)
    operated = row.state in (State.HELD, State.DELETED)
    return Standing(
        address=row.recipient.address,
        destination=row.destination,
        state=row.state,
        priority=record.envelope.priority,
        attempts=row.attempts,
        next_at=row.next_at,
        last_reply=row.last_reply,
        hold_reason=row.hold_reason,
        server=last.server if last else "",
        stage=last.stage if last else "",
        ended_at=last.at if last else None,
        actor=actor if operated else "",
        told=told,
        began_at=None if running is None else running.began_at,
        doing="" if running is None else running.shown,
        doing_since=None if running is None else running.since,
    )
