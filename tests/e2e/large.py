"""Messages of 100 MB through an engine, in and out at once, with its memory watched.

Used by the test of promise P3 and by ``python -m bench.memory``.  What is sent is made line
by line and what arrives is only hashed, so that neither end holds a message.
"""

from __future__ import annotations

import hashlib
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.processes import forget_peak, peak_memory
from tests.fakes.engine import Empath
from tests.fakes.hash_sink import read_log
from tests.fakes.programs import LOOPBACK, Running, free_port, until, until_port_answers

SETTINGS: Final = """\
[inbound]
message_size = "300MB"
"""
LINE: Final = b"." + b"0123456789abcdef" * 4 + b"...\r\n"
BLOCK: Final = LINE * 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """What came of sending some messages at once."""

    count: int
    growth: int
    """Octets by which the engine's peak memory rose over what it had before."""
    seconds: float
    """Until the sink had all of it."""
    intact: bool
    """Every message arrived once, with the hash of what was sent."""


def send(port: int, token: str, size: int) -> str:
    """Send one message of about *size* octets in lines that begin with a dot; its SHA-256."""
    digest = hashlib.sha256()
    head = b"X-Token: %s\r\nSubject: large\r\n\r\n" % token.encode()
    digest.update(head)
    stuffed = BLOCK.replace(b"\r\n.", b"\r\n..")
    with (
        socket.create_connection((LOOPBACK, port), timeout=120) as peer,
        peer.makefile("rb") as replies,
    ):
        for line, code in (
            (b"", b"220"),
            (b"HELO client.example.test\r\n", b"250"),
            (b"MAIL FROM:<large@example.test>\r\n", b"250"),
            (b"RCPT TO:<%s@example.test>\r\n" % token.encode(), b"250"),
            (b"DATA\r\n", b"354"),
        ):
            peer.sendall(line)
            reply = replies.readline()
            assert reply.startswith(code), reply
        peer.sendall(head)
        for _ in range(size // len(BLOCK)):
            # The first line of each block follows a line end as well.
            peer.sendall(b"." + stuffed)
            digest.update(BLOCK)
        peer.sendall(b".\r\n")
        reply = replies.readline()
        assert reply.startswith(b"250"), reply
    return digest.hexdigest()


class Line:
    """A sink that hashes, and an engine that relays to it; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "sink.log"
        self.log.touch()
        port = free_port()
        self._sink = Running(
            [sys.executable, "-m", "tests.fakes.hash_sink", "--port", str(port), "--log", self.log],
            log=folder / "sink.err",
        )
        self._port = port
        self.engine = Empath(folder / "engine", settings=SETTINGS, next_hop=port)

    def __enter__(self) -> Self:
        self._sink.start()
        until_port_answers(self._port, within=10)
        try:
            self.engine.start()
        except BaseException:
            self._sink.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.stop()
        self._sink.stop()

    def passage(self, name: str, *, count: int, size: int, within: float = 240) -> Passage:
        """Send *count* messages of *size* octets at once and wait until all are delivered."""
        forget_peak(self.engine.pid)
        before, start = peak_memory(self.engine.pid), time.monotonic()
        sent: dict[str, str] = {}

        def one(token: str) -> None:
            sent[token] = send(self.engine.port, token, size)

        tokens = [f"{name}{number}" for number in range(count)]
        threads = [threading.Thread(target=one, args=(token,), daemon=True) for token in tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(within)
        wanted = set(tokens)
        until(
            "all messages arrive",
            lambda: wanted <= {copy.token for copy in read_log(self.log)},
            within=within,
            every=0.1,
        )
        seconds = time.monotonic() - start
        copies = [copy for copy in read_log(self.log) if copy.token in wanted]
        intact = sorted((copy.token, copy.sha256) for copy in copies) == sorted(sent.items())
        return Passage(count, peak_memory(self.engine.pid) - before, seconds, intact)
