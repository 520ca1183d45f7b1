"""Making surveys: all recipients that wait, in one pass over one index, off the loop.

A million recipients take about half a second of a thread that nobody else waits for.  A survey
is kept for `LEAST` seconds, or ten times as long as it took where that is more, so that no
console costs more than a tenth of a processor however many look; who comes while one is being
made waits for that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from heapq import nlargest
from math import inf
from operator import add
from typing import Any, Final, final

import apsw

from empath.address import Domain
from empath.clock import Clock
from empath.envelope import MessageId, Priority, State
from empath.spool import records, stored
from empath.spool.book import Book
from empath.spool.reader import Reader
from empath.spool.rows import select
from empath.spool.surveying import (
    BOUNDS,
    COLUMNS,
    MOST_ROWS,
    MOST_SENDERS,
    DestinationRow,
    Group,
    Sender,
    SenderRow,
    SenderSurvey,
    Survey,
    SurveyRow,
    next_soonest,
)

LEAST: Final = 2.0
"""Seconds for which a survey is kept at least."""
_PARTS: Final = 10.0
_BINS: Final = len(BOUNDS) + 1

_OLDER: Final = ", ".join(f"sum(r.key < :key{n})" for n in range(len(BOUNDS)))
_LATER: Final = ", ".join(f"count(*) FILTER (WHERE r.due_at > :due{n})" for n in range(len(BOUNDS)))
_FIGURES: Final = (
    "min(r.key), min(r.due_at), sum(r.state = 0), sum(r.state = 1), sum(r.state = 2),"
    f" count(r.due_at), {_OLDER}, {_LATER}"
)
# What follows the last @ of the reverse-path; the null sender has none.
_DOMAIN: Final = "lower(replace({0}, rtrim({0}, replace({0}, '@', '')), ''))".format(
    "ifnull(m.reverse_path, '')"
)
_SURVEYS: Final[dict[Group, str]] = {
    "destination": (
        f"SELECT r.destination, r.priority, {_FIGURES}"  # noqa: S608 - values are bound
        " FROM recipient AS r INDEXED BY recipient_open WHERE r.state < 10 GROUP BY 1, 2"
    ),
    "sender": (
        f"SELECT {_DOMAIN}, 0, {_FIGURES}"  # noqa: S608 - values are bound
        " FROM recipient AS r NOT INDEXED JOIN message AS m ON m.key = r.key"
        " WHERE r.key > :start AND r.key <= :edge AND +r.state < 10 GROUP BY 1"
    ),
}
_CLIENT: Final = "m.details ->> 4"
"""Where `stored.Details.client` stands."""
_NAMES: Final[dict[Sender, str]] = {
    "sender": "ifnull(m.reverse_path, '')",
    "domain": _DOMAIN,
    "client": _CLIENT,
}
_SENDERS: Final[dict[Sender, str]] = {
    by: (
        f"SELECT {name}, count(*), sum(m.size), min(m.key) FROM message AS m NOT INDEXED"  # noqa: S608 - no value
        f" WHERE m.finished_at IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_SENDERS}"
    )
    for by, name in _NAMES.items()
}
PIECE: Final = 20_000
"""Messages looked at with one question, where senders are told apart."""
NEWEST: Final = 2**63 - 1
_EDGE: Final = (
    "SELECT key FROM message INDEXED BY message_open"
    " WHERE finished_at IS NULL AND key > ? ORDER BY key LIMIT 1 OFFSET ?"
)
_OLDEST: Final = (
    "SELECT key FROM (SELECT key FROM message INDEXED BY message_open WHERE finished_at IS NULL"  # noqa: S608 - no value
    f" ORDER BY key LIMIT {PIECE}) AS m"
    " WHERE EXISTS (SELECT 1 FROM recipient AS r WHERE r.key = m.key AND +r.state < 2)"
    " ORDER BY key LIMIT ?"
)


def _of_age(place: int, row: SurveyRow) -> int:
    return row.ages[place]


def _of_next(place: int, row: SurveyRow) -> int:
    return row.nexts[place]


_KEYS: Final[dict[str, Callable[[SurveyRow], Any]]] = {
    "name": lambda row: row.name,
    "total": lambda row: row.total,
    "queued": lambda row: row.queued,
    "deferred": lambda row: row.deferred,
    "held": lambda row: row.held,
    "oldest": lambda row: row.oldest_at,
    "next": next_soonest,
    **{f"age{place}": partial(_of_age, place) for place in range(_BINS)},
    **{f"next{place}": partial(_of_next, place) for place in range(_BINS)},
}
assert _KEYS.keys() == COLUMNS


@final
class Surveyor:
    """Makes surveys and keeps the last of each kind."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._making: dict[str, asyncio.Lock] = {}
        self._kept: dict[str, tuple[float, Any]] = {}
        """Until which monotonic time, and what."""
        self._arranged: dict[str, tuple[Survey, Sequence[SurveyRow]]] = {}

    def __repr__(self) -> str:
        return f"<Surveyor {' '.join(self._kept)}>"

    def close(self) -> None:
        """Wait for what is being made, then let go of the database.  Blocks."""
        self._reader.close()

    async def survey(self, group: Group) -> Survey:
        """The queue by age.  Raises `SpoolRefused`."""
        made: Survey = await self._fresh(group, partial(self._look, group))
        return made

    async def _look(self, group: Group) -> Survey:
        """In pieces where it takes long: others who look have their turn in between."""
        sums, now = Sums(), self._clock.now()
        limits = limits_at(now)
        while sums.start < NEWEST:
            await self._reader.ask(sums.look, group, limits)
        return await self._reader.ask(_finish, sums, now, group == "destination")

    async def senders(self, by: Sender) -> SenderSurvey:
        """Who has most in the queue.  Raises `SpoolRefused`."""
        ask = partial(self._reader.ask, look_at_senders, by, self._clock.now())
        made: SenderSurvey = await self._fresh(f"by {by}", ask)
        return made

    async def oldest(self, limit: int) -> Sequence[tuple[str, float]]:
        """The oldest messages that are not held.  Raises `SpoolRefused`."""
        return await self._reader.ask(_oldest, limit)

    async def arranged(self, survey: Survey, column: str) -> Sequence[SurveyRow]:
        """Its rows by *column*, least first.  Raises `KeyError` for what is no column."""
        known, rows = self._arranged.get(column, (None, ()))
        if known is not survey:
            rows = await self._reader.ask(_arrange, survey.rows, _KEYS[column])
            self._arranged[column] = survey, rows
        return rows

    async def _fresh(self, kind: str, make: Callable[[], Awaitable[Any]]) -> Any:
        async with self._making.setdefault(kind, asyncio.Lock()):
            until, kept = self._kept.get(kind, (0.0, None))
            if kept is None or until <= self._clock.monotonic():
                begun = self._clock.monotonic()
                kept = await make()
                ended = self._clock.monotonic()
                self._kept[kind] = ended + max(LEAST, _PARTS * (ended - begun)), kept
            return kept


