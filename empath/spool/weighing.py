"""How much queued mail a change of the config touches: counted by destination.

Looks at every destination that is asked for and at no other, off the loop: destinations with
little mail together by index, those with much in pieces by the age of messages, so that neither
the messages of one place nor what many places come to are ever in memory at once.  Counts are of
the moment each piece was looked at; what comes meanwhile may or may not be among them.
"""

from __future__ import annotations

import asyncio
import enum
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import apsw

from empath.address import Domain
from empath.envelope import MessageId
from empath.policy.impact import RetryChange
from empath.spool import stored
from empath.spool.reader import Reader
from empath.spool.rows import select
from empath.spool.tally import Tally

PIECE: Final = 25_000
"""Messages, or recipients, looked at with one question."""
PLACES: Final = 200
"""Destinations asked about with one question."""
SLICE: Final = 20
"""Destinations decided about, or told, before the loop has its turn."""
EXAMPLES: Final = 3
"""Messages that are named."""

_WAITS: Final = "r.state < 2"
# When it is tried next; how old it is then; how often it was tried when that has failed.
_AGE: Final = "(max(r.due_at, :now) - (r.key >> 21) / 1000.0)"
_OLD_ENDS: Final = f"({_AGE} >= :old_expiry OR r.attempts + 1 >= :old_attempts)"
_NEW_ENDS: Final = f"({_AGE} >= :new_expiry OR r.attempts + 1 >= :new_attempts)"
# As `stored.write_next_hop` writes it: the host, and behind a blank the time it ends.
_REROUTED: Final = (
    "(r.next_hop != '' AND (instr(r.next_hop, ' ') = 0"
    " OR CAST(substr(r.next_hop, instr(r.next_hop, ' ') + 1) AS REAL) > :now))"
)
_ATTEMPTED: Final = "r.attempts IN (SELECT value FROM json_each"
_SENDER: Final = "(SELECT m.reverse_path FROM message AS m WHERE m.key = r.key)"
_DELAY: Final = 4
# As `empath.control.capture_limit` finds it.
_CAPTURED: Final = "r.state = 2 AND r.hold_reason LIKE 'captured%'"
_SURPLUS: Final = (
    f"SELECT r.key FROM recipient AS r WHERE {_CAPTURED}"  # noqa: S608 - nothing from outside
    " GROUP BY r.key ORDER BY r.key DESC LIMIT 1 OFFSET ?"
)


class Part(enum.Enum):
    """Which recipients of a destination are counted: a condition on recipient r."""

    OWN_WAY = f"NOT {_REROUTED}"
    """Not re-routed by an operator."""
    REROUTED = _REROUTED
    CRITICAL = "r.priority = 2"
    HIGH = "r.priority = 1"
    NORMAL = "r.priority = 0"
    LOW = "r.priority = -1"
    BULK = "r.priority = -2"
    GIVEN_UP = f"{_WAITS} AND {_NEW_ENDS} AND NOT {_OLD_ENDS}"
    """Their next deferral would be their last, and would not have been before."""
    KEPT = f"{_WAITS} AND {_OLD_ENDS} AND NOT {_NEW_ENDS}"
    """The other way round."""
    OTHERWISE = f"NOT ({_WAITS} AND {_OLD_ENDS} != {_NEW_ENDS})"
    """Neither."""
    LONGER = f"{_WAITS} AND NOT {_NEW_ENDS} AND {_ATTEMPTED}(:longer))"
    """They would wait longer after their next deferral."""
    SHORTER = f"{_WAITS} AND NOT {_NEW_ENDS} AND {_ATTEMPTED}(:shorter))"
    TRIED = "r.attempts > 0"
    """An attempt at them is in the timeline."""
    NOTICED = (
        f"{_WAITS} AND r.delay_noticed = 0 AND r.notify & {_DELAY}"
        f" AND :new_notice > 0 AND {_AGE} >= :new_notice"
        f" AND NOT (:old_notice > 0 AND {_AGE} >= :old_notice)"
        f" AND {_SENDER} IS NOT NULL"
    )
    """Their sender would be told of the delay at their next deferral, and would not have been."""
    SURPLUS = f"{_CAPTURED} AND r.key <= :surplus"
    """Captured, and older than all that may be kept."""


Share = tuple[int, int]
"""Messages, and recipients of them."""


@final
@dataclass(frozen=True, slots=True)
class Weight:
    """The mail of one destination, by part; a part without mail is left out."""

    destination: Domain
    shares: Mapping[Part, Share]


_SMALL: Final = (
    " FROM recipient AS r INDEXED BY recipient_open"
    " WHERE r.state < 10 AND r.destination IN (SELECT value FROM json_each(:names))"
)
_LARGE: Final = (
    " FROM recipient AS r NOT INDEXED WHERE r.key > :start AND r.key <= :edge"
    " AND +r.state < 10 AND +r.destination IN (SELECT value FROM json_each(:names))"
)
_EDGE: Final = (
    "SELECT key FROM message INDEXED BY message_open"
    " WHERE finished_at IS NULL AND key > ? ORDER BY key LIMIT 1 OFFSET ?"
)
_NEWEST: Final = 2**63 - 1


