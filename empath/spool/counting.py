"""What a change would do: its messages and recipients counted by destination, nothing changed.

Goes through the queue in pieces as the change does, so that other questions get their turn
in between, and counts exactly what the change would take at this moment.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Final, final

import apsw

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId, State
from empath.spool import stored
from empath.spool.book import Pair
from empath.spool.filters import Filter
from empath.spool.operating import Counted, Example
from empath.spool.piece import ELIGIBLE
from empath.spool.rows import select
from empath.spool.walk import OLDEST, walk

PIECE: Final = 2000
"""Messages counted with one question."""
EXAMPLES: Final = 5
"""Messages that are named."""


@final
class Count:
    """One count, piece by piece."""

    def __init__(self, action: str, flying: Collection[Pair]) -> None:
        self._action = action
        self._flying = frozenset(flying)
        self._messages = 0
        self._in_flight = 0
        self._destinations: dict[Domain, list[int]] = {}
        self._examples: list[tuple[int, Example]] = []
        """With the number of the recipient that is named."""

    def begin(self, chosen: Filter) -> None:
        """Count what *chosen* means, beside what was counted before."""
        self._chosen = chosen
        self._place = OLDEST

    def go_on(self, reader: apsw.Connection) -> bool:
        """Count the next piece; False when it was the last.  Runs in a reader's thread."""
        walked = walk(reader, self._chosen, start=self._place, wanted=PIECE, budget=10 * PIECE)
        self._place = walked.place
        # A message has one class: whatever recipient it was found by, all of it is changed.
        condition = "TRUE" if self._action == "priority" else self._chosen.recipient
        rows = select(
            reader,
            "SELECT r.key, r.destination, count(*),"  # noqa: S608 - values are bound
            # SQLite takes bare columns beside min() from the row that has it.
            " min(r.number), r.address, r.state"
            " FROM recipient AS r WHERE r.key IN (SELECT value FROM json_each(:piece))"
            f" AND r.state IN {ELIGIBLE[self._action]} AND {condition}"
            " GROUP BY r.key, r.destination ORDER BY r.key",
            {**self._chosen.values, "piece": json.dumps(walked.keys)},
        )
        last = 0
        for key, name, count, number, address, state in rows:
            if (key, name) in self._flying:
                self._in_flight += count
                continue
            counts = self._destinations.setdefault(stored.read_domain(name), [0, 0])
            counts[0] += 1
            counts[1] += count
            if key != last:
                last = key
                self._messages += 1
            if self._messages <= EXAMPLES:
                self._show(key, count, number, stored.read_address(address), State(state))
        return not walked.at_end

    def _show(self, key: int, count: int, number: int, address: EmailAddress, state: State) -> None:
        """Name *count* recipients of one message at one destination by the first of them."""
        example = Example(MessageId.from_key(key), address, state, count)
        if len(self._examples) == self._messages:  # it has recipients elsewhere too
            before, known = self._examples.pop()
            example = replace(
                example if number < before else known, recipients=known.recipients + count
            )
            number = min(number, before)
        self._examples.append((number, example))

    def counted(self) -> Counted:
        """What was found in all."""
        most = sorted(self._destinations.items(), key=lambda each: (-each[1][1], each[0]))
        return Counted(
            self._messages,
            sum(recipients for _, (_, recipients) in most),
            self._in_flight,
            {name: (messages, recipients) for name, (messages, recipients) in most},
            tuple(example for _, example in self._examples),
        )
