"""The near end of the control socket, spoken to as curl would: over a real Unix socket."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from empath.control.link import PROTOCOL, LinkLost, ListQueue, Ping
from empath.control.peer import SocketUnusable
from empath.control.remote import RemoteLink
from empath.control.routes import BODY_LIMIT
from empath.control.server import ControlServer
from empath.events import EngineStopping
from tests.fakes.served_link import ServedLink, serving

Loop = Callable[[], asyncio.AbstractEventLoop]


def event(number: int) -> EngineStopping:
    """An event that shows its number."""
    return EngineStopping(at=1.0, reason=str(number))


async def fetch(
    path: Path, method: str, route: str, *, body: bytes | io.BytesIO | None = None
) -> tuple[int, Any, aiohttp.ClientResponse]:
    """Status, JSON and headers of one HTTP exchange."""
    connector = aiohttp.UnixConnector(str(path))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://empath{route}", data=body) as response,
    ):
        return response.status, json.loads(await response.read()), response


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_kernel_names_the_peer(tmp_path: Path, loop: Loop) -> None:
    """On asyncio and on uvloop each request carries who asked: user, uid and pid."""

    async def ask() -> list[str]:
        async with serving(tmp_path) as (link, path):
            remote = RemoteLink(path)
            await remote.ask(Ping())
            await remote.close()
            return link.actors

    with asyncio.Runner(loop_factory=loop) as runner:
        (actor,) = runner.run(ask())
    assert actor.endswith(f"(uid {os.geteuid()}) pid {os.getpid()}")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_other_users_are_sent_away(tmp_path: Path, loop: Loop) -> None:
    """A peer that is neither the engine's user nor root gets 403 and the door is closed."""

    async def ask() -> tuple[int, Any, str | None, list[str]]:
        link = ServedLink()
        server = ControlServer(link, tmp_path / "s", users=frozenset({os.geteuid() + 12345}))
        await server.open()
        status, reply, response = await fetch(server.path, "GET", "/v1/system/ping")
        await server.close()
        return status, reply, response.headers.get("Connection"), link.actors

    with asyncio.Runner(loop_factory=loop) as runner:
        status, reply, connection, actors = runner.run(ask())
    assert (status, connection, actors) == (403, "close", [])
    assert reply == {
        "error": "This socket answers root, the engine's own user and those that monitor.users"
        " names only."
    }


async def test_the_kernels_word_counts_and_not_the_files() -> None:
    """Even where the modes of files let a stranger in, the credentials do not.

    Only root can send a stranger; for a plain user it is the engine that is of somebody else.
    """
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        users = None if root else frozenset({os.geteuid() + 1})
        async with serving(Path(name), users=users) as (link, path):
            path.parent.chmod(0o711)
            path.chmod(0o777)
            program = (
                "import os, socket, sys; os.geteuid() or os.setgid(65534) or os.setuid(65534);"
                "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                "s.sendall(b'GET /v1/system/ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');"
                "print(s.recv(4096).decode())"
            )
            stranger = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, str(path), stdout=subprocess.PIPE
            )
            said, _ = await asyncio.wait_for(stranger.communicate(), 20)
            assert said.startswith(b"HTTP/1.1 403")
            assert link.asked == []


async def test_requests_are_read_from_query_strings_and_from_json(tmp_path: Path) -> None:
    """`GET` reads fields from the query string, `POST` from a JSON object; both answer JSON."""
    async with serving(tmp_path) as (link, path):
        got = await fetch(path, "GET", "/v1/queue?query=state:held&limit=5")
        posted = await fetch(path, "POST", "/v1/queue", body=b'{"query":"state:held","limit":5}')
        assert got[:2] == posted[:2]
        assert got[0] == 200
        assert link.asked == [ListQueue(query="state:held", limit=5)] * 2
        assert got[2].headers["Empath-Protocol"] == str(PROTOCOL)
        assert got[2].content_type == "application/json"


@pytest.mark.parametrize(
    ("method", "route", "body", "status", "why"),
    [
        ("GET", "/v1/queue?limit=x", None, 400, "limit"),
        ("GET", "/v1/queue?x=y", None, 400, 'no field "x"'),
        ("POST", "/v1/queue/retry", b"{", 400, "not JSON"),
        ("GET", "/v1/events?after=x", None, 400, "number of the last event"),
        ("GET", "/v1/events?before=1", None, 400, "there are after"),
        ("GET", "/v1/qeue", None, 404, "did you mean /v1/queue?"),
        ("GET", "/v1/", None, 404, "no route"),
        ("GET", "/nowhere", None, 404, "/v1/"),
        ("GET", "/v1/queue/retry", None, 405, "use POST"),
        ("PUT", "/v1/queue", None, 405, "PUT is not answered"),
        ("GET", "/v1/queue/view?id=0197a8c0f3e41b2c", None, 404, "no message"),
        ("GET", "/v1/queue/view?id=ffffffffffffffff", None, 400, "16 hexadecimal digits"),
    ],
)
async def test_what_is_wrong_comes_back_as_a_sentence(
    tmp_path: Path, method: str, route: str, body: bytes | None, status: int, why: str
) -> None:
    """Each kind of mistake has its status, and one sentence under "error"."""
    async with serving(tmp_path) as (_, path):
        code, reply, _ = await fetch(path, method, route, body=body)
    assert code == status, reply
    assert list(reply) == ["error"]
    assert why in reply["error"]


