"""One attempt: one message to one destination, for all its recipients that are due.

Hosts are tried in the order of the route until one takes the session; from MAIL on, the
answer of that one holds.  An idle connection is used where there is one, and if it proves
dead before MAIL was answered a fresh one takes its place at once: that is no attempt of its
own.  Never raises for what DNS or a server does; `BodyUnfit` and the like come out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from empath.clock import Clock, SystemClock
from empath.config.model import Config
from empath.delivery.connecting import Missed, connect, key_of
from empath.delivery.habits import Habits
from empath.delivery.outgoing import SizeDiffers
from empath.delivery.pool import Key, Pool
from empath.delivery.progress import Progress
from empath.delivery.route import Route, RouteFinder, Target
from empath.delivery.transcript import Transcript
from empath.delivery.transport import Connection
from empath.delivery.tunnel import tunnelled
from empath.envelope import Body, Lot, NextHop, Waiting
from empath.events import TlsFailure, TlsSession
from empath.policy import shaping
from empath.policy.destination import DestinationsOf
from empath.policy.patience import ADDRESSES, Stage
from empath.policy.reachability import Reachability
from empath.policy.tls import Need, need
from empath.reply import Deferred, Failed, Outcome, Reply
from empath.smtp.data import BareNewline
from empath.smtp.dialogue import Transaction, transact
from empath.smtp.lines import limit
from empath.smtp.manner import Manner
from empath.spool.face import BodyUnfit, Content, Spool
from empath.tls import ClientContexts

_CONNECTIONS: Final = 3
"""Sessions with one server at most: each extension it breaks costs one."""


class Report(Struct, frozen=True):
    """What one attempt came to."""

    outcomes: tuple[Outcome, ...]
    """One for each of the recipients, in their order."""
    stage: str
    transcript: Transcript
    server: str = ""
    host: str = ""
    """The name of the server, where one spoke."""
    tls: TlsSession | None = None
    need: Need | None = None
    """The encryption that was asked of the server, or of the last one that was missed."""
    tls_failures: tuple[TlsFailure, ...] = ()
    """The servers before it whose encryption failed."""
    reports_itself: bool = False
    """The server took over the sender's wish to hear of success (RFC 3461 5.2.2)."""
    connection: Connection | None = None
    key: Key | None = None
    """Where the connection may be kept, once the outcome is recorded."""
    recipients: tuple[Waiting, ...] | None = None
    """Those the outcomes are of, if not all of the lot: there was no room for the others, who
    stay as they are and go next.
    """

    rerouted: bool = False
    """It went where an operator re-routed these recipients, not to their destination's servers."""

    @property
    def uncertain(self) -> bool:
        """The server may have taken the message."""
        return any(isinstance(each, Deferred) and each.uncertain for each in self.outcomes)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What every attempt needs."""

    spool: Spool
    finder: RouteFinder
    pool: Pool
    config: Callable[[], Config]
    contexts: ClientContexts
    habits: Habits = field(default_factory=Habits)
    reachability: Reachability = field(default_factory=Reachability)
    clock: Clock = field(default_factory=SystemClock)
    _destinations: DestinationsOf = field(default_factory=DestinationsOf)

    async def deliver(self, lot: Lot, progress: Progress | None = None) -> Report:
        """Try once; *progress* tells meanwhile how far it is.

        Raises `BodyUnfit` and `SpoolRefused`, with nothing sent.  Recipients that an operator
        re-routed elsewhere than the first wait on, and go next.
        """
        if progress is None:
            progress = Progress(lot, config=self.config())
        hop = self.finder.in_force(lot.recipients[0].next_hop)
        together = tuple(
            each for each in lot.recipients if self.finder.in_force(each.next_hop) == hop
        )
        if len(together) == len(lot.recipients):
            report = await self._deliver(lot, hop, progress)
        else:
            report = await self._deliver(replace(lot, recipients=together), hop, progress)
            if report.recipients is None:
                report = replace(report, recipients=together)
        return report if hop is None else replace(report, rerouted=True)

    async def _deliver(self, lot: Lot, hop: NextHop | None, progress: Progress) -> Report:
        transcript = progress.transcript
        config = progress.config
        route = await self.finder.find(lot.destination, hop, config)
        if not isinstance(route, Route):
            return Report((route,) * len(lot.recipients), "DNS", transcript)
        missed: Missed | None = None
        left = ADDRESSES
        policy = self._destinations(config).setting(lot.destination, lambda said: said.tls)
        failures: list[TlsFailure] = []
        wanted: Need | None = None
        for target in self._in_order(route.targets):
            wanted = need(
                target.fixed, policy, config.delivery.tls.policy, override=target.override
            )
            key = key_of(target, wanted, config)
            report = await self._on_standing(lot, key, progress)
            if report is not None:
                return replace(report, tls_failures=tuple(failures)) if failures else report
            progress.at(Stage.LOOKUP, target.host)
            addresses = await self.finder.addresses(target, config)
            if not isinstance(addresses, tuple):
                missed = _weightier(missed, Missed("DNS", addresses))
                continue
            addresses = addresses[:left]
            left -= len(addresses)
            for _ in range(_CONNECTIONS):
                report = await self._until_turn(lot, key, progress)
                if report is not None:
                    return replace(report, tls_failures=tuple(failures)) if failures else report
                try:
                    connection = await connect(
                        target,
                        addresses,
                        wanted,
                        config=config,
                        contexts=self.contexts,
                        progress=progress,
                        failures=failures,
                        reachability=self.reachability,
                        clock=self.clock,
                    )
                except BaseException:
                    self.pool.release(key)
                    raise
                if isinstance(connection, Missed):
                    self.pool.release(key)
                    missed = _weightier(missed, connection)
                    break
                self.pool.adopt(key, connection)
                report = await self._transact(lot, connection, key, progress, fresh=True)
                if report is not None:
                    return replace(report, tls_failures=tuple(failures)) if failures else report
            if not left:
                break
        assert missed is not None, "a route has a target"
        outcomes = (missed.outcome,) * len(lot.recipients)
        return Report(
            outcomes,
            missed.stage,
            transcript,
            missed.server,
            missed.host,
            need=wanted,
            tls_failures=tuple(failures),
        )

    def _in_order(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """*targets*, those that nobody could reach lately behind the others."""
        if len(targets) < 2 or not self.reachability:
            return targets
        now = self.clock.now()
        return self.reachability.last(targets, lambda each: (str(each.host), each.port), now)

    async def _on_standing(self, lot: Lot, key: Key, progress: Progress) -> Report | None:
        """The transaction on a connection that stands, if there is one that is of use."""
        while (idle := self.pool.take(key)) is not None:
            idle.settings, idle.transcript = progress.config.delivery, progress.transcript
            report = await self._transact(lot, idle, key, progress)
            if report is not None:
                return report
        return None

    async def _until_turn(self, lot: Lot, key: Key, progress: Progress) -> Report | None:
        """None when a connection may be opened, its place reserved; before that others may do."""
        settings = progress.config.delivery
        while not self.pool.reserve(key, settings.connections_per_host):
            progress.at(Stage.TURN, key.host)
            if not await self.pool.turn(key, settings.final_timeout):
                busy = Reply.own(
                    451,
                    "4.4.5",
                    f"all {settings.connections_per_host} connections to {key.host} are busy:"
                    " delivery.connections_per_host allows no more",
                )
                outcomes = (Deferred(busy),) * len(lot.recipients)
                return Report(outcomes, "CONNECT", progress.transcript, key.host)
            report = await self._on_standing(lot, key, progress)
            if report is not None:
                return report
        return None

    async def _transact(
        self,
        lot: Lot,
        connection: Connection,
        key: Key,
        progress: Progress,
        *,
        fresh: bool = False,
    ) -> Report | None:
        """The transaction; None if another connection is to be tried at once.

        That is, if this one was dead before it began and not *fresh*, or if the server broke
        an extension that it will not be asked for again.
        """
        message, transcript = lot, progress.transcript
        progress.on(connection)
        try:
            content = await self.spool.content(lot.id)
            if "8BITMIME" not in connection.extensions and await _is_8bit(content):
                # Whatever its client called it: it is what it is (RFC 6152 3).
                message = replace(lot, body=Body.EIGHT_BIT)
            message, content = tunnelled(message, content, connection.extensions)
        except BaseException:
            connection.quit()
            raise
        manner = self._manner(lot, connection, key, progress.config)
        connection.messages += 1
        number, reset = connection.messages, connection.dirty

        def said() -> None:
            # After a dot nothing is left of a transaction; a BDAT may yet be refused.
            connection.dirty = manner.chunking
            if connection.flying < connection.settings.in_flight:
                self.pool.put(key, connection)

        try:
            done: Transaction = await connection.run(
                transact(message, connection.extensions, reset=reset, manner=manner),
                content=content,
                said=said if manner.pipelining else None,
            )
        except (BareNewline, SizeDiffers) as error:
            raise BodyUnfit(f"the stored body cannot be sent: {error}") from error
        if not (done.usable and connection.usable):
            connection.quit()
        if done.broke and (done.begun or fresh):
            self.habits.note(key.host, key.port, done.broke)
            transcript.remark(f"it offers {done.broke} and breaks it: not used for an hour")
            if done.again:
                connection.quit()
                return None
        if not (done.begun or done.usable or fresh or done.uncertain):
            return None
        if connection.messages == number:
            connection.dirty = not done.clean
        connection.room = done.room or connection.room
        settled = [each for each in zip(lot.recipients, done.outcomes, strict=True) if each[1]]
        return Report(
            tuple(outcome for _, outcome in settled if outcome is not None),
            done.stage,
            transcript,
            connection.name,
            key.host,
            connection.tls,
            key.need,
            reports_itself=done.relayed,
            connection=connection if connection.usable else None,
            key=key,
            recipients=tuple(waiting for waiting, _ in settled),
        )

    def _manner(self, lot: Lot, connection: Connection, key: Key, config: Config) -> Manner:
        """How much is said at once: as far as the server offers and keeps it, and we may."""
        said, offered = self._destinations(config), connection.extensions
        most = connection.room or limit(offered, "RCPTMAX")
        pipelining = shaping.pipelining(lot.destination, config.delivery, said)
        if not pipelining or not self._does("PIPELINING", connection, key):
            return Manner(most=most)
        chunking = shaping.chunking(lot.destination, config.delivery, said)
        return Manner(
            pipelining=True,
            chunking=chunking and self._does("CHUNKING", connection, key),
            most=most,
        )

    def _does(self, extension: str, connection: Connection, key: Key) -> bool:
        return extension in connection.extensions and not self.habits.breaks(
            key.host, key.port, extension
        )


async def _is_8bit(content: Content) -> bool:
    if content.octets is not None:
        return not content.octets.isascii()
    async for chunk in content.chunks():
        if not chunk.isascii():
            return True
    return False


def _weightier(one: Missed | None, other: Missed) -> Missed:
    """Of two hosts that were missed the one that says what follows: a host that may come back
    keeps the mail waiting, and the last one tried speaks for its like.
    """
    if one is not None and isinstance(one.outcome, Deferred) and isinstance(other.outcome, Failed):
        return one
    return other
