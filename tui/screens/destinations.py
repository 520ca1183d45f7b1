"""Where mail waits, how old it is, and why: the queue by age as a table, one destination below.

The table is asked for as it is shown: its order, its filter, by age or by the next attempt, by
destination or by the senders' domain.  What is under the cursor is asked for in full.  Every
change of a destination is asked about in a dialog first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Container
from textual.widget import Widget

from empath.address import BadAddress
from empath.control.link import RequestRefused, ShapeRow, ViewDestination
from tui.actions import action
from tui.figures import age, count
from tui.place_text import counted_for, fate_lines, standing_lines
from tui.places import SORTS, domain, shown_first
from tui.safety import safe
from tui.screens.gating import GatingScreen, why_no_row
from tui.store import Selection
from tui.widgets.bars import Piece
from tui.widgets.filter_bar import FilterBar
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.shape_table import BY_SENDER, COLUMNS, ShapeRows, ShapeTable
from tui.widgets.virtual_table import VirtualTable


class DestinationsScreen(GatingScreen):
    """Destinations."""

    SCOPE: ClassVar[str] = "destinations"
    TAB = "destinations"

    def body(self) -> Iterable[Widget]:
        """The table, and what is under the cursor below it."""
        self._rows = ShapeRows(self.store.places.rows)
        self._selection = Selection()
        yield Container(
            FilterBar(placeholder="a part of the name  !without", query=False),
            Pane(
                "Destinations",
                ShapeTable(self._rows, self._selection, styles=self.palette, id="destinations"),
                id="shape",
            ),
            Container(
                Pane("", LinesPane(styles=self.palette, id="standing-lines"), id="standing"),
                Pane("Last hour", LinesPane(styles=self.palette, id="fate-lines"), id="fate"),
                id="place",
            ),
            id="places",
        )

    def on_mount(self) -> None:
        """The keys go to the table."""
        super().on_mount()
        self.table.focus()

    @property
    def table(self) -> ShapeTable:
        """The table."""
        return self.query_one("#destinations", ShapeTable)

    @property
    def bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one(FilterBar)

    @property
    def chosen(self) -> ShapeRow | None:
        """The row under the cursor."""
        row = self.table.cursor_row if self.ready else None
        return None if row is None else self.store.places.rows.at(row)

    # Data.

    @property
    def reading(self) -> bool:
        """The table has not come yet, or nothing is under its cursor."""
        return self.store.places.rows.shape is None or (len(self._rows) > 0 and self.chosen is None)

    async def fetch(self) -> None:
        """The rows as they are asked for, then the one under the cursor in full."""
        places = self.store.places
        request = places.request()
        if not places.fold(request, await self.console.ask(request)):
            self.console.poke()
            return
        self._reach()
        self.console.paint_soon()
        row = self.chosen
        if row is None or places.by != "destination":
            return
        try:
            name = domain(row.name)
        except BadAddress:
            return
        try:
            view = await self.console.ask(ViewDestination(destination=name))
        except RequestRefused:
            places.view = None  # what was known of it is not how it is now
            raise
        places.fold_view(view, self.store.clock.monotonic())

    def _reach(self) -> None:
        """Put the cursor on the row that another screen wants seen, by its name if need be."""
        places = self.store.places
        goal = places.goal
        place = places.rows.find(goal) if goal else None
        if place is not None:
            places.goal = ""
            self.table.point_at(place)
        elif goal and places.query != goal:
            places.ask(query=goal)
            self.console.poke()
        else:
            places.goal = ""

    # Painting.

    def paint(self) -> None:
        """Table and detail."""
        places, table, at = self.store.places, self.table, self.store.clock.monotonic()
        self._rows.now = self.store.now
        columns = COLUMNS if places.by == "destination" else BY_SENDER
        if table.columns != columns:
            table.set_columns(columns)
        table.order_shown = places.sort
        table.dimmed = self.store.outdated
        shape = places.rows.shape
        if shape is None:
            table.empty = "Waiting for the engine …"
        elif places.query:
            table.empty = "No name matches; esc clears the filter."
        else:
            table.empty = "No mail waits anywhere, and none was sent lately."
        table.paint(at)
        self.bar.stand(places.query)
        said = "since arrival" if places.basis == "queued" else "until the next attempt"
        what = "Destinations" if places.by == "destination" else "Domains of senders"
        self.query_one("#shape", Pane).name_it(f"{what} · recipients by minutes {said}")
        self._paint_place()
        if places.see(table.visible_rows[1]):
            self.console.poke()

    def _paint_place(self) -> None:
        row, places = self.chosen, self.store.places
        view = places.viewed(row.name) if row is not None else None
        standing, fate = (
            self.query_one("#standing-lines", LinesPane),
            self.query_one("#fate-lines", LinesPane),
        )
        self.query_one("#place").display = places.by == "destination"
        if view is None:
            self.query_one("#standing", Pane).name_it(safe(row.name) if row else "")
            standing.show((), empty="…" if row is not None else "")
            fate.show((), empty="")
            return
        name = safe(view.destination)
        now, styles = self.store.now, self.palette
        self.query_one("#standing", Pane).name_it(name)
        upper = standing_lines(view, now, standing.size.width, places.level, styles)
        pong = self.store.connection.pong
        up = math.inf if pong is None else now - pong.started_at
        title = counted_for(up)
        self.query_one("#fate", Pane).name_it(title[0].upper() + title[1:])
        lower = fate_lines(view, now, max(fate.size.width, 40), styles, up)
        if self.size.width < 100:
            standing.show([*upper[:4], *lower, *upper[4:]])
        else:
            standing.show(upper)
            fate.show(lower)

    def crumbs(self) -> str:
        """Where the cursor is."""
        row = self.chosen
        return f"Destinations › {safe(row.name) or '<>'}" if row else "Destinations"

    def standing(self) -> list[Piece]:
        """How many, in which order, how old the count is."""
        places = self.store.places
        shape = places.rows.shape
        if shape is None:
            return [(" …", "muted")]
        noun = "destination" if places.by == "destination" else "domain"
        matched = "" if not places.query else f"{count(shape.matched)} of "
        text = f" {matched}{count(shape.destinations)} {noun}" + (
            "" if shape.destinations == 1 else "s"
        )
        sort = places.sort.removeprefix("-")
        title = next((c.title.lower() for c in COLUMNS if c.name == sort), sort)
        order = "↓" if places.sort.startswith("-") else "↑"
        since = self.store.now - shape.at
        return [
            (text, "text"),
            (f" · {title}{order} · counted {age(since)} ago", "muted"),
        ]

    def copies(self) -> list[tuple[str, str]]:
        """The name, why it is held, the command that shows it."""
        row = self.chosen
        if row is None:
            return []
        found = [("destination", row.name)]
        if row.reason:
            found.append(("why it is held", safe(row.reason, 500)))
        view = self.store.places.viewed(row.name)
        if view is not None and view.last_reply:
            found.append(("last reply", safe(view.last_reply, 500)))
        found.append(("empathctl", f"empathctl destination view {row.name}"))
        return found

    def on_virtual_table_moved(self) -> None:
        """Another row is under the cursor: ask for it."""
        self.console.poke()
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click opened the row."""
        self.perform_by_id("destinations.messages")

    def on_virtual_table_headed(self, event: VirtualTable.Headed) -> None:
        """A click on a heading sorts by it, another one turns the order round."""
        places = self.store.places
        if event.column == places.sort.removeprefix("-"):
            places.turn()
            self._ask()
        elif event.column in self.table.sortable_columns():
            self._ask(sort=shown_first(event.column))

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Show other names."""
        if event.final:
            self.table.focus()
        if event.text != self.store.places.query:
            self._ask(query=event.text)
        self.call_after_refresh(self.paint_all)

    def _ask(self, *, sort: str | None = None, query: str | None = None) -> None:
        self.store.places.ask(sort=sort, query=query)
        self._selection.cursor = None
        self.table.point_at(0)
        self.console.poke()
        self.paint_all()

    # Looking.

    @action("enter", "messages", help="Show its mail in the queue.", rank=1, why_off=why_no_row)
    def messages(self) -> None:
        """Go to the queue with a filter."""
        row = self.chosen
        assert row is not None
        if self.store.places.by == "destination":
            self.console.show_queue(f"dest:{row.name}")
        else:
            self.console.show_queue(f"from:~@{row.name}" if row.name else "from:<>")

    @action("slash", "filter", help="Only names with this in them; ! for those without.", rank=2)
    def filter(self) -> None:
        """Type a part of a name."""
        self.bar.open(self.store.places.query)

    @action("s", "sort", help="Sort by total, oldest, next, connections, breaker, name.", rank=9)
    def sort(self) -> None:
        """Go through the usual orders."""
        sort = self.store.places.sort.removeprefix("-")
        place = SORTS.index(sort) + 1 if sort in SORTS else 0
        self._ask(sort=shown_first(SORTS[place % len(SORTS)]))

    @action("i", "invert", help="The same order the other way round.")
    def invert(self) -> None:
        """Turn the order round."""
        self.store.places.turn()
        self._ask()

    @action("less_than_sign", "sort left", id="sort-left", help="Sort by the column to the left.")
    def sort_left(self) -> None:
        """The column before."""
        self._sort_beside(-1)

    @action(
        "greater_than_sign", "sort right", id="sort-right", help="Sort by the column to the right."
    )
    def sort_right(self) -> None:
        """The column behind."""
        self._sort_beside(1)

    def _sort_beside(self, step: int) -> None:
        shown = self.table.sortable_columns()
        sort = self.store.places.sort.removeprefix("-")
        place = shown.index(sort) + step if sort in shown else 0
        self._ask(sort=shown_first(shown[place % len(shown)]))

    @action("a", "age basis", help="By time since arrival, or until the next attempt.", rank=10)
    def basis(self) -> None:
        """The other age."""
        other = "next" if self.store.places.basis == "queued" else "queued"
        self.store.places.ask(basis=other)  # type: ignore[arg-type] # one of the two
        self.console.poke()
        self.paint_all()

    @action("v", "group", help="By destination, or by the domain of senders.", rank=11)
    def group(self) -> None:
        """The other grouping."""
        other = "sender" if self.store.places.by == "destination" else "destination"
        self.store.places.ask(by=other, sort="-total", query="")  # type: ignore[arg-type] # as above
        self._ask()

    @action("tab", "next pane", id="pane", help="The table, or the detail below.", priority=True)
    def next_pane(self) -> None:
        """Give the keys to the next pane."""
        panes = [self.table, *self.query(LinesPane)]
        shown = [pane for pane in panes if pane.size.height and pane.is_attached]
        place = next((n for n, pane in enumerate(shown) if pane.has_focus), -1)
        shown[(place + 1) % len(shown)].focus()

    @action("q,escape", "back", help="Clear the filter; at the root, leave.")
    async def back(self) -> None:
        """Undo one step of narrowing."""
        if self.store.places.query:
            self._ask(query="")
        elif self.store.places.by != "destination":
            self.group()
        else:
            await super().back()
