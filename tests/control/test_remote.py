"""The far end of the control socket: every way in which an engine can fail to answer."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from empath.config.config_file import SIZE_LIMIT
from empath.control.link import (
    PROTOCOL,
    ApplyConfig,
    CheckConfig,
    GetStatus,
    LinkIncompatible,
    LinkLost,
    LinkReadOnly,
    ListQueue,
    NotFound,
    Notice,
    Ping,
    PlanConfig,
    RequestRefused,
    RequestUnclear,
    RetryMessages,
    ViewMessage,
)
from empath.control.peer import open_socket
from empath.control.remote import RemoteLink
from empath.envelope import MessageId
from empath.events import EngineStopping, SpoolFault
from tests.fakes.served_link import ServedLink, serving

ID = MessageId("0197a8c0f3e41b2c")
SPOKEN = f"Empath-Protocol: {PROTOCOL}"


@asynccontextmanager
async def answering(folder: Path, answer: bytes) -> AsyncIterator[RemoteLink]:
    """A link to somebody who answers everything with these octets, then hangs up."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(speak, folder / "s")
    link = RemoteLink(folder / "s")
    try:
        yield link
    finally:
        await link.close()
        server.close()
        await server.wait_closed()


async def heartbeats(path: Path, count: int) -> None:
    """Listen to the events of the engine at *path* for so many heartbeats."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: empath\r\n\r\n")
    async with asyncio.timeout(20):
        for _ in range(count):
            await reader.readuntil(b"1\r\n\n\r\n")  # a chunk that is an empty line
    writer.close()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP response."""
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body


async def why_lost(link: RemoteLink) -> str:
    """The sentence with which asking fails."""
    try:
        with pytest.raises(LinkLost) as lost:
            await link.ask(Ping())
        return str(lost.value)
    finally:
        await link.close()


async def test_a_link_asks_and_is_answered(tmp_path: Path) -> None:
    """Requests and replies cross the socket typed; a closed link connects again when asked."""
    async with serving(tmp_path) as (link, path):
        remote = RemoteLink(path)
        assert await remote.ask(Ping()) == link.status.pong
        await remote.close()
        assert await remote.ask(GetStatus()) == link.status
        assert "open" in repr(remote)
        await remote.close()
        assert "idle" in repr(remote)


async def test_refusals_keep_their_kind_and_sentence(tmp_path: Path) -> None:
    """What the engine refuses is raised at the far end as it was at the near end."""
    link = ServedLink(read_only=True)
    link.refuse(GetStatus, "Not today.")
    async with serving(tmp_path, link=link) as (_, path):
        remote = RemoteLink(path)
        with pytest.raises(NotFound, match=f"There is no message {ID}"):
            await remote.ask(ViewMessage(id=ID))
        with pytest.raises(LinkReadOnly, match="may look"):
            await remote.ask(RetryMessages(ids=(ID,)))
        with pytest.raises(RequestUnclear, match="Expected"):
            await remote.ask(ListQueue(limit="x"))  # type: ignore[arg-type]
        with pytest.raises(RequestRefused, match="Not today"):
            await remote.ask(GetStatus())
        await remote.close()


async def test_no_socket(tmp_path: Path) -> None:
    """Where no engine ever was, the sentence says how to start one."""
    path = tmp_path / "empath.sock"
    sentence = await why_lost(RemoteLink(path))
    assert sentence.startswith(f"No engine answers at {path}: there is no such socket.")
    assert "empath serve" in sentence


async def test_a_stale_socket(tmp_path: Path) -> None:
    """Where an engine died, the sentence says so."""
    open_socket(tmp_path / "stale").close()
    assert "left by one that died" in await why_lost(RemoteLink(tmp_path / "stale"))


@pytest.mark.parametrize("kind", ["file", "folder"])
async def test_what_is_no_socket_is_not_taken_for_one(tmp_path: Path, kind: str) -> None:
    """A regular file or a folder where the socket should be is said to be no socket."""
    path = tmp_path / "thing"
    path.mkdir() if kind == "folder" else path.write_text("")
    sentence = await why_lost(RemoteLink(path))
    assert sentence.startswith(f"No engine answers at {path}: this is not a socket.")
    assert "died" not in sentence


async def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    """A path that cannot be a socket's is said to be too long."""
    assert "at most 107" in await why_lost(RemoteLink(tmp_path / ("x" * 120)))


