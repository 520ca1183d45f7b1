"""What every screen of the console has: the bars, the global keys, a body, and how it acts.

A screen says what it needs from the engine (`fetch`) and paints from the store (`paint`);
the feed and the app's tick decide when.  Its actions are methods marked `@action`; pressing
the key of one that is off says why.  What an action awaits may fail: the sentence is flashed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from empath.control.link import LinkLost, RequestRefused
from tui.actions import ACTIONS, Action, action
from tui.figures import age
from tui.safety import safe
from tui.store import Store
from tui.theme import Styles
from tui.widgets.bars import FlashLine, KeyBar, Piece, TabBar
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from tui.app import Console

TABS = (
    ("1", "Overview", "overview"),
    ("2", "Queue", "queue"),
    ("3", "Destinations", "destinations"),
    ("4", "Events", "events"),
)
"""Digit, title and name of the screens that a digit opens."""

FLASH_SECONDS = 6.0


class _Acting(Screen[None]):
    """Makes the bindings of a screen out of its actions, before Textual reads them."""

    SCOPE: ClassVar[str] = "global"

    def __init_subclass__(cls) -> None:
        bindings: list[BindingType] = list(ACTIONS.collect(cls.SCOPE, cls))
        cls.BINDINGS = bindings
        super().__init_subclass__()


class ConsoleScreen(_Acting):
    """A screen with status bar, tabs, body, flash line and keys."""

    TAB: ClassVar[str] = ""
    AUTO_FOCUS = ""

    ready = False
    """The widgets are there: from now on the screen may be painted."""

    @property
    def console(self) -> Console:
        """The app."""
        from tui.app import Console  # noqa: PLC0415 - the app imports its screens

        assert isinstance(self.app, Console)
        return self.app

    @property
    def store(self) -> Store:
        """What the console knows."""
        return self.console.store

    @property
    def palette(self) -> Styles:
        """Styles by role."""
        return self.console.styles_by_role

    def compose(self) -> ComposeResult:
        """Bars above and below, the body between them."""
        styles = self.palette
        yield StatusBar(styles=styles)
        yield TabBar(TABS, styles=styles)
        with Container(id="body"):
            yield from self.body()
        yield FlashLine(styles=styles)
        yield KeyBar(self.perform_by_id, styles=styles)

    def body(self) -> Iterable[Widget]:
        """The screen's own widgets."""
        return ()

    async def fetch(self) -> None:
        """Ask the engine for what this screen shows.  Raises `LinkLost`, `RequestRefused`."""

    def paint(self) -> None:
        """Bring the screen's own widgets up to date with the store."""

    def crumbs(self) -> str:
        """The way to what is shown, such as ``Queue › state:deferred``."""
        return ""

    def copies(self) -> list[tuple[str, str]]:
        """What ``y`` offers to copy: a title and its text each, such as the id under the cursor."""
        return []

    def standing(self) -> list[Piece]:
        """The line above the keys when nothing is being said."""
        return []

    def paint_all(self) -> None:
        """Paint bars and body."""
        if not self.ready:
            return
        if not self.console.paused:
            self.paint()
        self.paint_bars()

    def paint_bars(self) -> None:
        """Paint what every screen has."""
        if not self.ready:
            return
        at = self.store.clock.monotonic()
        self.query_one(StatusBar).update_from(self.store)
        self.query_one(TabBar).point(self.TAB, self.crumbs())
        connection = self.store.connection
        pieces = self.standing()
        if connection.lost_at is not None:
            pieces = [
                (" ✖ ", "bad"),
                (safe(connection.sentence), "bad"),
                (f"  data is {age(at - connection.lost_at)} old · trying again · ^R now", "muted"),
            ]
        elif self.console.paused:
            pieces = [(" ■ paused ", "warn"), ("p goes on", "muted")]
        self.query_one(FlashLine).stand(pieces, at)
        self.query_one(KeyBar).offer(self._keys(), ("global.help", "?", "help"))

    def _keys(self) -> list[tuple[str, str, str, bool]]:
        own = sorted((a for a in ACTIONS.of(self.SCOPE) if a.rank), key=lambda a: a.rank)
        if self.SCOPE != "global":
            own += sorted((a for a in ACTIONS.of("global") if a.rank), key=lambda a: a.rank)
        root = len(self.app.screen_stack) == 1
        return [
            (
                act.id,
                act.shown_key,
                "quit" if root and act.id == "global.back" else act.title,
                not self.why_off(act),
            )
            for act in own
        ]

    def on_mount(self) -> None:
        """Paint once the widgets have their sizes."""
        self.ready = True
        self.call_after_refresh(self.paint_all)

    def on_resize(self) -> None:
        """Everything may fit differently now."""
        self.call_after_refresh(self.paint_all)

    def on_screen_resume(self) -> None:
        """In front again: read the data of this screen and paint what is known."""
        self.console.poke()
        self.call_after_refresh(self.paint_all)

    def flash(self, text: str, role: str = "good") -> None:
        """Say something on the line above the keys for some seconds."""
        until = self.store.clock.monotonic() + FLASH_SECONDS
        self.query_one(FlashLine).flash(safe(text), role, until)
        if cell_len(text) > self.size.width - 4:
            self.notify(
                safe(text),
                severity="error" if role == "bad" else "warning",
                timeout=10,
                markup=False,
            )

    # Acting.

    def why_off(self, act: Action) -> str:
        """Why an action cannot be done now; empty when it can."""
        return act.why_off(self) if act.why_off is not None else ""

    def action_perform(self, id: str) -> None:
        """What a key is bound to."""
        self.perform_by_id(id)

    def perform_by_id(self, id: str) -> None:
        """Do an action, or say why it is off."""
        act = ACTIONS.get(id)
        if reason := self.why_off(act):
            self.flash(reason, "warn")
            return
        waiting = act.run(self)
        if waiting is not None:
            self.run_worker(self._finish(waiting), name=act.id)

    async def _finish(self, waiting: Awaitable[None]) -> None:
        try:
            await waiting
        except (LinkLost, RequestRefused) as error:
            self.flash(str(error), "bad")
        if self.is_attached:
            self.paint_bars()

    # What works everywhere.

    @action("question_mark,f1", "help", id="help", help="The keys of this screen.")
    def show_help(self) -> None:
        """Show the keys of this screen."""
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - it is a screen itself

        self.app.push_screen(HelpScreen(self.SCOPE))

    @action("1", "overview", id="overview", help="The engine at a glance.")
    def go_overview(self) -> None:
        """Go to the overview."""
        self.console.action_tab("overview")

    @action("2", "queue", id="queue", help="The queue, message by message.")
    def go_queue(self) -> None:
        """Go to the queue."""
        self.console.action_tab("queue")

    @action("3", "destinations", id="destinations", help="Where mail waits.")
    def go_destinations(self) -> None:
        """Go to the destinations."""
        self.console.action_tab("destinations")

    @action("4", "events", id="events", help="What happens, as it happens.")
    def go_events(self) -> None:
        """Go to the events."""
        self.console.action_tab("events")

    @action("p", "pause", help="Freeze what is shown; the first line goes on.", rank=80)
    def pause(self) -> None:
        """Freeze or go on."""
        self.console.paused = not self.console.paused
        self.paint_all()

    @action("r", "refresh", help="Read everything on this screen now.")
    def refresh_now(self) -> None:
        """Read now."""
        self.console.poke()

    @action("ctrl+r", "reconnect", help="Try now to reach an engine that does not answer.")
    def reconnect(self) -> None:
        """Try now."""
        self.console.reconnect()

    @action("q,escape", "back", help="Back: to where you came from; at the root, leave.", rank=95)
    async def back(self) -> None:
        """Leave what is on top; at the root ask whether to quit."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            await self.console.leave()

    @action("ctrl+q", "quit", help="Leave the console.", priority=True)
    async def quit(self) -> None:
        """Leave the console."""
        await self.console.leave()
