"""What every screen of the console has: the bars, the global keys, a body, and how it acts.

A screen says what it needs from the engine (`fetch`) and paints from the store (`paint`);
the feed and the app's tick decide when.  Its actions are methods marked `@action`; how they
are done stands in `acting`, what can be done on every screen here and in `everywhere`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Input

from tui.actions import ACTIONS, action
from tui.figures import age
from tui.safety import safe
from tui.screens.everywhere import Everywhere
from tui.widgets.bars import FlashLine, KeyBar, Piece, TabBar
from tui.widgets.status_bar import StatusBar

TABS = (
    ("1", "Overview", "overview"),
    ("2", "Queue", "queue"),
    ("3", "Destinations", "destinations"),
    ("4", "Events", "events"),
    ("5", "Config", "config"),
    ("6", "Inbox", "inbox"),
)
"""Digit, title and name of the screens that a digit opens."""

BACK = "global.back"
UNREAD = "Not read yet: the engine has not answered."
"""Why a key is off whose message or destination is still on its way."""


def _why_no_inbox(screen: ConsoleScreen) -> str:
    if screen.store.catches_mail or screen.store.connection.pong is None:
        return ""  # of an engine that has not answered yet nothing is known
    return "No mail is captured: this engine delivers what it is sent."


def _keep_for_good() -> None:
    """A tab lives as long as the console's process: keys need not wait, up to 50 ms, while it is
    looked through for garbage again and again.
    """
    gc.collect()
    gc.freeze()


class ConsoleScreen(Everywhere):
    """A screen with status bar, tabs, body, flash line and keys."""

    TAB: ClassVar[str] = ""
    AUTO_FOCUS = ""
    ALLOW_IN_MAXIMIZED_VIEW = "StatusBar, FlashLine, KeyBar"

    _painted_in = ""
    """The theme it was painted in."""
    ready = False
    """The widgets are there: from now on the screen may be painted."""

    def compose(self) -> ComposeResult:
        """Bars above and below, the body between them."""
        styles = self.palette
        yield StatusBar(styles=styles)
        yield TabBar(TABS, styles=styles)
        with Container(id="body"):
            yield from self.body()
        yield FlashLine(styles=styles)
        yield KeyBar(self._clicked, styles=styles)

    def body(self) -> Iterable[Widget]:
        """The screen's own widgets."""
        return ()

    async def fetch(self) -> None:
        """Ask the engine for what this screen shows.  Raises `LinkLost`, `RequestRefused`."""

    @property
    def reading(self) -> bool:
        """What keys act on here is still on its way from the engine."""
        return False

    def why_none(self, sentence: str) -> str:
        """Why a key has nothing to act on: *sentence*, once that is known."""
        return UNREAD if self.reading else sentence

    def seek(self, text: str) -> None:
        """Go to what an operator named on the ``:`` line, such as a destination."""

    def paint(self) -> None:
        """Bring the screen's own widgets up to date with the store."""

    def crumbs(self) -> str:
        """The way to what is shown, such as ``Queue › state:deferred``."""
        return ""

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
        at, shown_at = self.store.clock.monotonic(), self.console.clock.monotonic()
        self.query_one(StatusBar).update_from(self.store)
        hidden = () if self.store.catches_mail else ("inbox",)
        self.query_one(TabBar).point(self.TAB, self.crumbs(), hidden)
        connection = self.store.connection
        pieces = self.standing()
        if connection.lost_at is not None:
            pieces = [
                (" ✖ ", "bad"),
                (safe(connection.sentence), "bad"),
                (f"  data is {age(at - connection.lost_at)} old · trying again · ^R now", "muted"),
            ]
        elif self.store.refused:
            pieces = [(" ▲ ", "warn"), (safe(self.store.refused), "warn")]
        elif self.console.paused:
            pieces = [(" ■ paused ", "warn"), ("p goes on", "muted")]
        self.query_one(FlashLine).stand(pieces, shown_at)
        help_key = self.console.shown_key(ACTIONS.get("global.help"), typing=self.typing)
        self.query_one(KeyBar).offer(self._keys(), ("global.help", help_key, "help"))

    def _keys(self) -> list[tuple[str, str, str, bool]]:
        """What can be done with a key now; one that would be text has none."""
        own = sorted((a for a in ACTIONS.of(self.SCOPE) if a.rank), key=lambda a: a.rank)
        if self.SCOPE != "global":
            own += sorted((a for a in ACTIONS.of("global") if a.rank), key=lambda a: a.rank)
        return [
            (
                act.id,
                shown,
                self._way_back(shown) if act.id == BACK else act.title,
                not self.why_off(act),
            )
            for act in own
            if (shown := self.console.shown_key(act, typing=self.typing))
        ]

    def _way_back(self, key: str) -> str:
        """What *key* leaves."""
        if self.typing and key == "esc":
            return "close" if isinstance(self.focused, Input) else "leave the text"
        return "quit" if len(self.app.screen_stack) == 1 else ACTIONS.get(BACK).title

    def _clicked(self, id: str) -> None:
        """A click on a key of the last line does what the key does."""
        if id == BACK and self.typing:
            self.app.simulate_key("escape")
        else:
            self.perform_by_id(id)

    def on_descendant_focus(self) -> None:
        """Other keys may be text now."""
        self.paint_bars()

    def on_mount(self) -> None:
        """Paint once the widgets have their sizes."""
        self.ready = True
        self.call_after_refresh(self.paint_all)
        if len(self.app.screen_stack) == 1 and not self.app.is_headless:
            self.call_after_refresh(_keep_for_good)

    def on_resize(self) -> None:
        """Everything may fit differently now."""
        self.call_after_refresh(self.paint_all)

    def on_screen_resume(self) -> None:
        """In front again: read the data of this screen and paint what is known."""
        if self._painted_in != self.console.theme_name:
            self._painted_in = self.console.theme_name
            for widget in self.walk_children():
                widget.refresh()
        self.console.poke()
        self.call_after_refresh(self.paint_all)

    # What works everywhere.

    @action(
        "question_mark,f1", "help", id="help", help="The keys of this screen.", category="console"
    )
    def show_help(self) -> None:
        """Show the keys of this screen."""
        self.console.open_keys(self.SCOPE)

    @action("1", "overview", id="overview", help="The engine at a glance.", category="go")
    def go_overview(self) -> None:
        """Go to the overview."""
        self.console.action_tab("overview")

    @action(
        "2",
        "queue",
        id="queue",
        help="The queue, message by message; :queue FILTER filters it.",
        category="go",
        takes="[FILTER]",
    )
    def go_queue(self, argument: str = "") -> None:
        """Go to the queue."""
        if argument:
            self.console.show_queue(argument)
        else:
            self.console.action_tab("queue")

    @action(
        "3",
        "destinations",
        id="destinations",
        help="Where mail waits; :dest NAME goes to one.",
        category="go",
        names=("destinations", "dest"),
        takes="[NAME]",
        values=lambda screen: screen.store.destination_names(),
    )
    def go_destinations(self, argument: str = "") -> None:
        """Go to the destinations."""
        if argument:
            self.console.show_destination(argument)
        else:
            self.console.action_tab("destinations")

    @action(
        "4",
        "events",
        id="events",
        help="What happens, as it happens; :events FILTER filters it.",
        category="go",
        takes="[FILTER]",
    )
    def go_events(self, argument: str = "") -> None:
        """Go to the events."""
        self.console.action_tab("events")
        if argument:
            self.console.seek(argument)

    @action(
        "5",
        "config",
        id="config",
        help="The config: what it says, drafts, its history; :config KEY goes to a setting.",
        category="go",
        takes="[KEY]",
    )
    def go_config(self, argument: str = "") -> None:
        """Go to the config."""
        self.console.action_tab("config")
        if argument:
            self.console.seek(argument)

    @action(
        "6",
        "inbox",
        id="inbox",
        help="Captured mail, in dev mode; :inbox TEXT searches it.",
        category="go",
        takes="[TEXT]",
        why_off=_why_no_inbox,
    )
    def go_inbox(self, argument: str = "") -> None:
        """Go to captured mail."""
        self.console.action_tab("inbox")
        if argument:
            self.console.seek(argument)

    @action(
        "p",
        "pause",
        help="Freeze what is shown; the first line goes on.",
        rank=80,
        category="console",
    )
    def pause(self) -> None:
        """Freeze or go on."""
        self.console.paused = not self.console.paused
        self.paint_all()

    @action(
        "r", "refresh", id="refresh", help="Read everything on this screen now.", category="console"
    )
    def refresh_now(self) -> None:
        """Read now."""
        self.console.poke()

    @action(
        "ctrl+r",
        "reconnect",
        help="Try now to reach an engine that does not answer.",
        category="console",
    )
    def reconnect(self) -> None:
        """Try now."""
        self.console.reconnect()

    @action(
        "q,escape",
        "back",
        help="Back: to where you came from; at the root, leave.",
        rank=95,
        category="go",
    )
    async def back(self) -> None:
        """Leave what is on top; at the root ask whether to quit."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            await self.console.leave()

    @action(
        "ctrl+q",
        "quit",
        help="Leave the console.",
        priority=True,
        category="console",
        names=("quit", "q"),
    )
    async def quit(self) -> None:
        """Leave the console."""
        await self.console.leave(meant=True)
