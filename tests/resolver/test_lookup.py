"""Look-ups at servers that fail in every way there is (real sockets, loopback)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Sequence

import dns.flags
import dns.rcode
import pytest

from empath.address import Domain
from empath.policy.answer import Found, LookupFailed, MailExchanger, NoSuchName, NoSuchRecord
from empath.resolver.cache import AnyAnswer
from empath.resolver.lookup import MAX_ALIASES, look_up
from empath.resolver.servers import Server
from empath.resolver.wire import Kind
from tests.fakes.name_server import (
    NameServer,
    Script,
    always,
    cut_off,
    forged_before,
    garbage,
    respond,
    short,
    silence,
    without_edns,
    zone,
)

DOMAIN = Domain("example.org")
GOOD = always("example.org. 60 MX 10 mx.example.org.")
MX = MailExchanger(10, Domain("mx.example.org"), "mx.example.org")


async def ask(
    *servers: NameServer, timeout: float = 5, name: Domain = DOMAIN, kind: Kind = Kind.MX
) -> AnyAnswer:
    """Look up at these servers."""
    chosen = [Server.parse(server.address) for server in servers]
    return await look_up(name, kind, chosen, timeout=timeout)


async def failure(script: Script, *, timeout: float = 5) -> str:
    """The sentence of a look-up that fails."""
    async with NameServer(script) as server:
        answer = await ask(server, timeout=timeout)
        assert isinstance(answer, LookupFailed)
        return answer.sentence.replace(server.address, "SERVER")


async def test_a_good_server_is_asked_once() -> None:
    """One question over UDP, one answer."""
    async with NameServer(GOOD) as server:
        assert await ask(server) == Found((MX,), 60)
        assert server.asked == [("example.org.", "MX")]


async def test_the_ad_flag_is_kept() -> None:
    """The answer says that its server called it authentic."""
    script = always("example.org. 60 MX 10 mx.example.org.", flags=dns.flags.RA | dns.flags.AD)
    async with NameServer(script) as server:
        assert await ask(server) == Found((MX,), 60, authentic=True)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTIMP", "FORMERR", "YXDOMAIN"])
async def test_error_codes_are_trouble_and_never_no_such_name(rcode: str) -> None:
    """SMTP-RULES 3.3: a server's failure is temporary."""
    sentence = await failure(always(rcode=dns.rcode.from_text(rcode)))
    said = rcode if rcode != "YXDOMAIN" else "response code 6"
    assert sentence == f"MX of example.org: no name server could say (SERVER answered {said})"


async def test_a_silent_server_costs_the_deadline_and_no_more() -> None:
    """A silent server is asked several times, then the look-up ends on its own clock."""
    async with NameServer(silence) as server:
        start = time.monotonic()
        answer = await ask(server, timeout=0.4)
        assert time.monotonic() - start < 2
        assert answer == LookupFailed(
            f"MX of example.org: no answer within 0.4 s ({server.address} did not answer)"
        )
        assert 2 <= len(server.asked) <= 4


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (garbage, "sent no answer that could be used"),
        (short, "sent no answer that could be used: shorter than a header"),
    ],
)
async def test_rubbish_is_waited_past_and_then_named(script: Script, fault: str) -> None:
    """Noise is not an answer; the sentence says that it came."""
    assert fault in await failure(script, timeout=0.4)


@pytest.mark.parametrize("forged", [{"number": 1}, {"number": 0, "name": "evil.example."}])
async def test_a_forgers_packet_does_not_hide_the_answer(forged: dict[str, int | str]) -> None:
    """A wrong number or a wrong question is passed over, and the true answer behind it taken."""
    async with NameServer(forged_before(GOOD, **forged)) as server:  # type: ignore[arg-type]
        assert await ask(server) == Found((MX,), 60)


async def test_a_flood_of_rubbish_ends_the_asking() -> None:
    """After a hundred strays the server is given up, long before the deadline."""
    sentence = await failure(lambda query, tcp: short(query, tcp) * 150)
    assert "sends rubbish (shorter than a header)" in sentence


