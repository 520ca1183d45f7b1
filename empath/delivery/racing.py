"""Connects to the first of several addresses that answers (RFC 8305 5).

The addresses are tried in their order, the next one when the one before failed or has not
answered within `DELAY`; the first connection is kept and all others are closed.  A single
address costs no task.  Nobody is spoken to here: a server that takes the connection and then
refuses the session has won, and the caller comes back with the addresses that are left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.delivery.dialling import Refused, Server
from empath.delivery.transport import Connection

DELAY: Final = 0.25
"""Seconds before the next address is tried beside the one before (RFC 8305 5: recommended)."""


class Race(NamedTuple):
    """How it ended."""

    server: Server | None
    """Whose connection it is; None if nobody took one."""
    connection: Connection | None
    refused: dict[Server, Refused]
    """Those that failed, in the order in which they did."""


async def race(servers: Sequence[Server], *, implicit: bool, delay: float = DELAY) -> Race:
    """A connection to one of *servers*, with TLS from the first octet if *implicit*."""
    if len(servers) == 1:
        [server] = servers
        only = await server.dial(implicit=implicit)
        if isinstance(only, Connection):
            return Race(server, only, {})
        return Race(None, None, {server: only})
    running: _Running = {}
    ended = Race(None, None, {})
    try:
        async with asyncio.TaskGroup() as group:
            ended = await _first(group, running, servers, implicit=implicit, delay=delay)
            for task in running:
                task.cancel()
    except BaseException:
        if ended.connection is not None:
            ended.connection.abort()
        raise
    finally:
        for task in running:
            _close_late(task)
    return ended


_Running = dict[asyncio.Task[Connection | Refused], Server]


async def _first(
    group: asyncio.TaskGroup,
    running: _Running,
    servers: Sequence[Server],
    *,
    implicit: bool,
    delay: float,
) -> Race:
    """The race until there is a connection or nobody is left; the losers are still *running*."""
    refused: dict[Server, Refused] = {}
    left = deque(servers)
    while left or running:
        if left:
            server = left.popleft()
            running[group.create_task(server.dial(implicit=implicit))] = server
        ended, _ = await asyncio.wait(
            running, timeout=delay if left else None, return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            result = task.result()
            if isinstance(result, Connection):
                return Race(running.pop(task), result, refused)
            refused[running.pop(task)] = result
    return Race(None, None, refused)


def _close_late(task: asyncio.Task[Connection | Refused]) -> None:
    """Close what *task* connected before it heard that it was no longer needed."""
    if task.done() and not task.cancelled() and task.exception() is None:
        late = task.result()
        if isinstance(late, Connection):
            late.abort()