@pytest.mark.parametrize(
    ("number", "why"),
    [(13, ": run this as root."), (1, "may not use"), (104, "hung up"), (24, "cannot be")],
)
def test_what_the_system_says_becomes_a_sentence(tmp_path: Path, number: int, why: str) -> None:
    """Permission denied names the user to be; a reset says that the engine is gone."""
    link = RemoteLink(Path("/"))
    assert why in link._explain(OSError(number, os.strerror(number)))
    assert "the user Empath runs as" in RemoteLink(tmp_path / "gone")._explain(OSError(13, "x"))


async def test_a_request_that_is_too_large() -> None:
    """More ids than a request may hold are refused before anything is sent."""
    with pytest.raises(RequestUnclear, match="several pieces"):
        await RemoteLink(Path("/nowhere")).ask(RetryMessages(ids=(ID,) * 60_000))


async def test_an_engine_that_hangs(tmp_path: Path) -> None:
    """No answer in time is told from no engine."""
    async with serving(tmp_path) as (link, path):
        link.delay = 5.0
        remote = RemoteLink(path, timeout=0.1)
        with pytest.raises(LinkLost, match="does not answer"):
            await remote.ask(Ping())
        await remote.close()


async def test_an_engine_that_is_stopped(tmp_path: Path) -> None:
    """An engine that answers no ping either is lost long before a reply may take."""
    with open_socket(tmp_path / "s"):
        sentence = await why_lost(RemoteLink(tmp_path / "s", timeout=60.0, quiet=0.05))
    assert sentence.startswith(f"The engine at {tmp_path / 's'} does not answer")


async def test_a_slow_reply_of_an_engine_that_lives(tmp_path: Path) -> None:
    """A reply that takes its time is waited for while pings are answered."""
    async with serving(tmp_path) as (link, path):
        slow = asyncio.Event()
        link.wait_for[GetStatus] = slow
        remote = RemoteLink(path, quiet=0.02)
        async with asyncio.TaskGroup() as group:
            reply = group.create_task(remote.ask(GetStatus()))
            async with asyncio.timeout(10):
                while link.asked.count(Ping()) < 3:  # noqa: ASYNC110 - it is pinged by and by
                    await asyncio.sleep(0.01)
            assert not reply.done()
            slow.set()
        assert reply.result() == link.status
        await remote.close()


async def _next(stream: AsyncIterator[Notice]) -> Notice:
    return await anext(stream)


async def test_an_engine_that_hangs_while_it_tells_of_events(tmp_path: Path) -> None:
    """A stream that falls silent is lost as soon as a ping is not answered, not by heartbeats."""
    async with serving(tmp_path, heartbeat=60.0) as (link, path):
        remote = RemoteLink(path, heartbeat=60.0, quiet=0.05)
        stream = remote.events(0)
        link.bus.publish(EngineStopping(at=1.0, reason="x"))
        await anext(stream)
        async with asyncio.timeout(10):
            async with asyncio.TaskGroup() as group:
                told = group.create_task(_next(stream))
                while link.asked.count(Ping()) < 3:  # noqa: ASYNC110 - it is pinged by and by
                    await asyncio.sleep(0.01)
                link.bus.publish(EngineStopping(at=1.0, reason="y"))
            assert told.result().event == EngineStopping(at=1.0, reason="y")
            link.delay = 60.0
            with pytest.raises(LinkLost, match="does not answer"):
                await anext(stream)
        await remote.close()


async def test_a_socket_that_nobody_takes_connections_from(tmp_path: Path) -> None:
    """A hung engine whose queue of connections is full is said not to answer, too."""
    link = RemoteLink(tmp_path / "s")
    assert "does not answer" in link._explain(OSError(errno.EAGAIN, "Again"))


async def test_an_engine_that_hangs_up(tmp_path: Path) -> None:
    """An answer that breaks off is an engine that has gone."""
    async with answering(tmp_path, b"") as link:
        with pytest.raises(LinkLost, match="hung up"):
            await link.ask(Ping())
    async with answering(tmp_path, http(b"{}")[:-1]) as link:
        with pytest.raises(LinkLost, match="hung up"):
            await link.ask(Ping())


async def test_what_is_no_engine(tmp_path: Path) -> None:
    """Something else at the socket is called by its name."""
    async with answering(tmp_path, http(b"{}")) as link:
        with pytest.raises(LinkIncompatible, match="not an Empath engine"):
            await link.ask(GetStatus())
    async with answering(tmp_path, b"220 mx ESMTP\r\n") as link:
        with pytest.raises(LinkLost, match="cannot be asked"):
            await link.ask(GetStatus())


