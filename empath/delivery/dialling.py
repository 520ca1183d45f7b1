"""Connects to one address of a host, from the address that the settings name.

Returns a `Connection` or why there is none; never raises for what the network does.  The
address connected to is the one that was checked; nothing is looked up here.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from empath.address import IpAddress
from empath.config.model import Config
from empath.delivery.faults import fault
from empath.delivery.progress import Progress
from empath.delivery.route import Target
from empath.delivery.transport import Connection
from empath.policy.patience import Stage
from empath.policy.source_address import sources_for
from empath.policy.tls import TlsFault
from empath.reply import EnhancedCode, Reply
from empath.tls import fault_of


@dataclass(frozen=True, slots=True)
class Refused:
    """One address without a session."""

    stage: str
    reply: Reply
    fault: TlsFault | None = None
    """What was wrong with its encryption, if that is why."""
    unreached: bool = False
    """There was no connection, or nobody spoke on it."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """One address of a target."""

    target: Target
    address: IpAddress
    config: Config
    context: ssl.SSLContext
    progress: Progress

    @property
    def place(self) -> tuple[str, int]:
        """Address and port, as failures of them are remembered."""
        return str(self.address), self.target.port

    @property
    def name(self) -> str:
        """What operators read, such as ``mx.example.org [192.0.2.1]:25``."""
        host = self.target.host.strip("[]")
        shown = host if host == str(self.address) else f"{host} [{self.address}]"
        return f"{shown}:{self.target.port}"

    async def dial(self, *, implicit: bool) -> Connection | Refused:
        """Connect; with *implicit* TLS shake hands too."""
        loop = asyncio.get_running_loop()
        name, settings, transcript = self.name, self.config.delivery, self.progress.transcript
        source = self._source()
        local = None if source is None else (source, 0)
        transcript.remark(f"connecting to {name}" + (f" from {source}" if source else ""))
        self.progress.at(Stage.CONNECT, name)
        sni = server_name(self.target.host)

        def make() -> Connection:
            return Connection(name=name, sni=sni, settings=settings, transcript=transcript)

        try:
            async with asyncio.timeout(settings.connect_timeout):
                if implicit:
                    _, connection = await loop.create_connection(
                        make,
                        str(self.address),
                        self.target.port,
                        ssl=self.context,
                        server_hostname=sni or "",
                        local_addr=local,
                    )
                    connection.secured()
                else:
                    _, connection = await loop.create_connection(
                        make, str(self.address), self.target.port, local_addr=local
                    )
        except (OSError, ValueError) as error:
            if source is not None and _not_ours(error, source):
                return self._no_source(source)
            transcript.remark(f"cannot connect to {name}: {fault(error)}")
            shook = implicit and isinstance(error, ssl.SSLError)
            reply = Reply(451, EnhancedCode("4.4.1"), f"cannot connect to {name}: {fault(error)}")
            return Refused("CONNECT", reply, fault_of(error) if shook else None, not shook)
        return connection

    def _source(self) -> str | None:
        v4, v6 = sources_for(self.target, self.config)
        source = v4 if self.address.version == 4 else v6
        return None if source is None else str(source)  # uvloop takes no subclass of str.

    def _no_source(self, source: str) -> Refused:
        """The setting is wrong: mail waits for the operator, and the server is not to blame."""
        setting = "source_address" if self.address.version == 4 else "source_address_v6"
        fixed = self.target.fixed
        if fixed is not None and getattr(fixed, setting):
            setting = f'{setting} of the [[route]] for "{fixed.domain}"'
        else:
            setting = f"delivery.{setting}"
        text = (
            f"cannot connect from {source}, which is no address of this machine: correct"
            f" {setting}, or give the machine that address"
        )
        self.progress.transcript.remark(text)
        return Refused("CONNECT", Reply(451, EnhancedCode("4.3.5"), text))


def _not_ours(error: OSError | ValueError, source: str) -> bool:
    """Whether it was the address to connect from that the system refused.

    The same error also comes where no port is left, so that address is tried by itself.
    """
    if not isinstance(error, OSError) or error.errno != errno.EADDRNOTAVAIL:
        return False
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((source, 0))
    except OSError as refused:
        return refused.errno == errno.EADDRNOTAVAIL
    return False


@lru_cache(maxsize=1024)
def server_name(host: str) -> str | None:
    """The name for the TLS handshake; an address has none (RFC 6066 3)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return str(host)  # uvloop takes no subclass of str, such as a Domain
    return None
