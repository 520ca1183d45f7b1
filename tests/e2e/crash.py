"""The crash harness: mail at full speed, ``kill -9`` at random moments, start again, count.

Promise P2 of docs/ARCHITECTURE.md: what was acknowledged is delivered or still queued, byte
for byte, and is delivered twice only where the peer's own 250 was under way at the kill.
By hand: ``python -m tests.e2e.crash --kills 100``.  A kill leaves what was written to the
operating system in place, so this proves the order of writes and replies, not the fsync.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from empath.control.link import GetStatus, LinkLost, ListQueue
from tests.fakes.engine import Empath
from tests.fakes.hash_sink import Received, read_log
from tests.fakes.programs import (
    LOOPBACK,
    NotReady,
    Running,
    free_port,
    until,
    until_port_answers,
)

SETTINGS: Final = """\
[spool]
path = "{spool}"
inline_limit = "64KiB"
[inbound]
connections_per_client = 1000
[delivery.retry]
base = "1s"
cap = "2s"
attempts = 1000
"""
SIZES: Final = (1_000, 4_000, 4_000, 4_000, 8_000, 8_000, 200_000, 1_000_000)
"""Bodies to choose from: six that are kept in the database, two that are files."""
IN_FLIGHT: Final = 1.0
"""Seconds between the sink's 250 and a kill within which it may not have been written down: before
the kill it was on its way, behind it the sink read what had been sent."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    kills: int
    acknowledged: int = 0
    """Recipients of messages whose client has a 250."""
    unsure: int = 0
    """Messages whose client lost its connection without a reply: they may be either."""
    delivered: int = 0
    queued: int = 0
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    extra: int = 0
    """Copies beyond the first."""
    unexplained: list[str] = field(default_factory=list)
    """Of those, the ones that no kill had interrupted the 250 of."""

    @property
    def sound(self) -> bool:
        """Nothing lost, nothing changed, nothing sent twice without need."""
        return not (self.lost or self.damaged or self.unexplained)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged:,} acknowledged, {self.delivered:,} "
            f"delivered, {self.queued} queued, {len(self.lost)} lost, {len(self.damaged)} "
            f"damaged, {self.extra} extra copies ({self.extra / max(1, self.kills):.2f} a kill), "
            f"{self.unsure} without a reply"
        )


