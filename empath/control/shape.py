"""The queue by age and destination as operators ask for it, and who sends most, and when.

The queue itself is looked at by the spool, off the loop and shared between askers; here the rows
are put in the order asked for, cut to a piece, and told what holds each destination now.  A reply
has at most `ROWS` rows, whatever was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, Final

from msgspec.structs import replace

from empath.address import Domain
from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.control import link
from empath.control.link import Request, RequestUnclear
from empath.control.outlook import outlook
from empath.control.parts import Deliverer
from empath.control.place import Place, timing
from empath.control.shape_rows import ShapeRows, row_of
from empath.control.views import NONE_SHUT, given_up_after, next_attempt
from empath.delivery.route import RouteFinder
from empath.observe.encryption import EncryptionLedger
from empath.observe.outcomes import Outcomes
from empath.observe.senders import TopSenders
from empath.policy.room import CLASSES
from empath.resolver import Resolver
from empath.spool.face import Spool
from empath.spool.surveying import BOUNDS, Survey, SurveyRow

ROWS: Final = 1000
"""Most rows of one reply."""
_SLICE: Final = 500
"""Destinations looked at before the loop has its turn."""
_LIVE: Final = ("conn", "gate")
_SORTS: Final = (
    *("total", "name", "queued", "deferred", "held", "oldest", "next"),
    *_LIVE,
    *(f"bin{n}" for n in range(len(BOUNDS) + 1)),
)
ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.GetShape,
    link.ViewDestination,
    link.ListSenders,
    link.GetLatency,
    link.ListUpcoming,
)
"""The requests that a `ShapeDesk` answers."""


class ShapeDesk:
    """Answers what is asked about places as a whole; one for the engine."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
        finder: RouteFinder,
        resolver: Resolver,
        encryption: EncryptionLedger,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
    ) -> None:
        self._spool = spool
        self._engine = engine
        self._finder = finder
        self._encryption = encryption
        self._clock = clock
        self._config = config
        self._outcomes = Outcomes()
        self._top = TopSenders()
        self._began = clock.now()
        bus.fold(self._outcomes)
        bus.fold(self._top)
        self._rows = ShapeRows(engine, finder, encryption, self._outcomes)
        self._place = Place(
            spool=spool,
            engine=engine,
            finder=finder,
            resolver=resolver,
            encryption=encryption,
            outcomes=self._outcomes,
            expiry=self._expiry,
        )

    def __repr__(self) -> str:
        return f"<ShapeDesk {self._outcomes!r}>"

    async def answer(self, request: Request[Any]) -> link.Reply:
        """What is asked.  Raises `RequestRefused` and `empath.spool.face.SpoolRefused`."""
        match request:
            case link.ViewDestination(destination=name):
                return await self._place.view(name, self._clock.now())
            case link.ListSenders():
                return await self._senders(request)
            case link.ListUpcoming(limit=limit):
                return await outlook(
                    spool=self._spool,
                    engine=self._engine,
                    finder=self._finder,
                    expiry=self._expiry(),
                    now=self._clock.now(),
                    limit=_within(limit),
                )
            case link.GetLatency():
                return await self._latency()
            case link.GetShape():
                return await self._shape(request)
            case _:  # pragma: no cover - the table of requests holds no other
                raise RequestUnclear("unknown request")

    def _expiry(self) -> float:
        return given_up_after(self._config())

    # The queue by age.

    async def _shape(self, request: link.GetShape) -> link.Shape:
        limit = _within(request.limit)
        survey = await self._spool.survey(request.by)
        rows = await self._ordered(survey, request)
        if request.query:
            wanted = not request.query.startswith("!")
            text = request.query.removeprefix("!").lower()
            rows = [row for row in rows if (text in row.name) is wanted]
        start = _start(rows, request.cursor)
        shown = rows[start : start + limit]
        end = start + len(shown)
        oldest = await self._spool.oldest(1)
        now, expiry = self._clock.now(), self._expiry()
        total = replace(survey.total, next_at=await self._soonest(survey, request.by, now))
        return link.Shape(
            at=survey.at,
            age=max(0.0, now - survey.at),
            bounds=BOUNDS,
            rows=tuple(await self._rows.tell(shown, request, now)),
            total=row_of(total, request.basis),
            matched=len(rows),
            expires_at=oldest[0][1] + expiry if oldest and expiry < inf else None,
            destinations=len(survey.rows) + survey.rest,
            cursor=f"{end} {shown[-1].name}" if shown and end < len(rows) else "",
            states={
                state.word: count for state, count in (await self._spool.stats()).recipients.items()
            },
            classes={
                priority.word: sum(states.values()) for priority, states in survey.classes.items()
            },
            rest=survey.rest,
        )

    async def _soonest(self, survey: Survey, by: str, now: float) -> float | None:
        """When the next attempt of all may go: none before its destination opens."""
        shut = self._engine.gates.shut(now) if self._engine and by == "destination" else NONE_SHUT
        if not shut:
            return survey.total.next_at
        free = await self._spool.arranged(survey, "next")
        first = next((row.next_at for row in free if row.name not in shut), None)
        times = [] if first is None else [first]
        for number, name in enumerate(shut):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            opens = next_attempt(survey.find(name).next_at, name, shut)
            times += [] if opens is None else [opens]
        return min(times, default=None)

    async def _ordered(self, survey: Survey, request: link.GetShape) -> Sequence[SurveyRow]:
        """All rows in the order asked for."""
        sort = request.sort.removeprefix("-")
        if sort not in _SORTS:
            raise RequestUnclear(f"sort is one of {', '.join(_SORTS)}, with - in front or not.")
        downwards = request.sort.startswith("-")
        live: Mapping[str, float] = {}
        quiet = request.quiet and request.by == "destination"
        gated = self._gated() if quiet or sort == "gate" else ()
        if sort in _LIVE:
            live = dict.fromkeys(gated, 1.0) if sort == "gate" else self._connections()
            sort, downwards = "total", True
        if sort.startswith("bin"):
            sort = f"{'age' if request.basis == 'queued' else 'next'}{sort[3:]}"
        if sort == "total" and downwards:
            rows: Sequence[SurveyRow] = survey.rows
        else:
            rows = await self._spool.arranged(survey, sort)
            rows = rows[::-1] if downwards else rows
        if quiet:
            await asyncio.sleep(0)
            names = dict.fromkeys((*gated, *self._outcomes.names()))
            rows = [*rows, *(_nothing(name) for name in names if name not in survey)]
            await asyncio.sleep(0)
        if live:
            first = [row for row in rows if row.name in live]
            first.sort(key=lambda row: live[row.name], reverse=request.sort.startswith("-"))
            rows = [*first, *(row for row in rows if row.name not in live)]
        return rows

    def _connections(self) -> Mapping[str, float]:
        if self._engine is None:
            return {}
        return {str(name): count for name, count in self._engine.connections().items()}

    def _gated(self) -> Iterable[Domain]:
        """The destinations that something holds now."""
        if self._engine is None:
            return ()
        gates, now = self._engine.gates, self._clock.now()
        return dict.fromkeys(
            (
                *gates.breakers.standing(now),
                *gates.suspensions.standing(now),
                *gates.throttles.standing(now),
                *self._finder.overrides(),
            )
        )

    # Senders and classes.

    async def _senders(self, request: link.ListSenders) -> link.Senders:
        limit = _within(request.limit)
        survey = await self._spool.senders(request.by)
        now = self._clock.now()
        lately = self._top.top(request.by, now, ROWS)
        accepted = {each.name: each.messages for each in lately}
        queued = {row.name: row for row in survey.rows}
        names = list(dict.fromkeys((*accepted, *queued)))

        def place(name: str) -> tuple[int, int]:
            waiting = queued[name].messages if name in queued else 0
            both = (-accepted.get(name, 0), -waiting)
            return both if request.sort == "accepted" else both[::-1]

        names.sort(key=place)
        return link.Senders(
            items=tuple(
                link.SenderItem(
                    name=name,
                    queued=queued[name].messages if name in queued else 0,
                    octets=queued[name].octets if name in queued else 0,
                    oldest_at=queued[name].oldest_at if name in queued else None,
                    accepted=accepted.get(name, 0),
                )
                for name in names[:limit]
            ),
            at=survey.at,
            error=lately[0].error if lately else 0,
            since=max(self._began, now - 3600),
        )

    async def _latency(self) -> link.Latency:
        survey = await self._spool.survey("destination")
        known = self._outcomes.classes(self._clock.now())
        return link.Latency(
            classes=tuple(
                link.ClassLatency(
                    priority=priority.word,
                    queued=sum(survey.classes.get(priority, {}).values()),
                    timing=timing(known[priority]),
                )
                for priority in CLASSES
            )
        )


def _within(limit: int) -> int:
    if limit < 1:
        raise RequestUnclear(f"limit is a number from 1 to {ROWS}.")
    return min(limit, ROWS)


def _start(rows: Sequence[SurveyRow], cursor: str) -> int:
    """Where the next piece begins: behind the row that the one before ended with, wherever that
    is by now.
    """
    if not cursor:
        return 0
    number, _, name = cursor.partition(" ")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise RequestUnclear("cursor is what the piece before ended with, or empty.")
    start = int(number)
    if 0 < start <= len(rows) and rows[start - 1].name == name:
        return start
    return next((place + 1 for place, row in enumerate(rows) if row.name == name), start)


def _nothing(name: str) -> SurveyRow:
    return SurveyRow(name, 0, 0, 0, (0,) * 8, (0,) * 8, 0.0, None)
