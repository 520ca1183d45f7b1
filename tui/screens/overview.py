"""The engine at a glance: how mail flows, what needs attention, where it waits, what happens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.containers import Container
from textual.widget import Widget

from empath.control.link import ListDestinations, Status
from tui.actions import action
from tui.figures import age, count, due, memory, milliseconds, octets
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.screens.destinations import DestinationRows
from tui.store import Selection, Store
from tui.theme import Styles, sign
from tui.widgets.bars import Piece
from tui.widgets.columns import Column
from tui.widgets.event_log import COLUMNS as EVENT_COLUMNS
from tui.widgets.event_log import row_of as event_row
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.spark import Spark
from tui.widgets.virtual_table import Row, VirtualTable

TOP_COLUMNS = (
    Column("destination", "DESTINATION", 16, share=3),
    Column("total", "TOTAL", 6, right=True),
    Column("deferred", "DEFER", 6, right=True),
    Column("oldest", "OLDEST", 6, right=True),
    Column("reply", "LAST REPLY", 14, share=4, since=46),
)

ATTENTION_COLUMNS = (
    Column("what", "WHAT", 12, share=1, most=26),
    Column("sentence", "WHY", 20, share=4),
)


class AttentionRows:
    """What the engine says an operator should see to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.status.attention) if self._store.status else 0

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        status = self._store.status
        if status is None or not 0 <= index < len(status.attention):
            return None
        item = status.attention[index]
        mark, role = sign(item.severity)
        return Row(
            str(index),
            {
                "what": (f"{mark} {safe(item.subject)}", role),
                "sentence": (safe(item.sentence, 300), "text"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where an item is."""
        index = int(id)
        return index if index < len(self) else None


class LatestRows:
    """The last events, as many as fit, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.room = 8

    def __len__(self) -> int:
        return min(self.room, len(self._store.events))

    def row(self, index: int) -> Row | None:
        """The row as it is drawn."""
        ring = self._store.events
        return event_row(ring[len(ring) - len(self) + index]) if index < len(self) else None

    def find(self, id: str) -> int | None:  # noqa: ARG002 - the table's protocol names it
        """Nothing points here."""
        return None


class OverviewScreen(ConsoleScreen):
    """The overview."""

    SCOPE: ClassVar[str] = "overview"
    TAB = "overview"

    def body(self) -> Iterable[Widget]:
        """Flow and figures above, attention and destinations in the middle, events below."""
        styles, store = self.palette, self.store
        self._latest = LatestRows(store)
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
                id="flow",
            ),
            Pane("Recipients by state", LinesPane(styles=styles, id="figures"), id="engine"),
            Pane(
                "Needs attention",
                VirtualTable(
                    ATTENTION_COLUMNS,
                    AttentionRows(store),
                    Selection(),
                    styles=styles,
                    empty="✓ Nothing. All is well.",
                    headed=False,
                    id="attention-rows",
                ),
                id="attention",
            ),
            Pane(
                "Top destinations",
                VirtualTable(
                    TOP_COLUMNS,
                    DestinationRows(store, limit=50),
                    Selection(),
                    styles=styles,
                    empty="No mail waits anywhere.",
                    id="top-rows",
                ),
                id="top",
            ),
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

    def on_mount(self) -> None:
        """The keys go to what needs attention."""
        super().on_mount()
        self.query_one("#attention-rows").focus()

    async def fetch(self) -> None:
        """The longest queues; status and events come by themselves."""
        self.store.fold_destinations(await self.console.ask(ListDestinations(limit=50)))

    def paint(self) -> None:
        """All panes."""
        at = self.store.clock.monotonic()
        outdated = self.store.outdated
        for spark in self.query(Spark):
            spark.dimmed = outdated
            spark.paint()
        self._latest.room = self.query_one("#latest-rows").size.height
        for table in self.query(VirtualTable):
            table.dimmed = outdated
            table.paint(at)
        self._title_flow()
        status = self.store.status
        if status is not None:
            figures = self.query_one("#figures", LinesPane)
            width = figures.size.width
            lines = figure_lines(status, self.store.now, width, self.palette)
            if list(figures.lines) != lines:
                figures.show(lines)
            number = len(status.attention)
            self.query_one("#attention", Pane).name_it(
                f"Needs attention · {number}" if number else "Needs attention"
            )
            total = count(self.store.destination_total)
            self.query_one("#top", Pane).name_it(f"Top destinations · {total}")

    def _title_flow(self) -> None:
        spark = next(iter(self.query(Spark)))
        width = max(1, spark.size.width - 32)
        _, per = self.store.queue_size.columns(width)
        span = min(600, per * width)
        self.query_one("#flow", Pane).name_it(f"Flow · last {age(span)}")

    def crumbs(self) -> str:
        """Where the engine listens."""
        status = self.store.status
        return "listening on " + ", ".join(map(safe, status.listeners)) if status else ""

    def standing(self) -> list[Piece]:
        """Version and process."""
        pong = self.store.connection.pong
        if pong is None:
            return [(" Waiting for the engine …", "muted")]
        pieces: list[Piece] = []
        status = self.store.status
        if status is not None and self.size.width < 100:
            for state in STATES:
                number = int(getattr(status, state))
                mark, role = sign(state)
                role = role if number else "muted"
                pieces += [(f" {mark} ", role), (f"{count(number)} {state} ", role)]
            return pieces
        return [(f" empath {safe(pong.version)} · pid {pong.pid}", "muted")]

    def on_virtual_table_opened(self) -> None:
        """A click opened a row."""
        self.perform_by_id("overview.go")

    @action("enter", "go to", id="go", help="Go to the mail that this row is about.", rank=1)
    def go_to(self) -> None:
        """Show the mail concerned."""
        focused = self.focused
        row = focused.cursor_row if isinstance(focused, VirtualTable) else None
        status = self.store.status
        if row is None or status is None:
            self.flash("There is nothing to go to.", "warn")
        elif focused is not None and focused.id == "top-rows":
            self.console.show_queue(f"dest:{self.store.destinations[row].destination}")
        elif row < len(status.attention) and status.attention[row].query:
            self.console.show_queue(status.attention[row].query)
        else:
            self.flash("There is no mail to show for this.", "warn")

    @action("tab", "next pane", id="pane", help="Attention or destinations.", rank=2, priority=True)
    def next_pane(self) -> None:
        """Go to the other list."""
        top = self.query_one("#top-rows")
        (self.query_one("#attention-rows") if top.has_focus else top).focus()


STATES = ("queued", "active", "deferred", "held")


def figure_lines(status: Status, now: float, width: int, styles: Styles) -> list[Text]:
    """The queue by state with bars, then ages, connections and the process."""
    numbers = {state: int(getattr(status, state)) for state in STATES}
    most = max(numbers.values(), default=0)
    room = max(0, width - 24)
    lines = []
    for state, number in numbers.items():
        mark, role = sign(state)
        length = 0 if not number else max(1, round(number / most * room))
        lines.append(
            Text.assemble(
                (f" {mark} {state:<9}", styles[role if number else "muted"]),
                (f"{count(number):>9}  ", styles["strong" if number else "faint"]),
                ("█" * length, styles[role]),
            )
        )

    def pair(left: str, one: str, right: str, two: str) -> Text:
        half = max(20, (width - 2) // 2)
        first = f" {left:<9}"
        text = Text.assemble((first, styles["muted"]), (one, styles["text"]))
        text.append(" " * max(1, half - len(first) - len(one)))
        text.append(f"{right:<10}", styles["muted"])
        text.append(two, styles["text"])
        return text

    oldest = None if status.oldest_at is None else now - status.oldest_at
    lines += [
        pair("oldest", age(oldest), "next due", due(status.next_at, now)),
        pair("sessions", count(status.sessions), "conns out", count(status.connections_out)),
        pair("loop lag", milliseconds(status.loop_lag), "memory", memory(status.memory)),
        pair("up", age(now - status.pong.started_at), "disk free", octets(status.free_octets)),
    ]
    return lines
