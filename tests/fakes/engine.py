"""`empath serve`, `empath dev` and the like in a process of their own, for tests and benches.

The engine gets a folder with its config and spool; `start` returns when it answers at its
control socket, and raises `NotReady` with its log when it does not.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from empath.control.link import LinkLost, Ping, Request
from empath.control.remote import RemoteLink
from tests.fakes.programs import LOOPBACK, ROOT, NotReady, Running, free_port, until


class Empath(Running):
    """`empath serve`, or another command that runs an engine, on a config of its own."""

    name = "Empath"

    def __init__(
        self,
        folder: Path,
        *,
        settings: str = "",
        next_hop: int | None = None,
        command: Sequence[str] = ("serve",),
        port: int | None = None,
        mode: str = "",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """Configure an engine below *folder*, relaying all mail to *next_hop* on loopback.

        Without a next hop it captures mail, unless *mode* says otherwise.  *settings* is TOML
        that is put last.  With a *certificate*, a chain and its key, it offers STARTTLS and asks
        the next hop for it.
        """
        self.port = port or free_port()
        self.folder = folder
        self.spool = folder / "spool"
        lines = [
            f'mode = "{mode or ("relay" if next_hop else "dev")}"',
            'hostname = "empath.example.test"',
            "[[listener]]",
            f'bind = "{LOOPBACK}:{self.port}"',
        ]
        if certificate:
            chain, key = certificate
            lines += ['tls = "starttls"', f'certificate = "{chain}"', f'key = "{key}"']
        if next_hop:
            lines += [
                "[[route]]",
                'domain = "*"',
                f'host = "{LOOPBACK}:{next_hop}"',
                f'tls = "{"starttls" if certificate else "none"}"',
            ]
        if "[spool]" not in settings:
            settings += f'\n[spool]\npath = "{self.spool}"\n'
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "empath.toml"
        self.config.write_text("\n".join((*lines, settings, "")))
        super().__init__(
            [sys.executable, "-m", "empath", *command, "--config", self.config],
            log=folder / "empath.log",
        )

    @property
    def socket(self) -> Path:
        """Its control socket."""
        return self.spool / "empath.sock"

    def start(self, *, within: float = 20, **options: Any) -> None:
        """Start it and wait until it answers at its control socket."""
        super().start(**options)
        try:
            until("empath answers at its control socket", self.is_up, within=within, every=0.05)
        except NotReady as error:
            self.stop()
            raise NotReady(f"{error}\n{self.said()}") from None

    def is_up(self) -> bool:
        """Does it answer?  Raises `NotReady` when it has ended instead."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise NotReady(f"empath ended with exit code {self.process.returncode}")
        try:
            return self.ask(Ping()).pid == self.process.pid
        except LinkLost:
            return False

    def ask(self, request: Request[Any], *, within: float = 30) -> Any:
        """Ask the engine something over its control socket."""

        async def once() -> Any:
            link = RemoteLink(self.socket)
            try:
                return await asyncio.wait_for(link.ask(request), within)
            finally:
                await link.close()

        return asyncio.run(once())

    def ctl(self, *arguments: str, within: float = 30) -> subprocess.CompletedProcess[str]:
        """Run ``empathctl`` against it."""
        return subprocess.run(
            [
                Path(sys.executable).with_name("empathctl"),
                *("--config", self.config),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
            cwd=ROOT,
        )
