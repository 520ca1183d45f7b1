"""What all clients share: the spool, the config, the stream of events, the clock and the tasks.

The reception makes one desk; each connection and each intake works at it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.envelope import MessageId
from empath.events import TaskFailed
from empath.safe_text import safe_text
from empath.spool.face import Spool

Spawn = Callable[[Coroutine[Any, Any, None]], object]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every client's intake works with."""

    spool: Spool
    config: Callable[[], Config]
    bus: Bus
    clock: Clock
    spawn: Spawn
    """Start a coroutine in the TaskGroup of the reception."""
    commits: set[asyncio.Future[MessageId]] = field(default_factory=set)
    """Messages that the spool has the word for, and nobody has been told of yet."""

    def failed(self, task: str, error: Exception) -> None:
        """Publish a bug that *task* met."""
        sentence = safe_text(f"{type(error).__name__}: {error}")
        self.bus.publish(TaskFailed(self.clock.now(), task, sentence))
