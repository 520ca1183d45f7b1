"""What the console holds of the queue: some pages of it, in a frozen order, and never all.

Row numbers count from 0 to `total`.  Pages come one behind the other by cursor; the far end
comes by asking in the opposite order.  The order of rows that are here changes only on
`reset`: a refresh changes cells in place, and a message that has left the queue stays as a
row that is `gone`.  At most `KEPT` pages are held, those nearest to what is shown.
Plain Python; the feed asks what this wants and folds the answers in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, final

from empath.control.link import ListQueue, QueueItem, QueuePage
from empath.envelope import MessageId, State
from tui.orders import reverse

PAGE: Final = 100
"""Rows in a page: about 14 kB of JSON."""

KEPT: Final = 40
"""Pages held at most."""

FINAL: Final = frozenset(state.word for state in State if state.final)
"""States of messages that have left the queue."""

NEWEST_FIRST: Final = "-age"
OLDEST_FIRST: Final = "age"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that should be asked for: number *page* from the front, or from the back."""

    page: int
    back: bool
    cursor: str
    epoch: int


@final
class QueuePages:
    """The rows of one filter in one order."""

    def __init__(self, query: str = "", sort: str = NEWEST_FIRST) -> None:
        self.query = query
        self.sort = sort
        self.total = 0
        """Rows as of the last reset."""
        self.exact = True
        self.matched = 0
        """Messages that match now, as far as the engine has said."""
        self.loaded = False
        self.epoch = 0
        self.version = 0
        """Rises when anything changes."""
        self.gone: set[MessageId] = set()
        self.items: dict[MessageId, QueueItem] = {}
        self._pages: dict[int, tuple[MessageId, ...]] = {}
        self._where: dict[MessageId, int] = {}
        self._cursors: dict[tuple[bool, int], str] = {(False, 0): "", (True, 0): ""}
        self._focus = 0

    def __repr__(self) -> str:
        return f"<QueuePages total={self.total} pages={len(self._pages)}>"

    def reset(self, query: str | None = None, sort: str | None = None) -> None:
        """Begin anew, perhaps with another filter or order; answers under way are ignored."""
        self.query = self.query if query is None else query
        self.sort = self.sort if sort is None else sort
        self.epoch += 1
        self.version += 1
        self.loaded = False
        self.gone.clear()
        self.items.clear()
        self._pages.clear()
        self._where.clear()
        self._cursors = {(False, 0): "", (True, 0): ""}

    def replace(self, page: QueuePage) -> None:
        """Take a fresh first page in place of everything: the order as it is now."""
        self.reset()
        self.fold(Wanted(page=0, back=False, cursor="", epoch=self.epoch), page)

    # What is here.

    def id_at(self, row: int) -> MessageId | None:
        """The message in this row, if its page is here."""
        ids = self._pages.get(row // PAGE)
        if ids is None or row % PAGE >= len(ids):
            return None
        return ids[row % PAGE] or None

    def item_at(self, row: int) -> QueueItem | None:
        """What this row shows, if its page is here."""
        found = self.id_at(row)
        return None if found is None else self.items.get(found)

    def row_of(self, id: str) -> int | None:
        """The row of a message, if its page is here."""
        return self._where.get(id)  # type: ignore[call-overload, no-any-return] # a str looks up

    # What should be here.

    def wants(self, first: int, last: int) -> Wanted | None:
        """The next page to ask for so that rows *first* to *last* can be shown; None if none."""
        if not self.loaded:
            return Wanted(page=0, back=False, cursor="", epoch=self.epoch)
        self._focus = (first + last) // 2 // PAGE
        missing = [
            number
            for number in range(max(0, first) // PAGE, min(last, self.total - 1) // PAGE + 1)
            if number not in self._pages
        ]
        if not missing:
            return None
        return self._way_to(missing[0])

    def _way_to(self, number: int) -> Wanted | None:
        """The known page nearest to *number* from which it can be reached, from either end."""
        front = max(
            (n for back, n in self._cursors if not back and n <= number),
            key=lambda n: n,
            default=None,
        )
        from_end = self._last_page - number
        rear = max((n for back, n in self._cursors if back and n <= from_end), default=None)
        front_steps = number - front if front is not None else None
        rear_steps = from_end - rear if rear is not None and self.exact else None
        if front_steps is not None and (rear_steps is None or front_steps <= rear_steps):
            assert front is not None
            return Wanted(front, False, self._cursors[False, front], self.epoch)
        if rear_steps is None:
            return None
        assert rear is not None
        return Wanted(rear, True, self._cursors[True, rear], self.epoch)

    @property
    def _last_page(self) -> int:
        return max(0, self.total - 1) // PAGE

    def request(self, wanted: Wanted) -> ListQueue:
        """The question to the engine for a wanted page."""
        sort = self.sort
        limit = PAGE
        if wanted.back:
            sort = reverse(sort)
            if wanted.page == 0:
                # The last page is a short one; pages from the back then fall on the same rows.
                limit = self.total - self._last_page * PAGE
        return ListQueue(query=self.query, sort=sort, cursor=wanted.cursor, limit=limit)

    def fold(self, wanted: Wanted, page: QueuePage) -> bool:
        """Take the engine's answer; False when it came too late to matter."""
        if wanted.epoch != self.epoch:
            return False
        if not self.loaded:
            self.loaded = True
            self.total = page.matched
            self.exact = page.matched_exact
        self.matched = page.matched
        number = self._last_page - wanted.page if wanted.back else wanted.page
        items = tuple(reversed(page.items)) if wanted.back else page.items
        if page.cursor:
            self._cursors[wanted.back, wanted.page + 1] = page.cursor
        if not wanted.back:
            self._learn_end(number, len(items), bool(page.cursor))
        self._keep(number, items)
        self.version += 1
        return True

    def _learn_end(self, number: int, length: int, more: bool) -> None:
        reached = number * PAGE + length
        if not more:
            self.total, self.exact = reached, True
        elif reached >= self.total:
            self.total = reached + 1

    def _keep(self, number: int, items: Iterable[QueueItem]) -> None:
        ids: list[MessageId] = []
        for item in items:
            ids.append(item.id)
            self.items[item.id] = item
            self._where[item.id] = number * PAGE + len(ids) - 1
        self._pages[number] = tuple(ids)
        while len(self._pages) > KEPT:
            farthest = max(self._pages, key=lambda page: abs(page - self._focus))
            if farthest == number:
                # Walking to a far row passes pages that nobody looks at; keep the walk short.
                farthest = max((p for p in self._pages if p != number), key=self._distance)
            for dropped in self._pages.pop(farthest):
                self.items.pop(dropped, None)
                self._where.pop(dropped, None)
                self.gone.discard(dropped)

    def _distance(self, page: int) -> int:
        return abs(page - self._focus)

    # Rows that are shown, as they are now.

    def ids_between(self, first: int, last: int) -> tuple[MessageId, ...]:
        """The messages in these rows, as far as they are here and not gone."""
        ids = (self.id_at(row) for row in range(max(0, first), last + 1))
        return tuple(one for one in ids if one is not None and one not in self.gone)

    def refresh(self, asked: Collection[MessageId], items: Iterable[QueueItem]) -> None:
        """Take the present state of the messages *asked*; those finished or not there are gone."""
        present = {item.id: item for item in items}
        for one in asked:
            if one not in self._where:
                continue
            item = present.get(one)
            if item is None:
                self.gone.add(one)
                self.version += 1
                continue
            if item.state in FINAL:
                self.gone.add(one)
            if item != self.items[one]:
                self.items[one] = item
                self.version += 1
