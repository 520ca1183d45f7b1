"""Frozen sets of recipients: what an operator marked, as it was when he marked it.

A set is found piece by piece, so that a million messages never keep the reader for long, and
kept as numbers: 12 octets a message.  What comes in later is never in it; what has gone is
left alone by whoever goes through it.  A `Picked` is one lot of it.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import apsw

from empath.spool.filters import Filter, Picked
from empath.spool.rows import select
from empath.spool.walk import OLDEST, walk

PIECE: Final = 5000
"""Messages looked at with one question."""
ALL: Final = -1
"""The number that stands for all recipients of a message."""


@final
class Frozen:
    """A set of messages, oldest first, and which of their recipients are meant."""

    __slots__ = ("_keys", "_numbers", "messages", "octets", "recipients")

    def __init__(self) -> None:
        self._keys = array("q")
        self._numbers = array("i")
        self.messages = 0
        self.recipients = 0
        """Those that waited when it was taken."""
        self.octets = 0

    def __repr__(self) -> str:
        return f"<Frozen messages={self.messages} recipients={self.recipients}>"

    def __len__(self) -> int:
        """Entries: what it costs to keep it."""
        return len(self._keys)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The keys of the oldest and the newest message; None where there is none."""
        return (self._keys[0], self._keys[-1]) if self._keys else None

    def add(self, keys: Sequence[int], some: Mapping[int, Sequence[int]]) -> None:
        """Add messages that are newer than those before; of those in *some*, only the
        recipients with these numbers.
        """
        for key in keys:
            numbers = some.get(key, (ALL,))
            self._keys.extend([key] * len(numbers))
            self._numbers.extend(numbers)
            self.messages += bool(numbers)

    def lots(self, size: int, *, job: int = 0) -> Iterator[Picked]:
        """All of it in lots of *size* messages, for *job*."""
        keys: list[int] = []
        some: dict[int, list[int]] = {}
        for key, number in zip(self._keys, self._numbers, strict=True):
            if not keys or keys[-1] != key:
                if len(keys) == size:
                    yield Picked(tuple(keys), some, job)
                    keys, some = [], {}
                keys.append(key)
            if number != ALL:
                some.setdefault(key, []).append(number)
        if keys:
            yield Picked(tuple(keys), some, job)


@final
@dataclass(slots=True)
class Freeze:
    """Finds what a filter matches now, piece by piece."""

    chosen: Filter
    newest: int
    """Messages with a greater key are not meant: they came later."""
    enough: int | None = None
    """Stop once more messages than these are found."""
    frozen: Frozen = field(default_factory=Frozen)
    _place: int = OLDEST

    def go_on(self, reader: apsw.Connection) -> bool:
        """Look at the next piece; False when it was the last.  Runs in a reader's thread."""
        with reader:
            walked = walk(
                reader, self.chosen, start=self._place, wanted=PIECE, budget=10 * PIECE, block=PIECE
            )
            keys = [key for key in walked.keys if key <= self.newest]
            if keys:
                self._add(reader, keys)
        self._place = walked.place
        if self.enough is not None and self.frozen.messages > self.enough:
            return False
        return not walked.at_end and self._place < self.newest

    def _add(self, reader: apsw.Connection, keys: list[int]) -> None:
        some: dict[int, list[int]] = {}
        if self.chosen.partial or not self.chosen.open_only:
            for key, number in select(
                reader,
                "SELECT r.key, r.number FROM json_each(:piece) AS j CROSS JOIN recipient AS r"  # noqa: S608 - values are bound
                f" WHERE r.key = j.value AND r.state < 10 AND {self.chosen.recipient}",
                {**self.chosen.values, "piece": json.dumps(keys)},
            ):
                some.setdefault(key, []).append(number)
            keys = [key for key in keys if key in some]
        ((waiting, octets),) = select(
            reader,
            "SELECT (SELECT count(*) FROM json_each(?1) AS j CROSS JOIN recipient AS r"
            " WHERE r.key = j.value AND r.state < 10),"
            " (SELECT total(m.size) FROM json_each(?1) AS j CROSS JOIN message AS m"
            " WHERE m.key = j.value)",
            (json.dumps(keys),),
        )
        if some:
            meant = sum(map(len, some.values()))
            if meant == waiting:
                some = {}  # all that wait
            waiting = meant
        self.frozen.add(keys, some)
        self.frozen.recipients += waiting
        self.frozen.octets += int(octets)
