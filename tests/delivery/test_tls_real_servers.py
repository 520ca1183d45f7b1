"""The rows of docs/TLS.md that are about certificates and versions, against real servers.

Postfix's smtpd and OpenSSL's s_server, each behind a tap on the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.postfix import Postfix
from empath.config.model import DeliveryTls, TlsPolicy
from tests.delivery.test_tls_matrix import (
    COLUMNS,
    TABLE,
    config,
    table,
    told_in_clear,
    tried,
    word,
)
from tests.fakes.identities import authority_file, identity
from tests.fakes.programs import free_port, program, until_port_answers
from tests.fakes.tap import Tap

POLICIES = [TlsPolicy.OPPORTUNISTIC, TlsPolicy.REQUIRED, TlsPolicy.VERIFY]
CERTIFICATES = [
    row for row, cells in table().items() if cells[4].startswith("cert") or cells[4] == "–"
]
FAULTS = [*CERTIFICATES, "TLS 1.0 only", "no STARTTLS"]
OLD = "-o smtpd_tls_protocols=<=TLSv1 -o tls_high_cipherlist=ALL:@SECLEVEL=0"


def keep(kind: str, folder: Path) -> Path:
    """The identity of one *kind* in a file, as a careful operator keeps it."""
    path = folder / f"{kind.replace(' ', '-')}.pem"
    path.write_bytes(identity(kind))
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def postfix() -> Iterator[dict[str, int]]:
    """One Postfix with a port for each fault; they are yielded."""
    # Not below pytest's own folders: Postfix's processes must be able to pass through.
    with tempfile.TemporaryDirectory(prefix="empath-postfix-") as name:
        yield from _postfix(Path(name))


def _postfix(folder: Path) -> Iterator[dict[str, int]]:
    ports, services = {}, ""
    for fault in FAULTS:
        ports[fault] = free_port()
        level = "none" if fault == "no STARTTLS" else "may"
        file = keep(fault if fault in CERTIFICATES else "good", folder)
        services += (
            f"127.0.0.1:{ports[fault]} inet n - n - - smtpd -o smtpd_tls_chain_files={file}"
            f" -o smtpd_tls_security_level={level}"
            f" -o smtpd_client_connection_rate_limit=0 {OLD if fault == 'TLS 1.0 only' else ''}\n"
        )
    with Postfix(folder, sink_port=free_port(), reuse=False, services=services):
        for port in ports.values():
            until_port_answers(port, within=20)
        yield ports


@pytest.mark.tools("postfix", "root")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_postfix_gets_what_the_table_says(
    postfix: dict[str, int], fault: str, policy: TlsPolicy
) -> None:
    """3.3 names: also where Postfix itself would have believed the certificate."""
    expected = TABLE[fault][COLUMNS.index(policy)]
    async with Tap(postfix[fault]) as tap:
        tls = DeliveryTls(policy=policy, ca_file=authority_file())
        report = await tried(config(tap.port, tls, connect_timeout=5))
    assert word(report) == expected
    assert told_in_clear(bytes(tap.wire)) == (expected == "in clear")
    faults = [failure.fault for failure in report.tls_failures]
    assert faults == ([TABLE[fault][4]] if expected[0] == "5" or fault == "TLS 1.0 only" else [])


class SServer:
    """A mail server made of ``openssl s_server``: it does the TLS, a script says the rest."""

    def __init__(self, file: Path, *options: str) -> None:
        self._command = ["s_server", "-quiet", "-crlf", "-cert", str(file), *options]
        self.contents: list[bytes] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Its port, where STARTTLS leads to OpenSSL."""
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(program("openssl"), *self._command, "-accept", f"127.0.0.1:{port}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.TaskGroup() as group:
            script = group.create_task(self._script(process))
            front = await asyncio.start_server(
                lambda reader, writer: self._front(reader, writer, port), "127.0.0.1", 0
            )
            try:
                yield front.sockets[0].getsockname()[1]
            finally:
                front.close()
                script.cancel()
                process.kill()
                await process.wait()

    async def _front(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        """What is said in clear; then the octets go on to OpenSSL as they are."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            for said in (b"220 mx ESMTP", b"250-mx\r\n250 STARTTLS", b"220 go"):
                writer.write(said + b"\r\n")
                if said != b"220 go":
                    await reader.readuntil(b"\r\n")
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    inward, outward = await asyncio.open_connection("127.0.0.1", port)
                    break
                await asyncio.sleep(0.02)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, outward))
                both.create_task(_pump(inward, writer))

    async def _script(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        while line := await process.stdout.readline():
            match line.strip().upper().split(b" ")[0]:
                case b"DATA":
                    process.stdin.write(b"354 go on\n")
                    content = b""
                    while not content.endswith(b".\r\n") and (
                        more := await process.stdout.readline()
                    ):
                        content += more
                    self.contents.append(content)
                    process.stdin.write(b"250 2.0.0 taken\n")
                case _:
                    process.stdin.write(b"250 Ok\n")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@pytest.mark.tools("openssl")
@pytest.mark.parametrize(
    ("kind", "option", "result"),
    [
        ("good", "-tls1_2", "verified"),
        ("good", "-tls1_3", "verified"),
        ("good", "-tls1_1", "5.7.10"),
        ("expired", "-tls1_3", "5.7.5"),
        ("name only in CN", "-tls1_2", "5.7.5"),
    ],
)
async def test_s_server_of_openssl(kind: str, option: str, result: str, tmp_path: Path) -> None:
    """TLS 1.2 and 1.3 are spoken; 1.1 counts as no encryption."""
    server = SServer(keep(kind, tmp_path), option, "-cipher", "ALL:@SECLEVEL=0")
    async with asyncio.timeout(30), server.running() as port, Tap(port) as tap:
        tls = DeliveryTls(policy=TlsPolicy.VERIFY, ca_file=authority_file())
        report = await tried(config(tap.port, tls, connect_timeout=5))
        if result == "verified":
            assert report.tls is not None
            assert report.tls.version == f"TLSv{option[4:].replace('_', '.')}"
    assert word(report) == result
    assert len(server.contents) == (1 if result == "verified" else 0)
    assert not told_in_clear(bytes(tap.wire))