# In the thread of the reader.


class Sums:
    """What a survey has counted so far."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        """At most *most* rows are told apart in the end."""
        self._most = most
        self._found: dict[str, list[int]] = {}
        self._oldest: dict[str, int] = {}
        self._next: dict[str, float] = {}
        self._classes = {priority: dict.fromkeys(_WAITING, 0) for priority in Priority}
        self._dropped = 0
        self._lost: list[int] = [0] * _COUNTS
        self._first: tuple[int, float] = (NEWEST, inf)
        """Of what was dropped: the oldest key, and when the next is due."""
        self.start = -1
        """The message behind which the next piece begins."""

    def look(self, reader: apsw.Connection, group: Group, limits: Mapping[str, float]) -> None:
        """Count the next piece; by destination there is but one."""
        edge = NEWEST
        if group == "sender":
            found = select(reader, _EDGE, (self.start, PIECE - 1))
            edge = found[0][0] if found else NEWEST
        values = {**limits, "start": self.start, "edge": edge}
        known, oldest, soonest = self._found, self._oldest, self._next
        # Row by row: each step gives the interpreter lock away.
        for name, priority, key, due_at, *counts in reader.execute(_SURVEYS[group], values):
            of_class = self._classes[_PRIORITIES[priority]]
            for state, count in zip(_WAITING, counts[:3], strict=True):
                of_class[state] += count
            before = known.get(name)
            known[name] = counts if before is None else [*map(add, before, counts)]
            oldest[name] = min(key, oldest.get(name, key))
            if due_at is not None:
                soonest[name] = min(due_at, soonest.get(name, due_at))
        self.start = edge
        if len(known) > 4 * self._most:
            self._drop(2 * self._most)

    def _drop(self, most: int) -> None:
        """Keep the *most* greatest; of the others only their sum."""
        if len(self._found) <= most:
            return
        kept = set(nlargest(most, self._found, key=lambda name: sum(self._found[name][:3])))
        for name in [name for name in self._found if name not in kept]:
            self._lost = [*map(add, self._lost, self._found.pop(name))]
            key, due_at = self._oldest.pop(name), self._next.pop(name, inf)
            self._first = min(self._first[0], key), min(self._first[1], due_at)
            self._dropped += 1

    def survey(self, now: float, *, classes: bool) -> Survey:
        """What was counted."""
        self._drop(self._most)
        if not self._found:
            return Survey(now, ())
        rows = [
            _row(name, counts, self._oldest[name], self._next.get(name, inf))
            for name, counts in self._found.items()
        ]
        # Two short sorts: one by both would hold the interpreter lock for long.
        rows.sort(key=_name)
        rows.sort(key=_less)
        key = min(self._first[0], *self._oldest.values(), NEWEST)
        due_at = min(self._first[1], *self._next.values(), inf)
        sums = [sum(column) for column in zip(self._lost, *self._found.values(), strict=True)]
        total = _row("", sums, key, due_at)
        return Survey(now, tuple(rows), self._dropped, self._classes if classes else {}, total)


def limits_at(now: float) -> Mapping[str, float]:
    """The bounds of the bins as the statements name them."""
    keys = {f"key{n}": int((now - 60 * bound) * 1000) << 21 for n, bound in enumerate(BOUNDS)}
    return keys | {f"due{n}": now + 60 * bound for n, bound in enumerate(BOUNDS)}


_WAITING: Final = (State.QUEUED, State.DEFERRED, State.HELD)


def _name(row: SurveyRow) -> str:
    return row.name


def _less(row: SurveyRow) -> int:
    return -row.total


_PRIORITIES: Final = {int(priority): priority for priority in Priority}
_COUNTS: Final = 4 + 2 * len(BOUNDS)


def _row(name: str, counts: Sequence[int], oldest: int, next_at: float) -> SurveyRow:
    queued, deferred, held, due, *beyond = counts
    older, later = beyond[: len(BOUNDS)], beyond[len(BOUNDS) :]
    return SurveyRow(
        name,
        queued,
        deferred,
        held,
        _bins(queued + deferred + held, older),
        _bins(due, later),
        stored.received_at(oldest),
        None if next_at == inf else next_at,
    )


def _bins(count: int, beyond: Sequence[int]) -> tuple[int, ...]:
    """Numbers of each bin, from *count* in all and how many are beyond each bound."""
    edges = (count, *beyond, 0)
    return tuple(edges[n] - edges[n + 1] for n in range(_BINS))


def _finish(_reader: apsw.Connection, sums: Sums, now: float, classes: bool) -> Survey:
    return sums.survey(now, classes=classes)


def _arrange(
    _reader: apsw.Connection, rows: Sequence[SurveyRow], key: Callable[[SurveyRow], Any]
) -> Sequence[SurveyRow]:
    return sorted(sorted(rows, key=_name), key=key)


def look_at_senders(reader: apsw.Connection, by: Sender, now: float) -> SenderSurvey:
    """Count what each sender has in the queue."""
    rows = tuple(
        SenderRow(name or "", messages, octets, stored.received_at(oldest))
        for name, messages, octets, oldest in reader.execute(_SENDERS[by])
    )
    return SenderSurvey(now, rows)


def _oldest(reader: apsw.Connection, limit: int) -> Sequence[tuple[str, float]]:
    found: Iterable[tuple[Any, ...]] = reader.execute(_OLDEST, (limit,))
    return [(MessageId.from_key(key), stored.received_at(key)) for (key,) in found]


class Surveyed:
    """The part of the store that has itself surveyed."""

    _book: Book
    _operator: Reader
    _surveyor: Surveyor

    async def destination(self, name: Domain) -> DestinationRow:
        """The queue of one destination, as it is now.  Raises `SpoolRefused`."""
        queue = self._book.tally.find(name)
        if queue is None:
            return DestinationRow(name, {}, None, None, "")
        (row,) = await self._operator.ask(records.destinations, [(name, tuple(queue.counts))])
        return row

    async def survey(self, group: Group = "destination") -> Survey:
        """The queue by age, some seconds old.  Raises `SpoolRefused`."""
        return await self._surveyor.survey(group)

    async def arranged(self, survey: Survey, column: str) -> Sequence[SurveyRow]:
        """Its rows by one of `surveying.COLUMNS`, least first."""
        return await self._surveyor.arranged(survey, column)

    async def senders(self, by: Sender) -> SenderSurvey:
        """Who has most in the queue, some seconds old.  Raises `SpoolRefused`."""
        return await self._surveyor.senders(by)

    async def oldest(self, limit: int) -> Sequence[tuple[str, float]]:
        """The oldest messages that are not held.  Raises `SpoolRefused`."""
        return await self._surveyor.oldest(limit)
