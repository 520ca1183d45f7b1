"""The engine's answers to an operator: the near end of every `Link`.

`LocalLink` has one method for each request type and one table of them.  It owns nothing:
spool, delivery, resolver and bus are handed in.  `acting` gives the same link under another
name, which is how the control socket signs each change with who made it.  A refusal is a
`RequestRefused` with a sentence; nothing else is raised for what an operator may ask.
"""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from empath.address import Domain
from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config, Mode
from empath.control import config_desk, dns, gates, ledger, link, looking, queueing, shape, views
from empath.control.config_desk import ConfigDesk
from empath.control.dns import DnsDesk
from empath.control.event_filter import BadEventFilter, checked
from empath.control.event_stream import EventStream
from empath.control.gates import GateDesk
from empath.control.inbox import InboxDesk, Releasing
from empath.control.ledger import Ledger
from empath.control.link import LinkReadOnly, Notice, Pong, Request, RequestRefused, RequestUnclear
from empath.control.mime_parts import PartDesk
from empath.control.parts import Deliverer, Receiving, Stop
from empath.control.queueing import Queueing
from empath.control.reading import Reading
from empath.control.shape import ShapeDesk
from empath.control.status import StatusDesk
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId
from empath.events import TaskFailed
from empath.observe.encryption import EncryptionLedger
from empath.observe.health import LoopLag
from empath.observe.metrics import Counters
from empath.query import BadQuery
from empath.resolver import Resolver
from empath.safe_text import safe_text
from empath.spool.face import Spool, SpoolRefused

R = TypeVar("R")

DESTINATION_LIMIT: Final = 1000
"""Most destinations in one reply."""