class Sender(threading.Thread):
    """One client: sends as fast as it can, notes what was acknowledged, survives all."""

    def __init__(self, port: int, number: int, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._number = number
        self._random = random.Random(seed)
        self._stop_sending = stop
        self.acknowledged: dict[tuple[str, str], str] = {}
        """(recipient, token) to the SHA-256 of what was sent."""
        self.unsure = 0
        self.refused: list[str] = []
        self._sent = 0

    def run(self) -> None:
        while not self._stop_sending.is_set():
            try:
                with socket.create_connection((LOOPBACK, self._port), timeout=30) as peer:
                    self._converse(peer)
            except OSError:
                # The engine is dead or not yet up again.
                self._stop_sending.wait(0.02)

    def _converse(self, peer: socket.socket) -> None:
        """Send message upon message on one connection."""
        with peer.makefile("rb") as replies:
            self._expect(replies, b"220")
            self._say(peer, replies, b"EHLO client.example.test\r\n", b"250")
            while not self._stop_sending.is_set():
                self._send(peer, replies)

    def _send(self, peer: socket.socket, replies: Iterator[bytes]) -> None:
        self._sent += 1
        token = f"t{self._number}-{self._sent}"
        recipients = [f"{token}@one.example.test"]
        if self._random.random() < 0.2:
            recipients.append(f"{token}@two.example.test")
        content = self._compose(token)
        self._say(peer, replies, b"MAIL FROM:<crash@example.test>\r\n", b"250")
        for recipient in recipients:
            self._say(peer, replies, b"RCPT TO:<%s>\r\n" % recipient.encode(), b"250")
        self._say(peer, replies, b"DATA\r\n", b"354")
        try:
            self._say(peer, replies, content.replace(b"\r\n.", b"\r\n..") + b".\r\n", b"250")
        except OSError:
            self.unsure += 1
            raise
        digest = hashlib.sha256(content).hexdigest()
        for recipient in recipients:
            self.acknowledged[recipient, token] = digest

    def _compose(self, token: str) -> bytes:
        """A message that no other is like, with lines that begin with dots."""
        line = b"." + self._random.randbytes(36).hex().encode() + b"\r\n"
        count = self._random.choice(SIZES) // len(line)
        head = b"X-Token: %s\r\nSubject: %s\r\n\r\n" % (token.encode(), token.encode())
        return head + line * count

    def _say(
        self, peer: socket.socket, replies: Iterator[bytes], line: bytes, wanted: bytes
    ) -> None:
        peer.sendall(line)
        self._expect(replies, wanted)

    def _expect(self, replies: Iterator[bytes], wanted: bytes) -> None:
        line = next(replies, b"")
        while line[3:4] == b"-":
            line = next(replies, b"")
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection ended within a reply")
        if not line.startswith(wanted):
            # A refusal is honest, so nothing is owed; it is kept to be shown.
            self.refused.append(line.decode(errors="replace").strip())
            raise ConnectionError(line)


def judge(
    acknowledged: dict[tuple[str, str], str],
    copies: list[Received],
    queued: set[str],
    killed_at: Sequence[float],
) -> Report:
    """Compare what clients were told with what the sink was given and the spool still holds."""
    report = Report(len(killed_at), acknowledged=len(acknowledged), queued=len(queued))
    counts = Counter((copy.recipient, copy.token) for copy in copies)
    digests: dict[tuple[str, str], set[str]] = {}
    for copy in copies:
        digests.setdefault((copy.recipient, copy.token), set()).add(copy.sha256)
    report.delivered = len(counts)
    report.extra = sum(count - 1 for count in counts.values())
    said: dict[tuple[str, str], float] = {}
    for copy in sorted(copies, key=lambda copy: copy.at):
        key = (copy.recipient, copy.token)
        before = said.get(key)
        if before is not None and not any(abs(at - before) <= IN_FLIGHT for at in killed_at):
            report.unexplained.append(" ".join(key))
        said[key] = copy.at
    for key, sent in acknowledged.items():
        if key not in counts and key[1] not in queued:
            report.lost.append(" ".join(key))
        elif digests.get(key, {sent}) != {sent}:
            report.damaged.append(" ".join(key))
    return report


def still_queued(engine: Empath) -> set[str]:
    """The tokens of all messages that wait, from their subjects."""
    tokens: set[str] = set()
    cursor = ""
    while True:
        page = engine.ask(ListQueue(cursor=cursor, limit=500))
        tokens.update(item.subject for item in page.items)
        cursor = page.cursor
        if not cursor:
            return tokens


def drained(engine: Empath) -> bool:
    """Does nothing wait any more?"""
    with contextlib.suppress(LinkLost):
        return bool(engine.ask(GetStatus()).messages == 0)
    return False


def run(folder: Path, *, kills: int, seed: int, senders: int = 4, settle: float = 120) -> Report:
    """Do it.  *settle* bounds the wait for the queue to drain behind the last kill."""
    chance = random.Random(seed)
    engine_folder = folder / "engine"
    sink_port, log = free_port(), folder / "sink.log"
    log.touch()
    sink = Running(
        [sys.executable, "-m", "tests.fakes.hash_sink", "--port", str(sink_port), "--log", log],
        log=folder / "sink.err",
    )
    engine = Empath(
        engine_folder,
        settings=SETTINGS.format(spool=engine_folder / "spool"),
        next_hop=sink_port,
    )
    stop = threading.Event()
    threads = [Sender(engine.port, number, seed + number, stop) for number in range(senders)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(sink)
        until_port_answers(sink_port, within=10)
        stack.enter_context(engine)
        stack.callback(stop.set)
        for thread in threads:
            thread.start()
        killed_at: list[float] = []
        for _ in range(kills):
            # From within the start of the engine to seconds of full speed.
            stop.wait(chance.uniform(0.1, 2.5))
            engine.signal(signal.SIGKILL)
            engine.wait(within=10)
            killed_at.append(time.monotonic())
            Running.start(engine)
        until("the engine is back", engine.is_up, within=30)
        stop.wait(0.5)
        stop.set()
        for thread in threads:
            thread.join(30)
        # What still waits after that is no loss: it is counted as queued.
        with contextlib.suppress(NotReady):
            until("the queue drains", lambda: drained(engine), within=settle, every=0.2)
        queued = still_queued(engine)
    acknowledged: dict[tuple[str, str], str] = {}
    for thread in threads:
        acknowledged |= thread.acknowledged
    report = judge(acknowledged, read_log(log), queued, killed_at)
    report.unsure = sum(thread.unsure for thread in threads)
    return report


def main() -> int:
    """Run it by hand."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e.crash", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="0 (default) takes one from the time")
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, left as it is")
    asked = parser.parse_args()
    seed = asked.seed or time.monotonic_ns() % 1_000_000
    print(f"seed {seed}")
    with contextlib.ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        report = run(folder, kills=asked.kills, seed=seed, senders=asked.senders)
    print(report)
    for kind, cases in (
        ("lost", report.lost),
        ("damaged", report.damaged),
        ("sent twice for no reason", report.unexplained),
    ):
        for case in cases[:20]:
            print(f"{kind}: {case}")
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
