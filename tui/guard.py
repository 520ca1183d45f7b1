"""The one guard at the top: what goes wrong in a handler, an action, a timer or a worker is said.

Textual ends the app when one of these raises, prints a traceback with the values of all variables,
and whatever was dispatching the message takes no other.  Here the fault is one sentence, in the
status line and in the log of the session, and everything goes on.  Only a fault before the console
has been painted once ends it, with that sentence and no more.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from traceback import walk_tb
from typing import Any, Final

from rich.text import Text
from textual.app import App
from textual.dom import DOMNode
from textual.events import Event
from textual.message import Message
from textual.widget import Widget
from textual.worker import WorkerFailed

from tui.safety import safe

KEPT: Final = 20
"""Faults that are remembered."""
SAID_FOR: Final = 5.0
"""Seconds for which the same fault is not said again: one in painting comes with every frame."""

_OURS: Final = Path(__file__).parent


class Guarded(App[int]):
    """An app that no fault of its own ends once it is on screen."""

    def __init__(self, *, driver_class: type) -> None:
        super().__init__(driver_class=driver_class)
        self.met: list[Exception] = []
        """The first faults, for who looks for their cause."""
        self.on_screen = False
        """It has been painted: there is a line to say a fault in."""
        self._last_said = ("", 0.0)

    @abstractmethod
    def say_fault(self, sentence: str, *, again: bool) -> None:
        """Tell the operator of a fault; *again* says that he was told of it a moment ago."""

    # Where faults come from.

    async def on_event(self, event: Event) -> None:
        """Handle an event; that of a key may be an action's, whose fault is not the next key's."""
        await self._guard(super().on_event, event)

    async def _dispatch_message(self, message: Message) -> None:
        await self._guard(super()._dispatch_message, message)

    def _register(self, parent: DOMNode, *widgets: Widget, **where: Any) -> list[Widget]:
        # Every screen and widget comes by here.  A fault that reached its loop would end that.
        for widget in widgets:
            if "_dispatch_message" not in vars(widget):
                handle = partial(self._guard, widget._dispatch_message)  # noqa: SLF001 - there is no hook
                widget._dispatch_message = handle  # type: ignore[method-assign] # noqa: SLF001 - as above
        return super()._register(parent, *widgets, **where)

    async def _guard(self, handle: Callable[[Any], Awaitable[None]], message: Message) -> None:
        if not self.on_screen:
            await handle(message)
            return
        try:
            await handle(message)
        except Exception as fault:  # noqa: BLE001 - the top of all handlers: it is said, and goes on
            self._handle_exception(fault)

    # What becomes of them.

    def meet(self, fault: Exception) -> None:
        """A fault was caught: say it, and go on."""
        self._handle_exception(fault)

    def _handle_exception(self, error: Exception) -> None:
        """Say a fault, wherever Textual or the guard met it."""
        fault = error
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            fault = error.error
        if len(self.met) < KEPT:
            self.met.append(fault)
        sentence = sentence_of(fault)
        if not (self.on_screen and self._running):
            self._return_code = 1
            if self._exception is None:
                self._exception = fault
                self._exception_event.set()
            self.panic(Text(f"The console met a fault and cannot go on: {sentence}"))
            return
        now = asyncio.get_running_loop().time()
        before, at = self._last_said
        again = before == sentence and now - at < SAID_FOR
        if not again:
            self._last_said = (sentence, now)
        with suppress(Exception):  # the screen it would be said on may be what is broken
            self.say_fault(f"The console met a fault and goes on: {sentence}", again=again)


def sentence_of(fault: BaseException) -> str:
    """What went wrong and where in our own code: one line, without the values of variables."""
    where = ""
    for frame, line in walk_tb(fault.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_OURS) and path.name != Path(__file__).name:
            where = f" in {path.relative_to(_OURS.parent)}:{line}"
    said = " ".join(safe(str(fault), 200).split())
    return type(fault).__name__ + where + (f": {said}" if said else "")
