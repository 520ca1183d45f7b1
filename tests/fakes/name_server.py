"""A name server on loopback that answers as its script says, also wrongly; UDP and TCP.

A script is a function of the question and of whether it came over TCP; it returns the packets
to send, so that none is silence and two are a forger's packet before the true one.  Packets
are built by dnspython, so that our own reader meets somebody else's writer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Script = Callable[[dns.message.Message, bool], Sequence[bytes]]


def respond(
    query: dns.message.Message,
    *answers: str,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    authority: Sequence[str] = (),
    flags: int = dns.flags.RA,
) -> dns.message.Message:
    """The answer to *query*: records written as in a zone file, ``name TTL TYPE data``."""
    response = dns.message.make_response(query)
    response.flags |= flags
    response.set_rcode(rcode)
    for section, lines in ((response.answer, answers), (response.authority, authority)):
        for line in lines:
            name, ttl, kind, data = line.split(" ", 3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return response


def always(*answers: str, **options: object) -> Script:
    """Give the same answer to whatever is asked."""
    return lambda query, tcp: [respond(query, *answers, **options).to_wire(max_size=65535)]  # type: ignore[arg-type]


def zone(*lines: str) -> Script:
    """Answer from these records; a name that has none of its own does not exist."""

    def answer(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
        asked = query.question[0]
        own = [line for line in lines if line.split(" ")[0] == str(asked.name)]
        kinds = (f" {asked.rdtype.name} ", " CNAME ")
        found = [line for line in own if any(kind in line for kind in kinds)]
        soa = () if found else (f"{asked.name} 300 SOA ns. hostmaster. 1 2 3 4 30",)
        rcode = dns.rcode.NOERROR if own else dns.rcode.NXDOMAIN
        return [respond(query, *found, rcode=rcode, authority=soa).to_wire()]

    return answer


def silence(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
    """Say nothing."""
    return []


def garbage(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
    """The right number, then noise."""
    return [query.to_wire()[:2] + os.urandom(60)]


def short(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
    """Half a header."""
    return [query.to_wire()[:5]]


def cut_off(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
    """Truncated, over TCP as well."""
    return [respond(query, flags=dns.flags.RA | dns.flags.TC).to_wire()]


def without_edns(script: Script) -> Script:
    """A server of 1998: FORMERR, and not even the question, to whatever has EDNS."""

    def answer(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
        if query.edns < 0:
            return script(query, tcp)
        response = dns.message.Message(id=query.id)
        response.flags = dns.flags.QR
        response.set_rcode(dns.rcode.FORMERR)
        return [response.to_wire()]

    return answer


def forged_before(script: Script, *, number: int = 1, name: str = "") -> Script:
    """A forger's packet, with another *number* or about another *name*, then the true answer."""

    def answer(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
        forged = respond(query, f"{query.question[0].name} 60 MX 1 evil.example.")
        forged.id = (query.id + number) % 65536
        if name:
            forged.question = [dns.rrset.from_text(name, 0, "IN", "MX")]
        return [forged.to_wire(), *script(query, tcp)]

    return answer


class NameServer:
    """Serves one script at a free port of 127.0.0.1, on the running loop."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []
        """What was asked so far, as (name, type), over UDP and TCP."""
        self.over_tcp = 0
        self.heard = asyncio.Event()
        """Set once something was asked."""

    @property
    def address(self) -> str:
        """As it is written in ``dns.servers``."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._tcp.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Udp(self), local_addr=("127.0.0.1", self.port)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    def answer(self, packet: bytes, *, tcp: bool) -> Sequence[bytes]:
        query = dns.message.from_wire(packet)
        self.asked.append((str(query.question[0].name), query.question[0].rdtype.name))
        self.over_tcp += tcp
        self.heard.set()
        return self.script(query, tcp)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packet = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        for answer in self.answer(packet, tcp=True):
            writer.write(len(answer).to_bytes(2) + answer)
        writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        for answer in self._server.answer(data, tcp=False):
            self._transport.sendto(answer, addr)
