"""The queue as a whole, by age: what a survey of it says, and the face of who makes one.

A survey is one look at every recipient that waits.  It is made in a thread of its own over an
index, is kept for some seconds, and everybody who asks meanwhile is given the same one; `at`
says how old it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, Protocol, final

from msgspec import Struct

from empath.address import Domain
from empath.envelope import Priority, State

BOUNDS: Final = (5, 10, 20, 40, 80, 160, 320)
"""Minutes: the upper bounds of the bins, as in qshape of Postfix; the last bin has none."""

Bins = tuple[int, ...]
"""Recipients by bin: one number for each of `BOUNDS`, and one for all beyond."""
Group = Literal["destination", "sender"]
"""What a row of a survey is: a destination, or the domain of senders."""
Sender = Literal["sender", "domain", "client"]
"""By what senders are told apart."""


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """The queue of one destination."""

    destination: Domain
    counts: Mapping[State, int]
    """Recipients that are not final, by state."""
    oldest_at: float | None
    next_at: float | None
    last_reply: str
    oldest_tried_at: float | None = None
    """When the oldest came in of what is not held: only that is given up by its age."""


@final
class SurveyRow(Struct, frozen=True):
    """What waits for one destination, or from one domain."""

    name: str
    queued: int
    deferred: int
    held: int
    ages: Bins
    """By the time since they came in."""
    nexts: Bins
    """By the time until they are tried again; what is held is in none."""
    oldest_at: float
    next_at: float | None

    @property
    def domain(self) -> Domain:
        """The name, of a destination; it was checked when the mail came in."""
        return str.__new__(Domain, self.name)

    @property
    def total(self) -> int:
        """Recipients that wait, those that are being delivered included."""
        return self.queued + self.deferred + self.held


NOTHING: Final = SurveyRow("", 0, 0, 0, (0,) * 8, (0,) * 8, 0.0, None)
"""An empty row."""


@final
@dataclass(frozen=True)
class Survey:
    """The queue at one moment."""

    at: float
    rows: tuple[SurveyRow, ...]
    """Those with most recipients first, then by name."""
    rest: int = 0
    """Rows that were too many to be told apart; what is in them is in the totals."""
    classes: Mapping[Priority, Mapping[State, int]] = field(default_factory=dict)
    """Recipients by class and state; only by destination."""
    total: SurveyRow = NOTHING
    """All rows together, those of `rest` too."""

    @cached_property
    def _by_name(self) -> Mapping[str, SurveyRow]:
        return {row.name: row for row in self.rows}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def find(self, name: str) -> SurveyRow:
        """The row of *name*; an empty one where nothing waits."""
        return self._by_name.get(name, NOTHING)

    def __repr__(self) -> str:
        return f"<Survey {len(self.rows)} rows of {self.total.total} recipients>"


@final
@dataclass(frozen=True, slots=True)
class SenderRow:
    """What one sender has in the queue."""

    name: str
    """An address or a domain, empty for the null sender; or the address of a client."""
    messages: int
    octets: int
    oldest_at: float


@final
@dataclass(frozen=True)
class SenderSurvey:
    """Who has most in the queue at one moment; at most `MOST_SENDERS`."""

    at: float
    rows: tuple[SenderRow, ...]


MOST_SENDERS: Final = 1000
"""Senders in one survey."""
MOST_ROWS: Final = 20_000
"""Rows of one survey; a queue with more destinations has the rest in the totals only."""


class Surveying(Protocol):
    """The part of the spool that looks at all of the queue.  All raise `SpoolRefused`."""

    async def destination(self, name: Domain) -> DestinationRow:
        """The queue of one destination, as it is now."""
        ...

    async def survey(self, group: Group = "destination") -> Survey:
        """The queue by age, some seconds old."""
        ...

    async def arranged(self, survey: Survey, column: str) -> Sequence[SurveyRow]:
        """Its rows by one of `COLUMNS`, least first; put in order off the loop, and once."""
        ...

    async def senders(self, by: Sender) -> SenderSurvey:
        """Who has most in the queue, some seconds old."""
        ...

    async def oldest(self, limit: int) -> Sequence[tuple[str, float]]:
        """The oldest messages that are not held: id, and when each came in."""
        ...


def next_soonest(row: SurveyRow) -> float:
    """For putting rows in order: what is never due comes last."""
    return float("inf") if row.next_at is None else row.next_at


COLUMNS: Final = frozenset(
    {
        *("name", "total", "queued", "deferred", "held", "oldest", "next"),
        *(f"age{place}" for place in range(len(BOUNDS) + 1)),
        *(f"next{place}" for place in range(len(BOUNDS) + 1)),
    }
)
"""What rows can be put in order by; ``age0`` is the first bin by age."""
