"""A reception on real sockets, on both loops it may run on; time is the test's."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import pytest
import trustme
import uvloop

from empath.address import BannerHostname, Domain, ServerId
from empath.bus import Bus
from empath.config.model import Config, Inbound, Listener, Mode, Relay, Tls
from empath.events import Event
from empath.inbound.listener import Reception
from empath.spool.face import Spool
from tests.fakes.clock import HandClock
from tests.fakes.null_spool import NullSpool
from tests.fakes.wire_client import WireClient


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each test of this room runs on the stock loop and on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """A reception with its spool, clock, events and config, and clients for it."""

    config: Config
    port: int
    spool: NullSpool = field(default_factory=NullSpool)
    clock: HandClock = field(default_factory=HandClock)
    bus: Bus = field(default_factory=Bus)
    events: list[Event] = field(default_factory=list)
    trust: ssl.SSLContext | None = None
    clients: list[WireClient] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus.fold(self.events.append)
        self.reception = Reception(
            spool=cast("Spool", self.spool),
            config=lambda: self.config,
            bus=self.bus,
            clock=self.clock,
        )

    def heard(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def change(self, **inbound: object) -> None:
        """Put other `[inbound]` settings in force."""
        changed = msgspec.structs.replace(self.config.inbound, **inbound)
        self.config = msgspec.structs.replace(self.config, inbound=changed)

    async def connect(self, *, tls: ssl.SSLContext | None = None) -> WireClient:
        """A client, before its greeting."""
        client = await WireClient.connect(self.port, tls=tls)
        self.clients.append(client)
        return client

    async def ready(self) -> WireClient:
        """A client that has said EHLO."""
        client = await self.connect()
        assert (await client.reply()).startswith(b"220 mx.test")
        assert (await client.say(b"EHLO client.test")).startswith(b"250-mx.test")
        return client

    async def in_content(self) -> WireClient:
        """A client that has been told 354."""
        client = await self.ready()
        await client.play(
            (b"MAIL FROM:<a@x.test>", b"250 2.1.0"),
            (b"RCPT TO:<b@y.test>", b"250 2.1.5"),
            (b"DATA", b"354"),
        )
        return client

    async def until(self, what: Callable[[], object]) -> None:
        """Let the loop run until *what* holds."""
        async with asyncio.timeout(10):
            while not what():  # noqa: ASYNC110 - it looks at parts that know nothing of tests
                await asyncio.sleep(0.001)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that only these tests trust."""
    return trustme.CA()


@pytest.fixture
def tls() -> Tls:
    """How the listener is encrypted; tests give another by `parametrize`."""
    return Tls.NONE


@pytest.fixture
async def desk(tls: Tls, authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Desk]:
    """An open reception."""
    port = free_port()
    bind = ServerId(f"127.0.0.1:{port}")
    trust = None
    if tls is Tls.NONE:
        listener = Listener(bind=bind)
    else:
        issued = authority.issue_cert("mx.test")
        certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
        listener = Listener(bind=bind, tls=tls, certificate=certificate, key=key)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
    config = Config(
        mode=Mode.RELAY,
        hostname=BannerHostname("mx.test"),
        listener=(listener,),
        relay=Relay(domains=(Domain("us.test"),)),
        inbound=Inbound(message_size=1_000_000, errors=10),
    )
    desk = Desk(config, port, trust=trust)
    assert await desk.reception.open() == (f"127.0.0.1:{port}",)
    yield desk
    for client in desk.clients:
        client.reset()
    await desk.reception.close()
    assert desk.reception.sessions == 0
    assert desk.spool.open_drafts == 0, "a draft was neither committed nor aborted"
