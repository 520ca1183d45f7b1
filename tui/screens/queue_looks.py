"""How the queue is looked at: its order, its columns, and views kept under a digit.

Choices of columns are kept in `console.toml`, for the view they were made in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tui.actions import action
from tui.orders import ORDERS, SORTS, beside, by_column, order_of, reverse, words
from tui.queue_views import find_view, showing, views_of
from tui.safety import safe
from tui.screens.choose import Choice, Choose, Tick
from tui.screens.queue_list import QueueList
from tui.screens.queue_rows import ABOUT, COLUMNS, columns_for
from tui.settings import SavedView
from tui.widgets.virtual_table import VirtualTable

LIST = "queue"
"""The list's name in the settings."""
_KEYS = {"age": "a", "next": "n", "size": "s", "tries": "t", "destination": "d", "from": "f"}


def _view_names(screen: QueueLooks) -> list[str]:
    return [view.name for view in screen.views.values()]


class QueueLooks(QueueList):
    """Orders, columns and views."""

    SCOPE: ClassVar[str] = "queue"
    wide = False
    """Show every column there is room for."""

    def on_mount(self) -> None:
        """Begin in the order that the settings name."""
        super().on_mount()
        sort = self.console.settings.sort.get(LIST, "")
        if sort in SORTS and not self.store.queue.loaded:
            self.store.queue.reset(sort=sort)

    @property
    def views(self) -> dict[str, SavedView]:
        """The view under each digit."""
        return views_of(self.console.settings.views.get(LIST, {}))

    @property
    def view(self) -> str:
        """The digit of the view that is shown; empty when it is none of them."""
        return showing(self.views, self.store.queue.query, self.store.queue.sort)

    def paint(self) -> None:
        """With the columns that were chosen."""
        self.table.set_columns(columns_for(self._columns(), wide=self.wide))
        super().paint()

    def _columns(self) -> tuple[str, ...]:
        slot = self.view
        own = self.views[slot].columns if slot else ()
        return own or self.console.settings.columns.get(LIST, ())

    def crumbs(self) -> str:
        """The view, or the filter in force."""
        slot = self.view
        if slot and self.store.queue.query:
            return f"{super().crumbs()}  '{slot} {safe(self.views[slot].name)}"
        return super().crumbs()

    # The order.

    @action("s", "sort", help="Choose what the list is sorted by.", rank=10)
    def sort(self) -> None:
        """The menu of orders."""
        current = self.store.queue.sort
        choices = [
            Choice(order.first, _KEYS[order.name], order.title, words(order.first))
            for order in ORDERS
        ]
        choices.append(Choice("", "S", "the other way round", words(reverse(current))))

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self._sort_by(chosen or reverse(current))

        box = Choose("Sort by", choices, current=order_of(current).first, styles=self.palette)
        self.app.push_screen(box, take)

    @action("S", "reverse", help="Turn the order round.", names=("reverse",))
    def turn_round(self) -> None:
        """The same order, from its other end."""
        self._sort_by(reverse(self.store.queue.sort))

    @action("greater_than_sign", "sort by next column", help="Sort by the next column.")
    def sort_right(self) -> None:
        """The order of the next column that has one."""
        self._sort_by(beside(self.store.queue.sort, self.table.columns_shown, 1))

    @action("less_than_sign", "sort by previous column", help="Sort by the column before.")
    def sort_left(self) -> None:
        """The order of the column before that has one."""
        self._sort_by(beside(self.store.queue.sort, self.table.columns_shown, -1))

    def on_virtual_table_headed(self, event: VirtualTable.Headed) -> None:
        """A click on a heading sorts by it, and again turns that round."""
        sort = by_column(self.store.queue.sort, event.column)
        if sort is not None:
            self._sort_by(sort)

    def _sort_by(self, sort: str) -> None:
        if sort != self.store.queue.sort:
            self.begin(sort=sort)
            self.paint_all()

    # The columns.

    @action("w", "wide", help="Every column there is room for, or only the usual ones.")
    def widen(self) -> None:
        """More columns, or fewer."""
        self.wide = not self.wide
        self.paint_all()

    @action("c", "columns", help="Choose the columns; kept for this view.", rank=11)
    def columns(self) -> None:
        """The picker."""
        choices = [Choice(c.name, "", c.title, ABOUT[c.name]) for c in COLUMNS]
        shown = self._columns() or self.table.columns_shown
        box = Tick("Columns of the queue", choices, shown, styles=self.palette)
        self.app.push_screen(box, self._use_columns)

    def _use_columns(self, chosen: tuple[str, ...] | None) -> None:
        if chosen is None:
            return
        slot = self.view
        settings = self.console.settings
        if slot and self.store.queue.query:
            own = settings.views.setdefault(LIST, {})
            own[slot] = replace(self.views[slot], columns=chosen)
        elif chosen:
            settings.columns[LIST] = chosen
        else:
            settings.columns.pop(LIST, None)
        self.paint_all()
        self.run_worker(self._finish(self.console.keep_settings(), None), name="keep")

    # Views.

    @action("apostrophe", "views", help="Views by digit: '1 all, '2 held, '3 deferred.", rank=12)
    def saved_views(self) -> None:
        """The views; a digit, and that one is shown."""
        choices = [
            Choice(slot, slot, safe(view.name, 40), self._view_note(view))
            for slot, view in self.views.items()
        ]
        footer = "a digit or ⏎ shows it · :save-view keeps this one"

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self._show_view(self.views[chosen])

        box = Choose("Views", choices, current=self.view, footer=footer, styles=self.palette)
        self.app.push_screen(box, take)

    def _view_note(self, view: SavedView) -> str:
        return " · ".join(filter(None, (safe(view.query, 60), view.sort and words(view.sort))))

    @action(
        "",
        "view",
        id="view",
        help="Show a view by its name or digit.",
        takes="NAME",
        values=_view_names,
    )
    def show_view(self, name: str) -> None:
        """Show the view called *name*."""
        slot = find_view(self.views, name)
        if slot is None:
            self.flash(f"There is no view called {safe(name, 60)}; ' lists them.", "warn")
        else:
            self._show_view(self.views[slot])

    def _show_view(self, view: SavedView) -> None:
        sort = view.sort if view.sort in SORTS else None
        self.begin(query=view.query, sort=sort)
        self.paint_all()

    @action(
        "",
        "save-view",
        id="save-view",
        help="Keep what is shown under a digit, as in save-view 6 stuck at bigmail.",
        takes="DIGIT [NAME]",
    )
    async def save_view(self, text: str) -> None:
        """Keep filter, order and columns under a digit."""
        slot, _, name = text.strip().partition(" ")
        if slot not in self.views:
            self.flash("Say under which digit, 1 to 9, as in save-view 6 stuck at bigmail.", "warn")
            return
        pages = self.store.queue
        kept = SavedView(
            name.strip() or pages.query or "all", pages.query, pages.sort, self._columns()
        )
        self.console.settings.views.setdefault(LIST, {})[slot] = kept
        await self.console.keep_settings()
        self.flash(f"'{slot} now shows {kept.name}.")
