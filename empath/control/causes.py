"""Why the mail of many destinations waits for one thing: the DNS, or a smarthost.

A fold over the attempts keeps how the last one at each destination ended; with the
destinations that have deferred mail it names the cause, however few messages wait.  Nothing
is decided by time alone, so the list changes only when an attempt ends or mail goes:

- a smarthost is named while mail waits whose last attempt ended before it took a session, and
  no later attempt got one;
- the DNS is named while lookups fail for `SEVERAL` destinations that wait, or for fewer when
  none of another destination has succeeded since, or `CALM` seconds before; failures that are
  older than the last success by as much no longer count.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from empath.address import Domain, ServerId
from empath.config.outbound import Route
from empath.control.link import AttentionItem
from empath.envelope import State
from empath.events import AttemptEnded, Event
from empath.instant import utc
from empath.spool.face import DestinationRow

SEVERAL: Final = 3
"""Destinations without an answer from the DNS for which it is not their own DNS that fails."""
CALM: Final = 300.0
"""Seconds for which a lookup that succeeded speaks for the DNS."""
REMEMBERED: Final = 2000
"""Most destinations whose last attempt is remembered."""
_LOOKUP_FAILED: Final = "451 4.4.3 "
_SESSION: Final = frozenset({"CONNECT", "EHLO", "STARTTLS", "AUTH"})
_BUSY: Final = "451 4.4.5 "
"""Our own: all the connections that we allow to the host are busy."""


@dataclass(frozen=True, slots=True)
class _Last:
    """How the last attempt at a destination ended."""

    at: float
    stage: str
    server: str
    reply: str


@dataclass(slots=True)
class LastAttempts:
    """The last attempt at each destination: a fold over the events."""

    by_destination: dict[Domain, _Last] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Take note of *event*."""
        if not isinstance(event, AttemptEnded):
            return
        last, known = self.by_destination, event.destination
        reply = event.results[0].reply if event.results else ""
        last.pop(known, None)
        last[known] = _Last(event.at, event.stage, event.server, reply)
        if len(last) > REMEMBERED:
            del last[next(iter(last))]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that mail waits for."""

    item: AttentionItem
    destinations: Collection[Domain]


def causes(
    rows: Iterable[DestinationRow],
    attempts: LastAttempts,
    routes: Sequence[Route],
    *,
    now: float,
    shut: Mapping[Domain, float | None],
) -> Sequence[Cause]:
    """What the mail deferred at the destinations of *rows* waits for, where that is one thing.

    *shut* are destinations that get no attempt for long, and until when, as
    `delivery.gates.Gates.shut` has it.
    """
    last = attempts.by_destination
    no_lookup: list[DestinationRow] = []
    no_session: dict[ServerId, list[DestinationRow]] = {}
    schedule = _Schedule(now, shut)
    hosts = tuple(dict.fromkeys(route.host for route in routes))
    for row in rows:
        ended = last.get(row.destination)
        if ended is None or not row.counts.get(State.DEFERRED, 0):
            continue
        if ended.stage == "DNS" and ended.reply.startswith(_LOOKUP_FAILED):
            no_lookup.append(row)
        elif ended.stage in _SESSION and not ended.reply.startswith(_BUSY):
            for host in hosts:
                if _is(host, ended.server):
                    no_session.setdefault(host, []).append(row)
                    break
    found = []
    for host, waiting in no_session.items():
        latest = max((last[row.destination] for row in waiting), key=lambda ended: ended.at)
        at_host = (ended for ended in last.values() if _is(host, ended.server))
        if latest.at >= _succeeded_at(at_host, _SESSION):
            found.append(_smarthost(host, latest, waiting, schedule))
    looked_up = (
        ended for ended in last.values() if not any(_is(host, ended.server) for host in hosts)
    )
    if _lookups_fail(
        [last[row.destination].at for row in no_lookup], _succeeded_at(looked_up, {"DNS"})
    ):
        found.append(_dns(no_lookup, schedule))
    return found


def _succeeded_at(attempts: Iterable[_Last], failed: Collection[str]) -> float:
    """When the last of *attempts* that got beyond the stages *failed* ended."""
    return max((ended.at for ended in attempts if ended.stage not in failed), default=-math.inf)


def _is(host: ServerId, server: str) -> bool:
    """Whether *server*, as an attempt names it, is that *host*, at whatever address."""
    return server == f"{host.host}:{host.port}" or (
        server.startswith(f"{host.host} [") and server.endswith(f"]:{host.port}")
    )


def _lookups_fail(failed: Sequence[float], succeeded_at: float) -> bool:
    """Whether it is the DNS as a whole, and not that of one or two domains."""
    recent = [at for at in failed if at > succeeded_at - CALM]
    return len(recent) >= SEVERAL or (bool(recent) and min(recent) > succeeded_at + CALM)


@dataclass(frozen=True, slots=True)
class _Schedule:
    """When the next attempt at a destination may be made."""

    now: float
    shut: Mapping[Domain, float | None]

    def soonest(self, waiting: Iterable[DestinationRow]) -> float | None:
        """When the first of *waiting* goes; None if that is not known, or hangs on its turn."""
        times = [time for row in waiting if (time := self._next(row)) is not None]
        soonest = min(times, default=None)
        return None if soonest is None or soonest <= self.now else soonest

    def _next(self, row: DestinationRow) -> float | None:
        opens = self.shut.get(row.destination, self.now)
        return None if row.next_at is None or opens is None else max(row.next_at, opens)


def _smarthost(
    host: ServerId, latest: _Last, waiting: Sequence[DestinationRow], schedule: _Schedule
) -> Cause:
    _, refused, fault = latest.reply.partition(f"cannot connect to {latest.server}: ")
    if not refused:
        what = f"takes no session ({latest.stage}: {latest.reply})"
    elif fault == "connection refused":
        what = "refuses connections"
    else:
        what = f"cannot be reached ({fault})"
    return _cause(f"smarthost {host}", f"The smarthost {host} {what}", waiting, schedule)


def _dns(waiting: Sequence[DestinationRow], schedule: _Schedule) -> Cause:
    return _cause("DNS", "The DNS does not answer (dns.servers)", waiting, schedule)


def _cause(
    subject: str, sentence: str, waiting: Sequence[DestinationRow], schedule: _Schedule
) -> Cause:
    deferred = sum(row.counts.get(State.DEFERRED, 0) for row in waiting)
    where = waiting[0].destination if len(waiting) == 1 else f"{len(waiting):,} destinations"
    sentence += f": {deferred:,} deferred for {where}"
    soonest = schedule.soonest(waiting)
    if soonest is not None:
        sentence += f"; next attempt at {utc(soonest):%H:%M:%S} UTC"
    query = f"state:deferred dest:{where}" if len(waiting) == 1 else "state:deferred"
    item = AttentionItem(
        severity="error",
        subject=subject,
        sentence=f"{sentence}.",
        query=query,
        destination=waiting[0].destination if len(waiting) == 1 else "",
    )
    return Cause(item, frozenset(row.destination for row in waiting))
