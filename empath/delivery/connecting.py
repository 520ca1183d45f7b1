"""Opens a connection to a host that a route names: its addresses in order, TLS as needed.

The address connected to is the one that was checked; nothing is looked up twice.  Where
encryption is opportunistic and goes wrong, the same address is tried once more in clear;
where it is required, never.  Returns a session that takes mail, or `Missed`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from empath.address import BannerHostname, IpAddress
from empath.config.model import Config, Delivery
from empath.delivery.pool import Key
from empath.delivery.route import Target
from empath.delivery.transcript import Transcript
from empath.delivery.transport import Connection, fault
from empath.policy.tls import Need, may_send_in_clear, need
from empath.reply import Deferred, EnhancedCode, Failed, Reply
from empath.smtp.opening import Credentials, NotOpened, Opened, StartTls, open_session

_STARTTLS: Final = {
    Need.NONE: StartTls.NEVER,
    Need.OPPORTUNISTIC: StartTls.IF_OFFERED,
    Need.STARTTLS: StartTls.REQUIRED,
    Need.IMPLICIT: StartTls.NEVER,
}


@dataclass(frozen=True, slots=True)
class Missed:
    """No session with a host; what that means if there is no other."""

    stage: str
    outcome: Deferred | Failed
    server: str = ""
    """The server that was tried, or empty where its address is not known."""
    host: str = ""
    """The host name of a server that spoke."""


def key_of(target: Target) -> Key:
    """What a connection for *target* may be reused for."""
    fixed = target.fixed
    username = fixed.username if fixed is not None else ""
    return Key(target.host, target.port, need(fixed), username, fixed is not None)


async def connect(
    target: Target,
    addresses: Sequence[IpAddress],
    *,
    config: Config,
    context: ssl.SSLContext,
    transcript: Transcript,
) -> Connection | Missed:
    """A session with the first of *addresses* that grants one; never raises for a server."""
    wanted = need(target.fixed)
    credentials = _credentials(target)
    missed = Missed("CONNECT", Deferred(Reply(451, EnhancedCode("4.4.1"), "no address")))
    for address in addresses:
        server = _Server(target, address, config.hostname, config.delivery, context, transcript)
        session = await server.session(wanted, credentials)
        if isinstance(session, Connection):
            return session
        if session.in_tls and may_send_in_clear(wanted, has_secret=credentials is not None):
            transcript.remark("STARTTLS failed: once more in clear, since nothing requires it")
            session = await server.session(Need.NONE, None)
            if isinstance(session, Connection):
                return session
        spoke = session.stage != "CONNECT" or session.reply.enhanced != "4.4.1"
        host = target.host if spoke else ""
        missed = Missed(session.stage, Deferred(session.reply), server.name, host)
    return missed


def _credentials(target: Target) -> Credentials | None:
    fixed = target.fixed
    if fixed is None or not fixed.username:
        return None
    return Credentials(fixed.username, fixed.password, f"{target.host}:{target.port}")


@dataclass(frozen=True, slots=True)
class _Server:
    """One address of a target."""

    target: Target
    address: IpAddress
    helo: BannerHostname
    settings: Delivery
    context: ssl.SSLContext
    transcript: Transcript

    @property
    def name(self) -> str:
        host = self.target.host.strip("[]")
        shown = host if host == str(self.address) else f"{host} [{self.address}]"
        return f"{shown}:{self.target.port}"

    async def session(
        self, wanted: Need, credentials: Credentials | None
    ) -> Connection | NotOpened:
        connection = await self._dial(implicit=wanted is Need.IMPLICIT)
        if isinstance(connection, NotOpened):
            return connection
        opened = await connection.run(
            open_session(
                helo=self.helo,
                starttls=_STARTTLS[wanted],
                credentials=credentials,
                secure=wanted is Need.IMPLICIT,
            ),
            context=self.context,
        )
        match opened:
            case Opened():
                connection.extensions = opened.extensions
                return connection
            case NotOpened():
                connection.quit()
                return opened

    async def _dial(self, *, implicit: bool) -> Connection | NotOpened:
        loop = asyncio.get_running_loop()
        self.transcript.remark(f"connecting to {self.name}")
        sni = _sni(self.target.host)

        def make() -> Connection:
            return Connection(
                name=self.name, sni=sni, settings=self.settings, transcript=self.transcript
            )

        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                if implicit:
                    _, connection = await loop.create_connection(
                        make,
                        str(self.address),
                        self.target.port,
                        ssl=self.context,
                        server_hostname=sni or "",
                    )
                    connection.secured()
                else:
                    _, connection = await loop.create_connection(
                        make, str(self.address), self.target.port
                    )
        except (OSError, ValueError) as error:
            self.transcript.remark(f"cannot connect: {fault(error)}")
            reason = f"cannot connect to {self.name}: {fault(error)}"
            return NotOpened("CONNECT", Reply(451, EnhancedCode("4.4.1"), reason))
        return connection


@lru_cache(maxsize=1024)
def _sni(host: str) -> str | None:
    """The name for the TLS handshake; an address has none (RFC 6066 3)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host
    return None
