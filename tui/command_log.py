"""What was done in this session: every change with its time, its result and its `empathctl` line.

Plain Python, bounded.  A change is written down when it begins, so that one whose answer never
came is seen as well; what the screen says while it runs becomes its result.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, final

KEPT: Final = 1000
"""Changes that are remembered."""


@final
@dataclass(slots=True)
class Done:
    """One change."""

    at: float
    title: str
    command: str
    """The `empathctl` line that does the same; empty when there is none."""
    result: str = ""
    role: str = "muted"
    """How it went, as the role of a colour: ``good``, ``bad``, ``warn``."""
    ended: bool = False

    @property
    def said(self) -> str:
        """Its result in words."""
        if self.result:
            return self.result
        return "not done: told not to" if self.ended else "under way …"


DOING: ContextVar[Done | None] = ContextVar("doing", default=None)
"""The change that the running task makes."""


@final
class CommandLog:
    """The changes of this session, oldest first."""

    def __init__(self) -> None:
        self._done: deque[Done] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._done)

    @property
    def items(self) -> tuple[Done, ...]:
        """All of them."""
        return tuple(self._done)

    def begin(self, at: float, title: str, command: str) -> Done:
        """A change begins."""
        done = Done(at, title, command)
        self._done.append(done)
        return done

    @property
    def commands(self) -> str:
        """The changes that were made, as lines for a shell."""
        return "".join(f"{done.command}\n" for done in self._done if done.role == "good")
