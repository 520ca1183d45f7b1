"""SIGHUP while the process starts: it takes a second to import everything, and must not die of it.

`await_loop` is the first thing a process does; until the event loop has a handler of its own, a
SIGHUP is remembered and nothing else.  Whoever takes the signal over then asks `came`.  A command
that is no engine gives it back its usual meaning with `as_usual`.  Only in the main thread.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

_came: list[int] = []
"""What is global here is what is global in the system: a process has one handler of a signal."""
_before: list[Any] = []


def await_loop() -> None:
    """From now on a SIGHUP is only remembered."""
    _before.append(signal.signal(signal.SIGHUP, _remember))


def came() -> bool:
    """Has one come that nobody saw to?  Asked once: it is seen to then."""
    found = bool(_came)
    _came.clear()
    return found


def as_usual() -> None:
    """Do with SIGHUP what the process was told to at its start, also with one that came."""
    if _before:
        signal.signal(signal.SIGHUP, _before.pop())
        if came():
            os.kill(os.getpid(), signal.SIGHUP)


def _remember(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
