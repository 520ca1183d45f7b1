"""Peers that speak STARTTLS, for the encrypted case: smtp-source and smtp-sink do not.

Each is a process of its own on uvloop, the same one for both contestants.  A sender opens a
connection, encrypts it, and sends one message after another, a command at a time as smtp-source
does; the sink takes mail, throws it away and counts it.  Certificates are of an authority made
for the run; sessions are not resumed, because the peers of a relay are many.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import tempfile
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import trustme
import uvloop

from tests.fakes.programs import LOOPBACK, NotReady, free_port, until_port_answers

_SPAWN: Final = multiprocessing.get_context("spawn")
_TLS_CHANGES_HANDS: Final = 30.0


class Certificate:
    """A certificate and key in files, as a server's settings name them."""

    def __init__(self, folder: Path, name: str) -> None:
        issued = trustme.CA().issue_cert(name)
        folder.mkdir(parents=True, exist_ok=True)
        self.chain, self.key = folder / "chain.pem", folder / "key.pem"
        issued.private_key_pem.write_to_path(self.key)
        for blob in issued.cert_chain_pems:
            blob.write_to_path(self.chain, append=True)
        # Readable by its owner only, which both MTAs ask for.
        self.key.chmod(0o600)


class EncryptedSink:
    """A process that takes mail over STARTTLS; a context manager."""

    def __init__(self) -> None:
        self.port = free_port()
        self._count = _SPAWN.Value("q", 0)
        self._folder = tempfile.TemporaryDirectory()
        own = Certificate(Path(self._folder.name), "sink.bench.example")
        self._process = _SPAWN.Process(
            target=_run_sink, args=(self.port, self._count, own.chain, own.key), daemon=True
        )

    @property
    def messages(self) -> int:
        """Messages acknowledged."""
        return int(self._count.value)

    def __enter__(self) -> Self:
        self._process.start()
        until_port_answers(self.port, within=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join(10)
        self._folder.cleanup()


def send_encrypted(
    port: int, *, messages: int, size: int, senders: int, reuse: bool, within: float
) -> float:
    """Send *messages* over STARTTLS; returns the seconds from the first connection on."""
    took = _SPAWN.Value("d", 0.0)
    process = _SPAWN.Process(
        target=_run_source, args=(port, took, messages, size, senders, reuse), daemon=True
    )
    process.start()
    process.join(within)
    if process.exitcode != 0:
        process.kill()
        raise NotReady(f"the encrypted senders did not end well ({process.exitcode})")
    return float(took.value)


def _run_sink(port: int, count: Synchronized[int], chain: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _receive(reader, writer, count, context)
        except (OSError, asyncio.IncompleteReadError):
            pass  # it hung up; smtp-sink says nothing of it either
        finally:
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(client, LOOPBACK, port, backlog=1024, limit=2**20)
        async with server:
            await server.serve_forever()

    uvloop.run(serve())


async def _receive(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    count: Synchronized[int],
    context: ssl.SSLContext,
) -> None:
    writer.write(b"220 sink ESMTP\r\n")
    extensions = b"250-sink\r\n250-STARTTLS\r\n250 PIPELINING\r\n"
    while True:
        line = await reader.readuntil(b"\r\n")
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(extensions)
        elif verb == b"STAR":
            writer.write(b"220 Go on\r\n")
            await writer.start_tls(context, ssl_handshake_timeout=_TLS_CHANGES_HANDS)
            extensions = b"250-sink\r\n250 PIPELINING\r\n"
        elif verb == b"DATA":
            writer.write(b"354 Go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            count.value += 1  # one process writes it
            writer.write(b"250 Ok\r\n")
        elif verb == b"QUIT":
            writer.write(b"221 Bye\r\n")
            return
        else:
            writer.write(b"250 Ok\r\n")


def _run_source(
    port: int, took: Synchronized[float], messages: int, size: int, senders: int, reuse: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    head = b"From: <a@source.bench.example>\r\nTo: <b@sink.bench.example>\r\n\r\n"
    body = (b"X" * 78 + b"\r\n") * max(1, (size - len(head)) // 80)
    content = head + body + b".\r\n"

    async def sender(share: int) -> None:
        left = share
        while left:
            here = left if reuse else 1
            await _send(port, context, content, here)
            left -= here

    async def all_of_them() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(senders):
                group.create_task(sender(messages // senders + (number < messages % senders)))
        return loop.time() - begun

    took.value = uvloop.run(all_of_them())


async def _send(port: int, context: ssl.SSLContext, content: bytes, messages: int) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)

    async def say(words: bytes, wanted: bytes) -> None:
        if words:
            writer.write(words)
        line = await reader.readuntil(b"\r\n")
        while line[3:4] == b"-":
            line = await reader.readuntil(b"\r\n")
        if line[:3] != wanted:
            raise NotReady(f"{words[:40]!r} was answered {line!r}")

    await say(b"", b"220")
    await say(b"EHLO source.bench.example\r\n", b"250")
    await say(b"STARTTLS\r\n", b"220")
    await writer.start_tls(context, ssl_handshake_timeout=_TLS_CHANGES_HANDS)
    await say(b"EHLO source.bench.example\r\n", b"250")
    for _ in range(messages):
        await say(b"MAIL FROM:<a@source.bench.example>\r\n", b"250")
        await say(b"RCPT TO:<b@sink.bench.example>\r\n", b"250")
        await say(b"DATA\r\n", b"354")
        await say(content, b"250")
    await say(b"QUIT\r\n", b"221")
    writer.close()