@pytest.mark.parametrize("version", ["1", "99"], ids=["older", "newer"])
async def test_another_version_of_the_protocol(tmp_path: Path, version: str) -> None:
    """An older or a newer engine still says who it is, and its answers are not guessed at."""
    answer = http(b"{}", f"Empath-Protocol: {version}")
    told = f"speaks version {version} of the control protocol, this program version {PROTOCOL}:"
    async with answering(tmp_path, answer) as link:
        with pytest.raises(LinkIncompatible, match=told):
            await link.ask(GetStatus())
        with pytest.raises(LinkIncompatible, match="cannot read"):
            await link.ask(Ping())
        with pytest.raises(LinkIncompatible, match=told):
            await anext(link.events())


async def test_a_refusal_of_another_version_is_told_as_that(tmp_path: Path) -> None:
    """An engine that does not know a request, or a field of it, is of another version first."""
    answer = http(
        b'{"error": "there is no such route"}', "Empath-Protocol: 1", status="404 Not Found"
    )
    async with answering(tmp_path, answer) as link:
        with pytest.raises(LinkIncompatible, match="speaks version 1 "):
            await link.ask(GetStatus())


async def test_a_refusal_without_a_sentence(tmp_path: Path) -> None:
    """A status that nobody explains is shown as it is."""
    answer = http(b"oops", SPOKEN, status="502 Bad Gateway")
    async with answering(tmp_path, answer) as link:
        with pytest.raises(RequestRefused, match="status 502"):
            await link.ask(GetStatus())
        with pytest.raises(RequestRefused, match="status 502"):
            await anext(link.events())


async def test_a_refusal_is_sanitised(tmp_path: Path) -> None:
    """Even the engine's own sentence is made harmless before it is shown."""
    answer = http(b'{"error": "\\u001b[31m"}', SPOKEN, status="409 Conflict")
    async with answering(tmp_path, answer) as link:
        with pytest.raises(RequestRefused) as refused:
            await link.ask(GetStatus())
    assert str(refused.value) == r"\x1b[31m"


async def test_events_arrive_in_order_whatever_the_pieces(tmp_path: Path) -> None:
    """Events larger than any buffer come whole, between heartbeats that are not shown."""
    async with serving(tmp_path, heartbeat=0.02) as (link, path):
        remote = RemoteLink(path, heartbeat=1.0)
        stream = remote.events(after=0)
        link.bus.publish(SpoolFault(at=1.0, sentence="x" * 300_000))
        link.bus.publish(EngineStopping(at=2.0, reason="y"))
        first, second = await anext(stream), await anext(stream)
        assert isinstance(first.event, SpoolFault)
        assert len(first.event.sentence) == 300_000
        assert second.event == EngineStopping(at=2.0, reason="y")
        await heartbeats(path, 3)
        link.bus.publish(EngineStopping(at=3.0, reason="z"))
        assert (await anext(stream)).sequence == 3
        await remote.close()


async def test_a_silent_stream_is_a_lost_engine(tmp_path: Path) -> None:
    """Three heartbeats missed and the link is given up."""
    async with serving(tmp_path, heartbeat=10.0) as (_, path):
        remote = RemoteLink(path, heartbeat=0.05)
        with pytest.raises(LinkLost, match="does not answer"):
            await anext(remote.events())
        await remote.close()


async def test_an_event_of_another_version(tmp_path: Path) -> None:
    """An event that this program does not know is an incompatible engine, not a crash."""
    line = b'{"sequence": 1, "event": {"event": "Unheard", "at": 1.0}}\n'
    async with answering(tmp_path, http(line, SPOKEN)) as link:
        with pytest.raises(LinkIncompatible, match="does not know"):
            await anext(link.events())


async def test_any_config_that_fits_into_the_file_is_sent(tmp_path: Path) -> None:
    """A mebibyte of it, each character escaped; of anything else no more than that in all."""
    async with serving(tmp_path) as (served, path):
        link = RemoteLink(path)
        for kind in (PlanConfig, CheckConfig, ApplyConfig):
            for character in ('"', "\t", "ä"):
                text = f"{character * (SIZE_LIMIT // len(character.encode()) - 1)}\n"
                await link.ask(kind(text=text))
                assert served.asked_of(kind)[-1].text == text
        with pytest.raises(RequestUnclear, match="far too long"):
            await link.ask(CheckConfig(text='"' * 3 * SIZE_LIMIT))
        with pytest.raises(RequestUnclear, match="in several pieces"):
            await link.ask(ListQueue(query="x" * SIZE_LIMIT))
        await link.close()
