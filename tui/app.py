"""The console: one app, its screens by digit, the feed that keeps the store, the tick that paints.

It knows the engine only through the `Link` it is given.  Nothing here blocks: the link is asked in
one worker, painting is coalesced, and the driver drops frames that the terminal does not take.
The console never ends because the engine does, or by a fault of its own (`tui.guard`).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen

from empath.clock import Clock, SystemClock
from empath.control.link import Link, LinkLost, Request, RequestRefused, StopEngine
from tui.actions import ACTIONS
from tui.command_log import DOING
from tui.connection import Phase
from tui.driver import DroppingDriver
from tui.feed import Feed, Pace
from tui.keymap import Keymap
from tui.replay import Tape
from tui.screens.base import ConsoleScreen
from tui.screens.config import ConfigScreen
from tui.screens.destinations import DestinationsScreen
from tui.screens.dialogs import LeaveDialog, TooSmall
from tui.screens.events import EventsScreen
from tui.screens.inbox import InboxScreen
from tui.screens.message import MessageScreen
from tui.screens.overview import OverviewScreen
from tui.screens.queue import QueueScreen
from tui.screens.replaying import Replaying
from tui.settings import Settings
from tui.shell import Shell
from tui.store import Store
from tui.undoing import watch_jobs

R = TypeVar("R")

TICK = 1.0
"""Seconds between two paintings of the bars."""
LEAST_WIDTH, LEAST_HEIGHT = 60, 18
"""A smaller terminal is told so instead of being painted on."""


class Console(Shell):
    """The operator's console."""

    CSS_PATH = Path(__file__).with_name("empath.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "empath"
    MODES: ClassVar[dict[str, type[Screen[None]]]] = {  # type: ignore[assignment] # Textual names a wider type
        "overview": OverviewScreen,
        "queue": QueueScreen,
        "destinations": DestinationsScreen,
        "events": EventsScreen,
        "config": ConfigScreen,
        "inbox": InboxScreen,
    }
    DEFAULT_MODE = "overview"
    DETAILS: ClassVar[tuple[type[Screen[None]], ...]] = (MessageScreen,)
    """Screens that open out of others."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", "quit", show=False, priority=True),
        *[
            Binding(act.key, f"replay('{act.id}')", act.title, show=False, priority=True, id=act.id)
            for act in ACTIONS.of(Replaying.SCOPE)
        ],
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
        state: Path | None = None,
        theme: str = "",
        unicode: bool = True,
        keymap: Keymap | None = None,
        faults: Sequence[str] = (),
        replay: Tape | None = None,
    ) -> None:
        """*child* says that quitting may stop the relay: the console was started with it.

        *settings* are kept in *settings_file* when they change; without one they end with us.
        Copies and pictures go to the folder *state*.  *faults* are told once it runs.  *replay* is
        the tape that *link* plays, whose clock then is that of all that is shown.
        """
        settings = settings or Settings()
        coloured = not os.environ.get("NO_COLOR") if coloured is None else coloured
        super().__init__(
            settings=settings,
            settings_file=settings_file,
            state=state,
            theme=theme or ("dark" if coloured else "plain"),
            unicode=unicode,
            keymap=keymap or Keymap(settings.keymap),
            driver_class=DroppingDriver,
        )
        self.animation_level = "none"
        self.link = link
        self.clock = clock or SystemClock()
        self.child = child
        self.pace = pace or Pace(data=settings.interval)
        self.store = Store(replay or self.clock, rng=rng, read_only=read_only, replay=replay)
        self.paused = False
        self._faults = tuple(faults)
        self._paint_due = False
        self._phase = self.store.phase
        self.feed = Feed(
            link,
            self.store,
            replay or self.clock,
            fetch=self._fetch,
            changed=self.paint_soon,
            pace=self.pace,
        )

    async def on_mount(self) -> None:
        """Start the feed and the tick."""
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._loop_handler(number)
        self.run_worker(self._keep_fed(), name="feed")
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self._begun)

    def _begun(self) -> None:
        self.on_screen = True
        self.say_faults(self._faults)

    async def _keep_fed(self) -> None:
        while True:
            try:
                await self.feed.run()
            except Exception as fault:  # noqa: BLE001 - without a feed nothing is shown again
                self.meet(fault)
            await asyncio.sleep(TICK)

    def _loop_handler(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().add_signal_handler(number, self.exit, 0)

    async def on_unmount(self) -> None:
        """Let go of the engine."""
        await self.link.close()

    @property
    def front(self) -> ConsoleScreen | None:
        """The console screen in front, also while a dialog is over it."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ConsoleScreen):
                return screen
        return None

    @property
    def reading(self) -> bool:
        """The screen in front has no row yet that the next key could be about."""
        screen = self.front
        return (
            screen is not None
            and screen.is_current
            and screen.reading
            and not self.typing
            and not self.paused
            and self.store.phase is Phase.LIVE
        )

    @property
    def wall_time(self) -> float:
        """Seconds since the epoch."""
        return self.clock.now()

    # Painting.

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
        if not self.screen_stack:
            return  # it is being left
        self._mind_size()
        self._mind_phase()
        left = self.store.connection.stale_in(self.store.clock.monotonic())
        if 0.0 < left < TICK:
            self.set_timer(left + 0.01, self._mind_phase)
        screen = self.front
        if screen is not None and screen.is_current:
            screen.paint_bars()

    def _mind_phase(self) -> None:  # silence is no event
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

    # A recording.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of a recording are its own only while one is played and nothing is typed."""
        if action == "replay":
            return self.store.replay is not None and self.screen is self.front and not self.typing
        return super().check_action(action, parameters)

    def action_replay(self, id: str) -> None:
        """Pause, go on, or go faster."""
        if self.front is not None:
            self.front.perform_by_id(id)

    # The engine.

    async def _fetch(self) -> None:
        screen = self.front
        if screen is not None and screen.ready:
            try:
                await screen.fetch()
            except NoMatches:
                # One that was closed while its rows were on the way has no widgets for them.
                if screen is self.front:
                    raise
        if self.store.jobs.watched:
            await watch_jobs(self)

    async def ask(self, request: Request[R]) -> R:
        """Put a request to the engine, and write it down where it changes anything.  Raises
        `LinkLost`, `RequestRefused`.
        """
        self.feed.mind_phase(request)
        done = DOING.get()
        if done is None:
            return await self.feed.ask(request)
        done.asking(request, self.store.now)
        reply = await self.feed.ask(request)
        done.answered(reply)
        return reply

    def poke(self) -> None:
        """Read the data of the screen in front now."""
        self.feed.poke()

    def reconnect(self) -> None:
        """Try now to reach the engine."""
        self.feed.retry()

    def delay_update(self, delay: float = 0.001) -> None:
        """Paint another screen as soon as it can be: Textual waits 50 ms, for what our screens,
        which fill themselves before they are painted, have not to hide.
        """
        super().delay_update(delay)

    def action_tab(self, name: str) -> None:
        """Go to a screen by its name, to the root of its stack."""
        if isinstance(self.screen, TooSmall):
            return
        self.switch_mode(name)
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.poke()

    def show_queue(self, query: str) -> None:
        """Go to the queue, with this filter."""
        self.store.selection.clear()
        self.store.queue.reset(query=query)
        self.action_tab("queue")

    def show_destination(self, name: str) -> None:
        """Go to the destinations, with the cursor on this one."""
        self.store.places.seek(name)
        self.action_tab("destinations")

    def action_leave(self) -> None:
        """Leave, from anywhere."""
        self.run_worker(self.leave(meant=True), name="leave", exclusive=True, group="leave")

    def action_help_quit(self) -> None:
        """^C is no accident either: ask."""
        self.action_leave()

    async def leave(self, *, meant: bool = False) -> None:
        """Ask what leaving means, then do it; *meant* as in `LeaveDialog`."""
        if isinstance(self.screen, LeaveDialog):
            return
        running = bool(self.store.connection.pong) and not self.store.why_no_change()
        dialog = LeaveDialog(child=self.child, can_stop=running, meant=meant)
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
            if self.front is not None:
                self.front.flash(f"The relay was not stopped. {error}", "bad")
            return
        self.exit(0)
