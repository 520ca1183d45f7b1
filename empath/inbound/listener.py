"""The listeners: sockets that take clients, and the reception that looks after them.

Promises: a bounded number of clients, in all and from one address; one sweep a second ends
those that are overdue, instead of a timer for each; drain lets running transactions finish.
What can go wrong: `ListenerRefused` at `open`, with a sentence that names the address.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Listener, Tls
from empath.config.renewal import Renewal
from empath.events import ListenerOpened, SessionRefused
from empath.inbound.connection import InboundConnection
from empath.inbound.desk import Desk
from empath.inbound.handshake import HANDSHAKE_TIME, SHUTDOWN_TIME
from empath.inbound.intake import Intake
from empath.inbound.renewing import build
from empath.message.fields import FieldFinder
from empath.policy.inbound import ClientPolicy, client_address, is_within, may_connect
from empath.policy.priority import wanted
from empath.reply import Reply
from empath.smtp.decision import render
from empath.smtp.knowledge import Connection, Terms
from empath.smtp.session import Session
from empath.spool.face import Spool
from empath.tls import ServerContext, TlsUnusable, describe

SWEEP: Final = 1.0
"""Seconds between two looks for clients that are overdue."""
BACKLOG: Final = 511
KNOWN: Final = 4096
"""Clients whose policy is kept."""
ENDING_TIME: Final = 5.0

_STOPPING: Final = Reply.of("421 4.3.2 The service is shutting down")


class ListenerRefused(Exception):
    """A listener cannot be opened; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What one config means for the sessions that begin under it."""

    config: Config
    clear: Terms
    starttls: Terms
    finder: FieldFinder
    """Finds what a header says of priority."""
    known: dict[str, tuple[str, ClientPolicy, bool]] = field(default_factory=dict)
    """Clients seen lately: looking an address up in networks costs more than greeting it."""

    @classmethod
    def under(cls, config: Config) -> _Standing:
        inbound = config.inbound

        def terms(*, starttls: bool) -> Terms:
            return Terms(
                config.hostname,
                inbound.message_size,
                inbound.recipients,
                inbound.errors,
                starttls=starttls,
            )

        finder = FieldFinder(wanted(config.priority.rule))
        return cls(config, terms(starttls=False), terms(starttls=True), finder)

    def client(self, host: str) -> tuple[str, ClientPolicy, bool]:
        """The address that *host* is, what it may do, and whether it may raise priorities."""
        known = self.known.get(host)
        if known is None:
            if len(self.known) >= KNOWN:
                self.known.clear()
            address = client_address(host)
            policy = ClientPolicy.of(address, self.config.relay)
            may_raise = is_within(address, self.config.priority.trusted)
            known = str(address), policy, may_raise
            self.known[host] = known
        return known


class Reception:
    """All listeners and their clients."""

    def __init__(
        self, *, spool: Spool, config: Callable[[], Config], bus: Bus, clock: Clock
    ) -> None:
        self._config = config
        self._bus = bus
        self._clock = clock
        self.desk = Desk(spool, config, bus, clock, self._spawn)
        self._standing = _Standing.under(config())
        self._servers: list[asyncio.Server] = []
        self._contexts: list[ServerContext] = []
        self._connections: set[InboundConnection] = set()
        self._clients: Counter[str] = Counter()
        self._tasks = asyncio.TaskGroup()
        self._ending = AsyncExitStack()
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False

    def __repr__(self) -> str:
        return f"<Reception listeners={len(self._servers)} sessions={self.sessions}>"

    @property
    def sessions(self) -> int:
        """Clients that are connected now."""
        return len(self._connections)

    async def open(self) -> tuple[str, ...]:
        """Listen at all configured addresses; returns them.  Raises `ListenerRefused`.

        Call `close` from the same task in the end; it is safe to call it after a failure.
        """
        await self._ending.enter_async_context(self._tasks)
        addresses: list[str] = []
        try:
            for listener in self._config().listener:
                addresses += await self._listen(listener)
        except ListenerRefused:
            await self.close()
            raise
        sweeper = self._tasks.create_task(self._sweep(), name="inbound sweep")
        self._ending.callback(sweeper.cancel)
        for address in addresses:
            self._bus.publish(ListenerOpened(self._clock.now(), address))
        return tuple(addresses)

    async def _listen(self, listener: Listener) -> list[str]:
        context = _context(listener)
        if context is not None:
            self._contexts.append(context)
        loop = asyncio.get_running_loop()
        bind = listener.bind
        # TLS from the start is left to the loop: its protocol gets octets only when they are
        # clear, while uvloop begins to read a connection before one could pause it here.
        implicit = context if listener.tls is Tls.IMPLICIT else None
        try:
            server = await loop.create_server(
                lambda: _Doorstep(self, listener, context),
                bind.host,
                bind.port,
                backlog=BACKLOG,
                ssl=implicit,
                ssl_handshake_timeout=HANDSHAKE_TIME if implicit else None,
                ssl_shutdown_timeout=SHUTDOWN_TIME if implicit else None,
            )
        except OSError as error:
            raise ListenerRefused(_why_not(listener, error)) from error
        self._servers.append(server)
        return [_written(socket.getsockname()) for socket in server.sockets]

    async def renew(self, _old: Config, new: Config) -> Renewal:
        """Read renewed certificates from the files of the open listeners, aside.

        Addresses and files of listeners wait for a restart.  Raises `RenewalRefused`.
        """
        return await asyncio.to_thread(build, tuple(self._contexts), new)

    def admit(
        self, transport: asyncio.Transport, listener: Listener, context: ssl.SSLContext | None
    ) -> None:
        """A client has connected: take it, or tell it why not."""
        peer = transport.get_extra_info("peername")
        if not peer:
            transport.abort()  # gone before we looked
            return
        config = self._config()
        standing = self._standing
        if standing.config is not config:
            standing = self._standing = _Standing.under(config)
        client, policy, may_raise = standing.client(peer[0])
        inbound = config.inbound
        refusal = (
            _STOPPING
            if self._draining
            else may_connect(
                open_now=len(self._connections),
                open_from_client=self._clients[client],
                most=inbound.connections,
                most_per_client=inbound.connections_per_client,
            )
        )
        if refusal is not None:
            self._bus.publish(
                SessionRefused(self._clock.now(), client, "", "CONNECT", "", str(refusal))
            )
            transport.write(render(refusal))
            transport.close()
            return
        terms = standing.starttls if listener.tls is Tls.STARTTLS else standing.clear
        implicit = listener.tls is Tls.IMPLICIT
        tls = describe(transport.get_extra_info("ssl_object")) if implicit else ""
        facts = Connection(client, str(listener.bind), self._clock.now(), tls)
        facts.may_raise = may_raise
        session = Session(facts, terms, policy)
        intake = Intake(self.desk, session, config, standing.finder)
        connection = InboundConnection(self.desk, transport, intake, context, self._left)
        transport.set_protocol(connection)
        self._connections.add(connection)
        self._clients[client] += 1
        self._empty.clear()
        connection.greet(terms.greeting)

    def _left(self, connection: InboundConnection) -> None:
        """A connection has ended."""
        if connection in self._connections:
            self._connections.discard(connection)
            client = connection.intake.session.connection.client
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
            if not self._connections:
                self._empty.set()

    def sweep(self) -> None:
        """End the connections that are overdue by the clock's time."""
        now = self._clock.monotonic()
        for connection in tuple(self._connections):
            connection.overdue(now)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            try:
                self.sweep()
            except Exception as error:  # noqa: BLE001 - the task's top: the next sweep comes
                self.desk.failed("sweep", error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> object:
        return self._tasks.create_task(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the task's top: the others keep running
            self.desk.failed("inbound", error)

    async def drain(self, timeout: float) -> None:
        """Take nobody in any more, send idle clients away, wait for running transactions.

        Returns after *timeout* seconds at the latest; who is still there then, `close` ends.
        """
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.dismiss()
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """End everything; commits that have begun are waited for."""
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.dismiss()
            connection.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_TIME):
                await self._empty.wait()
        if self.desk.commits:
            await asyncio.wait(self.desk.commits)
        await self._ending.aclose()

    def _stop_listening(self) -> None:
        self._draining = True
        for server in self._servers:
            server.close()
        self._servers.clear()


class _Doorstep(asyncio.Protocol):
    """Where a client stands until the reception has looked at it."""

    def __init__(
        self, reception: Reception, listener: Listener, context: ssl.SSLContext | None
    ) -> None:
        self._reception = reception
        self._listener = listener
        self._context = context

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A TCP transport of whatever loop: uvloop's is no subclass of asyncio.Transport.
        self._reception.admit(cast("asyncio.Transport", transport), self._listener, self._context)


def _context(listener: Listener) -> ServerContext | None:
    if listener.tls is Tls.NONE:
        return None
    if listener.certificate is None or listener.key is None:
        raise ListenerRefused(
            f'the listener at {listener.bind} has tls = "{listener.tls}" but no certificate;'
            " set its `certificate` and `key`"
        )
    try:
        return ServerContext(listener.certificate, listener.key)
    except TlsUnusable as error:
        raise ListenerRefused(f"cannot open the listener at {listener.bind}: {error}") from error


def _why_not(listener: Listener, error: OSError) -> str:
    where = f"cannot listen at {listener.bind}: "
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where}the port is in use by another program; stop that program, or change"
                " `bind` of this [[listener]]"
            )
        case errno.EACCES:
            return (
                f"{where}only a privileged user may use ports below 1024; give the service"
                " CAP_NET_BIND_SERVICE, or use another port"
            )
        case errno.EADDRNOTAVAIL:
            return (
                f"{where}this machine does not have that address; change `bind` of this"
                " [[listener]]"
            )
        case _:
            return f"{where}{error.strerror or error}; change `bind` of this [[listener]]"


def _written(name: Any) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
