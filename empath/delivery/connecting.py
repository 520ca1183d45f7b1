"""Opens a connection to a host that a route names: its addresses in order, TLS as needed.

The address connected to is the one that was checked; nothing is looked up twice.  Where
encryption is opportunistic and goes wrong, the same address is tried once more in clear;
where it is required, never.  Returns a session that takes mail, or `Missed`; every server
whose encryption failed on the way is noted, whatever came after.
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
from empath.config.model import Config, Delivery, TlsPolicy
from empath.delivery.faults import fault
from empath.delivery.pool import Key
from empath.delivery.route import Target
from empath.delivery.transcript import Transcript
from empath.delivery.transport import Connection
from empath.events import TlsFailure
from empath.policy.tls import Need, TlsFault, unmet
from empath.reply import Deferred, EnhancedCode, Failed, Reply
from empath.smtp.opening import Credentials, NotOpened, Opened, StartTls, open_session
from empath.tls import ClientContexts, TlsUnusable, fault_of


@dataclass(frozen=True, slots=True)
class Missed:
    """No session with a host; what that means if there is no other."""

    stage: str
    outcome: Deferred | Failed
    server: str = ""
    """The server that was tried, or empty where its address is not known."""
    host: str = ""
    """The host name of a server that spoke."""


def key_of(target: Target, wanted: Need) -> Key:
    """What a connection for *target*, encrypted as *wanted*, may be reused for."""
    fixed = target.fixed
    username = fixed.username if fixed is not None else ""
    return Key(target.host, target.port, wanted, username, fixed is not None)


async def connect(
    target: Target,
    addresses: Sequence[IpAddress],
    wanted: Need,
    *,
    config: Config,
    contexts: ClientContexts,
    transcript: Transcript,
    failures: list[TlsFailure],
) -> Connection | Missed:
    """A session with the first of *addresses* that grants one; never raises for a server.

    The servers whose encryption failed are added to *failures*.
    """
    credentials = _credentials(target)
    try:
        context = await contexts.get(verify=wanted.verified)
    except TlsUnusable as error:  # Our own setting: mail waits for it.
        transcript.remark(str(error))
        return Missed("CONNECT", Deferred(Reply(451, EnhancedCode("4.3.5"), str(error))))
    if wanted.verified and _sni(target.host) is None:
        reason = f'{target.host} is an address: tls "verify" needs the name of a host'
        failures.append(_failure(target.host, wanted, TlsFault.HOST_MISMATCH, reason))
        outcome = unmet(wanted, TlsFault.HOST_MISMATCH, config.delivery.tls, reason=reason)
        transcript.remark(reason)
        return Missed("STARTTLS", outcome)
    missed = Missed("CONNECT", Deferred(Reply(451, EnhancedCode("4.4.1"), "no address")))
    for address in addresses:
        server = _Server(target, address, config.hostname, config.delivery, context, transcript)
        session = await server.session(wanted, credentials)
        if isinstance(session, Connection):
            return session
        outcome = Deferred(session.reply)
        if session.fault is not None:
            reason = f"{server.name} {_SAID.get(session.fault, '')}{session.reply.text}"
            failures.append(_failure(server.name, wanted, session.fault, reason))
            # 421 is no word about encryption: the server goes away (RFC 5321 3.8).
            if session.fault is not TlsFault.REFUSED or session.reply.code != 421:
                outcome = unmet(wanted, session.fault, config.delivery.tls, reason=reason)
            if wanted.may_send_in_clear(has_secret=credentials is not None):
                transcript.remark("STARTTLS failed: once more in clear, since nothing requires it")
                session = await server.session(Need(TlsPolicy.DISABLED, wanted.source), None)
                if isinstance(session, Connection):
                    return session
                outcome = Deferred(session.reply)
        spoke = session.stage != "CONNECT" or session.reply.enhanced != "4.4.1"
        host = target.host if spoke else ""
        missed = Missed(session.stage, outcome, server.name, host)
    return missed


_SAID: Final = {TlsFault.REFUSED: "refused STARTTLS: "}


def _failure(server: str, wanted: Need, fault: TlsFault, reason: str) -> TlsFailure:
    return TlsFailure(server, wanted.policy, wanted.source, fault, reason)


def _credentials(target: Target) -> Credentials | None:
    fixed = target.fixed
    if fixed is None or not fixed.username:
        return None
    return Credentials(fixed.username, fixed.password, f"{target.host}:{target.port}")


@dataclass(frozen=True, slots=True)
class _Refused:
    """One address without a session."""

    stage: str
    reply: Reply
    fault: TlsFault | None = None
    """What was wrong with its encryption, if that is why."""


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

    async def session(self, wanted: Need, credentials: Credentials | None) -> Connection | _Refused:
        connection = await self._dial(implicit=wanted.implicit)
        if isinstance(connection, _Refused):
            return connection
        opened = await connection.run(
            open_session(
                helo=self.helo,
                starttls=_starttls(wanted),
                credentials=credentials,
                secure=wanted.implicit,
            ),
            context=self.context,
        )
        match opened:
            case Opened():
                connection.extensions = opened.extensions
                return connection
            case NotOpened():
                connection.quit()
                return _Refused(opened.stage, opened.reply, _fault(opened, connection))

    async def _dial(self, *, implicit: bool) -> Connection | _Refused:
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
            shook = implicit and isinstance(error, ssl.SSLError)
            reply = Reply(451, EnhancedCode("4.4.1"), reason)
            return _Refused("CONNECT", reply, fault_of(error) if shook else None)
        return connection


def _starttls(wanted: Need) -> StartTls:
    if wanted.implicit or wanted.policy is TlsPolicy.DISABLED:
        return StartTls.NEVER
    return StartTls.REQUIRED if wanted.required else StartTls.IF_OFFERED


def _fault(opened: NotOpened, connection: Connection) -> TlsFault | None:
    """What was wrong with the encryption, if that is why a session was not opened."""
    if opened.stage != "STARTTLS":
        return None
    if not opened.in_tls:
        return TlsFault.NOT_OFFERED
    if not opened.broken:
        return TlsFault.REFUSED
    if connection.tls_fault is not None:
        return connection.tls_fault
    return TlsFault.INJECTED if opened.reply.enhanced == "4.5.0" else TlsFault.CLOSED


@lru_cache(maxsize=1024)
def _sni(host: str) -> str | None:
    """The name for the TLS handshake; an address has none (RFC 6066 3)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return str(host)  # uvloop takes no subclass of str, such as a Domain
    return None
