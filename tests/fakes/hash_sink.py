"""A receiving server in a process of its own that writes down what it acknowledged.

``python -m tests.fakes.hash_sink --port 2500 --log FILE`` takes any mail.  Before each 250
after the final dot it appends one line to the log: recipient, token, SHA-256, octets, and when by
the machine's monotonic clock.  The token is the value of the ``X-Token`` field and the digest
covers the message from that field to its end, dots unstuffed, so that trace fields before it do
not count.  Memory stays flat whatever the size of a message (lines must be short).
``--reply "450 4.2.0 Later"`` answers
every final dot with that instead and logs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIELD: Final = b"\r\nX-Token: "


class Fingerprint:
    """The token and digest of one message, taken from the wire as it comes."""

    def __init__(self) -> None:
        # The content begins at the start of a line: hold the line end that says so.
        self._held = b"\r\n"
        self._before: bytes | None = b""
        self._digest = hashlib.sha256()
        self.token = "-"
        self.size = 0

    def feed(self, data: bytes) -> bytes | None:
        """Take octets; returns what follows the end of the data, or None before the end."""
        data = self._held + data
        end = data.find(b"\r\n.\r\n")
        if end >= 0:
            self._take(data[: end + 2])
            return data[end + 5 :]
        # All before the last whole line end is sure not to be part of the end of the data.
        cut = max(0, data.rfind(b"\r\n", 0, len(data) - 3))
        self._take(data[:cut])
        self._held = data[cut:]
        return None

    def _take(self, stuffed: bytes) -> None:
        content = stuffed.replace(b"\r\n.", b"\r\n")
        if self._before is not None:
            self._before += content
            start = self._before.find(FIELD)
            line_end = self._before.find(b"\r\n", start + len(FIELD))
            if start < 0 or line_end < 0:
                return
            content, self._before = self._before[start + 2 :], None
            self.token = content[len(FIELD) - 2 : line_end - start - 2].decode()
        self._digest.update(content)
        self.size += len(content)

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._digest.hexdigest()


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, log: int, reply: bytes | None) -> None:
        self._log = log
        self._reply = reply
        self._lines = b""
        self._content: Fingerprint | None = None
        self._recipients: list[str] = []
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        replies: list[bytes] = []
        while data:
            if self._content is not None:
                rest = self._content.feed(data)
                if rest is None:
                    break
                replies.append(self._acknowledge(self._content))
                self._content, data = None, rest
                continue
            line, end, rest = (self._lines + data).partition(b"\r\n")
            if not end:
                self._lines = line
                break
            self._lines, data = b"", rest
            replies.append(self._command(line))
        if replies:
            self._transport.write(b"".join(replies))
        if b"221 Bye\r\n" in replies:
            self._transport.close()

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        match verb:
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
            case b"RCPT":
                self._recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
            case b"MAIL" | b"RSET":
                self._recipients.clear()
            case b"DATA":
                self._content = Fingerprint()
                return b"354 Go on\r\n"
            case b"QUIT":
                return b"221 Bye\r\n"
        return b"250 Ok\r\n"

    def _acknowledge(self, content: Fingerprint) -> bytes:
        if self._reply is not None:
            return self._reply
        now = time.monotonic()
        lines = "".join(
            f"{recipient} {content.token} {content.hexdigest()} {content.size} {now:.6f}\n"
            for recipient in self._recipients
        )
        os.write(self._log, lines.encode())
        return b"250 Ok\r\n"


@dataclass(frozen=True, slots=True)
class Received:
    """One copy that the sink acknowledged."""

    recipient: str
    token: str
    sha256: str
    size: int
    at: float = 0.0
    """When, in seconds of the machine's monotonic clock."""


def read_log(path: Path) -> list[Received]:
    """What a sink has acknowledged, in order."""
    fields = (line.split() for line in path.read_text().splitlines())
    return [
        Received(recipient, token, sha, int(size), float(at))
        for recipient, token, sha, size, at in fields
    ]


async def serve(port: int, log: Path, reply: str | None) -> None:
    """Receive until SIGTERM."""
    loop = asyncio.get_running_loop()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    answer = f"{reply}\r\n".encode() if reply else None
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(
        lambda: Sink(handle, answer), "127.0.0.1", port, backlog=1024, reuse_address=True
    )
    async with server:
        await stopped.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--reply")
    asked = parser.parse_args()
    asyncio.run(serve(asked.port, asked.log, asked.reply))


if __name__ == "__main__":
    main()
