"""What the console knows of places: the queue by age and destination, one of them in full, and
what the overview tells of senders, classes and what comes next.

Plain Python, as the rest of the store: replies are folded in, screens read.  Bounded: as many
rows as were asked for, ten minutes of one limiter's level.
"""

from __future__ import annotations

from typing import Final, Literal, final

from empath.address import Domain
from empath.control.link import (
    DestinationView,
    GetShape,
    Latency,
    Senders,
    Shape,
    ShapeRow,
    Upcoming,
)
from tui.series import Series

Basis = Literal["queued", "next"]
By = Literal["destination", "sender"]
SenderBy = Literal["sender", "domain", "client"]

STEP: Final = 60
"""Rows are asked for in multiples of this."""
SORTS: Final = ("total", "oldest", "next", "conn", "gate", "name")
"""The orders that one key goes through; the columns have more."""
UPWARDS: Final = frozenset({"name", "oldest", "next"})
"""Orders whose interesting end is the least."""
SENDERS_BY: Final[tuple[SenderBy, ...]] = ("sender", "domain", "client")


def shown_first(sort: str) -> str:
    """The order by this column that an operator wants first."""
    return sort if sort in UPWARDS else f"-{sort}"


@final
class Rows:
    """The rows of a shape that were read so far."""

    def __init__(self) -> None:
        self.shape: Shape | None = None
        self._index: dict[str, int] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self.shape.rows) if self.shape is not None else 0

    def fold(self, shape: Shape) -> None:
        """Take the rows as they are now."""
        self.shape = shape
        self._index = {row.name: place for place, row in enumerate(shape.rows)}
        self.version += 1

    def forget(self) -> None:
        """What is known answers another question."""
        self.shape = None
        self._index = {}
        self.version += 1

    def at(self, index: int) -> ShapeRow | None:
        """The row in this place."""
        return self.shape.rows[index] if self.shape and 0 <= index < len(self) else None

    def find(self, name: str) -> int | None:
        """Where a destination is."""
        return self._index.get(name)


@final
class Places:
    """The destinations as they are asked for, and the one under the cursor."""

    def __init__(self) -> None:
        self.by: By = "destination"
        self.basis: Basis = "queued"
        self.sort = "-total"
        self.query = ""
        self.rows = Rows()
        self.wanted = STEP
        """Rows that are asked for."""
        self.goal = ""
        """The destination that is to be pointed at once its row is here."""
        self.view: DestinationView | None = None
        self.level = Series()
        """What is left of the limit of the one that is viewed."""

    def __repr__(self) -> str:
        return f"<Places {len(self.rows)} by {self.by}, {self.sort}>"

    def request(self) -> GetShape:
        """What is to be asked for."""
        return GetShape(
            by=self.by,
            basis=self.basis,
            sort=self.sort,
            query=self.query,
            limit=self.wanted,
            quiet=True,
        )

    def ask(
        self,
        *,
        by: By | None = None,
        basis: Basis | None = None,
        sort: str | None = None,
        query: str | None = None,
    ) -> None:
        """Ask for other rows from now on; those that are known are not shown any more, unless
        only their order is another one.
        """
        before = (self.by, self.basis, self.query)
        self.by = by or self.by
        self.basis = basis or self.basis
        self.sort = sort or self.sort
        self.query = self.query if query is None else query
        if before != (self.by, self.basis, self.query):
            self.wanted = STEP
            if by is not None or basis is not None:
                self.rows.forget()

    def seek(self, name: str) -> None:
        """Show destinations, and among them this one."""
        self.ask(by="destination" if self.by != "destination" else None, query="")
        self.goal = name

    def see(self, last: int) -> bool:
        """Row *last* is on screen; True if more must be asked for."""
        wanted = min(1000, (last // STEP + 2) * STEP)
        if wanted <= self.wanted or len(self.rows) < self.wanted:
            return False
        self.wanted = wanted
        return True

    def fold(self, request: GetShape, shape: Shape) -> bool:
        """Take rows; False if something else is wanted by now."""
        if request != self.request():
            return False
        self.rows.fold(shape)
        return True

    def fold_view(self, view: DestinationView, at: float) -> None:
        """Take the destination under the cursor, as of monotonic *at*."""
        if self.view is None or self.view.destination != view.destination:
            self.level = Series()
        if view.rate is not None:
            self.level.add(at, view.rate.tokens)
        self.view = view

    def viewed(self, name: str | None) -> DestinationView | None:
        """What is known of *name* in full."""
        view = self.view
        return view if view is not None and view.destination == name else None

    def turn(self) -> None:
        """The same order the other way round."""
        self.sort = self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}"


@final
class Glance:
    """What the overview tells beside figures and events."""

    def __init__(self) -> None:
        self.rows = Rows()
        """The destinations with most mail."""
        self.senders: Senders | None = None
        self.senders_by: SenderBy = "sender"
        self.latency: Latency | None = None
        self.upcoming: Upcoming | None = None

    def __repr__(self) -> str:
        return f"<Glance of {len(self.rows)} destinations>"

    def next_senders(self) -> None:
        """Tell senders apart by the next thing."""
        place = SENDERS_BY.index(self.senders_by)
        self.senders_by = SENDERS_BY[(place + 1) % len(SENDERS_BY)]
        self.senders = None


def domain(name: str) -> Domain:
    """The name of a row as the engine wants it.  Raises `empath.address.BadAddress`."""
    return Domain(name)
