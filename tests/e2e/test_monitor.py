"""The monitors' socket of a real engine: who is answered there, and what is not."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from empath.control.link import (
    DeleteMessages,
    GetStatus,
    LinkReadOnly,
    ListQueue,
    Ping,
    ReadContent,
    Request,
    SelectMessages,
)
from empath.control.remote import RemoteLink
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK

NOBODY = 65534
PING = b"GET /v1/system/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
KNOCK = f"""
import socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    peer.sendall({PING!r})
    print(peer.makefile().read())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may go into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def ask(path: Path, request: Request[Any]) -> Any:
    """One request at a socket."""

    async def once() -> Any:
        link = RemoteLink(path)
        try:
            return await link.ask(request)
        finally:
            await link.close()

    return asyncio.run(once())


def test_a_monitor_looks_and_does_not_touch(folder: Path) -> None:
    """Lists, states and figures are answered; changes and contents of mail are refused."""
    path = folder / "monitor.sock"
    with Empath(folder / "engine", settings=f'[monitor]\nsocket = "{path}"\n') as engine:
        with smtplib.SMTP(LOOPBACK, engine.port) as client:
            client.sendmail("ada@a.test", ["bob@b.test"], "Subject: Hello\r\n\r\nPrivate.\r\n")
        assert path.stat().st_mode & 0o777 == 0o600
        assert ask(path, Ping()).read_only
        assert not engine.ask(Ping()).read_only
        assert ask(path, GetStatus()).pong.read_only
        (row,) = ask(path, ListQueue()).items
        assert row.subject == "Hello"
        for request in (
            DeleteMessages(ids=(row.id,)),
            ReadContent(id=row.id),
            SelectMessages(query=""),
        ):
            with pytest.raises(LinkReadOnly):
                ask(path, request)
        assert "Private." in engine.ask(ReadContent(id=row.id)).text
        assert len(engine.ask(ListQueue()).items) == 1
        assert "200 OK" in scrape(path, "/metrics")
    assert not path.exists()
    assert f"monitors are answered at {path}" in engine.said()


def scrape(path: Path, what: str) -> str:
    """What a scraper is answered at the socket."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        peer.sendall(f"GET {what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        with peer.makefile() as answer:
            return answer.read()


def as_nobody(path: Path) -> str:
    """What the user nobody is answered."""
    return subprocess.run(
        [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            "python3",
            "-c",
            KNOCK,
            str(path),
        ],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout


@pytest.mark.tools("root")
@pytest.mark.parametrize(("users", "status"), [("nobody", 200), ("daemon", 403)])
def test_named_users_are_answered_and_others_told(folder: Path, users: str, status: int) -> None:
    """Anybody may knock where users are named; who is not is told who is."""
    path = folder / "monitor.sock"
    settings = f'[monitor]\nsocket = "{path}"\nusers = ["{users}"]\n'
    with Empath(folder / "engine", settings=settings):
        assert path.stat().st_mode & 0o777 == 0o666
        said = as_nobody(path)
    assert f" {status} " in said.splitlines()[0]
    assert ("those that monitor.users names" in said) is (status == 403)