async def test_a_request_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """A body beyond the limit is 413, not memory."""
    async with serving(tmp_path) as (_, path):
        body = io.BytesIO(b" " * (BODY_LIMIT + 1))
        code, reply, _ = await fetch(path, "POST", "/v1/queue/retry", body=body)
        longer = io.BytesIO(b" " * (4 * BODY_LIMIT + 1))
        even, too, _ = await fetch(path, "POST", "/v1/config/check", body=longer)
    assert (code, even) == (413, 413)
    assert f"larger than {BODY_LIMIT} octets" in reply["error"]
    assert f"larger than {4 * BODY_LIMIT} octets" in too["error"]


async def test_a_read_only_link_refuses_with_403(tmp_path: Path) -> None:
    """What would change something is not done over a link that may only look."""
    link = ServedLink(read_only=True)
    async with serving(tmp_path, link=link) as (_, path):
        code, reply, _ = await fetch(path, "POST", "/v1/queue/flush")
        assert code == 403
        assert "read-only" in reply["error"]
        assert (await fetch(path, "POST", "/v1/queue"))[0] == 200


async def test_a_bug_is_reported_and_the_door_stays_open(tmp_path: Path) -> None:
    """An unexpected error costs one answer: 500, a report, and the next is answered."""
    async with serving(tmp_path) as (link, path):
        link.contents = None  # type: ignore[assignment]
        code, reply, _ = await fetch(path, "GET", "/v1/queue/content?id=0197a8c0f3e41b2c")
        assert code == 500
        assert "bug" in reply["error"]
        assert len(link.reported) == 1
        assert link.reported[0].startswith("control /v1/queue/content")
        assert (await fetch(path, "GET", "/v1/system/ping"))[0] == 200


async def read_lines(path: Path, count: int, query: str = "") -> list[bytes]:
    """The first lines of the event stream."""
    connector = aiohttp.UnixConnector(str(path))
    lines = []
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://empath/v1/events{query}") as response,
    ):
        assert response.headers["Content-Type"].startswith("application/x-ndjson")
        for _ in range(count):
            lines.append(await response.content.readline())  # noqa: PERF401 - one by one
    return lines


async def test_events_are_json_lines(tmp_path: Path) -> None:
    """Each event is an object on a line of its own, with its number."""
    async with serving(tmp_path) as (link, path):
        link.bus.publish(event(1))
        link.bus.publish(event(2))
        first, second = map(json.loads, await read_lines(path, 2, "?after=0"))
    assert first["sequence"] == 1
    assert second["event"] == {"event": "EngineStopping", "at": 1.0, "reason": "2"}


async def test_an_idle_stream_beats(tmp_path: Path) -> None:
    """With nothing to tell, an empty line comes now and then, so a dead peer is noticed."""
    async with serving(tmp_path, heartbeat=0.05) as (_, path):
        assert await read_lines(path, 2) == [b"\n", b"\n"]


async def test_a_slow_reader_loses_events_and_is_told(tmp_path: Path) -> None:
    """A reader that does not read holds nobody up; the gap in what it gets is counted."""
    async with serving(tmp_path) as (link, path):
        remote = RemoteLink(path)
        stream = remote.events(after=0)
        link.bus.publish(event(1))
        first = await anext(stream)
        for number in range(2, 52):  # the reader of this link holds ten
            link.bus.publish(event(number))
        second = await anext(stream)
        await remote.close()
    assert (first.sequence, first.missed) == (1, 0)
    assert (second.sequence, second.missed) == (42, 40)


async def test_closing_does_not_wait_for_readers(tmp_path: Path) -> None:
    """An open event stream is hung up on at once, its reader is told, the socket is gone."""
    link = ServedLink()
    server = ControlServer(link, tmp_path / "empath.sock")
    await server.open()
    remote = RemoteLink(server.path)
    stream = remote.events(after=0)
    link.bus.publish(event(1))
    assert (await anext(stream)).sequence == 1
    async with asyncio.timeout(1):
        await server.close()
    with pytest.raises(LinkLost, match="stopped"):
        await anext(stream)
    await remote.close()
    assert not server.path.exists()


async def test_the_socket_of_another_is_not_removed(tmp_path: Path) -> None:
    """A server that closes removes its own socket and no other that took its place."""
    server = ControlServer(ServedLink(), tmp_path / "s")
    await server.open()
    server.path.unlink()
    server.path.write_text("another")
    await server.close()
    await server.close()
    assert server.path.read_text() == "another"
    assert repr(server).endswith("closed streams=0>")


async def test_two_servers_never_share_a_socket(tmp_path: Path) -> None:
    """The second is refused with a sentence; the first still answers."""
    async with serving(tmp_path) as (_, path):
        with pytest.raises(SocketUnusable, match="Another engine answers"):
            await ControlServer(ServedLink(), path).open()
        remote = RemoteLink(path)
        assert (await remote.ask(Ping())).pid == 4411
        await remote.close()
