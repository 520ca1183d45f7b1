"""How a screen acts: its bindings out of its actions, why one is off, doing it, telling of it.

An action's key, the `:` line and the palette all come to `perform_by_id`.  One that is off says
why; what it awaits may fail, and then the sentence is flashed; a change is written into the
session's log with what came of it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.screen import Screen

from empath.control.link import LinkLost, RequestRefused
from tui.actions import ACTIONS, Action, Danger
from tui.command_log import DOING, Done
from tui.safety import safe
from tui.settings import SettingsUnwritable
from tui.store import Store
from tui.theme import Styles
from tui.widgets.bars import FlashLine

if TYPE_CHECKING:
    from tui.app import Console

FLASH_SECONDS = 6.0


class Acting(Screen[None]):
    """Makes the bindings of a screen out of its actions, before Textual reads them."""

    SCOPE: ClassVar[str] = "global"

    def __init_subclass__(cls) -> None:
        bindings: list[BindingType] = list(ACTIONS.collect(cls.SCOPE, cls))
        cls.BINDINGS = bindings
        super().__init_subclass__()

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

    def paint_bars(self) -> None:
        """Paint what every screen has."""

    def flash(self, text: str, role: str = "good") -> None:
        """Say something for some seconds, above the keys of the screen that is in front by now."""
        done = DOING.get()
        if done is not None:
            done.result, done.role = text, role
        until = self.console.clock.monotonic() + FLASH_SECONDS
        for line in (self.console.front or self).query(FlashLine):
            line.flash(safe(text), role, until)
        if cell_len(text) > self.size.width - 4:
            self.notify(
                safe(text),
                severity="error" if role == "bad" else "warning",
                timeout=10,
                markup=False,
            )

    def why_off(self, act: Action) -> str:
        """Why an action cannot be done now; empty when it can."""
        return act.why_off(self) if act.why_off is not None else ""

    def action_perform(self, id: str) -> None:
        """What a key is bound to."""
        self.perform_by_id(id)

    def perform_by_id(self, id: str, argument: str = "") -> None:
        """Do an action, with what it takes if that is given, or say why it is off."""
        act = ACTIONS.get(id)
        if reason := self.why_off(act):
            self.flash(reason, "warn")
            return
        if act.needs and not argument:
            self.console.open_command(f"{act.names[0]} ")
            return
        if id.endswith(".back") and self.maximized is not None:
            self.minimize()
            return
        done = None
        if act.danger is not Danger.SAFE:
            done = self.console.command_log.begin(self.store.now, act.title)
        token = DOING.set(done)
        try:
            waiting = act.run(self, argument) if argument else act.run(self)
        except Exception as fault:  # noqa: BLE001 - here it is still known which change it ends
            self.console.meet(fault)
            return
        finally:
            DOING.reset(token)
        if waiting is not None:
            # Of the console: who leaves the screen does not leave the change without its end.
            self.console.run_worker(self._finish(waiting, done), name=act.id)
        elif done is not None:
            done.ended = True

    async def _finish(self, waiting: Awaitable[None], done: Done | None) -> None:
        DOING.set(done)  # of this worker's context only
        try:
            await waiting
        except (LinkLost, RequestRefused, SettingsUnwritable) as error:
            self.flash(str(error), "bad")
        finally:
            if done is not None:
                done.ended = True
        if self.is_attached:
            self.paint_bars()
