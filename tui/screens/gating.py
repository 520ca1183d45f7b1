"""What can be done to the destination under the cursor: breaker, rate, suspension, re-route.

The base of the screen that lists destinations.  Every change is asked about in a dialog that says
what it is about and what `empathctl` would do the same; trying now is asked for without one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from empath.control.link import FlushQueue, ProbeDestination, ShapeRow
from tui.actions import Danger, action
from tui.changes import CHANGES, outcome
from tui.gate_changes import VERBS, Values
from tui.places import domain
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.screens.gate_dialog import GateDialog


def why_no_row(screen: GatingScreen) -> str:
    """Why nothing can be done to a destination; empty when there is one."""
    if screen.chosen is not None:
        return ""
    return screen.why_none("There is no destination to act on.")


def _why_no_place(screen: GatingScreen) -> str:
    if screen.store.places.by != "destination":
        return "These are domains of senders: v goes back to destinations."
    return why_no_row(screen)


def _why_no_change(screen: GatingScreen) -> str:
    return screen.store.why_no_change() or _why_no_place(screen)


def _why(fault: Callable[[ShapeRow], str]) -> Callable[[GatingScreen], str]:
    """Off while nothing can be changed, and where *fault* says so of the row."""

    def why(screen: GatingScreen) -> str:
        if reason := _why_no_change(screen):
            return reason
        row = screen.chosen
        return "" if row is None else fault(row)

    return why


class GatingScreen(ConsoleScreen):
    """A screen with a destination under its cursor."""

    SCOPE: ClassVar[str] = "destinations"

    @property
    def chosen(self) -> ShapeRow | None:
        """The row under the cursor."""
        return None

    @action(
        "O",
        "open…",
        id="open",
        help="Open its breaker: leave it alone for a while, then probe it.",
        danger=Danger.CHANGES,
        rank=5,
        why_off=_why_no_change,
    )
    async def open_breaker(self) -> None:
        """Open its breaker."""
        await self._change("open")

    @action(
        "C",
        "close…",
        id="close",
        help="Close its breaker: let all mail through again.",
        danger=Danger.CHANGES,
        rank=6,
        why_off=_why(lambda row: "" if row.breaker else "Its breaker is closed."),
    )
    async def close_breaker(self) -> None:
        """Close its breaker."""
        await self._change("close")

    @action(
        "F,R",
        "flush",
        id="flush",
        help="Try now: make its mail due, and probe it where its breaker is open.",
        danger=Danger.CHANGES,
        rank=3,
        why_off=_why_no_change,
    )
    async def flush(self) -> None:
        """Make everything for the destination due now."""
        row = self.chosen
        assert row is not None
        name = domain(row.name)
        suspended = row.gate == "suspended"
        probed = ""
        if row.breaker == "open" and not suspended:
            await self.console.ask(ProbeDestination(destination=name))
            probed = "probe asked for · "
        changed = await self.console.ask(FlushQueue(destination=name))
        said = f"{probed}{outcome(CHANGES['retry'], changed)} for {name}"
        if suspended:
            said += "; it is suspended: nothing goes until U resumes it"
        self.say(said)

    @action(
        "L",
        "limit…",
        id="limit",
        help="Limit how many attempts a second it gets, for a while.",
        danger=Danger.CHANGES,
        rank=7,
        why_off=_why_no_change,
    )
    async def limit(self) -> None:
        """Limit its rate."""
        await self._change("limit")

    @action(
        "S",
        "suspend…",
        id="suspend",
        help="Send nothing there, for a while or until resumed.",
        danger=Danger.CHANGES,
        rank=4,
        why_off=_why_no_change,
    )
    async def suspend(self) -> None:
        """Suspend it."""
        await self._change("suspend")

    @action(
        "U",
        "end it…",
        id="end",
        help="End what was done to it: resume it, lift its limit, restore its route.",
        danger=Danger.CHANGES,
        rank=8,
        why_off=_why(lambda row: "" if row.gate else "It is not suspended, limited or re-routed."),
    )
    async def end(self) -> None:
        """End the suspension, else the limit, else the re-route."""
        await self._change(self.ending())

    def ending(self) -> str:
        """What would end what an operator did to the destination."""
        gate = self.chosen.gate if self.chosen is not None else ""
        if gate.startswith("limited"):
            return "lift"
        return "restore" if gate.startswith("re-routed") else "resume"

    @action(
        "T",
        "re-route…",
        id="reroute",
        help="Send its mail to other servers, for a while.",
        danger=Danger.CHANGES,
        why_off=_why_no_change,
    )
    async def reroute(self) -> None:
        """Re-route it."""
        await self._change("reroute")

    @action(
        "X",
        "reset…",
        id="reset",
        help="Forget its failures, and what its concurrency was reduced to.",
        danger=Danger.CHANGES,
        why_off=_why_no_change,
    )
    async def reset(self) -> None:
        """Forget its failures."""
        await self._change("reset")

    async def _change(self, name: str, values: Values | None = None) -> None:
        """Ask, do it, say what came of it."""
        row, verb = self.chosen, VERBS[name]
        assert row is not None
        request = await self.console.push_screen_wait(GateDialog(verb, row.name, values))
        if request is None:
            return
        await self.console.ask(request)
        self.say(f"{verb.done} {row.name}")

    def say(self, text: str) -> None:
        """What came of a change, and the rows as they are now."""
        self.flash(safe(text, 300))
        self.console.poke()
