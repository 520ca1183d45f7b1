"""Opens a session with a host that a route names: its addresses, TLS as needed.

Addresses that could not be reached lately come last; the others race in their order (RFC
8305), and the next ones are tried when the winner refuses the session.  Where
encryption is opportunistic and goes wrong, the same address is tried once more in clear;
where it is required, never.  Returns a session that takes mail, or `Missed`; every server
whose encryption failed on the way is noted, whatever came after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from empath.address import IpAddress
from empath.clock import Clock
from empath.config.model import Config, TlsPolicy
from empath.config.units import Secret
from empath.delivery.dialling import Refused, Server, server_name
from empath.delivery.pool import Key
from empath.delivery.progress import Progress
from empath.delivery.racing import race
from empath.delivery.route import Target
from empath.delivery.transport import Connection
from empath.events import TlsFailure
from empath.policy.patience import Stage
from empath.policy.reachability import Reachability
from empath.policy.source_address import sources_for
from empath.policy.tls import Need, TlsFault, unmet
from empath.reply import Deferred, Failed, Reply
from empath.smtp.opening import Credentials, NotOpened, Opened, StartTls, open_session
from empath.tls import ClientContexts, TlsUnusable


@dataclass(frozen=True, slots=True)
class Missed:
    """No session with a host; what that means if there is no other."""

    stage: str
    outcome: Deferred | Failed
    server: str = ""
    """The server that was tried, or empty where its address is not known."""
    host: str = ""
    """The host name of a server that spoke."""


def key_of(target: Target, wanted: Need, config: Config) -> Key:
    """What a connection for *target*, encrypted as *wanted*, may be reused for."""
    fixed = target.fixed
    username, password = ("", Secret("")) if fixed is None else (fixed.username, fixed.password)
    sources, trust = sources_for(target, config), config.delivery.tls.ca_file
    return Key(
        target.host, target.port, wanted, username, fixed is not None, sources, password, trust
    )


async def connect(
    target: Target,
    addresses: Sequence[IpAddress],
    wanted: Need,
    *,
    config: Config,
    contexts: ClientContexts,
    progress: Progress,
    failures: list[TlsFailure],
    reachability: Reachability,
    clock: Clock,
) -> Connection | Missed:
    """A session with one of *addresses*; never raises for a server.

    The servers whose encryption failed are added to *failures*, and whom nobody reached to
    *reachability*.
    """
    transcript, credentials = progress.transcript, _credentials(target)
    progress.at(Stage.CONNECT, target.host)
    try:
        context = await contexts.get(verify=wanted.verified, settings=config.delivery.tls)
    except TlsUnusable as error:  # Our own setting: mail waits for it.
        transcript.remark(str(error))
        return Missed("CONNECT", Deferred(Reply.own(451, "4.3.5", str(error))))
    if wanted.verified and server_name(target.host) is None:
        reason = f'{target.host} is an address: tls "verify" needs the name of a host'
        if target.fixed is not None:  # Our own setting: mail waits, and no certificate is to blame.
            wanted = wanted.of_route()
        else:
            failures.append(_failure(target.host, wanted, TlsFault.HOST_MISMATCH, reason))
        outcome = unmet(wanted, TlsFault.HOST_MISMATCH, config.delivery.tls, reason=reason)
        transcript.remark(reason)
        return Missed("STARTTLS", outcome)
    missed = Missed("CONNECT", Deferred(Reply.own(451, "4.4.1", "no address")))
    unreached = ""
    left = list(
        reachability.last(
            [Server(target, each, config, context, progress) for each in addresses],
            lambda server: server.place,
            clock.now(),
        )
    )
    while left:
        server, connection, refused = await race(left, implicit=wanted.implicit)
        sessions: dict[Server, Connection | Refused] = {**refused}
        if server is not None and connection is not None:
            sessions[server] = await _open(server, connection, wanted, credentials)
        for server, first in sessions.items():
            left.remove(server)
            session, unencrypted = await _again(server, first, wanted, config, failures)
            if isinstance(session, Connection):
                if reachability:
                    reachability.forget(server.place, (str(target.host), target.port))
                return session
            if session.unreached:
                unreached = session.reply.text
                reachability.note(server.place, unreached, clock.now())
            spoke = session.stage != "CONNECT" or session.reply.enhanced != "4.4.1"
            host = target.host if spoke else ""
            because = Deferred(session.reply) if unencrypted is None else unencrypted
            missed = Missed(session.stage, because, server.name, host)
    now = clock.now()
    places = [(str(each), target.port) for each in addresses]
    if unreached and all(reachability.unreached(place, now) for place in places):
        reachability.note((str(target.host), target.port), unreached, now)
    return missed


async def _again(
    server: Server,
    session: Connection | Refused,
    wanted: Need,
    config: Config,
    failures: list[TlsFailure],
) -> tuple[Connection | Refused, Deferred | Failed | None]:
    """What a session without its encryption means, and the one in clear where that may be."""
    if isinstance(session, Connection) or session.fault is None:
        return session, None
    said = ": " if session.reply.ours else " refused STARTTLS: "
    reason = f"{server.name}{said}{session.reply.text}"
    failures.append(_failure(server.name, wanted, session.fault, reason))
    if not wanted.may_send_in_clear(has_secret=_credentials(server.target) is not None):
        if session.fault is TlsFault.REFUSED and session.reply.code == 421:
            return session, None  # no word about encryption: the server goes away (RFC 5321 3.8)
        return session, unmet(wanted, session.fault, config.delivery.tls, reason=reason)
    server.progress.transcript.remark(
        "STARTTLS failed: once more in clear, since nothing requires it"
    )
    return await _in_clear(server, wanted), None


def _failure(server: str, wanted: Need, fault: TlsFault, reason: str) -> TlsFailure:
    return TlsFailure(server, wanted.policy, wanted.source, fault, reason)


def _credentials(target: Target) -> Credentials | None:
    fixed = target.fixed
    if fixed is None or not fixed.username:
        return None
    return Credentials(fixed.username, fixed.password, f"{target.host}:{target.port}")


async def _in_clear(server: Server, wanted: Need) -> Connection | Refused:
    """The same address on a new connection, without encryption."""
    dialled = await server.dial(implicit=False)
    if isinstance(dialled, Refused):
        return dialled
    return await _open(server, dialled, Need(TlsPolicy.DISABLED, wanted.source), None)


async def _open(
    server: Server, connection: Connection, wanted: Need, credentials: Credentials | None
) -> Connection | Refused:
    """The session up to where it takes mail."""
    server.progress.on(connection)
    opened = await connection.run(
        open_session(
            helo=server.config.hostname,
            starttls=_starttls(wanted),
            credentials=credentials,
            secure=wanted.implicit,
        ),
        context=server.context,
    )
    match opened:
        case Opened():
            connection.extensions = opened.extensions
            return connection
        case NotOpened():
            connection.quit()
            silent = opened.stage == "CONNECT" and opened.broken
            return Refused(opened.stage, opened.reply, _fault(opened, connection), silent)


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
