"""Faults of disk, DNS and peers: one clear sentence each, nothing lost, the rest keeps running."""

from __future__ import annotations

import resource
import smtplib
import socket
from pathlib import Path

import pytest

from empath.control.link import GetStatus, ListQueue
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, SmtpSink, free_port, until

SMALL_SPOOL = """\
[spool]
path = "{spool}"
inline_limit = "16KiB"
min_free = "0B"
"""
MEGABYTE = 1_000_000


def attempt(port: int, size: int, *, recipient: str = "b@example.test") -> tuple[int, bytes]:
    """Send a message of *size* octets; the reply to its final dot, or to MAIL if that failed."""
    line = "x" * 70 + "\r\n"
    with smtplib.SMTP(LOOPBACK, port, timeout=60) as client:
        client.ehlo()
        code, text = client.mail("a@example.test")
        if code != 250:
            return code, text
        client.rcpt(recipient)
        return client.data("Subject: x\r\n\r\n" + line * (size // len(line) + 1))


def bodies(relay: Empath) -> list[Path]:
    """The body files of the spool, unfinished ones too."""
    return [path for path in (relay.spool / "body").rglob("*") if path.is_file()]


def limit_files(relay: Empath, octets: int) -> None:
    """From now on the engine cannot write a file beyond *octets*, as if the disk were full."""
    _, hard = resource.prlimit(relay.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (octets, hard))


def test_a_disk_that_fills_while_receiving_is_451(tmp_path: Path) -> None:
    """A body that cannot be written is refused with 451 and leaves nothing; then all is well."""
    relay = Empath(tmp_path, settings=SMALL_SPOOL.format(spool=tmp_path / "spool"))
    with relay:
        assert attempt(relay.port, 100)[0] == 250
        limit_files(relay, 2 * MEGABYTE)
        code, text = attempt(relay.port, 5 * MEGABYTE)
        assert code == 451
        assert str(tmp_path).encode() not in text
        until("nothing of it is left", lambda: bodies(relay) == [], within=5)
        limit_files(relay, resource.RLIM_INFINITY)
        assert attempt(relay.port, 5 * MEGABYTE)[0] == 250
        assert relay.ask(GetStatus()).messages == 2


def test_a_database_that_cannot_grow_is_451_and_recovers(tmp_path: Path) -> None:
    """While the database cannot be written every message gets 451; afterwards mail flows."""
    relay = Empath(tmp_path, settings=SMALL_SPOOL.format(spool=tmp_path / "spool"))
    with relay:
        accepted = 0
        assert attempt(relay.port, 8000)[0] == 250
        limit_files(relay, (relay.spool / "queue.db-wal").stat().st_size + 20_000)
        codes = [attempt(relay.port, 8000)[0] for _ in range(20)]
        assert set(codes) <= {250, 451, 452}, codes
        assert codes[-1] != 250
        accepted = 1 + codes.count(250)
        limit_files(relay, resource.RLIM_INFINITY)
        until("mail is taken again", lambda: attempt(relay.port, 8000)[0] == 250, within=20)
        assert relay.ask(GetStatus()).messages == accepted + 1
        assert relay.ctl("spool", "check").returncode == 0


def test_too_little_free_space_is_452(tmp_path: Path) -> None:
    """Below `spool.min_free` a client is told 452 4.3.1 and the engine goes on."""
    settings = f'[spool]\npath = "{tmp_path}/spool"\nmin_free = "900TiB"\n'
    with Empath(tmp_path, settings=settings) as relay:
        code, text = attempt(relay.port, 100)
        assert code == 452
        assert text.startswith(b"4.3.1")
        assert relay.ask(GetStatus()).messages == 0


def test_dns_that_does_not_answer_defers(tmp_path: Path) -> None:
    """With the name server down mail stays queued, and its reply says so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        settings = (
            f'[dns]\nservers = ["{LOOPBACK}:{silent.getsockname()[1]}"]\ntimeout = "1s"\n'
            f'[[route]]\ndomain = "elsewhere.test"\nhost = "{LOOPBACK}:9"\n'
        )
        with Empath(tmp_path, settings=settings, mode="relay") as relay:
            assert attempt(relay.port, 100)[0] == 250
            until("it is deferred", lambda: relay.ask(GetStatus()).deferred == 1, within=30)
            (item,) = relay.ask(ListQueue()).items
            assert item.last_reply.startswith("451 4.4.3"), item.last_reply
            assert "could not be looked up" in item.last_reply, item.last_reply
            assert "dns.servers" in item.last_reply, item.last_reply


def test_a_next_hop_that_is_down_defers(tmp_path: Path) -> None:
    """With the smarthost down mail stays queued, and its reply names the smarthost."""
    port = free_port()
    with Empath(tmp_path, next_hop=port) as relay:
        assert attempt(relay.port, 100)[0] == 250
        until("it is deferred", lambda: relay.ask(GetStatus()).deferred == 1, within=30)
        (item,) = relay.ask(ListQueue()).items
        assert f"{LOOPBACK}:{port}" in item.last_reply, item.last_reply


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_body_is_held_and_never_sent(tmp_path: Path, damage: str) -> None:
    """A body that is not what was accepted is quarantined; other mail goes out."""
    port = free_port()
    settings = SMALL_SPOOL.format(spool=tmp_path / "spool") + '[delivery.retry]\nbase = "1h"\n'
    with Empath(tmp_path, settings=settings, next_hop=port) as relay:
        assert attempt(relay.port, MEGABYTE)[0] == 250
        until("it is deferred", lambda: relay.ask(GetStatus()).deferred == 1, within=30)
        (body,) = bodies(relay)
        if damage == "missing":
            body.unlink()
        else:
            with body.open("r+b") as file:
                file.seek(500_000)
                file.write(b"Y")
        with SmtpSink(port=port) as sink:
            relay.ctl("queue", "flush")
            until("it is held", lambda: relay.ask(GetStatus()).held == 1, within=20)
            assert attempt(relay.port, 100)[0] == 250
            until("the other arrives", lambda: sink.messages == 1, within=20)
        assert relay.ctl("spool", "check").returncode != 0


@pytest.mark.parametrize(
    ("last_words", "queued"),
    [
        (b"Subject: x\r\n\r\nhalf a line", 0),
        (b"Subject: x\r\n\r\nwhole\r\n.\r", 0),
        (b"Subject: x\r\n\r\nwhole\r\n.\r\n", 1),
    ],
    ids=["before the final dot", "inside the final dot", "after the final dot"],
)
def test_a_client_that_goes_away(tmp_path: Path, last_words: bytes, queued: int) -> None:
    """A message counts if its final dot came, whether or not its client waits for the reply."""
    with Empath(tmp_path) as relay:
        with (
            socket.create_connection((LOOPBACK, relay.port), timeout=20) as client,
            client.makefile("rb") as replies,
        ):
            for line in (b"", b"HELO x", b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@d.test>", b"DATA"):
                if line:
                    client.sendall(line + b"\r\n")
                replies.readline()
            client.sendall(last_words)
        until("the session ends", lambda: relay.ask(GetStatus()).sessions == 0, within=20)
        until("it is settled", lambda: relay.ask(GetStatus()).messages == queued, within=10)
        assert attempt(relay.port, 100)[0] == 250
        assert relay.ask(GetStatus()).messages == queued + 1
        assert bodies(relay) == []


def test_a_client_that_closes_its_half_still_gets_the_reply(tmp_path: Path) -> None:
    """A client that sends all and shuts its side for writing is told 250 all the same (L2)."""
    with (
        Empath(tmp_path) as relay,
        socket.create_connection((LOOPBACK, relay.port), timeout=20) as client,
    ):
        client.sendall(
            b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
            b"Subject: x\r\n\r\nx\r\n.\r\n"
        )
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as replies:
            said = replies.read()
        assert b"queued as" in said, said
