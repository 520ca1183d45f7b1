"""What was done in this session: every change with its time, its result and its `empathctl` line.

Plain Python, bounded.  A change is written down when it begins, so that one whose answer never
came is seen as well.  Its lines are those of the requests that were sent for it; what the screen
says while it runs becomes its result, and the end of its job, where it has one, the last word.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, final

from empath.control.link import Changed, JobItem, Request
from tui.connection import changes_something
from tui.equivalent import line_of

KEPT: Final = 1000
"""Changes that are remembered."""


@final
@dataclass(slots=True)
class Done:
    """One change."""

    at: float
    title: str
    commands: list[str] = field(default_factory=list)
    """The `empathctl` lines that ask for what was asked for, in order."""
    job: str = ""
    """What runs it, or is ended by it, from now on."""
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

    def asking(self, request: Request[Any], at: float) -> None:
        """A request is being sent for it: the time of a change is that at which it is made."""
        if changes_something(request):
            self.at = at
            line = line_of(request)
            self.commands += [line] if line else []

    def answered(self, reply: object) -> None:
        """The engine has answered one."""
        if isinstance(reply, Changed) and reply.job:
            self.job = reply.job
        elif isinstance(reply, JobItem):
            self.job = reply.id


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

    def begin(self, at: float, title: str) -> Done:
        """A change begins."""
        done = Done(at, title)
        self._done.append(done)
        return done

    def over(self, job: str, result: str, role: str) -> None:
        """A job has come to its end: that is the result of what was done through it."""
        for done in self._done:
            if done.job == job:
                done.result, done.role = result, role

    @property
    def commands(self) -> str:
        """The changes that were made, as lines for a shell."""
        made = (done for done in self._done if done.role == "good")
        return "".join(f"{line}\n" for done in made for line in done.commands)
