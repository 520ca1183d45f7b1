"""Figures and health, asked over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from empath.address import ServerId
from empath.control.link import GetStatus, RequestRefused
from empath.control.metrics_door import MetricsDoor, MetricsRefused, MetricsServer
from empath.control.server import ControlServer
from empath.observe.figures import Figures
from tests.fakes.operator_desk import Desk, desk
from tests.fakes.programs import free_port


class Facts:
    """What a door is told of the engine."""

    def __init__(self) -> None:
        self.min_free = 0
        self.stopping = False

    def door(self, engine: Desk) -> MetricsDoor:
        return MetricsDoor(
            engine.link,
            Figures(),
            min_free=lambda: self.min_free,
            stopping=lambda: self.stopping,
            breakers=lambda: Counter({"open": 2}),
        )


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Facts, Desk, str]]:
    """A door on a port of loopback."""
    facts = Facts()
    async with desk(folder) as engine:
        server = MetricsServer(facts.door(engine), ServerId(f"127.0.0.1:{free_port()}"))
        await server.open()
        try:
            yield facts, engine, f"http://{server.address}"
        finally:
            await server.close()
            assert "closed" in repr(server)


async def got(url: str, method: str = "GET") -> tuple[int, str]:
    """Status and text of one answer."""
    async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
        return answer.status, await answer.text()


async def test_metrics_are_served_over_tcp(tmp_path: Path) -> None:
    """Gauges are of this moment; nothing else is told, and nothing can be changed."""
    async with served(tmp_path) as (_, engine, base):
        await engine.accept("bob@example.net", "eve@example.net")
        status, text = await got(f"{base}/metrics")
        assert status == 200
        assert 'empath_queue_recipients{state="queued"} 2.0' in text
        assert "empath_queue_messages 1.0" in text
        assert 'empath_breakers{state="open"} 2.0' in text
        assert await got(f"{base}/v1/queue") == (
            404,
            "There are /metrics, /health/live and /health/ready, for GET.\n",
        )
        assert (await got(f"{base}/metrics", "POST"))[0] == 405


async def test_health_says_whether_mail_would_be_taken(tmp_path: Path) -> None:
    """Live while the loop turns; ready unless stopping or out of disk."""
    async with served(tmp_path) as (facts, _, base):
        assert await got(f"{base}/health/live") == (200, "The engine runs.\n")
        assert await got(f"{base}/health/ready") == (200, "The engine takes mail.\n")
        facts.min_free = 2**62
        status, text = await got(f"{base}/health/ready")
        assert (status, "nearly full" in text) == (503, True)
        facts.stopping = True
        assert await got(f"{base}/health/ready") == (503, "The engine is stopping.\n")
        assert (await got(f"{base}/health/live"))[0] == 200


async def test_an_engine_without_a_listener_is_not_ready(tmp_path: Path) -> None:
    """It runs, but nobody could reach it."""
    async with served(tmp_path) as (_, engine, base):
        engine.link._standing._listeners = tuple
        assert await got(f"{base}/health/ready") == (503, "No listener is open.\n")


class Refusing:
    """An engine that answers with *error*."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.reported: list[str] = []

    async def ask(self, request: Any) -> Any:
        assert request == GetStatus()
        raise self.error

    def report(self, task: str, error: BaseException) -> None:
        self.reported.append(f"{task}: {error}")


@pytest.mark.parametrize(
    ("error", "metrics", "ready", "why"),
    [
        (RequestRefused("The spool is shut."), 503, 503, "The spool is shut."),
        (TimeoutError(), 503, 503, "The spool does not answer in time."),
        (LookupError("a bug"), 500, 500, "bug"),
    ],
)
async def test_a_failure_is_a_sentence(
    error: Exception, metrics: int, ready: int, why: str
) -> None:
    """What cannot be told is said in a line, and a bug is reported."""
    engine = Refusing(error)
    door = MetricsDoor(engine, Figures(), min_free=lambda: 0, stopping=lambda: False)
    server = MetricsServer(door, ServerId(f"127.0.0.1:{free_port()}"))
    await server.open()
    try:
        assert (await got(f"http://{server.address}/metrics"))[0] == metrics
        status, text = await got(f"http://{server.address}/health/ready")
        assert (status, why in text) == (ready, True)
    finally:
        await server.close()
    assert bool(engine.reported) == isinstance(error, LookupError)
    assert "MetricsDoor" in repr(door)


async def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    """The start fails with the setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = ServerId(f"127.0.0.1:{taken.getsockname()[1]}")
        async with desk(tmp_path) as engine:
            server = MetricsServer(Facts().door(engine), bind)
            with pytest.raises(MetricsRefused, match=r"port is in use.*change `bind` of \[metr"):
                await server.open()
            await server.close()


async def test_the_control_socket_has_them_too(tmp_path: Path) -> None:
    """Only for those whom the socket answers at all."""
    async with desk(tmp_path) as engine, asyncio.timeout(10):
        path = tmp_path / "spool" / "empath.sock"
        control = ControlServer(engine.link, path, metrics=Facts().door(engine))
        await control.open()
        try:
            connector = aiohttp.UnixConnector(str(path))
            async with aiohttp.ClientSession(connector=connector) as session:
                async with session.get("http://empath/metrics") as answer:
                    assert answer.status == 200
                    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                    assert "empath_loop_lag_seconds" in await answer.text()
                async with session.get("http://empath/health/live") as answer:
                    assert answer.status == 200
        finally:
            await control.close()
