"""`/metrics`, `/health/live` and `/health/ready`: for whatever watches this engine.

On the control socket, and where ``metrics.bind`` says so on a TCP port of loopback, which
tells nothing else and changes nothing.  Live is an engine whose loop turns; ready is one that
would take a message now, and where it would not the answer is 503 with why not.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from aiohttp import web

from empath.address import ServerId
from empath.control.link import GetStatus, Request, RequestRefused, Status
from empath.observe.exposition import CONTENT_TYPE, Exposition, Gauges
from empath.observe.figures import Figures

_ANSWER_TIME: Final = 10.0
_NO_STORE: Final = {"Cache-Control": "no-store"}


class MetricsRefused(Exception):
    """The port for metrics cannot be opened; the message says why and what to do."""


class Asking(Protocol):
    """`empath.control.operator.LocalLink`, as far as it is asked here."""

    async def ask(self, request: Request[Any]) -> Any:
        """As `empath.control.link.Link.ask`."""
        ...

    def report(self, task: str, error: BaseException) -> None:
        """Publish a bug."""
        ...


class MetricsDoor:
    """Answers the three questions."""

    def __init__(
        self,
        link: Asking,
        figures: Figures,
        *,
        min_free: Callable[[], int],
        stopping: Callable[[], bool],
        breakers: Callable[[], Counter[str]] = Counter,
    ) -> None:
        """*min_free* are the octets below which mail is refused."""
        self._link = link
        self._exposition = Exposition(figures)
        self._min_free = min_free
        self._stopping = stopping
        self._breakers = breakers

    def __repr__(self) -> str:
        return f"<MetricsDoor {self._exposition}>"

    def add_to(self, application: web.Application) -> None:
        """Answer in *application*."""
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/health/live", self._live)
        application.router.add_get("/health/ready", self._ready)

    async def _metrics(self, _request: web.Request) -> web.Response:
        gauges = _gauges(await self._status(), self._breakers())
        headers = {**_NO_STORE, "Content-Type": CONTENT_TYPE}
        return web.Response(body=self._exposition.text(gauges), headers=headers)

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="The engine runs.\n", headers=_NO_STORE)

    async def _ready(self, _request: web.Request) -> web.Response:
        why = await self._why_not()
        return web.Response(
            text=f"{why or 'The engine takes mail.'}\n",
            status=503 if why else 200,
            headers=_NO_STORE,
        )

    async def _why_not(self) -> str:
        if self._stopping():
            return "The engine is stopping."
        try:
            status = await self._status()
        except TimeoutError:
            return "The spool does not answer in time."
        except RequestRefused as refusal:
            return str(refusal)
        if not status.listeners:
            return "No listener is open."
        if status.free_octets < self._min_free():
            return "The disk of the spool is nearly full: mail is refused."
        return ""

    async def _status(self) -> Status:
        async with asyncio.timeout(_ANSWER_TIME):
            status: Status = await self._link.ask(GetStatus())
        return status

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """A failure is a sentence, and a bug is the engine's to report."""
        try:
            answer: web.StreamResponse = await handler(request)
        except web.HTTPException as refusal:
            return web.Response(
                text="There are /metrics, /health/live and /health/ready, for GET.\n",
                status=refusal.status,
            )
        except TimeoutError:
            return web.Response(text="The engine took too long to answer.\n", status=503)
        except RequestRefused as refusal:
            return web.Response(text=f"{refusal}\n", status=503)
        except Exception as error:  # noqa: BLE001 - the top of this connection's task
            self._link.report(f"metrics {request.path}", error)
            return web.Response(text="The engine met a bug of its own over this.\n", status=500)
        return answer


class MetricsServer:
    """The door on a TCP port; `open`, then `close`."""

    def __init__(self, door: MetricsDoor, bind: ServerId) -> None:
        self._door = door
        self._bind = bind
        self._runner: web.AppRunner | None = None
        self.address = ""

    def __repr__(self) -> str:
        return f"<MetricsServer {self._bind} {'open' if self._runner else 'closed'}>"

    async def open(self) -> None:
        """Answer from now on.  Raises `MetricsRefused`."""
        application = web.Application(middlewares=[self._door.guard], client_max_size=1024)
        self._door.add_to(application)
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._bind.host.strip("[]"), self._bind.port).start()
        except OSError as error:
            await runner.cleanup()
            why = (
                "the port is in use by another program"
                if error.errno == errno.EADDRINUSE
                else (error.strerror or str(error)).lower()
            )
            raise MetricsRefused(
                f"cannot serve metrics at {self._bind}: {why}; change `bind` of [metrics]"
            ) from error
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Hang up."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()


def _gauges(status: Status, breakers: Counter[str]) -> Gauges:
    waiting = ("queued", "deferred", "held", "active")
    return Gauges(
        recipients={state: getattr(status, state) for state in waiting},
        messages=status.messages,
        oldest=0.0 if status.oldest_at is None else max(0.0, status.pong.now - status.oldest_at),
        sessions=status.sessions,
        connections=status.connections_out,
        loop_lag=status.loop_lag,
        memory=status.memory,
        free_octets=status.free_octets,
        breakers=breakers,
    )
