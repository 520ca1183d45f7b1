"""The doors at which a running engine is asked: opened together, closed with it.

The control socket is for operators.  At the monitor's socket, where the config names one, others
may look; and figures are read over TCP on loopback where it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

from empath.config.model import Config
from empath.config.sockets import SOCKET_NAME, user_id
from empath.control.metrics_door import MetricsDoor, MetricsServer
from empath.control.operator import LocalLink
from empath.control.server import ControlServer, own_users


def control_socket(config: Config) -> Path:
    """Where the engine with this config answers its operator."""
    return config.spool.path / SOCKET_NAME


def _uids(names: Iterable[str]) -> set[int]:
    """The users of these names.  One who is gone since the config was read is not answered."""
    return {uid for uid in map(user_id, names) if uid is not None}


async def open_doors(
    link: LocalLink, figures: MetricsDoor, config: Config, parts: AsyncExitStack
) -> tuple[str, ...]:
    """Open all of them; *parts* closes them.  Where others than the control socket are, in words.

    Raises `SocketUnusable`, `MetricsRefused`.
    """
    control = ControlServer(link, control_socket(config), metrics=figures)
    await control.open()
    parts.push_async_callback(control.close)
    others = []
    if config.monitor.socket is not None:
        named = await asyncio.to_thread(_uids, config.monitor.users)
        monitor = ControlServer(
            link,
            config.monitor.socket,
            read_only=True,
            users=own_users() | named,
            metrics=figures,
        )
        await monitor.open()
        parts.push_async_callback(monitor.close)
        others.append(f"monitors are answered at {monitor.path}")
    if config.metrics.bind is not None:
        served = MetricsServer(figures, config.metrics.bind)
        await served.open()
        parts.push_async_callback(served.close)
        others.append(f"metrics at http://{served.address}/metrics")
    return tuple(others)