class LocalLink:
    """A `Link` inside the engine's own process."""

    def __init__(
        self,
        *,
        spool: Spool,
        engine: Deliverer | None,
        finder: RouteFinder,
        resolver: Resolver,
        reception: Receiving,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        metrics: Counters,
        lag: LoopLag,
        stop: Stop,
        configs: ConfigDesk,
        encryption: EncryptionLedger,
        listeners: Callable[[], Sequence[str]] = tuple,
        releases: Releasing | None = None,
    ) -> None:
        """*listeners* are the addresses that clients reach us at; *engine* is None in dev mode, and
        *releases* in relay mode; *encryption* is fed by the bus already.
        """
        self._spool = spool
        self._engine = engine
        self._finder = finder
        self._resolver = resolver
        self._bus = bus
        self._clock = clock
        self._config = config
        self._stop = stop
        self._configs = configs
        self._actor = f"empath pid {os.getpid()}"
        self._read_only = False
        self._standing = StatusDesk(
            spool=spool,
            engine=engine,
            finder=finder,
            reception=reception,
            bus=bus,
            clock=clock,
            config=config,
            metrics=metrics,
            lag=lag,
            configs=configs,
            listeners=listeners,
        )
        self._encryption = encryption
        self._shapes = ShapeDesk(
            spool=spool,
            engine=engine,
            finder=finder,
            resolver=resolver,
            encryption=encryption,
            bus=bus,
            clock=clock,
            config=config,
        )
        self._read = looking.Read()
        gates = None if engine is None else engine.gates
        self._mail = Queueing(
            spool=spool, finder=finder, bus=bus, clock=clock, config=config, gates=gates
        )
        self._parts = PartDesk(spool, self._read)
        self._reading = Reading(spool, bus, clock)
        self._releases = releases

    def __repr__(self) -> str:
        return f"<LocalLink {self._actor}{' read-only' if self._read_only else ''}>"

    def acting(self, actor: str, *, read_only: bool = False) -> LocalLink:
        """The same engine, asked by *actor*."""
        other = copy.copy(self)
        other._actor = actor  # noqa: SLF001 - it is one of us
        other._read_only = read_only  # noqa: SLF001 - it is one of us
        return other

    async def work(self) -> None:
        """Work off the great changes of the queue, until cancelled."""
        await self._mail.run()

    def report(self, task: str, error: BaseException) -> None:
        """Publish a bug met while somebody asked."""
        sentence = safe_text(f"{type(error).__name__}: {error}", 300)
        self._bus.publish(TaskFailed(at=self._clock.now(), task=task, error=sentence))

    # The link.

    async def ask(self, request: Request[R]) -> R:
        """Answer.  Raises `RequestRefused`."""
        if self._read_only and request.changes:
            raise LinkReadOnly("This link is read-only: it may look and not touch.")
        if self._read_only and request.for_operators():
            raise LinkReadOnly("This link is for watching: ask at the control socket.")
        answer = self.ANSWERS[type(request)]
        try:
            reply: R = await answer(self, request)
        except SpoolRefused as error:
            raise RequestRefused(str(error)) from error
        except BadQuery as error:
            raise RequestUnclear(str(error)) from error
        return reply

    async def events(
        self, after: int | None = None, only: link.EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        """The stream of events from now on, or from behind number *after*; *only* some."""
        with self.reading(after, only) as stream:
            while True:
                for notice in await stream.batch():
                    yield notice

    @contextmanager
    def reading(
        self, after: int | None = None, only: link.EventFilter | None = None
    ) -> Iterator[EventStream]:
        """The same stream, in batches that may be waited for with a timeout.

        Raises `RequestUnclear`.
        """
        try:
            only = None if only is None else checked(only)
        except BadEventFilter as error:
            raise RequestUnclear(str(error)) from error
        last = self._bus.sequence
        if after is not None and after > last:
            after = 0  # numbered by an engine that ran before us: all of ours are new
        with self._bus.reader(after=after) as reader:
            yield EventStream(reader, last if after is None else after, self._clock, only)

    async def close(self) -> None:
        """Nothing to let go of."""

    # The engine itself.

    async def _ping(self, _request: link.Ping) -> Pong:
        return self._standing.pong(read_only=self._read_only)

    async def _status(self, _request: link.GetStatus) -> link.Status:
        return await self._standing.status(read_only=self._read_only)

    async def _stop_engine(self, _request: link.StopEngine) -> link.Stopping:
        self._stop(f"{self._actor} asked for it")
        return link.Stopping()

    # The queue.

    async def _queue(self, request: link.ListQueue) -> link.QueuePage:
        now = self._clock.now()
        return await looking.list_queue(self._spool, request, self._shut(now), now)

    def _shut(self, now: float) -> views.Shut:
        return views.NONE_SHUT if self._engine is None else self._engine.gates.shut(now)

    async def _view(self, request: link.ViewMessage) -> link.MessageView:
        expiry = views.given_up_after(self._config())
        return await looking.view_message(
            self._spool, self._finder, request.id, expiry=expiry, engine=self._engine
        )

    async def _content(self, request: link.ReadContent) -> link.ContentPart:
        await self._note_reading(request.id)
        return await looking.read_content(self._spool, request, self._read, self._clock.monotonic())

    async def _list_parts(self, request: link.ListParts) -> link.MessageParts:
        await self._note_reading(request.id)
        return await self._parts.list_parts(request, self._clock.monotonic())

    async def _read_part(self, request: link.ReadPart) -> link.PartText:
        await self._note_reading(request.id)
        return await self._parts.read_part(request, self._clock.monotonic())

    async def _note_reading(self, id: MessageId) -> None:
        if self._config().mode is not Mode.DEV:
            await self._reading.note(self._actor, id)

    async def _release_captured(self, request: link.ReleaseCaptured) -> link.Released:
        desk = InboxDesk(
            spool=self._spool,
            finder=self._finder,
            releases=self._releases,
            clock=self._clock,
            config=self._config,
            ledger=Ledger(spool=self._spool, bus=self._bus, clock=self._clock, actor=self._actor),
            queue=self._mail.desk(self._actor),
        )
        return await desk.release(request)

    async def _queueing(self, request: Request[Any]) -> Any:
        return await self._mail.answer(request, self._actor)

    async def _destinations(self, request: link.ListDestinations) -> link.Destinations:
        if request.limit < 1:
            raise RequestUnclear(f"limit is a number from 1 to {DESTINATION_LIMIT}.")
        rows = await self._spool.destinations(limit=DESTINATION_LIMIT)
        connections: Mapping[Domain, int] = self._engine.connections() if self._engine else {}
        shown = rows[: request.limit]
        shut = self._shut(self._clock.now())
        items = tuple(views.destination_item(row, connections, shut) for row in shown)
        return link.Destinations(items=items, total=len(rows))

    async def _tls(self, request: link.ListTls) -> link.TlsDestinations:
        if request.limit < 1:
            raise RequestUnclear(f"limit is a number from 1 to {DESTINATION_LIMIT}.")
        known = self._encryption.latest()
        items = tuple(views.tls_destination(each) for each in known[: request.limit])
        return link.TlsDestinations(items=items, total=len(known))

    # The spool.

    async def _spool_report(self, _request: link.GetSpool) -> link.SpoolReport:
        path: Path = self._config().spool.path
        return views.spool_report(str(path), await self._spool.stats(), self._spool.trashed)

    async def _spool_check(self, _request: link.CheckSpool) -> link.SpoolCheck:
        problems = await self._spool.check()
        return link.SpoolCheck(
            problems=tuple(
                link.SpoolProblem(subject=one.subject, sentence=one.sentence) for one in problems
            )
        )

    # Names.

    async def _dns(self, request: Request[Any]) -> Any:
        desk = DnsDesk(
            spool=self._spool,
            finder=self._finder,
            resolver=self._resolver,
            bus=self._bus,
            clock=self._clock,
            actor=self._actor,
            engine=self._engine,
        )
        return await desk.answer(request)

    async def _shape(self, request: Request[Any]) -> Any:
        return await self._shapes.answer(request)

    async def _config_request(self, request: Request[Any]) -> Any:
        return await self._configs.answer(request, self._actor)

    async def _record(self, request: link.ListRecord) -> link.RecordList:
        return await ledger.listed(self._spool, request.limit, request.before)

    async def _gates(self, request: Request[Any]) -> Any:
        desk = GateDesk(
            spool=self._spool,
            engine=self._engine,
            finder=self._finder,
            bus=self._bus,
            clock=self._clock,
            config=self._config,
            actor=self._actor,
        )
        return await desk.answer(request)

    ANSWERS: ClassVar[Mapping[type[Request[Any]], Callable[[LocalLink, Any], Awaitable[Any]]]] = {
        link.Ping: _ping,
        link.GetStatus: _status,
        link.StopEngine: _stop_engine,
        link.ListQueue: _queue,
        link.ViewMessage: _view,
        link.ReadContent: _content,
        link.ListParts: _list_parts,
        link.ReadPart: _read_part,
        link.ReleaseCaptured: _release_captured,
        link.ListRecord: _record,
        link.ListDestinations: _destinations,
        link.ListTls: _tls,
        link.GetSpool: _spool_report,
        link.CheckSpool: _spool_check,
        **dict.fromkeys(config_desk.ANSWERED, _config_request),
        **dict.fromkeys(dns.ANSWERED, _dns),
        **dict.fromkeys(gates.ANSWERED, _gates),
        **dict.fromkeys(queueing.ANSWERED, _queueing),
        **dict.fromkeys(shape.ANSWERED, _shape),
    }
    """Which method answers which request."""
