"""Events to standard error, a line each, without ever holding up the engine.

Lines are made in the loop and written by a thread of the journal's own, because the
terminal or pipe behind standard error may stop reading, and because making that file
non-blocking would change it for every process that shares it.  When the thread is stuck the
newest lines are dropped and counted, and the count is logged once it writes again.
While a console holds the terminal the journal is hushed, if it writes to a terminal.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from empath.clock import Clock
from empath.config.model import Log, LogFormat, LogLevel
from empath.events import Event, SpoolFault
from empath.observe.lines import RANK, json_line, json_sentence, level_of, text_line, text_sentence

WAITING: Final = 10_000
"""Most lines that wait to be written."""
REPEATED_EVERY: Final = 60.0
"""Seconds between two lines about the same fault of the spool."""
_SENTENCES: Final = 100
"""Most different faults that are remembered."""
_BATCH_PAUSE: Final = 0.02
"""Seconds between two writes: under load one write takes many lines."""


class Journal:
    """Writes events; `start`, then call it with each event, then `close`."""

    def __init__(self, settings: Callable[[], Log], *, clock: Clock, descriptor: int = 2) -> None:
        """Write to *descriptor*, which stays open and as it is."""
        self._settings = settings
        self._clock = clock
        self._descriptor = descriptor
        self._format = settings().format
        self._waiting: deque[str] = deque()
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._hushed = False
        self._dropped = 0
        self._faults: dict[str, tuple[float, int]] = {}
        """By sentence: when it was last logged, and how often it came since."""
        self.unwritten = 0
        """Lines that were never written, because nobody read or a console had the terminal."""

    def __repr__(self) -> str:
        return f"<Journal waiting={len(self._waiting)} unwritten={self.unwritten}>"

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Log one event, if it is important enough; returns at once."""
        level = self._settings().level
        if RANK[level_of(event)] < RANK[level]:
            return
        if self._hushed:
            self.unwritten += 1
            return
        if isinstance(event, SpoolFault):
            counted = self._counted(event)
            if counted is None:
                return
            event = counted
        if self._format is LogFormat.JSON:
            self._queue(json_line(event))
        else:
            self._queue(text_line(event, transcript=level is LogLevel.DEBUG))

    def _counted(self, fault: SpoolFault) -> SpoolFault | None:
        """What to log of a fault: a full disk fails hundreds of writes in the same words."""
        said_at, more = self._faults.get(fault.sentence, (None, 0))
        if said_at is not None and 0 <= fault.at - said_at < REPEATED_EVERY:
            self._faults[fault.sentence] = said_at, more + 1
            return None
        if len(self._faults) >= _SENTENCES:
            self._faults.clear()
        self._faults[fault.sentence] = fault.at, 0
        if not more:
            return fault
        return SpoolFault(
            at=fault.at, sentence=f"{fault.sentence} ({more + 1} times since it was last logged)"
        )

    def say(self, sentence: str, level: LogLevel = LogLevel.INFO) -> None:
        """Log a sentence that is no event, such as how to stop."""
        if self._hushed or RANK[level] < RANK[self._settings().level]:
            return
        self._queue(self._sentence(sentence, level))

    def hush(self) -> None:
        """A console holds the terminal now: write nothing to it."""
        self._hushed = os.isatty(self._descriptor)

    def speak(self) -> None:
        """The terminal is ours again."""
        self._hushed = False

    def close(self, patience: float = 1.0) -> None:
        """Write what waits, for at most *patience* seconds."""
        self._closing.set()
        self._ready.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _sentence(self, sentence: str, level: LogLevel) -> str:
        write = json_sentence if self._format is LogFormat.JSON else text_sentence
        return write(self._clock.now(), level, sentence)

    def _queue(self, line: str) -> None:
        if len(self._waiting) >= WAITING:
            self._dropped += 1
            self.unwritten += 1
            return
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            sentence = f"{dropped} log lines were dropped: nobody read standard error"
            self._waiting.append(self._sentence(sentence, LogLevel.WARNING))
        self._waiting.append(line)
        if not self._ready.is_set():
            self._ready.set()

    def _write(self) -> None:
        """The thread: take all that waits, write it, pause."""
        while True:
            self._ready.wait()
            self._ready.clear()
            closing = self._closing.is_set()
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if lines and not self._write_all("".join(f"{line}\n" for line in lines)):
                return
            if closing:
                return
            self._closing.wait(_BATCH_PAUSE)

    def _write_all(self, text: str) -> bool:
        """Write the lines; False when standard error is gone for good."""
        data = memoryview(text.encode())
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Another process made it non-blocking; a pause is all there is to do.
                if self._closing.wait(_BATCH_PAUSE):
                    return False
            except OSError:
                return False
        return True
