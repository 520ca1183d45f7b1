"""Connections that may take the next message: idle ones, and those that wait for replies only.

No more connections to one server stand than `delivery.connections_per_host`; beyond that an
attempt waits until it may speak on one of them.
A connection is only reused for what it was opened for: the same host and port, from the same
address, the same need for encryption, login and trust, and not one the DNS named for one an
operator fixed.  One that spoke or closed meanwhile is dropped on the way out.  Each is closed
when its time is up; one timer serves all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from pathlib import Path
from typing import NamedTuple, final

from empath.config.units import Secret
from empath.delivery.transport import Connection
from empath.policy.tls import Need
from empath.smtp.lines import limit


class Key(NamedTuple):
    """What two messages must agree on to use the same connection."""

    host: str
    port: int
    need: Need
    username: str
    fixed: bool
    """The operator named the host: its addresses were not filtered."""
    sources: tuple[str | None, str | None] = (None, None)
    """The addresses of this machine it comes from; None where the system chooses."""
    password: Secret = Secret("")
    trust: Path | None = None
    """The authorities that vouched for its certificate, where not the system's."""


@final
class Pool:
    """Connections by key; the one used last goes first, so that the others can end."""

    def __init__(self) -> None:
        self._idle: dict[Key, dict[Connection, float]] = {}
        self._open: dict[Key, int] = {}
        self._waiting: dict[Key, deque[asyncio.Future[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Pool idle={len(self)} servers={len(self._idle)}>"

    def __len__(self) -> int:
        return sum(map(len, self._idle.values()))

    def take(self, key: Key) -> Connection | None:
        """A connection that still stands and is the caller's to speak on from now on.

        An idle one where there is one; else the one with the fewest messages on their way, of
        which there are at most `delivery.in_flight`.
        """
        idle = self._idle.get(key)
        if idle is None:
            return None
        found, least = None, 0
        for connection in [*reversed(idle)]:
            if not connection.usable:
                del idle[connection]
                continue
            flying = connection.flying
            if found is None or flying < least:
                found, least = connection, flying
            if not flying:
                break
        if found is not None and least and least >= found.settings.in_flight:
            found = None
        if found is not None:
            del idle[found]
            found.speaking = True
        if not idle:
            del self._idle[key]
        return found

    def put(self, key: Key, connection: Connection) -> None:
        """Keep *connection* for its settings' idle time, or end it if it has served enough.

        Does nothing while somebody speaks on it: he will put it back himself.
        """
        settings = connection.settings
        if not connection.usable or connection.speaking:
            return
        most = limit(connection.extensions, "MAILMAX") or settings.messages_per_connection
        served = connection.messages >= min(most, settings.messages_per_connection)
        idle = self._idle.setdefault(key, {})
        idle.pop(connection, None)
        if served or not settings.idle_timeout:
            if not idle:
                del self._idle[key]
            connection.quit()
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + settings.idle_timeout
        idle[connection] = ends
        self._wake(key)
        if self._timer is None:
            self._timer = loop.call_at(ends, self._sweep)

    def reserve(self, key: Key, most: int) -> bool:
        """Whether one more connection may be opened; if so, `adopt` or `release` must follow."""
        count = self._open.get(key, 0)
        if count >= most:
            return False
        self._open[key] = count + 1
        return True

    def adopt(self, key: Key, connection: Connection) -> None:
        """*connection* stands: its place is free again when it ends."""
        connection.ended = partial(self.release, key)
        if not connection.standing:
            connection.ended = None
            self.release(key)

    def release(self, key: Key) -> None:
        """A connection ended, or was not had; another may be opened in its place."""
        count = self._open.pop(key) - 1
        if count:
            self._open[key] = count
        self._wake(key)

    async def turn(self, key: Key, seconds: float) -> bool:
        """Wait until a connection may be taken or opened; False after *seconds*."""
        waiting = self._waiting.setdefault(key, deque())
        future = asyncio.get_running_loop().create_future()
        waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except BaseException as error:
            if future.done() and not future.cancelled():
                self._wake(key)  # It was called and cannot come: the next one is.
            if not isinstance(error, TimeoutError):
                raise
            return False
        finally:
            if future in waiting:
                waiting.remove(future)
            if not waiting and self._waiting.get(key) is waiting:
                # Not a queue that others have begun since: they would never be called.
                del self._waiting[key]
        return True

    def _wake(self, key: Key) -> None:
        waiting = self._waiting.get(key)
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(None)
                return

    def close(self) -> None:
        """End all that nobody speaks on."""
        for idle in self._idle.values():
            for connection in idle:
                connection.quit()
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time() + 0.001
        for key, idle in list(self._idle.items()):
            for connection, ends in list(idle.items()):
                if not connection.usable:
                    del idle[connection]
                elif ends <= now and connection.flying:
                    idle[connection] = now + connection.settings.idle_timeout
                elif ends <= now:
                    del idle[connection]
                    connection.quit()
            if not idle:
                del self._idle[key]
        if self._idle:
            soonest = min(ends for idle in self._idle.values() for ends in idle.values())
            self._timer = loop.call_at(soonest, self._sweep)