@final
class Scales:
    """Weighs the mail that waits; one for one change."""

    def __init__(
        self,
        tally: Tally,
        reader: Reader,
        change: RetryChange,
        now: float,
        *,
        kept: int = 0,
        piece: int = PIECE,
    ) -> None:
        """*kept* are the captured messages that stay, the newest; 0 for all."""
        self._tally = tally
        self._reader = reader
        self._piece = piece
        self._change = change
        self._kept = kept
        old, new = change.old, change.new
        self._values: dict[str, Any] = {
            "now": now,
            "old_expiry": float(old.expiry),
            "new_expiry": float(new.expiry),
            "old_attempts": old.attempts,
            "new_attempts": new.attempts,
            "old_notice": float(old.delay_notice),
            "new_notice": float(new.delay_notice),
            "longer": "[]",
            "shorter": "[]",
            "surplus": -1,
        }

    def __repr__(self) -> str:
        return f"<Scales {self._change}>"

    async def weigh(self, wanted: Callable[[Domain], Collection[Part]]) -> AsyncIterator[Weight]:
        """The destinations for which *wanted* names parts, with those.  Raises `SpoolRefused`."""
        await self._reader.ask(self._prepare)
        few: dict[frozenset[Part], list[Domain]] = {}
        many: dict[frozenset[Part], list[Domain]] = {}
        weights: dict[frozenset[Part], int] = {}
        for number, name in enumerate([queue.name for queue in self._tally]):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            parts = frozenset(wanted(name))
            queue = self._tally.find(name) if parts else None
            if queue is None:
                continue
            count = sum(queue.counts)
            if count > self._piece:
                many.setdefault(parts, []).append(name)
                continue
            names = few.setdefault(parts, [])
            names.append(name)
            weights[parts] = weights.get(parts, 0) + count
            if len(names) >= PLACES or weights[parts] >= self._piece:
                del few[parts], weights[parts]
                async for weight in self._together(names, parts):
                    yield weight
        for parts, names in few.items():
            async for weight in self._together(names, parts):
                yield weight
        for parts, names in many.items():
            async for weight in self._piecewise(names, parts):
                yield weight

    async def _together(
        self, names: Sequence[Domain], parts: Collection[Part]
    ) -> AsyncIterator[Weight]:
        """Destinations with little mail, by one question."""
        for number, weight in enumerate(await self._reader.ask(self._weigh, _SMALL, names, parts)):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            yield weight

    async def _piecewise(
        self, names: Sequence[Domain], parts: Collection[Part]
    ) -> AsyncIterator[Weight]:
        """The same for destinations with much mail, all in one walk through the queue."""
        sums: dict[Domain, dict[Part, Share]] = {name: {} for name in names}
        start = -1
        while start < _NEWEST:
            start, found = await self._reader.ask(self._stretch, start, names, parts)
            for weight in found:
                shares = sums[weight.destination]
                for part, (messages, recipients) in weight.shares.items():
                    before = shares.get(part, (0, 0))
                    shares[part] = (before[0] + messages, before[1] + recipients)
        for name, shares in sums.items():
            yield Weight(name, shares)

    async def examples(self, destination: Domain, part: Part) -> tuple[MessageId, ...]:
        """Some of the messages counted there.  Raises `SpoolRefused`."""
        return await self._reader.ask(self._examples, destination, part)

    # In the thread of the reader.

    def _prepare(self, reader: apsw.Connection) -> None:
        if self._kept:
            for (newest,) in select(reader, _SURPLUS, (self._kept,)):
                self._values["surplus"] = newest
        moved = list(self._change.moved())
        self._values["longer"] = json.dumps([made for made, way in moved if way > 0])
        self._values["shorter"] = json.dumps([made for made, way in moved if way < 0])

    def _weigh(
        self,
        reader: apsw.Connection,
        scope: str,
        names: Sequence[Domain],
        parts: Collection[Part],
        stretch: tuple[int, int] = (0, 0),
    ) -> list[Weight]:
        ordered = list(parts)
        flags = ", ".join(f"total({part.value}) AS p{n}" for n, part in enumerate(ordered))
        sums = ", ".join(f"total(p{n} > 0), total(p{n})" for n in range(len(ordered)))
        # Nothing here comes from outside but what is bound.
        sql = (
            f"SELECT destination, {sums} FROM (SELECT r.destination AS destination, {flags}{scope}"  # noqa: S608
            " GROUP BY r.destination, r.key) GROUP BY destination"
        )
        start, edge = stretch
        values = {**self._values, "names": json.dumps(names), "start": start, "edge": edge}
        return [
            Weight(stored.read_domain(name), dict(_shares(ordered, counts)))
            for name, *counts in select(reader, sql, values)
        ]

    def _stretch(
        self, reader: apsw.Connection, start: int, names: Sequence[Domain], parts: Collection[Part]
    ) -> tuple[int, list[Weight]]:
        found = select(reader, _EDGE, (start, self._piece - 1))
        edge = found[0][0] if found else _NEWEST
        return edge, self._weigh(reader, _LARGE, names, parts, (start, edge))

    def _examples(
        self, reader: apsw.Connection, destination: Domain, part: Part
    ) -> tuple[MessageId, ...]:
        sql = f"SELECT DISTINCT r.key{_SMALL} AND {part.value} LIMIT {EXAMPLES}"
        values = {**self._values, "names": json.dumps([destination])}
        return tuple(MessageId.from_key(key) for (key,) in select(reader, sql, values))


def _shares(parts: Sequence[Part], counts: Sequence[float]) -> Iterator[tuple[Part, Share]]:
    for number, part in enumerate(parts):
        messages, recipients = int(counts[2 * number]), int(counts[2 * number + 1])
        if recipients:
            yield part, (messages, recipients)
