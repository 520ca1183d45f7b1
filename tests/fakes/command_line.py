"""`empathctl` on a link that answers, in a thread or as a program, and a queue to ask about."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from empath.address import Domain, EmailAddress
from empath.cli.ctl import commands
from empath.control.link import (
    MessageView,
    QueueItem,
    RecipientItem,
)
from empath.envelope import MessageId, Priority
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    MessageAccepted,
    NotificationSent,
    OperatorActed,
    RecipientResult,
    TlsSession,
)
from tests.fakes.served_link import ServedLink

EMPATHCTL = Path(sys.executable).with_name("empathctl")
NOW = 1_790_000_000.0


def item(number: int, state: str = "deferred") -> QueueItem:
    """One message of the queue."""
    return QueueItem(
        id=MessageId.compose(1_790_000_000_000 + number, 1),
        state=state,
        received_at=NOW,
        next_at=NOW + 60,
        attempts=2,
        size=4096,
        priority="normal",
        reverse_path=None if number == 2 else EmailAddress("ada@example.org"),
        recipient=EmailAddress(f"user{number}@example.net"),
        recipients=1 + number,
        destination=Domain("example.net"),
        last_reply="421 4.7.0 [red]too many",
        subject="Hello",
    )


ID = item(0).id

VIEW = MessageView(
    id=ID,
    reverse_path=EmailAddress("ada@example.org"),
    recipients=(
        RecipientItem(
            number=0,
            address=EmailAddress("bob@example.net"),
            destination=Domain("example.net"),
            state="deferred",
            attempts=1,
            next_at=NOW + 300,
            last_reply="451 4.7.1 greylisted",
            hold_reason="",
        ),
    ),
    recipient_count=1001,
    subject="Hello",
    size=4096,
    sha256="ab" * 32,
    priority="high",
    received_at=NOW,
    expires_at=NOW + 432_000,
    client="192.0.2.9",
    helo="client.example",
    protocol="ESMTPS",
    listener="127.0.0.1:1025",
    tls="TLSv1.3 X",
    body="8BITMIME",
    smtputf8=True,
    body_stored=True,
    timeline=(
        MessageAccepted(
            at=NOW,
            id=ID,
            reverse_path=None,
            recipients=(),
            size=4096,
            client="192.0.2.9",
            helo="",
            protocol="ESMTPS",
            priority=Priority.HIGH,
            subject="Hello",
        ),
        AttemptEnded(
            at=NOW + 1,
            id=ID,
            destination=Domain("example.net"),
            server="mx1.example.net [192.0.2.1]:25",
            stage="RCPT",
            seconds=0.82,
            size=4096,
            latency=1.0,
            results=(
                RecipientResult(
                    0, EmailAddress("bob@example.net"), "deferred", "451 4.7.1 greylisted", NOW
                ),
            ),
            tls=TlsSession("TLSv1.3", "X", "chain"),
            uncertain=True,
            transcript=("> RCPT TO:<bob@example.net>", "< 451 4.7.1 greylisted\x1b[31m"),
        ),
        OperatorActed(at=NOW + 2, id=ID, action="hold", actor="root(uid 0) pid 7", reason="spam"),
        NotificationSent(at=NOW + 3, id=ID, dsn=ID, kind="delayed", recipients=()),
        BodyDamaged(at=NOW + 4, id=ID, reason="its SHA-256 differs"),
    ),
    headers=(("Subject", "Hello"), ("X-Evil", r"\x1b[31m")),
)


def in_folder(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """./empath.toml, private, in the folder that is worked in from now on."""
    monkeypatch.chdir(folder)
    path = folder / "empath.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def config(*arguments: str, typed: str | None = None) -> Result:
    """Run `empathctl config` on what is in the working folder."""
    return CliRunner().invoke(commands, ["config", *arguments], input=typed)


@dataclass
class Ctl:
    """`empathctl` on a link that answers."""

    link: ServedLink
    path: Path

    async def run(self, *arguments: str, stdin: str = "") -> Result:
        """Run it in a thread, while the engine's end answers on this loop."""
        given = [*arguments, "--socket", str(self.path)]
        return await asyncio.to_thread(CliRunner().invoke, commands, given, input=stdin)

    async def start(self, *arguments: str, **options: int) -> asyncio.subprocess.Process:
        """Run it as a program."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        pipes |= {"stderr": subprocess.PIPE} | options
        return await asyncio.create_subprocess_exec(
            EMPATHCTL, *arguments, "--socket", self.path, **pipes
        )
