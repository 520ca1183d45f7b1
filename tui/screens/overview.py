"""The engine at a glance: how mail flows, what is broken, where it waits, who sends, what is next.

A wide terminal shows all its lists; a narrower one shows one of them at a time beside or below
what needs attention, each with its key.  Enter goes from a row to the place where it is seen to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.containers import Container
from textual.widget import Widget

from empath.control.link import GetLatency, GetShape, ListSenders, ListUpcoming
from tui.actions import action
from tui.figures import age, memory, milliseconds, short_count
from tui.overview_lists import NARROW, SIDES, fitting, next_side, titles_of
from tui.overview_rows import (
    ATTENTION,
    CLASSES,
    NEXT,
    SENDERS,
    TOP,
    AttentionRows,
    ClassRows,
    LatestRows,
    NextRows,
    SenderRows,
    TopRows,
)
from tui.queue_text import STATES, queue_lines
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.store import Selection
from tui.theme import sign
from tui.widgets.bars import Piece
from tui.widgets.columns import Column
from tui.widgets.event_log import COLUMNS as EVENT_COLUMNS
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.rows import Rows
from tui.widgets.spark import Spark
from tui.widgets.virtual_table import VirtualTable

SHOWN: Final = 40
"""Rows of each list."""
UNKNOWN = "Waiting for the engine …"
"""What stands in every list before the engine has said anything."""


class OverviewScreen(ConsoleScreen):
    """The overview."""

    SCOPE: ClassVar[str] = "overview"
    TAB = "overview"

    _side = ""
    """The list that was chosen; empty: the first that fits."""

    def body(self) -> Iterable[Widget]:
        """Flow and queue above, lists in the middle, events below."""
        self._said_of_nothing: dict[VirtualTable, str] = {}
        styles, store = self.palette, self.store
        self._latest = LatestRows(store)
        self._top, self._senders = TopRows(store), SenderRows(store)
        self._next, self._by_class = NextRows(store), ClassRows(store)
        rates = store.rates
        yield Container(
            Pane(
                "Flow",
                Spark("accepted", rates["accepted"].series, "info", styles=styles, big=True),
                Spark("delivered", rates["delivered"].series, "good", styles=styles, big=True),
                Spark("deferred", rates["deferrals"].series, "warn", styles=styles),
                Spark("bounced", rates["bounced"].series, "bad", styles=styles),
                Spark("refused", rates["refused"].series, "special", styles=styles),
                Spark("queue", store.queue_size, "muted", styles=styles, unit="", whole=True),
                Spark("conns out", store.connections, "muted", styles=styles, unit="", whole=True),
                Spark("loop lag", store.lag, "muted", styles=styles, figure=milliseconds),
                id="flow",
            ),
            Pane("Queue", LinesPane(styles=styles, id="figures"), id="engine"),
            self._list("attention", ATTENTION, AttentionRows(store), "✓ Nothing. All is well."),
            self._list("top", TOP, self._top, "No mail waits anywhere."),
            self._list("senders", SENDERS, self._senders, "Nobody sent anything in the last hour."),
            self._list("next", NEXT, self._next, "Nothing waits, and no gate ends."),
            self._list("classes", CLASSES, self._by_class, "Nothing is known yet."),
            Pane(
                "Events",
                VirtualTable(
                    EVENT_COLUMNS,
                    self._latest,
                    Selection(),
                    styles=styles,
                    empty="No events yet.",
                    pointed=False,
                    headed=False,
                    id="latest-rows",
                ),
                id="latest",
            ),
            id="overview",
        )

    def _list(self, name: str, columns: tuple[Column, ...], rows: Rows, empty: str) -> Pane:
        table = VirtualTable(
            columns,
            rows,
            Selection(),
            styles=self.palette,
            empty=empty,
            headed=name != "attention",
            id=f"{name}-rows",
        )
        return Pane("", table, id=name)

    def on_mount(self) -> None:
        """The keys go to what needs attention."""
        super().on_mount()
        self._arrange()

    def on_resize(self) -> None:
        """Other lists may fit now."""
        self._arrange()
        super().on_resize()

    def _table(self, name: str) -> VirtualTable:
        return self.query_one(f"#{name}-rows", VirtualTable)

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists that are shown."""
        return fitting(self.size.width, self._side)

    def _arrange(self) -> None:
        """Show the lists that fit; the keys stay with one that is shown."""
        shown = self.lists
        for name in SIDES:
            self.query_one(f"#{name}").display = name in shown
        focused = self.focused
        if focused is None:
            self._table(shown[0]).focus()
        elif (focused.id or "").removesuffix("-rows") not in shown:
            self._table(shown[-1]).focus()

    async def fetch(self) -> None:
        """What the lists that are shown need; status and events come by themselves."""
        glance, ask = self.store.glance, self.console.ask
        glance.rows.fold(await ask(GetShape(limit=SHOWN)))
        glance.upcoming = await ask(ListUpcoming(limit=SHOWN))
        if "classes" in self.lists:
            glance.latency = await ask(GetLatency())
        if "senders" in self.lists:
            by = glance.senders_by
            senders = await ask(ListSenders(by=by, limit=SHOWN))
            if by == glance.senders_by:
                glance.senders = senders

    def paint(self) -> None:
        """All panes that are shown."""
        at = self.store.clock.monotonic()
        outdated = self.store.outdated
        for spark in self.query(Spark):
            spark.dimmed = outdated
            spark.paint()
        self._latest.room = self.query_one("#latest-rows").size.height
        shown = self.lists
        for table in self.query(VirtualTable):
            # One that is shown from now on has its cursor before it has its place on screen.
            if table.size.height or (table.id or "").removesuffix("-rows") in shown:
                table.dimmed = outdated
                known = self._said_of_nothing.setdefault(table, table.empty)
                table.empty = known if self.store.status is not None else UNKNOWN
                table.paint(at)
        self._name_panes()
        status, glance = self.store.status, self.store.glance
        figures = self.query_one("#figures", LinesPane)
        if status is not None and figures.size.height:
            figures.show(
                queue_lines(
                    status,
                    glance.rows.shape,
                    glance.upcoming,
                    self.store.now,
                    figures.size.width,
                    self.palette,
                )
            )

    def _name_panes(self) -> None:
        status, glance = self.store.status, self.store.glance
        rss = "" if status is None else f"rss {memory(status.memory)}"
        flow = self.query_one("#flow", Pane)
        span = f" · last {age(len(self.store.queue_size))}" if status is not None else ""
        flow.name_it(f"Flow{span}" + (f" · {rss}" if rss else ""))
        if status is None:
            return
        titles = titles_of(self.lists, status, glance, self.store.now)
        for name, title in titles.items():
            self.query_one(f"#{name}", Pane).name_it(title)
        people = sum(int(getattr(status, state)) for state in STATES)
        waiting = f"{short_count(status.messages)} messages"
        if people != status.messages:  # below, recipients are counted
            waiting = f"{short_count(people)} recipients, {waiting}"
        self.query_one("#engine", Pane).name_it(f"Queue · {waiting}")

    def crumbs(self) -> str:
        """Where the engine listens."""
        status = self.store.status
        return "listening on " + ", ".join(map(safe, status.listeners)) if status else ""

    def standing(self) -> list[Piece]:
        """Version and process; by state where the queue has no pane."""
        pong = self.store.connection.pong
        if pong is None:
            return [(" Waiting for the engine …", "muted")]
        pieces: list[Piece] = []
        status = self.store.status
        if status is not None and self.size.width < NARROW:
            for state in STATES:
                number = int(getattr(status, state))
                mark, role = sign(state)
                role = role if number else "muted"
                pieces += [(f" {mark} ", role), (f"{short_count(number)} {state} ", role)]
            return pieces
        inside = f" · {status.sessions} clients connected" if status is not None else ""
        return [(f" empath {safe(pong.version)} · pid {pong.pid}{inside}", "muted")]

    def copies(self) -> list[tuple[str, str]]:
        """What needs attention, as lines."""
        status = self.store.status
        if status is None or not status.attention:
            return []
        lines = [
            f"{item.severity}: {safe(item.subject)}: {safe(item.sentence, 500)}"
            for item in status.attention
        ]
        return [("what needs attention", "\n".join(lines))]

    def on_virtual_table_opened(self) -> None:
        """A click opened a row."""
        self.perform_by_id("overview.go")

    @action("enter", "go to", id="go", help="Go where this row is seen to.", rank=1)
    def go_to(self) -> None:
        """Show the destination or the mail concerned."""
        focused = self.focused
        row = focused.cursor_row if isinstance(focused, VirtualTable) else None
        if row is None or focused is None or not self._go((focused.id or ""), row):
            self.flash("There is nothing to go to here.", "warn")

    def _go(self, list_: str, row: int) -> bool:
        console = self.console
        match list_:
            case "attention-rows":
                return self._go_attention(row)
            case "top-rows" if (place := self._top.item(row)) is not None:
                console.show_destination(place.name)
            case "next-rows" if (thing := self._next.item(row)) is not None:
                if thing.what == "expiry":
                    console.show_queue(thing.query)
                else:
                    console.show_destination(thing.subject)
            case "senders-rows" if (sender := self._senders.item(row)) is not None:
                field = {"sender": "from:", "domain": "from:~@", "client": "client:"}
                by = self.store.glance.senders_by
                console.show_queue(f"{field[by]}{sender.name}" if sender.name else "from:<>")
            case "classes-rows" if (found := self._by_class.row(row)) is not None:
                console.show_queue(f"prio:{found.id}")
            case _:
                return False
        return True

    def _go_attention(self, row: int) -> bool:
        status = self.store.status
        if status is None or row >= len(status.attention):
            return False
        item = status.attention[row]
        if item.destination:
            self.console.show_destination(item.destination)
        elif item.query:
            self.console.show_queue(item.query)
        elif item.subject.startswith("config") and "config" in self.console.MODES:
            self.console.action_tab("config")
        else:
            return False
        return True

    @action("tab", "next pane", id="pane", help="The next list.", priority=True)
    def next_pane(self) -> None:
        """Give the keys to the next list that is shown."""
        shown = [self._table(name) for name in self.lists]
        place = next((n for n, table in enumerate(shown) if table.has_focus), -1)
        shown[(place + 1) % len(shown)].focus()

    @action("v", "more", id="more", help="Another list in the place of this one.", rank=7)
    def more(self) -> None:
        """The next list."""
        shown = self.lists
        if len(shown) == len(SIDES):
            self.next_pane()
            return
        self._choose(next_side(shown))

    def _choose(self, name: str) -> None:
        self._side = name
        self._arrange()
        self._table(name).focus()
        self.console.poke()
        self.call_after_refresh(self.paint_all)

    @action("a", "attention", help="What is broken now.", rank=2)
    def attention(self) -> None:
        """What needs attention."""
        if self.size.width < NARROW:
            self._choose("attention")
        else:
            self._table("attention").focus()

    @action("d", "destinations", id="top", help="The destinations with most mail.", rank=3)
    def destinations(self) -> None:
        """The longest queues."""
        self._choose("top")

    @action("w", "who sends", id="senders", help="Who sends most, and what of it waits.", rank=4)
    def who_sends(self) -> None:
        """The senders."""
        self._choose("senders")

    @action("n", "next", id="next", help="What happens next by itself, and when.", rank=5)
    def what_is_next(self) -> None:
        """What comes next."""
        self._choose("next")

    @action("l", "latency", id="latency", help="How long mail of each class takes.", rank=6)
    def latency(self) -> None:
        """Latency by class."""
        self._choose("classes")

    @action("b", "senders by", id="by", help="Senders by address, by domain, by client.")
    def senders_by(self) -> None:
        """Tell senders apart by something else."""
        self.store.glance.next_senders()
        self._choose("senders")
