"""The near end of the control socket: HTTP/1.1 over a Unix socket.

``GET /v1/queue?query=…`` and ``POST /v1/queue/retry`` with JSON answer with the structs of
`empath.control.link` as JSON; ``GET /v1/events`` streams one event a line.  Promises: only
the engine's own user and root are answered, every change carries who asked for it, what is
wrong with a request comes back as ``{"error": sentence}``, and no reader of events can hold
up the engine: one that is too slow loses events and is told how many.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol, TypeVar

from aiohttp import web

from empath import codec
from empath.control.link import (
    PROTOCOL,
    EventFilter,
    Notice,
    Request,
    RequestRefused,
)
from empath.control.peer import Peer, credentials, open_socket, user_name
from empath.control.routes import (
    ANSWER_TIME,
    ANSWER_TIMES,
    BODY_LIMIT,
    BODY_LIMITS,
    EVENTS,
    HEARTBEAT,
    PREFIX,
    STATUS_OF,
    read_json,
    read_query,
    read_stream_query,
    request_type,
)

R = TypeVar("R")

STALL: Final = 60.0
"""Seconds after which a reader that takes nothing is hung up on; it may come back."""
PACE: Final = 0.05
"""Seconds between two writes to one reader: events are sent in batches, never one by one."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stream(Protocol):
    """Events for one reader."""

    async def batch(self) -> Sequence[Notice]:
        """Wait for events and take all that wait; loses none when cancelled."""
        ...


