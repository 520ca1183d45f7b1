"""One question to one name server: over UDP, and over TCP where the answer does not fit.

Promises: what is not the answer to the question (another number, another name, garbage) is
passed over and waited on, as a forger off the path sends such; the socket is connected, so
only the server's own address is heard; the source port is the system's random choice.
Raises `NoAnswer`, whose text says what the server did.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from empath.resolver.servers import Server
from empath.resolver.wire import Code, Kind, Malformed, Response, read_response, write_question

_MAX_DATAGRAM: Final = 4096
_MAX_STRAYS: Final = 100


class NoAnswer(Exception):
    """The server gave no usable answer; the text follows its name: "… did not answer"."""


class Silent(NoAnswer):
    """Nothing usable came in time; it may yet, when asked again."""


async def ask(server: Server, name: str, kind: Kind, *, wait: float) -> Response:
    """Ask *server* once, waiting at most *wait* seconds for each of UDP and TCP."""
    response = await _ask_udp(server, name, kind, wait=wait, edns=True)
    if response.code in (Code.FORMERR, Code.NOTIMP):
        # RFC 6891 7: a server that does not know EDNS is asked without.
        response = await _ask_udp(server, name, kind, wait=wait, edns=False)
    if response.truncated:
        response = await _ask_tcp(server, name, kind, wait=wait)
    return response


async def _ask_udp(server: Server, name: str, kind: Kind, *, wait: float, edns: bool) -> Response:
    loop = asyncio.get_running_loop()
    number = secrets.randbelow(65536)
    question = write_question(number, name, kind, edns=edns)
    try:
        transport, listener = await loop.create_datagram_endpoint(
            lambda: _Listener(loop, number, name, kind),
            remote_addr=(str(server.host), server.port),
        )
    except OSError as error:
        raise NoAnswer(f"cannot be reached ({error.strerror})") from error
    try:
        transport.sendto(question)
        async with asyncio.timeout(wait):
            return await listener.answer
    except TimeoutError as error:
        if listener.fault:
            raise Silent(f"sent no answer that could be used: {listener.fault}") from error
        raise Silent("did not answer") from error
    finally:
        transport.close()


class _Listener(asyncio.DatagramProtocol):
    """Waits for the one datagram that is the answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, number: int, name: str, kind: Kind) -> None:
        self.answer: asyncio.Future[Response] = loop.create_future()
        self.fault = ""
        self._question = (number, name, kind)
        self._strays = 0

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        if self.answer.done():
            return
        number, name, kind = self._question
        try:
            # What is longer than was asked for is read as cut off.
            data = data[:_MAX_DATAGRAM]
            self.answer.set_result(read_response(data, number=number, name=name, kind=kind))
        except Malformed as error:
            self.fault = str(error)
            self._strays += 1
            if self._strays >= _MAX_STRAYS:
                self.answer.set_exception(NoAnswer(f"sends rubbish ({error})"))

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            reason = getattr(exc, "strerror", None) or type(exc).__name__
            self.answer.set_exception(NoAnswer(f"cannot be reached ({reason})"))


async def _ask_tcp(server: Server, name: str, kind: Kind, *, wait: float) -> Response:
    """RFC 7766: the packet has its length before it."""
    number = secrets.randbelow(65536)
    question = write_question(number, name, kind)
    try:
        async with asyncio.timeout(wait):
            reader, writer = await asyncio.open_connection(str(server.host), server.port)
            try:
                writer.write(len(question).to_bytes(2) + question)
                length = int.from_bytes(await reader.readexactly(2))
                packet = await reader.readexactly(length)
            finally:
                writer.transport.abort()
        response = read_response(packet, number=number, name=name, kind=kind)
    except TimeoutError as error:
        raise NoAnswer("did not answer over TCP in time") from error
    except Malformed as error:
        raise NoAnswer(f"answered rubbish over TCP ({error})") from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise NoAnswer("broke off the answer over TCP") from error
    if response.truncated:
        raise NoAnswer("cut off its answer over TCP")
    return response
