"""Keys one by one: the next is looked at when all that the one before it did has been done.

Textual gives every key of one read to whatever has the focus as it is read, and runs bindings
later, so that of ``:queue`` all but the colon would go to the screen below.  `TypeAhead` keeps
the keys behind one that is under way, until each `Fence` sent after it has come back and what the
next key would act on has been read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.message import Message

PATIENCE: Final = 1.0
"""Seconds that a key may take, and the reading it leads to, before those behind it are no longer
kept back.
"""

KEPT: Final = 4096
"""Most keys and pastes that wait; what is typed beyond them is lost."""

GENERATIONS: Final = 4
"""Fences that come back one after another with the focus in one place before a key counts as
handled: each waits for what was posted while the one before it was on its way.  Enter in a filter's
field posts that it was pressed, that is posted on as a filter to use, that moves the focus, and
that is done by the app in its turn.
"""

_LOOK: Final = 0.02
"""Seconds between two looks whether the fence's way back is gone, or what is read has come."""


class Fence(Message):
    """Goes the way of a key, and is back at the app when that key has been handled."""

    def __init__(self) -> None:
        super().__init__()
        self.back = asyncio.Event()


class TypeAhead(App[int]):
    """An app that nothing typed ahead escapes."""

    _under_way = False

    def __init__(self, *, driver_class: type) -> None:
        super().__init__(driver_class=driver_class)
        self.patience = PATIENCE
        self._waiting: deque[events.Event] = deque()

    @property
    def reading(self) -> bool:
        """What the next key would act on is on its way from the engine."""
        return False

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes in their turn, all else at once."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        if self._under_way:
            if len(self._waiting) < KEPT:
                self._waiting.append(event)
            return
        self._under_way = True
        await super().on_event(event)
        self.run_worker(self._go_on(), name="keys", group="keys")

    def on_fence(self, event: Fence) -> None:
        """It is back."""
        event.stop()
        event.back.set()

    async def _go_on(self) -> None:
        try:
            await self._settled()
            answers = await self._read()
            while self._waiting and self.is_running and self.screen_stack:
                await super().on_event(self._waiting.popleft())
                await self._settled()
                # Who did not answer one key is not waited for again by each of those behind it.
                answers = answers and await self._read()
        finally:
            self._under_way = False

    async def _read(self) -> bool:
        """Until what was asked for is here; false when it did not come in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        while self.is_running and self.screen_stack and self.reading:
            if loop.time() >= end:
                return False
            await asyncio.sleep(_LOOK)
        return True

    async def _settled(self) -> None:
        """Until fences come back and the focus is where it was when the first one was sent."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        sent_to, sent = None, 0
        while self.is_running and self.screen_stack and loop.time() < end:
            screen = self.screen
            target = self.focused or screen
            if target is not sent_to:
                sent_to, sent = target, 0
            elif sent >= GENERATIONS:
                return
            sent += 1
            fence = Fence()
            target.post_message(fence)
            while not fence.back.is_set() and loop.time() < end:
                try:
                    async with asyncio.timeout(_LOOK):
                        await fence.back.wait()
                except TimeoutError:
                    if self.screen is not screen or not target.is_attached:
                        break