class Acting(Protocol):
    """The engine, asked by somebody."""

    async def ask(self, request: Request[R]) -> R:
        """As `empath.control.link.Link.ask`."""
        ...

    def reading(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AbstractContextManager[Stream]:
        """The events from now on, or from behind number *after*; *only* some."""
        ...


class Operator(Protocol):
    """What the server serves: `empath.control.operator.LocalLink`."""

    def acting(self, actor: str, *, read_only: bool) -> Acting:
        """The same engine, asked by *actor*, who may only look if *read_only*."""
        ...

    def report(self, task: str, error: BaseException) -> None:
        """Publish a bug that the server met."""
        ...


class Door(Protocol):
    """What else is answered at the socket: `empath.control.metrics_door.MetricsDoor`."""

    def add_to(self, application: web.Application) -> None:
        """Answer in *application*."""
        ...


def own_users() -> frozenset[int]:
    """The uids that are answered anywhere: the one we run as, and root's."""
    return frozenset({os.geteuid(), 0})


class ControlServer:
    """Serves one `Operator` at one path; `open`, then `close`."""

    def __init__(
        self,
        link: Operator,
        path: Path,
        *,
        read_only: bool = False,
        users: frozenset[int] | None = None,
        heartbeat: float = HEARTBEAT,
        metrics: Door | None = None,
    ) -> None:
        """Answer only *users* (uids): by default the one we run as, and root.

        *metrics* answers ``/metrics`` and ``/health`` here too.  *read_only* is for monitors.
        """
        self._metrics = metrics
        self._link = link
        self.path = path
        self._read_only = read_only
        self._users = users if users is not None else own_users()
        self._shared = not self._users <= own_users()
        self._names: dict[int, str] = {}
        self._heartbeat = heartbeat
        self._streams: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None
        self._inode: int | None = None

    def __repr__(self) -> str:
        state = "open" if self._runner else "closed"
        return f"<ControlServer {self.path} {state} streams={len(self._streams)}>"

    async def open(self) -> None:
        """Answer at the path from now on.  Raises `SocketUnusable`."""
        # User names may come from a directory service: asked for here, never while serving.
        for uid in self._users:
            self._names[uid] = await asyncio.to_thread(user_name, uid)
        listening = open_socket(self.path, shared=self._shared)
        self._inode = self.path.stat().st_ino
        application = web.Application(middlewares=[self._guard], client_max_size=_LONGEST)
        application.router.add_get(f"{PREFIX}{EVENTS}", self._stream, allow_head=False)
        application.router.add_route("*", PREFIX + "{route:.*}", self._answer)
        if self._metrics is not None:
            self._metrics.add_to(application)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=2.0
        )
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()

    async def close(self) -> None:
        """Hang up on everybody and remove the socket; running answers have two seconds."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for stream in self._streams:
            stream.cancel()
        await runner.cleanup()
        try:
            if self.path.lstat().st_ino == self._inode:
                self.path.unlink()
        except FileNotFoundError:
            pass

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let only our users in, and say every failure as one sentence of JSON."""
        try:
            if self._peer(request) is None:
                named = " and those that monitor.users names" if self._shared else ""
                return _error(403, f"This socket answers root, the engine's own user{named} only.")
            return await handler(request)
        except RequestRefused as refusal:
            status = next(code for kind, code in STATUS_OF.items() if isinstance(refusal, kind))
            return _error(status, str(refusal))
        except web.HTTPRequestEntityTooLarge:
            return _error(413, _too_large(_LONGEST))
        except web.HTTPNotFound:
            return _error(404, f"All routes begin with {PREFIX}; docs/CONTROL.md lists them.")
        except web.HTTPMethodNotAllowed:
            return _error(405, f"{request.path} is a stream of events: use GET.")
        except (ConnectionError, web.HTTPException):
            raise
        except TimeoutError:
            return _error(503, "The engine took too long to answer; ask again.")
        except Exception as error:  # noqa: BLE001 - the top of this connection's task
            self._link.report(f"control {request.path}", error)
            return _error(500, "The engine met a bug of its own over this; its log has more.")

    def _peer(self, request: web.Request) -> Peer | None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the peer went away")
        pid, uid = credentials(transport)
        if uid not in self._users:
            return None
        return Peer(pid, uid, self._names[uid])

    def _acting(self, request: web.Request) -> Acting:
        peer = self._peer(request)
        assert peer is not None  # _guard let it in; the credentials of a connection never change
        return self._link.acting(peer.actor, read_only=self._read_only)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        route = request.match_info["route"]
        kind = request_type(route)
        match request.method:
            case "GET" if kind.changes:
                return _error(405, f"{route} changes something: use POST with JSON.")
            case "GET":
                question = read_query(kind, request.rel_url.query.items())
            case "POST":
                limit = BODY_LIMITS.get(kind, BODY_LIMIT)
                body = b"" if (request.content_length or 0) > limit else await request.read()
                if (request.content_length or len(body)) > limit:
                    return _error(413, _too_large(limit))
                question = read_json(kind, body)
            case method:
                return _error(405, f"{method} is not answered: use GET or POST.")
        async with asyncio.timeout(ANSWER_TIMES.get(kind, ANSWER_TIME)):
            reply = await self._acting(request).ask(question)
        return web.Response(
            body=codec.encode(reply), content_type="application/json", headers=_HEADERS
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        after, only = read_stream_query(request.rel_url.query.items())
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": "application/x-ndjson; charset=utf-8"}
        )
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            with self._acting(request).reading(after, only) as stream:
                await response.prepare(request)
                while True:
                    await self._send_batch(response, stream)
                    await asyncio.sleep(PACE)
        except (ConnectionError, TimeoutError):
            # The reader is gone, or has taken nothing for too long.
            if request.transport is not None:
                request.transport.abort()
            return response
        finally:
            self._streams.discard(task)

    async def _send_batch(self, response: web.StreamResponse, stream: Stream) -> None:
        notices: Sequence[Notice] = ()
        try:
            async with asyncio.timeout(self._heartbeat):
                notices = await stream.batch()
        except TimeoutError:
            pass  # an empty line: a peer that is gone is noticed by writing to it
        lines = b"".join(codec.encode(notice) + b"\n" for notice in notices)
        async with asyncio.timeout(STALL):
            await response.write(lines or b"\n")


_LONGEST: Final = max(BODY_LIMIT, *BODY_LIMITS.values())
"""Octets of any request's body."""
_HEADERS: Final = {"Empath-Protocol": str(PROTOCOL), "Cache-Control": "no-store"}


def _too_large(limit: int) -> str:
    return f"The request is larger than {limit} octets."


def _error(status: int, sentence: str) -> web.Response:
    response = web.Response(
        status=status,
        body=codec.encode({"error": sentence}),
        content_type="application/json",
        headers=_HEADERS,
    )
    if status in (403, 413):
        response.force_close()
    if status == 405:
        response.headers["Allow"] = "POST" if "use POST" in sentence else "GET, POST"
    return response
