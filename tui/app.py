"""The console: one app, its screens by digit, the feed that keeps the store, the tick that paints.

It knows the engine only through the `Link` it is given.  Nothing here blocks: the link is
asked in one worker, painting is coalesced, and the driver drops frames that the terminal does
not take.  The console never ends because the engine does.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from empath.clock import Clock, SystemClock
from empath.control.link import Link, LinkLost, Request, RequestRefused, StopEngine
from tui.driver import DroppingDriver
from tui.feed import Feed, Pace
from tui.safety import ControlFilter
from tui.screens.base import ConsoleScreen
from tui.screens.destinations import DestinationsScreen
from tui.screens.dialogs import LeaveDialog, TooSmall
from tui.screens.events import EventsScreen
from tui.screens.overview import OverviewScreen
from tui.screens.queue import QueueScreen
from tui.settings import Settings, write_settings
from tui.store import Store
from tui.theme import COLOURED, EMPATH, PLAIN, Styles

R = TypeVar("R")

TICK = 1.0
"""Seconds between two paintings of the bars."""
LEAST_WIDTH, LEAST_HEIGHT = 60, 16
"""A smaller terminal is told so instead of being painted on."""


class Console(App[int]):
    """The operator's console."""

    CSS_PATH = Path(__file__).with_name("empath.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "empath"
    MODES: ClassVar[dict[str, type[Screen[None]]]] = {  # type: ignore[assignment] # Textual names a wider type
        "overview": OverviewScreen,
        "queue": QueueScreen,
        "destinations": DestinationsScreen,
        "events": EventsScreen,
    }
    DEFAULT_MODE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", "quit", show=False, priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it on the instance
        (0, "-tiny"),
        (80, "-narrow"),
        (100, "-normal"),
        (140, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - as above
        (0, "-low"),
        (30, "-high"),
        (48, "-tall"),
    ]

    def __init__(
        self,
        link: Link,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        child: bool = False,
        read_only: bool = False,
        pace: Pace | None = None,
        coloured: bool | None = None,
        settings: Settings | None = None,
        settings_file: Path | None = None,
    ) -> None:
        """*child* says that quitting may stop the relay: the console was started with it.

        *settings* are kept in *settings_file* when they change; without one they end with us.
        """
        self._line_filter = ControlFilter()
        super().__init__(driver_class=DroppingDriver)
        self.animation_level = "none"
        self.link = link
        self.clock = clock or SystemClock()
        self.child = child
        self.settings = settings or Settings()
        self._settings_file = settings_file
        self.pace = pace or Pace()
        self.store = Store(self.clock, rng=rng, read_only=read_only)
        coloured = not os.environ.get("NO_COLOR") if coloured is None else coloured
        self.styles_by_role: Styles = COLOURED if coloured else PLAIN
        self.register_theme(EMPATH)
        self.theme = "empath" if coloured else "ansi-dark"
        self.paused = False
        self._paint_due = False
        self._phase = self.store.phase
        self.feed = Feed(
            link,
            self.store,
            self.clock,
            fetch=self._fetch,
            changed=self.paint_soon,
            pace=self.pace,
        )

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every painted line passes the control filter, whatever widget made it."""
        return [*super().get_line_filters(), self._line_filter]

    async def on_mount(self) -> None:
        """Start the feed and the tick."""
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._loop_handler(number)
        self.run_worker(self.feed.run(), name="feed", exit_on_error=True)
        self.set_interval(TICK, self._tick)

    def _loop_handler(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().add_signal_handler(number, self.exit, 0)

    async def on_unmount(self) -> None:
        """Let go of the engine."""
        await self.link.close()

    # Painting.

    @property
    def front(self) -> ConsoleScreen | None:
        """The console screen in front, also while a dialog is over it."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ConsoleScreen):
                return screen
        return None

    def paint_soon(self) -> None:
        """Paint once, however often this is called in between."""
        if not self._paint_due and self.is_running:
            self._paint_due = True
            self.set_timer(0.02, self._paint)

    def _paint(self) -> None:
        self._paint_due = False
        screen = self.front
        if screen is not None and screen.is_current:
            screen.paint_all()

    def _tick(self) -> None:
        self._mind_size()
        self._mind_phase()
        left = self.store.connection.stale_in(self.store.clock.monotonic())
        if 0.0 < left < TICK:
            self.set_timer(left + 0.01, self._mind_phase)
        screen = self.front
        if screen is not None and screen.is_current:
            screen.paint_bars()

    def _mind_phase(self) -> None:
        """Silence is no event: dim what is shown when it has lasted too long."""
        phase = self.store.phase
        if phase is not self._phase:
            self._phase = phase
            self.paint_soon()

    def on_resize(self) -> None:
        """Say so when the terminal has become too small, and go on when it is large again."""
        self.call_after_refresh(self._mind_size)

    def _mind_size(self) -> None:
        small = self.size.width < LEAST_WIDTH or self.size.height < LEAST_HEIGHT
        showing = isinstance(self.screen, TooSmall)
        if small and not showing:
            self.push_screen(TooSmall(LEAST_WIDTH, LEAST_HEIGHT))
        elif showing and not small:
            self.pop_screen()

    # The engine.

    async def _fetch(self) -> None:
        screen = self.front
        if screen is not None and screen.ready:
            await screen.fetch()

    async def ask(self, request: Request[R]) -> R:
        """Put a request to the engine.  Raises `LinkLost`, `RequestRefused`."""
        return await self.feed.ask(request)

    def poke(self) -> None:
        """Read the data of the screen in front now."""
        self.feed.poke()

    def reconnect(self) -> None:
        """Try now to reach the engine."""
        self.feed.retry()

    async def keep_settings(self) -> None:
        """Write `settings` to their file, if there is one.  Raises `SettingsUnwritable`."""
        if self._settings_file is not None:
            await asyncio.to_thread(write_settings, self._settings_file, self.settings)

    # Where to.

    def action_tab(self, name: str) -> None:
        """Go to a screen by its name, to the root of its stack."""
        if isinstance(self.screen, TooSmall):
            return
        self.switch_mode(name)
        self.poke()

    def show_queue(self, query: str) -> None:
        """Go to the queue, with this filter."""
        self.store.selection.clear()
        self.store.queue.reset(query=query)
        self.switch_mode("queue")
        self.poke()

    def action_leave(self) -> None:
        """Leave, from anywhere."""
        self.run_worker(self.leave(), name="leave", exclusive=True, group="leave")

    def action_help_quit(self) -> None:
        """^C is no accident either: ask."""
        self.action_leave()

    async def leave(self) -> None:
        """Ask what leaving means, then do it."""
        if isinstance(self.screen, LeaveDialog):
            return
        running = bool(self.store.connection.pong) and not self.store.why_no_change()
        dialog = LeaveDialog(child=self.child, can_stop=running)
        self.push_screen(dialog, self._left)

    def _left(self, choice: str | None) -> None:
        match choice:
            case "stop":
                self.run_worker(self._stop_and_exit(), name="stop", exclusive=True)
            case "leave":
                self.exit(0)
            case _:
                pass

    async def _stop_and_exit(self) -> None:
        try:
            await self.ask(StopEngine())
        except (LinkLost, RequestRefused) as error:
            screen = self.front
            if screen is not None:
                screen.flash(f"The relay was not stopped. {error}", "bad")
            return
        self.exit(0)
