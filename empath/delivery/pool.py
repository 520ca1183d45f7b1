"""Connections that stand idle, kept a little while for the next message to the same server.

A connection is only reused for what it was opened for: the same host and port, the same need
for encryption, the same user, and not one the DNS named for one an operator fixed.  One that
spoke or closed meanwhile is dropped on the way out.  Each is closed when its time is up; one
timer serves all.  Nothing here waits.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, final

from empath.delivery.transport import Connection
from empath.policy.tls import Need


class Key(NamedTuple):
    """What two messages must agree on to use the same connection."""

    host: str
    port: int
    need: Need
    username: str
    fixed: bool
    """The operator named the host: its addresses were not filtered."""


@final
class Pool:
    """Idle connections by key; the one used last goes first, so that the others can end."""

    def __init__(self) -> None:
        self._idle: dict[Key, list[tuple[Connection, float]]] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Pool idle={self._count} servers={len(self._idle)}>"

    def __len__(self) -> int:
        return self._count

    def take(self, key: Key) -> Connection | None:
        """An idle connection that still stands, which is the caller's from now on."""
        idle = self._idle.get(key)
        if idle is None:
            return None
        found = None
        while idle and found is None:
            connection, _ = idle.pop()
            self._count -= 1
            found = connection if connection.usable else None
        if not idle:
            del self._idle[key]
        return found

    def put(self, key: Key, connection: Connection) -> None:
        """Keep *connection* for its settings' idle time, or end it if it has served enough."""
        settings = connection.settings
        if not connection.usable:
            return
        if connection.messages >= settings.messages_per_connection or not settings.idle_timeout:
            connection.quit()
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + settings.idle_timeout
        self._idle.setdefault(key, []).append((connection, ends))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_at(ends, self._sweep)

    def close(self) -> None:
        """End all that stand idle."""
        for idle in self._idle.values():
            for connection, _ in idle:
                connection.quit()
        self._idle.clear()
        self._count = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time() + 0.001
        for key, idle in list(self._idle.items()):
            kept = [(each, ends) for each, ends in idle if ends > now and each.usable]
            for connection, ends in idle:
                if ends <= now:
                    connection.quit()
            self._count -= len(idle) - len(kept)
            if kept:
                self._idle[key] = kept
            else:
                del self._idle[key]
        if self._idle:
            soonest = min(ends for idle in self._idle.values() for _, ends in idle)
            self._timer = loop.call_at(soonest, self._sweep)
