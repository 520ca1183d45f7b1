"""The far end of the control socket: the engine as consoles and commands see it.

`RemoteLink` turns requests into HTTP over the Unix socket and replies back into structs.
Whatever keeps the engine from answering raises `LinkLost` with a sentence that names the
socket and what to do; whether to try again is for the caller to decide.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from empath import codec
from empath.control.link import (
    PROTOCOL,
    EventFilter,
    LinkIncompatible,
    LinkLost,
    NoEngine,
    Notice,
    Ping,
    Request,
    RequestRefused,
    RequestUnclear,
    reply_type,
)
from empath.control.peer import SocketUnusable, check_length, user_name
from empath.control.routes import (
    ANSWER_TIME,
    ANSWER_TIMES,
    BODY_LIMIT,
    BODY_LIMITS,
    EVENTS,
    HEARTBEAT,
    PREFIX,
    STATUS_OF,
    write_stream_query,
)
from empath.safe_text import safe_text

R = TypeVar("R")

REPLY_LIMIT: Final = 64 * 1024 * 1024
"""Octets of one reply or one event; an engine never sends so many."""
_BASE: Final = "http://empath"
QUIET: Final = 2.0
"""Seconds without a reply after which the engine is pinged, and within which it must answer."""
_GRACE: Final = 5.0
"""Seconds more than the engine takes at most: that it took too long, it says itself."""


class RemoteLink:
    """A `Link` to the engine whose control socket is at *path*.  Connects when first asked."""

    def __init__(
        self,
        path: Path,
        *,
        timeout: float = ANSWER_TIME + _GRACE,
        heartbeat: float = HEARTBEAT,
        quiet: float = QUIET,
    ) -> None:
        """Wait *timeout* seconds for the reply of an engine that lives: after *quiet* seconds
        it is pinged, and is lost when that is not answered within as many.  So is the stream of
        events, and after three heartbeats of silence whoever answers beside it.
        """
        self.path = path
        self._timeout = timeout
        self._quiet = quiet
        self._silence = 3 * heartbeat
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<RemoteLink {self.path} {'open' if self._session else 'idle'}>"

    async def ask(self, request: Request[R]) -> R:
        """Send a request and wait for its reply.  Raises `LinkLost` and `RequestRefused`."""
        kind = type(request)
        try:
            question = codec.encode(request)
        except UnicodeEncodeError as error:  # how octets of the command line come that are no text
            raise RequestUnclear("The request holds octets that are not UTF-8 text.") from error
        if len(question) > BODY_LIMITS.get(kind, BODY_LIMIT):
            many = kind not in BODY_LIMITS
            what = "names too much at once: ask in several pieces" if many else "is far too long"
            raise RequestUnclear(f"The request {what}.")
        limit = ANSWER_TIMES[kind] + _GRACE if kind in ANSWER_TIMES else self._timeout
        try:
            async with asyncio.timeout(limit) as patience, asyncio.TaskGroup() as group:
                vigil = group.create_task(self._vigil(patience), name="signs of life")
                found = await self._exchange(kind, question)
                vigil.cancel()
        except TimeoutError as error:
            raise LinkLost(self._explain(error)) from error
        if isinstance(found, LinkLost):
            raise found
        response, body = found
        if kind is not Ping:  # whoever answers may say so, in whatever version
            self._check_protocol(response)
        if response.status != 200:
            raise _refusal(response.status, body)
        try:
            reply: R = codec.decode(reply_type(kind), body)
        except msgspec.DecodeError as error:
            raise LinkIncompatible(
                f"The engine at {self.path} answers in a way this program cannot read ({error}):"
                " use the one of the same installation."
            ) from error
        return reply

    async def _exchange(
        self, kind: type[Request[Any]], question: bytes
    ) -> tuple[aiohttp.ClientResponse, bytes] | LinkLost:
        """One request as HTTP; what keeps it from being answered is a value, not raised."""
        try:
            async with self._connected().post(
                f"{_BASE}{PREFIX}{kind.route}",
                data=io.BytesIO(question),  # in pieces: a long one keeps nothing else waiting
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=None, connect=5.0),
            ) as response:
                return response, await self._read(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            absent = getattr(error, "errno", None) in (errno.ENOENT, errno.ECONNREFUSED)
            lost = (NoEngine if absent else LinkLost)(self._explain(error))
            lost.__cause__ = error
            return lost
        except LinkLost as lost:
            return lost

    async def _vigil(self, patience: asyncio.Timeout) -> None:
        """End *patience* when an engine that owes a reply does not answer a ping either: it is
        hung, where a slow reply only takes its time.
        """
        ping = codec.encode(Ping())
        while True:
            await asyncio.sleep(self._quiet)
            try:
                async with asyncio.timeout(self._quiet):
                    await self._exchange(Ping, ping)
            except TimeoutError:
                patience.reschedule(asyncio.get_running_loop().time())
                return

    async def events(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        """The stream of events from now on, or from behind number *after*; *only* some."""
        limit = aiohttp.ClientTimeout(total=None, connect=5.0, sock_read=self._silence)
        query = write_stream_query(after, only)
        try:
            async with self._connected().get(
                f"{_BASE}{PREFIX}{EVENTS}", params=query, timeout=limit
            ) as response:
                if response.status != 200:
                    raise _refusal(response.status, await self._read(response))
                self._check_protocol(response)
                lines = _Lines()
                while chunk := await self._more(response.content):
                    for line in lines.feed(chunk):
                        yield codec.decode(Notice, line)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise LinkLost(self._explain(error)) from error
        except msgspec.DecodeError as error:
            raise LinkIncompatible(
                f"The engine at {self.path} tells of events this program does not know ({error}):"
                " use the one of the same installation."
            ) from error
        raise LinkLost(f"The engine at {self.path} has stopped.")

    async def _more(self, stream: aiohttp.StreamReader) -> bytes:
        """The next octets of the stream of events; nothing at its end.

        Where nothing happens the engine is pinged.  Raises `LinkLost` when it does not answer,
        `TimeoutError` when it is hung.
        """
        while True:
            patience = asyncio.timeout(self._quiet)
            try:
                async with patience:
                    return await stream.readany()
            except TimeoutError:
                if not patience.expired():
                    raise  # it is aiohttp's: no heartbeat came either
            async with asyncio.timeout(self._quiet):
                found = await self._exchange(Ping, codec.encode(Ping()))
            if isinstance(found, LinkLost):
                raise found

    async def close(self) -> None:
        """Let go of the engine; asking again connects again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            try:
                check_length(self.path)
            except SocketUnusable as error:
                raise LinkLost(str(error)) from error
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(os.fspath(self.path)), trust_env=False
            )
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > REPLY_LIMIT:
                raise LinkLost(f"The engine at {self.path} sent a reply without end.")
        return bytes(body)

    def _check_protocol(self, response: aiohttp.ClientResponse) -> None:
        spoken = response.headers.get("Empath-Protocol")
        if spoken is None:
            raise LinkIncompatible(f"What answers at {self.path} is not an Empath engine.")
        if spoken != str(PROTOCOL):
            raise LinkIncompatible(
                f"The engine at {self.path} speaks version {safe_text(spoken, 20)} of the control"
                f" protocol, this program version {PROTOCOL}: use the one of the same installation."
            )

    def _explain(self, error: BaseException) -> str:
        """The sentence for what kept the engine from answering."""
        number = getattr(error, "errno", None)
        if number == errno.ENOENT:
            why = "there is no such socket. Start one with `empath serve`, or name it: --socket."
            return f"No engine answers at {self.path}: {why}"
        if number == errno.ECONNREFUSED and not self._is_socket():
            why = "this is not a socket. Name the engine's: --socket."
            return f"No engine answers at {self.path}: {why}"
        if number == errno.ECONNREFUSED:
            why = "the socket was left by one that died. Start one with `empath serve`."
            return f"No engine answers at {self.path}: {why}"
        if number in (errno.EACCES, errno.EPERM):
            owner = self._owner()
            who = owner if owner == "root" else f"{owner} or as root"
            return f"You may not use the control socket {self.path}: run this as {who}."
        if isinstance(error, TimeoutError | asyncio.TimeoutError) or number == errno.EAGAIN:
            return f"The engine at {self.path} does not answer; its process may be stopped or hung."
        # aiohttp gives no number where a request could not be written whole.
        unwritten = isinstance(error, aiohttp.ClientOSError) and number is None
        broken = aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError
        if unwritten or isinstance(error, broken) or number in (errno.ECONNRESET, errno.EPIPE):
            return f"The engine at {self.path} hung up: it has stopped or was restarted."
        return f"The engine at {self.path} cannot be asked: {safe_text(str(error), 200)}."

    def _is_socket(self) -> bool:
        try:
            return stat.S_ISSOCK(self.path.stat().st_mode)
        except OSError:
            return True  # gone by now, or out of sight: the system called it one

    def _owner(self) -> str:
        try:
            return user_name(self.path.stat().st_uid)
        except OSError:
            return "the user Empath runs as"


class _Lines:
    """Cuts a stream of octets into lines; empty lines are heartbeats and are left out."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self._rest += chunk
        if b"\n" not in chunk:
            if len(self._rest) > REPLY_LIMIT:
                raise LinkLost("The engine sent an event without end.")
            return
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        for line in lines:
            if line:
                yield bytes(line)


def _refusal(status: int, body: bytes) -> RequestRefused:
    """The refusal that the engine's status and sentence stand for."""
    try:
        sentence: str = codec.decode(dict[str, str], body)["error"]
    except (msgspec.DecodeError, KeyError):
        sentence = f"The engine answered with status {status}."
    for kind, code in STATUS_OF.items():
        if code == status and issubclass(kind, RequestRefused):
            return kind(safe_text(sentence, 2000))
    return RequestRefused(safe_text(sentence, 2000))
