"""Textual's terminal driver, except that a terminal which stops reading stops nobody.

Textual queues 30 frames and then blocks its event loop in `put` until the terminal reads
again (CONSOLE.md, fact B).  Here a thread of our own writes, with at most `LIMIT` octets
waiting.  What does not fit is dropped whole, never half a sequence; when the terminal has
read everything again, the app is asked to paint itself from nothing.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, final

from textual.drivers.linux_driver import LinuxDriver

LIMIT: Final = 128 * 1024
"""Octets that may wait for the terminal; a full frame at 200x60 has about 60 kB."""

_SMALL: Final = 64
"""Mode switches are at most this long, and are kept up to twice the limit."""

_END_SYNC: Final = b"\x1b[?2026l"
_FAREWELL: Final = 0.3
"""Seconds that the end of the program waits for the terminal to take its last sequences."""


@final
class Pump(threading.Thread):
    """Writes octets to a terminal; `offer` never blocks.

    *recovered* is called on this thread when everything has been written after something had
    to be dropped.  The thread is a daemon: a dead terminal cannot keep the process alive.
    """

    def __init__(self, fd: int, recovered: Callable[[], None], limit: int = LIMIT) -> None:
        super().__init__(name="terminal", daemon=True)
        self._fd = fd
        self._recovered = recovered
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._octets = 0
        self._lossy = False
        self._closing = False
        self._changed = threading.Condition()
        self.dropped = 0
        """Writes that were dropped."""

    def __repr__(self) -> str:
        return f"<Pump waiting={self._octets} dropped={self.dropped}>"

    def offer(self, data: bytes) -> bool:
        """Queue *data* whole, or drop it and say False."""
        with self._changed:
            room = self._limit if len(data) > _SMALL else 2 * self._limit
            # After a drop everything big is dropped until the terminal has caught up:
            # frames build on each other, and a full paint follows anyway.
            if (self._lossy and len(data) > _SMALL) or self._octets + len(data) > room:
                self._lossy = True
                self.dropped += 1
                return False
            self._waiting.append(data)
            self._octets += len(data)
            self._changed.notify()
            return True

    def run(self) -> None:
        """Write until closed or until the terminal is gone."""
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closing:
                        return
                    if self._lossy:
                        self._lossy = False
                        self._waiting.append(_END_SYNC)
                        self._octets += len(_END_SYNC)
                        self._recovered()
                        break
                    self._changed.wait()
                data = self._waiting.popleft()
            if not self._write(data):
                return
            with self._changed:
                self._octets -= len(data)

    def _write(self, data: bytes) -> bool:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                # Somebody who shares the terminal has made it non-blocking.
                select.select([], [self._fd], [], 1.0)
            except OSError:
                return False
        return True

    def finish(self, patience: float = _FAREWELL) -> None:
        """Write what waits, for at most *patience* seconds, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self.join(patience)


@final
class DroppingDriver(LinuxDriver):
    """The driver of the console: its output goes through a `Pump`."""

    _pump: Pump | None = None

    def start_application_mode(self) -> None:
        """Take the terminal."""
        assert self._file is not None
        self._pump = Pump(self._file.fileno(), self._ask_for_paint)
        self._pump.start()
        super().start_application_mode()  # type: ignore[no-untyped-call] # Textual leaves it bare

    def write(self, data: str) -> None:
        """Send *data* to the terminal, or drop it when the terminal does not read."""
        if self._pump is not None:
            self._pump.offer(data.encode("utf-8", "replace"))

    def close(self) -> None:
        """Give the last sequences a moment, then let go."""
        super().close()
        if self._pump is not None:
            self._pump.finish()

    @property
    def dropped(self) -> int:
        """Frames dropped so far."""
        return 0 if self._pump is None else self._pump.dropped

    def _ask_for_paint(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._paint)

    def _paint(self) -> None:
        self._app.refresh(layout=False)