async def test_what_does_not_fit_comes_over_tcp() -> None:
    """A truncated answer is asked for again over TCP (RFC 7766 5)."""
    lines = [f"example.org. 60 MX {n} mx{n}.example.org." for n in range(120)]
    truncated = always(flags=dns.flags.RA | dns.flags.TC)

    def script(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
        return always(*lines)(query, tcp) if tcp else truncated(query, tcp)

    async with NameServer(script) as server:
        answer = await ask(server)
        assert isinstance(answer, Found)
        assert len(answer.records) == 120
        assert server.over_tcp == 1


async def test_truncated_for_ever_is_trouble() -> None:
    """A server that cuts its answer over TCP too is named."""
    assert "SERVER cut off its answer over TCP" in await failure(cut_off)


@pytest.mark.parametrize(
    ("packets", "fault"),
    [
        ([], "broke off the answer over TCP"),
        ([b""], "answered rubbish over TCP (shorter than a header)"),
    ],
)
async def test_tcp_that_breaks_is_trouble(packets: list[bytes], fault: str) -> None:
    """A connection closed without an answer, and an empty answer, are said to be so."""
    sentence = await failure(lambda query, tcp: packets if tcp else cut_off(query, tcp))
    assert fault in sentence


async def test_tcp_that_is_silent_ends_in_time() -> None:
    """A server that accepts and says nothing holds the look-up no longer than its share."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        loop = asyncio.get_running_loop()

        class Udp(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: object) -> None:
                query = dns.message.from_wire(data)
                self.transport.sendto(cut_off(query, False)[0], addr)

        udp, _ = await loop.create_datagram_endpoint(Udp, local_addr=("127.0.0.1", port))
        try:
            answer = await look_up(
                DOMAIN, Kind.MX, [Server(ipaddress.ip_address("127.0.0.1"), port)], timeout=0.8
            )
        finally:
            udp.close()
    assert isinstance(answer, LookupFailed)
    assert "did not answer over TCP in time" in answer.sentence


async def test_a_server_without_edns_is_asked_without() -> None:
    """RFC 6891 7: FORMERR to EDNS is no reason to give up."""
    async with NameServer(without_edns(GOOD)) as server:
        assert await ask(server) == Found((MX,), 60)
        assert len(server.asked) == 2


async def test_the_next_server_is_asked_when_one_fails() -> None:
    """A server that refuses, one that is gone, and then the good one."""
    async with (
        NameServer(always(rcode=dns.rcode.REFUSED)) as refusing,
        NameServer(GOOD) as good,
        NameServer(GOOD) as gone,
    ):
        gone._udp.close()
        await asyncio.sleep(0)
        assert await ask(refusing, gone, good) == Found((MX,), 60)
        assert gone.asked == []


async def test_a_silent_server_is_passed_over_within_its_share() -> None:
    """A quarter of the deadline, then the next server is asked."""
    async with NameServer(silence) as quiet, NameServer(GOOD) as good:
        assert await ask(quiet, good, timeout=1) == Found((MX,), 60)


async def test_nobody_there_is_said_at_once() -> None:
    """A closed port answers for itself: the look-up does not wait for its deadline."""
    async with NameServer(GOOD) as server:
        port = server.port
    start = time.monotonic()
    answer = await look_up(
        DOMAIN, Kind.MX, [Server(ipaddress.ip_address("127.0.0.1"), port)], timeout=30
    )
    assert time.monotonic() - start < 5
    assert isinstance(answer, LookupFailed)
    assert f"127.0.0.1:{port} cannot be reached (Connection refused)" in answer.sentence


async def test_an_address_that_cannot_be_asked_is_said_so() -> None:
    """A server that the system will not send to is named with the system's own reason."""
    answer = await look_up(
        DOMAIN, Kind.MX, [Server(ipaddress.ip_address("255.255.255.255"))], timeout=5
    )
    assert isinstance(answer, LookupFailed)
    assert "255.255.255.255:53 cannot be reached (" in answer.sentence


async def test_only_the_first_answer_counts() -> None:
    """What a server sends after its answer is not looked at."""
    async with NameServer(lambda query, tcp: [*GOOD(query, tcp), *garbage(query, tcp)]) as server:
        assert await ask(server) == Found((MX,), 60)


async def test_there_is_none_is_told_apart_from_no_such_name() -> None:
    """NXDOMAIN and an empty answer are two facts, each with the time it holds."""
    async with NameServer(zone("example.org. 60 A 192.0.2.1")) as server:
        assert await ask(server) == NoSuchRecord(30)
        assert await ask(server, name=Domain("none.org")) == NoSuchName(30)


async def test_a_referral_is_not_taken_for_there_is_none() -> None:
    """A server that does no recursion must not make mail bounce."""
    sentence = await failure(always(authority=["org. 60 NS ns.org."], flags=0))
    assert "SERVER does not look names up for others (no recursion)" in sentence


async def test_aliases_are_followed_within_an_answer() -> None:
    """The least TTL of the chain is that of the answer."""
    script = always(
        "example.org. 20 CNAME a.org.", "a.org. 60 CNAME b.org.", "b.org. 60 MX 10 mx.example.org."
    )
    async with NameServer(script) as server:
        assert await ask(server) == Found((MX,), 20)
        assert len(server.asked) == 1


async def test_aliases_are_followed_by_asking_again() -> None:
    """A server that gives only the alias is asked for what it leads to."""
    script = zone(
        "example.org. 60 CNAME a.org.", "a.org. 60 CNAME b.org.", "b.org. 60 MX 10 mx.example.org."
    )
    async with NameServer(script) as server:
        assert await ask(server) == Found((MX,), 60)
        assert server.asked == [("example.org.", "MX"), ("a.org.", "MX"), ("b.org.", "MX")]


@pytest.mark.parametrize(
    "lines",
    [
        ["example.org. 60 CNAME a.org.", "a.org. 60 CNAME example.org."],
        ["example.org. 60 CNAME example.org."],
        ["example.org. 60 CNAME 0.org.", *(f"{n}.org. 60 CNAME {n + 1}.org." for n in range(20))],
    ],
)
async def test_rings_and_long_chains_of_aliases_end(lines: list[str]) -> None:
    """An answer that goes round, in one packet or in many, ends as trouble."""
    for script in (always(*lines), zone(*lines)):
        async with NameServer(script) as server:
            answer = await ask(server)
            assert isinstance(answer, LookupFailed)
            assert f"more than {MAX_ALIASES} aliases" in answer.sentence
            assert len(server.asked) <= MAX_ALIASES + 1


async def test_an_alias_to_what_is_no_host_is_trouble() -> None:
    """An alias with control characters is not asked for; its name is shown escaped."""
    sentence = await failure(always("example.org. 60 CNAME a\\027b.org."))
    assert sentence == "MX of example.org: its alias a\\027b.org is not a host name"


async def test_records_of_other_names_are_not_believed() -> None:
    """What a server adds about names that nobody asked for is left out."""
    script = always(
        "other.org. 60 MX 5 evil.example.",
        authority=["example.org. 60 SOA ns. hostmaster. 1 2 3 4 30"],
    )
    async with NameServer(script) as server:
        assert await ask(server) == NoSuchRecord(30)


async def test_a_record_twice_is_one_record() -> None:
    """Doubles in an answer are dropped."""

    def script(query: dns.message.Message, tcp: bool) -> Sequence[bytes]:
        packet = respond(query, "example.org. 60 A 192.0.2.1").to_wire()
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
        return [packet[:6] + b"\0\2" + packet[8:].replace(record, record * 2)]

    async with NameServer(script) as server:
        answer = await ask(server, kind=Kind.A)
        assert answer == Found((ipaddress.ip_address("192.0.2.1"),), 60)
